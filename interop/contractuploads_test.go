package interop

import "strings"

func contractUploads(s *trial) {
	b := s.create("b")
	first, last := strings.Repeat("0123456789abcdef", 5<<16), "the end" // parts but the last have 5 MiB
	upload := s.okStatus("CreateMultipartUpload", 200, in{"Bucket": b, "Key": "k", "ContentType": "text/x-test", "Metadata": in{"shape": "round"}}, out{
		"Bucket": b, "Key": "k", "UploadId": some,
	}).str("UploadId")
	of := func(more in) in {
		more["Bucket"], more["Key"], more["UploadId"] = b, "k", upload
		return more
	}
	s.okStatus("UploadPart", 200, of(in{"PartNumber": 2, "Body": last}), out{"ETag": etag})
	s.ok("PutObject", in{"Bucket": b, "Key": "source", "Body": first + "xyz"}, nil)
	copied := s.okStatus("UploadPartCopy", 200, of(in{"PartNumber": 1, "CopySource": b + "/source", "CopySourceRange": "bytes=0-5242879"}), out{
		"CopyPartResult": out{"ETag": etag, "LastModified": near(s.server.now())},
	})
	s.okStatus("ListParts", 200, of(in{}), out{
		"Bucket": b, "Key": "k", "UploadId": upload, "MaxParts": 1000, "IsTruncated": none, "StorageClass": "STANDARD",
		"Initiator": out{"ID": some, "DisplayName": some}, "Owner": out{"ID": some, "DisplayName": some},
		"Parts": list{
			out{"PartNumber": 1, "Size": 5 << 20, "ETag": etag, "LastModified": near(s.server.now())},
			out{"PartNumber": 2, "Size": len(last)},
		},
	})
	s.ok("ListParts", of(in{"MaxParts": 1}), out{"IsTruncated": true, "NextPartNumberMarker": 1, "Parts": ofLength(1)})
	s.pages("ListParts", 1, of(in{}), out{"Parts": list{out{"PartNumber": 1}, out{"PartNumber": 2}}})
	other := s.ok("CreateMultipartUpload", in{"Bucket": b, "Key": "dir/other"}, nil).str("UploadId")
	s.okStatus("ListMultipartUploads", 200, in{"Bucket": b}, out{
		"Bucket": b, "MaxUploads": 1000, "IsTruncated": none,
		"Uploads": list{
			out{"Key": "dir/other", "UploadId": other},
			out{
				"Key": "k", "UploadId": upload, "StorageClass": "STANDARD", "Initiated": near(s.server.now()),
				"Initiator": out{"ID": some, "DisplayName": some}, "Owner": out{"ID": some, "DisplayName": some},
			},
		},
	})
	s.ok("ListMultipartUploads", in{"Bucket": b, "Delimiter": "/", "MaxUploads": 1}, out{
		"IsTruncated": true, "CommonPrefixes": list{out{"Prefix": "dir/"}}, "Uploads": none,
	})
	s.pages("ListMultipartUploads", 1, in{"Bucket": b}, out{"Uploads": list{out{"Key": "dir/other"}, out{"Key": "k"}}})
	s.okStatus("AbortMultipartUpload", 204, in{"Bucket": b, "Key": "dir/other", "UploadId": other}, nil)
	s.fails("AbortMultipartUpload", 404, "NoSuchUpload", in{"Bucket": b, "Key": "dir/other", "UploadId": other})

	result, _ := copied["CopyPartResult"].(map[string]any)
	firstPart := in{"PartNumber": 1, "ETag": result["ETag"]}
	again := s.ok("UploadPart", of(in{"PartNumber": 2, "Body": last}), nil).str("ETag")
	complete := func(parts ...in) in { return of(in{"MultipartUpload": in{"Parts": parts}}) }
	s.fails("CompleteMultipartUpload", 400, "InvalidPart", complete(firstPart, in{"PartNumber": 3, "ETag": again}))
	if !s.is("java") { // it sorts them
		s.fails("CompleteMultipartUpload", 400, "InvalidPartOrder", complete(in{"PartNumber": 2, "ETag": again}, firstPart))
	}
	s.okStatus("CompleteMultipartUpload", 200, complete(firstPart, in{"PartNumber": 2, "ETag": again}), out{
		"Bucket": b, "Key": "k", "ETag": matching(`"?[0-9a-f]{32}-2"?`), "Location": matching(`https?://.*/k`),
	})
	s.ok("HeadObject", in{"Bucket": b, "Key": "k"}, out{"ContentLength": 5<<20 + len(last), "ContentType": "text/x-test"})
	s.okStatus("GetObject", 206, in{"Bucket": b, "Key": "k", "PartNumber": 2}, out{"Body": last, "PartsCount": 2})
	s.ok("GetObject", in{"Bucket": b, "Key": "k", "Range": "bytes=5242878-"}, out{"Body": "ef" + last})
	s.fails("UploadPart", 404, "NoSuchUpload", of(in{"PartNumber": 1, "Body": last}))
	s.fails("ListParts", 404, "NoSuchUpload", of(in{}))
}
