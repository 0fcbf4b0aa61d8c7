package s3

import "context"

// A Protection is the retention policy of a bucket: IBM's Immutable Object
// Storage. Objects can be neither overwritten nor deleted before their retention
// period, which begins when they are stored, has passed and all legal holds on
// them are gone. A policy can be changed but never taken away.
type Protection struct {
	Status      string // "Retention"; "Disabled" in answers, if there is no policy
	MinimumDays int    // 0 ≤ MinimumDays ≤ DefaultDays ≤ MaximumDays
	DefaultDays int    // of an object that does not say how long
	MaximumDays int    // at most 365243

	// EnablePermanentRetention allows objects that are kept for ever. Once set, it stays so.
	EnablePermanentRetention bool
}

// GetBucketProtectionConfigurationRequest asks for the retention policy of a bucket.
type GetBucketProtectionConfigurationRequest struct {
	Bucket string `path:"bucket"`
}

// GetBucketProtectionConfigurationResponse is the policy.
type GetBucketProtectionConfigurationResponse struct {
	Protection
	ManagementState string `header:"x-ibm-protection-management-state"` // "active", if there is a policy
}

// GetBucketProtectionConfiguration reads the retention policy of a bucket. Without
// one, its Status is "Disabled". It is an operation of IBM Cloud Object Storage
// that other S3 stores do not have.
func (c *Client) GetBucketProtectionConfiguration(ctx context.Context, r *GetBucketProtectionConfigurationRequest) (*GetBucketProtectionConfigurationResponse, error) {
	return call[GetBucketProtectionConfigurationResponse](ctx, c, operation{name: "GetBucketProtectionConfiguration", method: "GET", query: "protection"}, r)
}

// PutBucketProtectionConfigurationRequest sets the retention policy of a bucket.
type PutBucketProtectionConfigurationRequest struct {
	Bucket     string     `path:"bucket"`
	Protection Protection // Status is "Retention" if empty
}

// PutBucketProtectionConfigurationResponse has nothing to say.
type PutBucketProtectionConfigurationResponse struct{}

// PutBucketProtectionConfiguration gives an empty bucket a retention policy, or changes
// that of any bucket. It cannot be undone. It is an operation of IBM Cloud Object
// Storage that other S3 stores do not have.
func (c *Client) PutBucketProtectionConfiguration(ctx context.Context, r *PutBucketProtectionConfigurationRequest) (*PutBucketProtectionConfigurationResponse, error) {
	return call[PutBucketProtectionConfigurationResponse](ctx, c, operation{name: "PutBucketProtectionConfiguration", method: "PUT", query: "protection", flags: integrity}, r)
}

// document has no namespace, and this order, as IBM's SDKs write it.
func (r *PutBucketProtectionConfigurationRequest) document() ([]byte, error) {
	p := &r.Protection
	if p.Status == "" {
		p = &Protection{"Retention", p.MinimumDays, p.DefaultDays, p.MaximumDays, p.EnablePermanentRetention}
	}
	var w xmlWriter
	w.begin("ProtectionConfiguration")
	w.text("Status", p.Status)
	for _, period := range []struct {
		name string
		days int
	}{{"MinimumRetention", p.MinimumDays}, {"DefaultRetention", p.DefaultDays}, {"MaximumRetention", p.MaximumDays}} {
		w.begin(period.name)
		w.int("Days", period.days)
		w.end(period.name)
	}
	if p.EnablePermanentRetention {
		w.text("EnablePermanentRetention", "true")
	}
	w.end("ProtectionConfiguration")
	return w.b, nil
}

func (r *GetBucketProtectionConfigurationResponse) parse(s *scanner) error {
	if err := s.root("ProtectionConfiguration"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Status":
			r.Status = s.str()
		case "MinimumRetention":
			r.MinimumDays = s.days()
		case "DefaultRetention":
			r.DefaultDays = s.days()
		case "MaximumRetention":
			r.MaximumDays = s.days()
		case "EnablePermanentRetention":
			r.EnablePermanentRetention = s.bool()
		}
	}
	return s.err
}

// days reads an element that holds Days.
func (s *scanner) days() (n int) {
	for d := s.depth; s.child(d); {
		if string(s.name()) == "Days" {
			n = s.int()
		}
	}
	return n
}
