package interop

import "time"

const day = 24 * time.Hour

// stamp is a date as the SDKs take it.
func stamp(at time.Time) string { return at.UTC().Truncate(time.Second).Format(time.RFC3339) }

func contractObjectLock(s *trial) {
	plain := s.create("plain")
	s.fails("GetObjectLockConfiguration", 404, "ObjectLockConfigurationNotFoundError", in{"Bucket": plain})
	b := s.bucket("b")
	s.ok("CreateBucket", in{"Bucket": b, "ObjectLockEnabledForBucket": true}, nil)
	s.ok("GetBucketVersioning", in{"Bucket": b}, out{"Status": "Enabled"})
	s.ok("GetObjectLockConfiguration", in{"Bucket": b}, out{"ObjectLockConfiguration": out{"ObjectLockEnabled": "Enabled", "Rule": none}})
	s.okStatus("PutObjectLockConfiguration", 200, in{"Bucket": b, "ObjectLockConfiguration": in{
		"ObjectLockEnabled": "Enabled", "Rule": in{"DefaultRetention": in{"Mode": "COMPLIANCE", "Days": 1}},
	}}, nil)
	s.okStatus("GetObjectLockConfiguration", 200, in{"Bucket": b}, out{"ObjectLockConfiguration": out{
		"ObjectLockEnabled": "Enabled", "Rule": out{"DefaultRetention": out{"Mode": "COMPLIANCE", "Days": 1, "Years": none}},
	}})
	now := s.server.now()
	byDefault := s.ok("PutObject", in{"Bucket": b, "Key": "default", "Body": hello}, out{"VersionId": version}).str("VersionId")
	s.ok("HeadObject", in{"Bucket": b, "Key": "default"}, out{"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": near(now.Add(day)), "ObjectLockLegalHoldStatus": none})
	s.okStatus("GetObjectRetention", 200, in{"Bucket": b, "Key": "default"}, out{"Retention": out{"Mode": "COMPLIANCE", "RetainUntilDate": near(now.Add(day))}})
	s.fails("DeleteObject", 403, "AccessDenied", in{"Bucket": b, "Key": "default", "VersionId": byDefault})

	kept := s.ok("PutObject", in{
		"Bucket": b, "Key": "kept", "Body": hello, "ObjectLockMode": "COMPLIANCE",
		"ObjectLockRetainUntilDate": stamp(now.Add(5 * day)), "ObjectLockLegalHoldStatus": "ON",
	}, nil).str("VersionId")
	at := func(more in) in {
		more["Bucket"], more["Key"], more["VersionId"] = b, "kept", kept
		return more
	}
	s.ok("GetObject", at(in{}), out{"Body": hello, "ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": near(now.Add(5 * day)), "ObjectLockLegalHoldStatus": "ON"})
	s.okStatus("GetObjectLegalHold", 200, at(in{}), out{"LegalHold": out{"Status": "ON"}})
	s.okStatus("PutObjectLegalHold", 200, at(in{"LegalHold": in{"Status": "OFF"}}), nil)
	s.ok("GetObjectLegalHold", at(in{}), out{"LegalHold": out{"Status": "OFF"}})
	later, earlier := stamp(now.Add(6*day)), stamp(now.Add(2*day))
	s.okStatus("PutObjectRetention", 200, at(in{"Retention": in{"Mode": "COMPLIANCE", "RetainUntilDate": later}}), nil)
	s.ok("GetObjectRetention", at(in{}), out{"Retention": out{"Mode": "COMPLIANCE", "RetainUntilDate": near(now.Add(6 * day))}})
	s.fails("PutObjectRetention", 403, "AccessDenied", at(in{"Retention": in{"Mode": "COMPLIANCE", "RetainUntilDate": earlier}}))
	s.fails("DeleteObject", 403, "AccessDenied", at(in{}))
	s.ok("DeleteObject", in{"Bucket": b, "Key": "kept"}, nil) // a marker
	s.fails("GetObjectRetention", 404, "NoSuchKey", in{"Bucket": b, "Key": "missing"})
	s.fails("PutObjectLegalHold", 400, "InvalidRequest", in{"Bucket": plain, "Key": "k", "LegalHold": in{"Status": "ON"}})
	held := s.ok("PutObject", in{"Bucket": b, "Key": "held", "Body": hello}, nil).str("VersionId")
	s.ok("PutObjectLegalHold", in{"Bucket": b, "Key": "held", "VersionId": held, "LegalHold": in{"Status": "ON"}}, nil)

	governance(s)

	s.server.advance(s.T, 3*day)
	s.okStatus("DeleteObject", 204, in{"Bucket": b, "Key": "default", "VersionId": byDefault}, nil)
	s.fails("DeleteObject", 403, "AccessDenied", in{"Bucket": b, "Key": "held", "VersionId": held})
	s.fails("DeleteObject", 403, "AccessDenied", at(in{}))
	s.ok("PutObjectLegalHold", in{"Bucket": b, "Key": "held", "VersionId": held, "LegalHold": in{"Status": "OFF"}}, nil)
	s.ok("DeleteObject", in{"Bucket": b, "Key": "held", "VersionId": held}, nil)
	s.server.advance(s.T, 4*day)
	s.ok("DeleteObject", at(in{}), nil)
}

// governance locks what those may remove who say that they mean to.
func governance(s *trial) {
	b := s.bucket("governed")
	s.ok("CreateBucket", in{"Bucket": b, "ObjectLockEnabledForBucket": true}, nil)
	now := s.server.now()
	id := s.ok("PutObject", in{
		"Bucket": b, "Key": "k", "Body": hello, "ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": stamp(now.Add(5 * day)),
	}, nil).str("VersionId")
	k := func(more in) in {
		more["Bucket"], more["Key"], more["VersionId"] = b, "k", id
		return more
	}
	shorter := in{"Mode": "GOVERNANCE", "RetainUntilDate": stamp(now.Add(2 * day))}
	s.fails("DeleteObject", 403, "AccessDenied", k(in{}))
	s.fails("PutObjectRetention", 403, "AccessDenied", k(in{"Retention": shorter}))
	s.ok("PutObjectRetention", k(in{"Retention": shorter, "BypassGovernanceRetention": true}), nil)
	s.ok("GetObjectRetention", k(in{}), out{"Retention": out{"Mode": "GOVERNANCE", "RetainUntilDate": near(now.Add(2 * day))}})
	s.fails("DeleteObject", 403, "AccessDenied", k(in{}))
	s.ok("DeleteObject", k(in{"BypassGovernanceRetention": true}), nil)
	more := s.ok("PutObject", in{
		"Bucket": b, "Key": "k", "Body": hello, "ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": stamp(now.Add(5 * day)),
	}, nil).str("VersionId")
	one := in{"Objects": []any{in{"Key": "k", "VersionId": more}}}
	s.ok("DeleteObjects", in{"Bucket": b, "Delete": one}, out{"Deleted": none, "Errors": list{out{"Key": "k", "Code": "AccessDenied"}}})
	s.ok("DeleteObjects", in{"Bucket": b, "Delete": one, "BypassGovernanceRetention": true}, out{"Deleted": ofLength(1), "Errors": none})
	s.ok("DeleteBucket", in{"Bucket": b}, nil)
}

// contractRetention is IBM's own kind of retention: a policy of the bucket, periods and legal holds of objects.
func contractRetention(s *trial) {
	b := s.create("b")
	s.ok("GetBucketProtectionConfiguration", in{"Bucket": b}, s.protection(out{"Status": "Disabled"}))
	days := func(n int) in { return in{"Days": n} }
	protection := in{"Status": "Retention", "MinimumRetention": days(1), "DefaultRetention": days(2), "MaximumRetention": days(30)}
	s.okStatus("PutBucketProtectionConfiguration", 200, in{"Bucket": b, "ProtectionConfiguration": protection}, nil)
	s.okStatus("GetBucketProtectionConfiguration", 200, in{"Bucket": b}, s.protection(out{
		"Status": "Retention", "MinimumRetention": out{"Days": 1}, "DefaultRetention": out{"Days": 2}, "MaximumRetention": out{"Days": 30},
		"EnablePermanentRetention": none,
	}))
	s.fails("PutBucketVersioning", 409, "InvalidBucketState", in{"Bucket": b, "VersioningConfiguration": in{"Status": "Enabled"}})

	now, seconds := s.server.now(), func(d time.Duration) int { return int(d / time.Second) }
	put := func(key string, more in) in {
		more["Bucket"], more["Key"], more["Body"] = b, key, hello
		return more
	}
	s.ok("PutObject", put("default", in{}), nil)
	s.ok("HeadObject", in{"Bucket": b, "Key": "default"}, out{"RetentionPeriod": seconds(2 * day), "RetentionExpirationDate": near(now.Add(2 * day)), "RetentionLegalHoldCount": none})
	s.ok("PutObject", put("period", in{"RetentionPeriod": seconds(3 * day), "RetentionLegalHoldId": "hold-1"}), nil)
	s.ok("GetObject", in{"Bucket": b, "Key": "period"}, out{"Body": hello, "RetentionPeriod": seconds(3 * day), "RetentionExpirationDate": near(now.Add(3 * day)), "RetentionLegalHoldCount": 1})
	s.ok("PutObject", put("date", in{"RetentionExpirationDate": stamp(now.Add(4 * day))}), nil)
	s.ok("HeadObject", in{"Bucket": b, "Key": "date"}, out{"RetentionExpirationDate": near(now.Add(4 * day))})
	s.fails("PutObject", 400, "", put("both", in{"RetentionPeriod": seconds(3 * day), "RetentionExpirationDate": stamp(now.Add(4 * day))}))
	s.fails("PutObject", 400, "", put("short", in{"RetentionPeriod": seconds(time.Hour)}))
	s.fails("PutObject", 400, "", put("long", in{"RetentionPeriod": seconds(31 * day)}))
	s.fails("PutObject", 403, "AccessDenied", put("default", in{}))
	s.fails("DeleteObject", 403, "AccessDenied", in{"Bucket": b, "Key": "default"})
	retainedCopies(s, b)
	legalHolds(s, b)
	extendRetention(s, b)

	s.server.advance(s.T, 31*day)
	s.okStatus("DeleteObject", 204, in{"Bucket": b, "Key": "default"}, nil)
	s.ok("PutObject", put("date", in{}), nil) // a new object, and kept anew
	s.fails("DeleteObject", 403, "AccessDenied", in{"Bucket": b, "Key": "date"})
}

// protection is where the SDK has the parts of a retention policy: Node's does not say that they are one.
func (s *trial) protection(policy out) out {
	if s.is("node") {
		return policy
	}
	return out{"ProtectionConfiguration": policy}
}

func retainedCopies(s *trial, b string) {
	source := b + "/period"
	s.ok("CopyObject", in{"Bucket": b, "Key": "copied", "CopySource": source, "RetentionDirective": "COPY"}, nil)
	s.ok("HeadObject", in{"Bucket": b, "Key": "copied"}, out{"RetentionPeriod": int(3 * day / time.Second), "RetentionLegalHoldCount": 1})
	s.ok("CopyObject", in{"Bucket": b, "Key": "replaced", "CopySource": source, "RetentionDirective": "REPLACE", "RetentionPeriod": int(5 * day / time.Second)}, nil)
	s.ok("HeadObject", in{"Bucket": b, "Key": "replaced"}, out{"RetentionPeriod": int(5 * day / time.Second), "RetentionLegalHoldCount": none})
	upload := s.ok("CreateMultipartUpload", in{"Bucket": b, "Key": "parts"}, nil).str("UploadId")
	tag := s.ok("UploadPart", in{"Bucket": b, "Key": "parts", "UploadId": upload, "PartNumber": 1, "Body": hello}, nil).str("ETag")
	s.ok("CompleteMultipartUpload", in{
		"Bucket": b, "Key": "parts", "UploadId": upload, "RetentionPeriod": int(6 * day / time.Second),
		"MultipartUpload": in{"Parts": []any{in{"PartNumber": 1, "ETag": tag}}},
	}, nil)
	s.ok("HeadObject", in{"Bucket": b, "Key": "parts"}, out{"RetentionPeriod": int(6 * day / time.Second)})
}

func legalHolds(s *trial, b string) {
	k := in{"Bucket": b, "Key": "period"}
	hold := func(id string) in { return in{"Bucket": b, "Key": "period", "RetentionLegalHoldId": id} }
	s.okStatus("AddLegalHold", 200, hold("hold-2"), nil)
	s.fails("AddLegalHold", 409, "", hold("hold-2"))
	s.fails("AddLegalHold", 400, "", hold("not/valid"))
	s.okStatus("ListLegalHolds", 200, k, out{
		"CreateTime": near(s.server.now()), "RetentionPeriod": int(3 * day / time.Second), "RetentionPeriodExpirationDate": near(s.server.now().Add(3 * day)),
		"LegalHolds": s.holds(out{"ID": "hold-1", "Date": near(s.server.now())}, out{"ID": "hold-2", "Date": near(s.server.now())}),
	})
	s.okStatus("DeleteLegalHold", 200, hold("hold-1"), nil)
	s.ok("ListLegalHolds", k, out{"LegalHolds": s.holds(out{"ID": "hold-2"})})
	s.ok("DeleteLegalHold", hold("hold-2"), nil)
	s.ok("ListLegalHolds", k, out{"LegalHolds": none})
	s.fails("ListLegalHolds", 404, "NoSuchKey", in{"Bucket": b, "Key": "missing"})
}

// holds are the legal holds of a list. Go's SDK looks for them in elements of a name that COS does not send.
func (s *trial) holds(all ...any) any {
	if s.is("go") {
		return none
	}
	return list(all)
}

func extendRetention(s *trial, b string) {
	k := in{"Bucket": b, "Key": "period"}
	extend := func(name string, value any) in { return in{"Bucket": b, "Key": "period", name: value} }
	for _, step := range []struct {
		name  string
		value any
		days  time.Duration
	}{
		{"AdditionalRetentionPeriod", int(day / time.Second), 4},
		{"NewRetentionPeriod", int(6 * day / time.Second), 6},
		{"ExtendRetentionFromCurrentTime", int(8 * day / time.Second), 8},
		{"NewRetentionExpirationDate", stamp(s.server.now().Add(9 * day)), 9},
	} {
		s.okStatus("ExtendObjectRetention", 200, extend(step.name, step.value), nil)
		s.ok("HeadObject", k, out{"RetentionExpirationDate": near(s.server.now().Add(step.days * day))})
	}
	s.fails("ExtendObjectRetention", 400, "", extend("NewRetentionPeriod", int(day/time.Second)))
	s.fails("ExtendObjectRetention", 400, "", k)
}
