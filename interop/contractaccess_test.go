package interop

func contractACL(s *trial) {
	b := s.create("b")
	s.ok("PutObject", in{"Bucket": b, "Key": "k", "Body": hello}, nil)
	owner := out{"ID": some, "DisplayName": some}
	full := out{"Grantee": out{"ID": some, "DisplayName": some, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}
	everybody := out{"Grantee": out{"URI": "http://acs.amazonaws.com/groups/global/AllUsers", "Type": "Group"}, "Permission": "READ"}
	for _, of := range []struct {
		get, put string
		params   in
	}{
		{"GetBucketAcl", "PutBucketAcl", in{"Bucket": b}},
		{"GetObjectAcl", "PutObjectAcl", in{"Bucket": b, "Key": "k"}},
	} {
		with := func(name string, value any) in {
			p := in{name: value}
			for n, v := range of.params {
				p[n] = v
			}
			return p
		}
		got := s.okStatus(of.get, 200, of.params, out{"Owner": owner, "Grants": list{full}})
		s.okStatus(of.put, 200, with("ACL", "public-read"), nil)
		s.ok(of.get, of.params, out{"Grants": has(everybody)})
		s.ok(of.put, with("ACL", "private"), nil)
		s.ok(of.get, of.params, out{"Grants": list{full}})
		if got == nil {
			continue
		}
		// A document, as IBM's page on ACLs has it.
		id := got["Owner"].(map[string]any)
		s.ok(of.put, with("AccessControlPolicy", in{"Owner": id, "Grants": []any{
			in{"Grantee": in{"Type": "CanonicalUser", "ID": id["ID"], "DisplayName": id["DisplayName"]}, "Permission": "FULL_CONTROL"},
			in{"Grantee": in{"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}, "Permission": "READ"},
		}}), nil)
		s.ok(of.get, of.params, out{"Grants": has(everybody)})
		s.ok(of.put, with("ACL", "private"), nil)
	}
	s.fails("GetObjectAcl", 404, "NoSuchKey", in{"Bucket": b, "Key": "missing"})
	s.fails("GetBucketAcl", 404, "NoSuchBucket", in{"Bucket": b + "-not"})
}

func contractCORS(s *trial) {
	b := s.create("b")
	s.fails("GetBucketCors", 404, "NoSuchCORSConfiguration", in{"Bucket": b})
	rules := []any{
		in{"AllowedOrigins": []any{"https://example.com", "https://*.example.org"}, "AllowedMethods": []any{"GET", "PUT"}, "AllowedHeaders": []any{"*"}, "ExposeHeaders": []any{"ETag"}, "MaxAgeSeconds": 300},
		in{"AllowedOrigins": []any{"*"}, "AllowedMethods": []any{"GET"}},
	}
	s.okStatus("PutBucketCors", 200, in{"Bucket": b, "CORSConfiguration": in{"CORSRules": rules}}, nil)
	s.okStatus("GetBucketCors", 200, in{"Bucket": b}, out{"CORSRules": list{
		out{"AllowedOrigins": list{"https://example.com", "https://*.example.org"}, "AllowedMethods": list{"GET", "PUT"}, "AllowedHeaders": list{"*"}, "ExposeHeaders": list{"ETag"}, "MaxAgeSeconds": 300},
		out{"AllowedOrigins": list{"*"}, "AllowedMethods": list{"GET"}},
	}})
	s.okStatus("DeleteBucketCors", 204, in{"Bucket": b}, nil)
	s.fails("GetBucketCors", 404, "NoSuchCORSConfiguration", in{"Bucket": b})
}

func contractPublicAccess(s *trial) {
	b := s.create("b")
	s.fails("GetPublicAccessBlock", 404, "NoSuchPublicAccessBlockConfiguration", in{"Bucket": b})
	block := in{"Bucket": b, "PublicAccessBlockConfiguration": in{"BlockPublicAcls": true, "IgnorePublicAcls": true}}
	s.okStatus("PutPublicAccessBlock", 200, block, nil)
	s.okStatus("GetPublicAccessBlock", 200, in{"Bucket": b}, out{
		"PublicAccessBlockConfiguration": out{"BlockPublicAcls": true, "IgnorePublicAcls": true},
	})
	s.fails("PutBucketAcl", 403, "AccessDenied", in{"Bucket": b, "ACL": "public-read"})
	s.okStatus("DeletePublicAccessBlock", 204, in{"Bucket": b}, nil)
	s.fails("GetPublicAccessBlock", 404, "NoSuchPublicAccessBlockConfiguration", in{"Bucket": b})
	s.ok("PutBucketAcl", in{"Bucket": b, "ACL": "public-read"}, nil)
}

func contractWebsite(s *trial) {
	b := s.create("b")
	s.fails("GetBucketWebsite", 404, "NoSuchWebsiteConfiguration", in{"Bucket": b})
	s.okStatus("PutBucketWebsite", 200, in{"Bucket": b, "WebsiteConfiguration": in{
		"IndexDocument": in{"Suffix": "index.html"},
		"ErrorDocument": in{"Key": "error.html"},
		"RoutingRules": []any{in{
			"Condition": in{"KeyPrefixEquals": "old/"},
			"Redirect":  in{"ReplaceKeyPrefixWith": "new/", "HttpRedirectCode": "302"},
		}},
	}}, nil)
	s.okStatus("GetBucketWebsite", 200, in{"Bucket": b}, out{
		"IndexDocument": out{"Suffix": "index.html"}, "ErrorDocument": out{"Key": "error.html"},
		"RoutingRules": list{out{
			"Condition": out{"KeyPrefixEquals": "old/"},
			"Redirect":  out{"ReplaceKeyPrefixWith": "new/", "HttpRedirectCode": "302"},
		}},
		"RedirectAllRequestsTo": none,
	})
	s.ok("PutBucketWebsite", in{"Bucket": b, "WebsiteConfiguration": in{"RedirectAllRequestsTo": in{"HostName": "example.com", "Protocol": "https"}}}, nil)
	s.ok("GetBucketWebsite", in{"Bucket": b}, out{"RedirectAllRequestsTo": out{"HostName": "example.com", "Protocol": "https"}, "IndexDocument": none})
	s.okStatus("DeleteBucketWebsite", 204, in{"Bucket": b}, nil)
	s.fails("GetBucketWebsite", 404, "NoSuchWebsiteConfiguration", in{"Bucket": b})
}

func contractTagging(s *trial) {
	b := s.create("b")
	tags := func(pairs ...string) in {
		var set []any
		for i := 0; i < len(pairs); i += 2 {
			set = append(set, in{"Key": pairs[i], "Value": pairs[i+1]})
		}
		return in{"TagSet": set}
	}
	s.ok("PutObject", in{"Bucket": b, "Key": "k", "Body": hello, "Tagging": "a=1&b=x%20y"}, nil)
	k := in{"Bucket": b, "Key": "k"}
	s.okStatus("GetObjectTagging", 200, k, out{"TagSet": list{out{"Key": "a", "Value": "1"}, out{"Key": "b", "Value": "x y"}}, "VersionId": none})
	s.ok("GetObject", k, out{"TagCount": 2})
	s.okStatus("PutObjectTagging", 200, in{"Bucket": b, "Key": "k", "Tagging": tags("c", "ü", "d", "")}, nil)
	s.ok("GetObjectTagging", k, out{"TagSet": list{out{"Key": "c", "Value": "ü"}, out{"Key": "d", "Value": either("", none)}}})
	if !s.is("java") { // it has no directive for tags
		s.ok("CopyObject", in{"Bucket": b, "Key": "copy", "CopySource": b + "/k"}, nil)
		s.ok("GetObjectTagging", in{"Bucket": b, "Key": "copy"}, out{"TagSet": has(out{"Key": "c", "Value": "ü"})})
		s.ok("CopyObject", in{"Bucket": b, "Key": "copy", "CopySource": b + "/k", "TaggingDirective": "REPLACE", "Tagging": "e=5"}, nil)
		s.ok("GetObjectTagging", in{"Bucket": b, "Key": "copy"}, out{"TagSet": list{out{"Key": "e", "Value": "5"}}})
	}
	s.fails("PutObjectTagging", 400, "InvalidTag", in{"Bucket": b, "Key": "k", "Tagging": tags("ibm:a", "1")})
	s.fails("PutObjectTagging", 404, "NoSuchKey", in{"Bucket": b, "Key": "missing", "Tagging": tags("a", "1")})
	s.okStatus("DeleteObjectTagging", 204, k, nil)
	s.ok("GetObjectTagging", k, out{"TagSet": none})

	s.fails("GetBucketTagging", 404, "NoSuchTagSet", in{"Bucket": b})
	s.ok("PutBucketTagging", in{"Bucket": b, "Tagging": tags("team", "blue")}, nil)
	s.okStatus("GetBucketTagging", 200, in{"Bucket": b}, out{"TagSet": list{out{"Key": "team", "Value": "blue"}}})
	s.okStatus("DeleteBucketTagging", 204, in{"Bucket": b}, nil)
	s.fails("GetBucketTagging", 404, "NoSuchTagSet", in{"Bucket": b})
}
