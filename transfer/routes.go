package transfer

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/icos-go/icos"
)

// routes replace handles by others of the same things, whose requests are sent
// by an http.Client of our choice.
type routes struct {
	choose func(*icos.Bucket) *http.Client // [Options].HTTPClient

	mu      sync.Mutex
	clients map[route]*icos.Client // guarded by mu
}

// A route is a Client whose requests are sent by something else.
type route struct {
	of  *icos.Client
	via *http.Client
}

// work returns w with its handles replaced.
func (r *routes) work(w Work) (Work, error) {
	if r.choose == nil {
		return w, nil
	}
	var err error
	switch w := w.(type) {
	case Upload:
		w.To, err = r.object(w.To)
		return w, err
	case Stream:
		w.To, err = r.object(w.To)
		return w, err
	case Download:
		w.From, err = r.object(w.From)
		return w, err
	case Copy:
		if w.From, err = r.object(w.From); err == nil {
			w.To, err = r.object(w.To)
		}
		return w, err
	case Sync:
		if w.From.Bucket, err = r.bucket(w.From.Bucket); err == nil {
			w.To.Bucket, err = r.bucket(w.To.Bucket)
		}
		return w, err
	}
	return w, nil
}

func (r *routes) object(o *icos.Object) (*icos.Object, error) {
	if o == nil {
		return nil, nil
	}
	b, err := r.bucket(o.Bucket())
	if err != nil || b == o.Bucket() {
		return o, err
	}
	return b.Object(o.Key()).Version(o.VersionID()).WithKey(o.CustomerKey()), nil
}

func (r *routes) bucket(b *icos.Bucket) (*icos.Bucket, error) {
	if b == nil {
		return nil, nil
	}
	via := r.choose(b)
	if via == nil {
		return b, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key := route{b.Client(), via}
	c := r.clients[key]
	if c == nil {
		cfg := b.Client().Config()
		cfg.HTTPClient = via
		var err error
		if c, err = icos.NewClient(cfg); err != nil {
			return b, fmt.Errorf("use another HTTP client: %w", err)
		}
		if r.clients == nil {
			r.clients = map[route]*icos.Client{}
		}
		r.clients[key] = c
	}
	return c.Bucket(b.Name()), nil
}
