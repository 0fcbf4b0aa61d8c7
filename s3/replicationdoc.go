package s3

import "fmt"

func (r *PutBucketReplicationRequest) document() ([]byte, error) {
	if n := len(r.Rules); n == 0 || n > 1000 {
		return nil, fmt.Errorf("%d rules: a bucket has between 1 and 1000; use DeleteBucketReplication to remove them", n)
	}
	var w xmlWriter
	w.root("ReplicationConfiguration")
	for i := range r.Rules {
		if err := checkFilter(r.Rules[i].Filter.Prefix, r.Rules[i].Filter.Tags); err != nil {
			return nil, err
		}
		w.replicationRule(&r.Rules[i])
	}
	w.end("ReplicationConfiguration")
	return w.b, nil
}

func (w *xmlWriter) replicationRule(r *ReplicationRule) {
	w.begin("Rule")
	w.optional("ID", r.ID)
	w.int("Priority", r.Priority)
	w.status("Status", !r.Disabled)
	w.begin("DeleteMarkerReplication")
	w.status("Status", r.DeleteMarkers)
	w.end("DeleteMarkerReplication")
	w.filter(&LifecycleFilter{Prefix: r.Filter.Prefix, Tags: r.Filter.Tags})
	w.begin("Destination")
	w.text("Bucket", r.Bucket)
	w.end("Destination")
	w.end("Rule")
}

func (r *GetBucketReplicationResponse) parse(s *scanner) error {
	if err := s.root("ReplicationConfiguration"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		if string(s.name()) == "Rule" {
			r.Rules = append(r.Rules, s.replicationRule())
		}
	}
	return s.err
}

func (s *scanner) replicationRule() (r ReplicationRule) {
	var f LifecycleFilter
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "ID":
			r.ID = s.str()
		case "Priority":
			r.Priority = s.int()
		case "Status":
			r.Disabled = !s.enabled()
		case "Prefix":
			f.Prefix = s.str()
		case "Filter":
			s.filter(&f)
		case "DeleteMarkerReplication":
			for d := s.depth; s.child(d); {
				if string(s.name()) == "Status" {
					r.DeleteMarkers = s.enabled()
				}
			}
		case "Destination":
			for d := s.depth; s.child(d); {
				if string(s.name()) == "Bucket" {
					r.Bucket = s.str()
				}
			}
		}
	}
	r.Filter = ReplicationFilter{Prefix: f.Prefix, Tags: f.Tags}
	return r
}

func (r *ListBucketReplicationFailuresResponse) parse(s *scanner) error {
	if err := s.root("ListReplicationFailureResult"); err != nil {
		return err
	}
	var p page
	for d := s.depth; s.child(d); {
		switch name := s.name(); string(name) {
		case "Name":
			r.Name = s.str()
		case "FirstSyncAttemptedBefore":
			r.FirstSyncAttemptedBefore = s.int64()
		case "ContinuationToken":
			r.ContinuationToken = s.str()
		case "NextContinuationToken":
			r.NextContinuationToken = s.str()
		case "KeyCount":
			r.KeyCount = s.int()
		case "MaxKeys":
			r.MaxKeys = s.int()
		case "IsTruncated":
			r.IsTruncated = s.bool()
		case "Contents":
			r.Failures = append(r.Failures, s.replicationFailure())
		default:
			p.common(s, name)
		}
	}
	for i := range r.Failures {
		p.decode(&r.Failures[i].Key)
	}
	return s.err
}

func (s *scanner) replicationFailure() (f ReplicationFailure) {
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Key":
			f.Key = s.str()
		case "VersionId":
			f.VersionID = s.str()
		case "SyncType":
			f.SyncType = s.str()
		case "FirstSyncAttempted":
			f.FirstAttempted = s.time()
		case "LastSyncAttempted":
			f.LastAttempted = s.time()
		case "SyncFailureCause":
			f.Cause = s.str()
		}
	}
	return f
}
