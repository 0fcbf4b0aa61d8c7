package interop

import "time"

func contractLifecycle(s *trial) {
	b := s.create("b")
	s.fails("GetBucketLifecycleConfiguration", 404, "NoSuchLifecycleConfiguration", in{"Bucket": b})
	s.fails("DeleteBucketLifecycle", 404, "NoSuchLifecycleConfiguration", in{"Bucket": b})
	rules := []any{
		in{"ID": "tmp", "Status": "Enabled", "Filter": in{"Prefix": "tmp/"}, "Expiration": in{"Days": 3}},
		in{"ID": "uploads", "Status": "Enabled", "Filter": in{"Prefix": ""}, "AbortIncompleteMultipartUpload": in{"DaysAfterInitiation": 2}},
	}
	s.okStatus("PutBucketLifecycleConfiguration", 200, in{"Bucket": b, "LifecycleConfiguration": in{"Rules": rules}}, nil)
	s.okStatus("GetBucketLifecycleConfiguration", 200, in{"Bucket": b}, out{"Rules": list{
		out{"ID": "tmp", "Status": "Enabled", "Filter": out{"Prefix": "tmp/"}, "Expiration": out{"Days": 3}},
		out{"ID": "uploads", "Status": "Enabled", "AbortIncompleteMultipartUpload": out{"DaysAfterInitiation": 2}},
	}})
	s.fails("PutBucketLifecycleConfiguration", 400, "", in{"Bucket": b, "LifecycleConfiguration": in{"Rules": []any{
		in{"ID": "no", "Status": "Enabled", "Filter": in{"Prefix": ""}, "Expiration": in{"Days": 0}},
	}}})
	for _, key := range []string{"tmp/a", "kept"} {
		s.ok("PutObject", in{"Bucket": b, "Key": key, "Body": hello}, nil)
	}
	s.ok("HeadObject", in{"Bucket": b, "Key": "tmp/a"}, out{"Expiration": matching(`expiry-date="[^"]+ GMT", rule-id="tmp"`)})
	s.ok("CreateMultipartUpload", in{"Bucket": b, "Key": "stale"}, nil)
	s.server.advance(s.T, 2*day)
	s.ok("HeadObject", in{"Bucket": b, "Key": "tmp/a"}, nil)
	s.server.advance(s.T, 3*day)
	s.fails("HeadObject", 404, "", in{"Bucket": b, "Key": "tmp/a"})
	s.ok("HeadObject", in{"Bucket": b, "Key": "kept"}, out{"Expiration": none})
	s.ok("ListMultipartUploads", in{"Bucket": b}, out{"Uploads": none})
	oldLifecycle(s, b)
	s.okStatus("DeleteBucketLifecycle", 204, in{"Bucket": b}, nil)
	s.fails("GetBucketLifecycleConfiguration", 404, "NoSuchLifecycleConfiguration", in{"Bucket": b})
}

// oldLifecycle: Node's SDK still has the operations of before rules had filters, with filters.
func oldLifecycle(s *trial, b string) {
	s.ok("PutBucketLifecycle", in{"Bucket": b, "LifecycleConfiguration": in{"Rules": []any{
		in{"ID": "old", "Status": "Enabled", "Filter": in{"Prefix": "old/"}, "Expiration": in{"Days": 7}},
	}}}, nil)
	s.ok("GetBucketLifecycle", in{"Bucket": b}, out{"Rules": list{out{"ID": "old", "Status": "Enabled", "Expiration": out{"Days": 7}}}})
}

func contractArchive(s *trial) {
	b := s.create("b")
	s.ok("PutBucketLifecycleConfiguration", in{"Bucket": b, "LifecycleConfiguration": in{"Rules": []any{
		in{"ID": "archive", "Status": "Enabled", "Filter": in{"Prefix": ""}, "Transitions": []any{in{"Days": 1, "StorageClass": "GLACIER"}}},
	}}}, nil)
	s.ok("GetBucketLifecycleConfiguration", in{"Bucket": b}, out{"Rules": list{
		out{"ID": "archive", "Transitions": list{out{"Days": 1, "StorageClass": "GLACIER"}}},
	}})
	k := in{"Bucket": b, "Key": "k"}
	restore := in{"Bucket": b, "Key": "k", "RestoreRequest": in{"Days": 2, "GlacierJobParameters": in{"Tier": "Bulk"}}}
	s.ok("PutObject", in{"Bucket": b, "Key": "k", "Body": hello}, nil)
	s.ok("GetObject", k, out{"Body": hello})
	s.fails("RestoreObject", 403, "ObjectAlreadyInActiveTierError", restore) // nothing to restore
	s.server.advance(s.T, 3*day)
	s.ok("HeadObject", k, out{"StorageClass": "GLACIER", "Restore": none})
	s.ok("ListObjects", in{"Bucket": b}, out{"Contents": list{out{"Key": "k", "StorageClass": "GLACIER"}}})
	s.fails("GetObject", 403, "InvalidObjectState", k)
	s.okStatus("RestoreObject", 202, restore, nil)
	s.ok("HeadObject", k, out{"StorageClass": "GLACIER", "Restore": s.restoring(true)})
	s.fails("GetObject", 403, "InvalidObjectState", k)
	s.server.advance(s.T, 13*time.Hour)
	s.ok("GetObject", k, out{"Body": hello, "StorageClass": "GLACIER", "Restore": s.restoring(false)})
	s.okStatus("RestoreObject", 200, restore, nil)
	s.server.advance(s.T, 4*day)
	s.fails("GetObject", 403, "InvalidObjectState", k)
	s.ok("HeadObject", k, out{"Restore": none})
}

// restoring is x-amz-restore, of which Java's SDK makes a boolean.
func (s *trial) restoring(ongoing bool) any {
	switch {
	case s.is("java"):
		return either(ongoing, none)
	case ongoing:
		return `ongoing-request="true"`
	}
	return matching(`ongoing-request="false", expiry-date="[^"]+ GMT"`)
}

func contractReplication(s *trial) {
	from, to := s.create("from"), s.create("to")
	s.fails("GetBucketReplication", 404, "ReplicationConfigurationNotFoundError", in{"Bucket": from})
	rule := in{
		"ID": "all", "Status": "Enabled", "Priority": 1, "Filter": in{"Prefix": "r/"},
		"DeleteMarkerReplication": in{"Status": "Enabled"}, "Destination": in{"Bucket": s.server.bucketCRN(to)},
	}
	replication := in{"Bucket": from, "ReplicationConfiguration": in{"Role": "", "Rules": []any{rule}}}
	s.fails("PutBucketReplication", 400, "", replication) // without versions
	enabled := in{"Status": "Enabled"}
	for _, b := range []string{from, to} {
		s.ok("PutBucketVersioning", in{"Bucket": b, "VersioningConfiguration": enabled}, nil)
	}
	s.okStatus("PutBucketReplication", 200, replication, nil)
	s.okStatus("GetBucketReplication", 200, in{"Bucket": from}, out{"ReplicationConfiguration": out{"Rules": list{out{
		"ID": "all", "Status": "Enabled", "Priority": 1, "Filter": out{"Prefix": "r/"},
		"DeleteMarkerReplication": out{"Status": "Enabled"}, "Destination": out{"Bucket": s.server.bucketCRN(to)},
	}}}})
	s.ok("PutObject", in{"Bucket": from, "Key": "r/k", "Body": hello}, nil)
	s.ok("PutObject", in{"Bucket": from, "Key": "not", "Body": hello}, nil)
	s.ok("wait ObjectExists", in{"Bucket": to, "Key": "r/k"}, nil)
	s.ok("GetObject", in{"Bucket": to, "Key": "r/k"}, out{"Body": hello, "ReplicationStatus": either("REPLICA", none)})
	s.ok("HeadObject", in{"Bucket": from, "Key": "r/k"}, out{"ReplicationStatus": either(matching("COMPLETED?|PENDING"), none)})
	s.fails("HeadObject", 404, "", in{"Bucket": to, "Key": "not"})
	s.okStatus("ListBucketReplicationFailures", 200, in{"Bucket": from}, s.failures(out{"Name": from, "IsTruncated": none, "Contents": none}))

	s.ok("PutBucketVersioning", in{"Bucket": to, "VersioningConfiguration": in{"Status": "Suspended"}}, nil)
	s.ok("PutObject", in{"Bucket": from, "Key": "r/fails", "Body": hello}, nil)
	if !s.lacks("ListBucketReplicationFailures") {
		s.eventually("a failure is listed", func() string {
			return s.failures(out{"Contents": list{out{
				"Key": "r/fails", "VersionId": version, "SyncType": some, "FirstSyncAttempted": near(s.server.now()),
				"LastSyncAttempted": near(s.server.now()), "SyncFailureCause": some,
			}}}).diff(s.ok("ListBucketReplicationFailures", in{"Bucket": from, "MaxKeys": 10}, nil))
		})
	}
	s.ok("PutBucketVersioning", in{"Bucket": to, "VersioningConfiguration": enabled}, nil)
	s.okStatus("PutBucketReplicationReattempt", 200, in{"Bucket": from}, nil)
	s.ok("wait ObjectExists", in{"Bucket": to, "Key": "r/fails"}, nil)
	s.okStatus("DeleteBucketReplication", 204, in{"Bucket": from}, nil)
	s.fails("GetBucketReplication", 404, "ReplicationConfigurationNotFoundError", in{"Bucket": from})
}

// failures is where the SDK has a list of failures: all but Java's keep the name of the document.
func (s *trial) failures(all out) out {
	if s.is("java") {
		return all
	}
	return out{"ListReplicationFailureResult": all}
}

// eventually tries for some seconds until nothing is wrong.
func (s *trial) eventually(what string, wrong func() string) {
	s.Helper()
	var last string
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if last = wrong(); last == "" || s.Failed() {
			return
		}
	}
	s.Errorf("%s: not within 10 s: %s", what, last)
}
