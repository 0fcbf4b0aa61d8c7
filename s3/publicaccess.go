package s3

import "context"

// GetPublicAccessBlockRequest asks what a bucket does about public ACLs.
type GetPublicAccessBlockRequest struct {
	Bucket string `path:"bucket"`
}

// GetPublicAccessBlockResponse has the two settings that COS knows.
type GetPublicAccessBlockResponse struct {
	BlockPublicACLs  bool // requests that would set one are refused
	IgnorePublicACLs bool // those that are set let nobody in
}

// GetPublicAccessBlock reads the public access block of a bucket. Without one the error's code is NoSuchPublicAccessBlockConfiguration.
func (c *Client) GetPublicAccessBlock(ctx context.Context, r *GetPublicAccessBlockRequest) (*GetPublicAccessBlockResponse, error) {
	return call[GetPublicAccessBlockResponse](ctx, c, operation{name: "GetPublicAccessBlock", method: "GET", query: "publicAccessBlock"}, r)
}

// PutPublicAccessBlockRequest replaces the public access block of a bucket.
type PutPublicAccessBlockRequest struct {
	Bucket           string `path:"bucket"`
	BlockPublicACLs  bool
	IgnorePublicACLs bool
}

// PutPublicAccessBlockResponse has nothing to say.
type PutPublicAccessBlockResponse struct{}

// PutPublicAccessBlock replaces the public access block of a bucket. Public access by a policy is none of its business.
func (c *Client) PutPublicAccessBlock(ctx context.Context, r *PutPublicAccessBlockRequest) (*PutPublicAccessBlockResponse, error) {
	return call[PutPublicAccessBlockResponse](ctx, c, operation{name: "PutPublicAccessBlock", method: "PUT", query: "publicAccessBlock", flags: integrity}, r)
}

// DeletePublicAccessBlockRequest removes the public access block of a bucket.
type DeletePublicAccessBlockRequest struct {
	Bucket string `path:"bucket"`
}

// DeletePublicAccessBlockResponse has nothing to say.
type DeletePublicAccessBlockResponse struct{}

// DeletePublicAccessBlock removes the public access block of a bucket. That it has none is no error.
func (c *Client) DeletePublicAccessBlock(ctx context.Context, r *DeletePublicAccessBlockRequest) (*DeletePublicAccessBlockResponse, error) {
	return call[DeletePublicAccessBlockResponse](ctx, c, operation{name: "DeletePublicAccessBlock", method: "DELETE", query: "publicAccessBlock"}, r)
}

func (r *PutPublicAccessBlockRequest) document() ([]byte, error) {
	var w xmlWriter
	w.root("PublicAccessBlockConfiguration")
	for _, setting := range []struct {
		name string
		on   bool
	}{{"BlockPublicAcls", r.BlockPublicACLs}, {"IgnorePublicAcls", r.IgnorePublicACLs}} {
		value := "false"
		if setting.on {
			value = "true"
		}
		w.text(setting.name, value)
	}
	w.end("PublicAccessBlockConfiguration")
	return w.b, nil
}

func (r *GetPublicAccessBlockResponse) parse(s *scanner) error {
	if err := s.root("PublicAccessBlockConfiguration"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "BlockPublicAcls":
			r.BlockPublicACLs = s.bool()
		case "IgnorePublicAcls":
			r.IgnorePublicACLs = s.bool()
		}
	}
	return s.err
}
