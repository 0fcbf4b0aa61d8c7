package s3

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// PresignPostRequest says what a form may upload.
type PresignPostRequest struct {
	Bucket string
	// Key is the key of the object. ${filename} at its end stands for the name of
	// the file that the browser sends: "uploads/${filename}" lets the form write
	// any key below uploads/.
	Key string
	// Fields are further fields of the form, which have to be sent as they are: acl,
	// Content-Type, Cache-Control, x-amz-meta-…, success_action_status,
	// success_action_redirect and so on.
	Fields map[string]string
	// StartsWith are fields that whoever fills in the form may choose, and what
	// they have to begin with; "" is anything. They are not in the Fields returned.
	StartsWith map[string]string
	// MinSize and MaxSize bound the file, in bytes. If MaxSize is 0, only the
	// service's own bound of 5 GiB does.
	MinSize, MaxSize int64
}

// A PostForm is a form by which whoever holds it can upload one file, without
// credentials. It is sent as multipart/form-data: all Fields, and last a field
// named file with the contents.
type PostForm struct {
	URL     string
	Fields  map[string]string // secret until it expires
	Expires time.Time
}

// formSigner is implemented by credentials that can sign forms.
type formSigner interface {
	PresignForm(at time.Time, policy func(fields map[string]string) ([]byte, error)) (map[string]string, error)
	PresignFormV2(policy func(fields map[string]string) ([]byte, error)) (map[string]string, error)
}

// PresignPost makes a form by which anybody can upload for as long as expires
// says. Nothing is sent. o may be nil. With credentials other than HMAC keys the
// error is ErrPresign.
func (c *Client) PresignPost(_ context.Context, r *PresignPostRequest, expires time.Duration, o *PresignOptions) (*PostForm, error) {
	if o == nil {
		o = new(PresignOptions)
	}
	x := &exchange{op: operation{name: "PostObject", method: "POST"}, base: c.base, bucket: r.Bucket, key: ""}
	form, err := c.presignPost(x, r, expires, o)
	if err != nil {
		return nil, x.wrap(err)
	}
	return form, nil
}

func (c *Client) presignPost(x *exchange, r *PresignPostRequest, expires time.Duration, o *PresignOptions) (*PostForm, error) {
	if err := r.check(expires); err != nil {
		return nil, fmt.Errorf("presign: %w", err)
	}
	if err := c.setPath(x); err != nil {
		return nil, fmt.Errorf("presign: %w", err)
	}
	signer, ok := c.credentials.(formSigner)
	if !ok {
		return nil, ErrPresign
	}
	at := o.At
	if at.IsZero() {
		at = time.Now().Add(time.Duration(c.skew.Load()))
	}
	ends := at.Add(expires)
	policy := func(signed map[string]string) ([]byte, error) { return r.policy(signed, ends) }
	var fields map[string]string
	var err error
	if o.V2 {
		fields, err = signer.PresignFormV2(policy)
	} else {
		fields, err = signer.PresignForm(at, policy)
	}
	if err != nil {
		return nil, err
	}
	maps.Copy(fields, r.Fields)
	fields["key"] = r.Key
	u := *x.base
	u.Path, u.RawPath = x.path, x.rawPath
	return &PostForm{URL: u.String(), Fields: fields, Expires: ends}, nil
}

func (r *PresignPostRequest) check(expires time.Duration) error {
	switch {
	case r.Key == "":
		return errors.New("no key")
	case expires <= 0:
		return fmt.Errorf("expires %v: it has to be some time ahead", expires)
	case r.MinSize < 0 || r.MaxSize < 0 || r.MaxSize > 0 && r.MaxSize < r.MinSize:
		return fmt.Errorf("a file of %d to %d bytes is none", r.MinSize, r.MaxSize)
	}
	if name, rest, found := strings.Cut(r.Key, filenameVariable); found && rest != "" {
		return fmt.Errorf("key %q: %s stands at the end, as nothing else could hold %q back", r.Key, filenameVariable, name)
	}
	for _, list := range []map[string]string{r.Fields, r.StartsWith} {
		for name := range list {
			switch lower := strings.ToLower(name); {
			case name == "", lower == "key", lower == "bucket", lower == "policy", lower == "file", lower == "signature", lower == "awsaccesskeyid",
				lower == "x-amz-signature", lower == "x-amz-algorithm", lower == "x-amz-credential", lower == "x-amz-date":
				return fmt.Errorf("field %q is not one to choose", name)
			}
		}
	}
	return checkBucket(r.Bucket)
}

// maxPost is the service's own bound of a file, in bytes.
const maxPost = 5 << 30

// filenameVariable stands for the name of the file in a form.
const filenameVariable = "${filename}"

// policy is the document that allows what r says, and the fields that the
// signature brings along.
func (r *PresignPostRequest) policy(signed map[string]string, ends time.Time) ([]byte, error) {
	exact := func(name, value string) any { return map[string]string{name: value} }
	conditions := []any{exact("bucket", r.Bucket)}
	if prefix, found := strings.CutSuffix(r.Key, filenameVariable); found {
		conditions = append(conditions, []string{"starts-with", "$key", prefix})
	} else {
		conditions = append(conditions, exact("key", r.Key))
	}
	for _, fields := range []map[string]string{r.Fields, signed} {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			conditions = append(conditions, exact(name, fields[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.StartsWith)) {
		conditions = append(conditions, []string{"starts-with", "$" + name, r.StartsWith[name]})
	}
	if r.MinSize > 0 || r.MaxSize > 0 {
		most := r.MaxSize
		if most == 0 {
			most = maxPost
		}
		conditions = append(conditions, []any{"content-length-range", r.MinSize, most})
	}
	return json.Marshal(map[string]any{"expiration": ends.UTC().Format("2006-01-02T15:04:05Z"), "conditions": conditions})
}
