package interop

func contractBuckets(s *trial) {
	b := s.bucket("one")
	location := in{"LocationConstraint": "us-south-vault"}
	s.okStatus("CreateBucket", 200, in{"Bucket": b, "CreateBucketConfiguration": location}, nil)
	s.fails("CreateBucket", 409, "BucketAlreadyExists", in{"Bucket": b})
	if !s.is("java") { // it does not ask
		s.fails("CreateBucket", 400, "InvalidBucketName", in{"Bucket": "Not_A_Bucket"})
	}
	nowhere := in{"LocationConstraint": "atlantis-standard"}
	s.fails("CreateBucket", 400, "InvalidLocationConstraint", in{"Bucket": s.bucket("nowhere"), "CreateBucketConfiguration": nowhere})
	s.ok("wait BucketExists", in{"Bucket": b}, nil)
	s.okStatus("HeadBucket", 200, in{"Bucket": b}, nil)
	s.ok("GetBucketLocation", in{"Bucket": b}, out{"LocationConstraint": "us-south-vault"})
	s.ok("ListBuckets", nil, out{
		"Buckets": has(out{"Name": b, "CreationDate": near(s.server.now())}),
		"Owner":   out{"ID": some, "DisplayName": some},
	})
	instance := s.server.credential.InstanceID
	s.ok("ListBucketsExtended", in{"IBMServiceInstanceId": instance, "Prefix": b}, out{
		"IsTruncated": none,
		"Buckets":     list{out{"Name": b, "CreationDate": near(s.server.now()), "LocationConstraint": "us-south-vault"}},
		"Owner":       out{"ID": some, "DisplayName": some},
	})
	s.ok("CreateBucket", in{"Bucket": b + "-2"}, nil)
	s.ok("ListBucketsExtended", in{"IBMServiceInstanceId": instance, "Prefix": b, "MaxKeys": 1}, out{
		"IsTruncated": true, "Buckets": list{out{"Name": b}},
	})
	s.ok("ListBucketsExtended", in{"IBMServiceInstanceId": instance, "Prefix": b, "Marker": b}, out{
		"IsTruncated": none, "Buckets": list{out{"Name": b + "-2"}},
	})
	s.pages("ListBucketsExtended", 1, in{"IBMServiceInstanceId": instance, "Prefix": b}, out{
		"Buckets": list{out{"Name": b}, out{"Name": b + "-2"}},
	})
	s.pages("ListBuckets", 1, nil, out{"Buckets": has(out{"Name": b})})
	s.okStatus("DeleteBucket", 204, in{"Bucket": b + "-2"}, nil)

	s.ok("PutObject", in{"Bucket": b, "Key": "k", "Body": "x"}, nil)
	s.fails("DeleteBucket", 409, "BucketNotEmpty", in{"Bucket": b})
	s.ok("DeleteObject", in{"Bucket": b, "Key": "k"}, nil)
	s.okStatus("DeleteBucket", 204, in{"Bucket": b}, nil)
	s.ok("wait BucketNotExists", in{"Bucket": b}, nil)
	s.fails("HeadBucket", 404, "", in{"Bucket": b})
	s.fails("DeleteBucket", 404, "NoSuchBucket", in{"Bucket": b})
	s.fails("GetBucketLocation", 404, "NoSuchBucket", in{"Bucket": b})
	s.fails("ListObjects", 404, "NoSuchBucket", in{"Bucket": b})
}

func contractAspera(s *trial) {
	b := s.create("fast")
	s.ok("GetBucketAspera", in{"Bucket": b}, out{
		"AccessKey":   out{"Id": some, "Secret": some},
		"ATSEndpoint": matching(`https?://.+`),
	})
	s.fails("GetBucketAspera", 404, "NoSuchBucket", in{"Bucket": b + "-not"})
}

// contractNotOffered asks for what the SDKs have from Amazon and IBM does not offer.
func contractNotOffered(s *trial) {
	b := s.create("b")
	s.ok("PutObject", in{"Bucket": b, "Key": "k", "Body": "x"}, nil)
	analytics := in{"Id": "i", "StorageClassAnalysis": in{}}
	inventory := in{
		"Id": "i", "IsEnabled": true, "IncludedObjectVersions": "All", "Schedule": in{"Frequency": "Daily"},
		"Destination": in{"S3BucketDestination": in{"Bucket": "arn:aws:s3:::" + b, "Format": "CSV"}},
	}
	for op, params := range map[string]in{
		"GetBucketAnalyticsConfiguration": {"Id": "i"}, "DeleteBucketAnalyticsConfiguration": {"Id": "i"},
		"ListBucketAnalyticsConfigurations": {}, "PutBucketAnalyticsConfiguration": {"Id": "i", "AnalyticsConfiguration": analytics},
		"GetBucketInventoryConfiguration": {"Id": "i"}, "DeleteBucketInventoryConfiguration": {"Id": "i"},
		"ListBucketInventoryConfigurations": {}, "PutBucketInventoryConfiguration": {"Id": "i", "InventoryConfiguration": inventory},
		"GetBucketMetricsConfiguration": {"Id": "i"}, "DeleteBucketMetricsConfiguration": {"Id": "i"},
		"ListBucketMetricsConfigurations": {}, "PutBucketMetricsConfiguration": {"Id": "i", "MetricsConfiguration": in{"Id": "i"}},
		"GetBucketAccelerateConfiguration": {},
		"PutBucketAccelerateConfiguration": {"AccelerateConfiguration": in{"Status": "Enabled"}},
		"DeleteBucketPolicy":               {},
		"GetObjectTorrent":                 {"Key": "k"},
		"GetBucketLogging":                 {},
		"PutBucketLogging":                 {"BucketLoggingStatus": in{}},
	} {
		params["Bucket"] = b
		s.fails(op, 501, "NotImplemented", params)
	}
	s.ok("GetObject", in{"Bucket": b, "Key": "k"}, out{"Body": "x"})
}
