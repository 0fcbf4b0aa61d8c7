package cosblob

import (
	"context"
	"fmt"
	"net/url"

	"gocloud.dev/blob"

	"github.com/icos-go/icos"
)

// Scheme is that of the URLs of buckets: cos://BUCKET.
const Scheme = "cos"

// gocloud.dev finds drivers by the packages that a program imports: this is how all
// of them make themselves known.
func init() {
	blob.DefaultURLMux().RegisterBucket(Scheme, &URLOpener{})
}

// A URLOpener opens URLs like cos://BUCKET.
type URLOpener struct {
	// Client is what buckets are opened with. If nil, each gets a client of its own,
	// with the configuration that icos.LoadConfig finds when it is opened, and which
	// the URL's parameters endpoint, location and instance override.
	Client *icos.Client
}

var _ blob.BucketURLOpener = (*URLOpener)(nil)

// OpenBucketURL implements blob.BucketURLOpener.
func (o *URLOpener) OpenBucketURL(_ context.Context, u *url.URL) (*blob.Bucket, error) {
	b, err := o.open(u)
	if err != nil {
		return nil, fmt.Errorf("open bucket %v: %w", u, err)
	}
	return blob.NewBucket(b), nil
}

func (o *URLOpener) open(u *url.URL) (*bucket, error) {
	if u.Host == "" || u.Path != "" {
		return nil, fmt.Errorf("want cos://BUCKET; for a part of a bucket add ?prefix=%s", "a/")
	}
	overrides := map[string]string{}
	for name, values := range u.Query() {
		switch name {
		case "endpoint", "location", "instance":
			overrides[name] = values[len(values)-1]
		default:
			return nil, fmt.Errorf("there is no parameter %q", name)
		}
	}
	if o.Client != nil {
		if len(overrides) > 0 {
			return nil, fmt.Errorf("endpoint, location and instance are those of the opener's client")
		}
		return openBucket(o.Client, u.Host), nil
	}
	cfg, err := icos.LoadConfig()
	if err != nil {
		return nil, err
	}
	for name, field := range map[string]*string{"endpoint": &cfg.Endpoint, "location": &cfg.Location, "instance": &cfg.InstanceID} {
		if v := overrides[name]; v != "" {
			*field = v
		}
	}
	client, err := icos.NewClient(cfg)
	if err != nil {
		return nil, err
	}
	b := openBucket(client, u.Host)
	b.close = client.Close
	return b, nil
}
