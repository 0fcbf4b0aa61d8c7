package ascptest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A Store is what a Gateway stands in front of.
type Store interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Put(ctx context.Context, key string, content []byte) error
}

// A Gateway is the server that the program talks to.
type Gateway struct {
	// Host and Port are where it is: what a transfer spec has as remote_host and
	// ssh_port.
	Host string
	Port int

	store  Store
	mu     sync.Mutex
	tokens map[string]bool     // that are good; guarded by mu
	parts  map[string]*arrival // by transfer and key; guarded by mu
}

// An arrival is an object on its way in.
type arrival struct {
	content []byte
	have    map[int64]int64 // offset → length
}

// NewGateway starts a Gateway that is stopped when the test ends.
func NewGateway(t testing.TB, store Store) *Gateway {
	g := &Gateway{store: store, tokens: map[string]bool{}, parts: map[string]*arrival{}}
	srv := httptest.NewServer(g)
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	g.Host = u.Hostname()
	g.Port, _ = strconv.Atoi(u.Port())
	return g
}

// Admit lets in who has a token.
func (g *Gateway) Admit(token string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tokens[token] = true
}

// ServeHTTP serves the program: it reads and writes objects in pieces, and asks how
// much of one has arrived.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	g.mu.Lock()
	ok := g.tokens[token]
	g.mu.Unlock()
	if !ok {
		http.Error(w, "who are you?", http.StatusForbidden)
		return
	}
	key, xfer := r.FormValue("key"), r.FormValue("xfer")
	switch r.Method {
	case http.MethodGet:
		b, err := g.store.Get(r.Context(), key)
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		http.ServeContent(w, r, "", modified, bytes.NewReader(b))
	case http.MethodHead: // how much is there, from the start
		w.Header().Set("X-Have", strconv.FormatInt(g.have(xfer, key), 10))
	case http.MethodPut:
		size, _ := strconv.ParseInt(r.FormValue("size"), 10, 64)
		offset, _ := strconv.ParseInt(r.FormValue("offset"), 10, 64)
		b, err := io.ReadAll(r.Body)
		if err == nil {
			err = g.put(r.Context(), xfer, key, size, offset, b)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
}

func (g *Gateway) have(xfer, key string) (n int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.parts[xfer+" "+key]
	if a == nil {
		return 0
	}
	for a.have[n] > 0 {
		n += a.have[n]
	}
	return n
}

// put takes a piece, and stores the object when it is the last one.
func (g *Gateway) put(ctx context.Context, xfer, key string, size, offset int64, b []byte) error {
	if offset < 0 || size < 0 || offset+int64(len(b)) > size {
		return fmt.Errorf("%d bytes at %d of %d", len(b), offset, size)
	}
	name := xfer + " " + key
	g.mu.Lock()
	a := g.parts[name]
	if a == nil || int64(len(a.content)) != size {
		a = &arrival{make([]byte, size), map[int64]int64{}}
		g.parts[name] = a
	}
	copy(a.content[offset:], b)
	a.have[offset] = int64(len(b))
	var sum int64
	for _, n := range a.have {
		sum += n
	}
	complete := sum >= size
	if complete {
		delete(g.parts, name)
	}
	g.mu.Unlock()
	if complete {
		return g.store.Put(ctx, key, a.content)
	}
	return nil
}
