package pace_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/transfer/internal/pace"
)

func TestMeterTellsItsParents(t *testing.T) {
	root := pace.NewMeter(nil)
	a, b := pace.NewMeter(root), pace.NewMeter(root)
	a.Moved(5)
	a.Repeated(2)
	b.Moved(10)
	b.Disk(time.Second)
	if got := a.Sum(); got.Useful() != 3 || got.Disk != 0 {
		t.Errorf("child: %+v", got)
	}
	if got := root.Sum(); got.Moved != 15 || got.Useful() != 13 || got.Disk != time.Second {
		t.Errorf("parent: %+v", got)
	}
	var none *pace.Meter
	none.Moved(1)
	if got := none.Sum(); got != (pace.Sums{}) {
		t.Errorf("nil: %+v", got)
	}
}

func TestMeterLearnsHowRequestsFare(t *testing.T) {
	var n atomic.Int64
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch n.Add(1) {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			panic(http.ErrAbortHandler)
		}
	})
	for _, server := range []*httptest.Server{httptest.NewServer(h), httptest.NewTLSServer(h)} {
		n.Store(0)
		defer server.Close()
		transport := s3.NewTransport(nil)
		if server.TLS != nil {
			transport.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		}
		defer transport.CloseIdleConnections()
		c, err := s3.New(s3.Config{Endpoint: server.URL, HTTPClient: &http.Client{Transport: transport}, Retry: s3.RetryPolicy{BaseDelay: time.Millisecond}})
		if err != nil {
			t.Fatal(err)
		}
		root := pace.NewMeter(nil)
		meter := pace.NewMeter(root)
		const size = 2 << 20
		ctx := meter.Trace(t.Context(), size, 30*time.Second)
		if _, err := c.PutObject(ctx, &s3.PutObjectRequest{Bucket: "b", Key: "k", Body: strings.NewReader(strings.Repeat("x", size))}); err != nil {
			t.Fatal(err)
		}
		got := root.Sum()
		if got.Requests != 3 || got.Throttled != 1 || got.Broken != 1 || got.Retried != 2 || got.Service <= 0 {
			t.Errorf("%+v, want 3 requests: one throttled, one broken, two repeated", got)
		}
		path, known := meter.Path()
		if runtime.GOOS == "linux" && (!known || path.RTT <= 0 || !path.Loopback || path.Congestion == "") {
			t.Errorf("path %+v, %v, want what the system knows through every layer", path, known)
		}
	}
}

func TestSampleOfWhatIsNoSocket(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if info, ok := pace.Sample(a); ok {
		t.Errorf("Sample of a pipe = %+v", info)
	}
}

func BenchmarkMeter(b *testing.B) {
	m := pace.NewMeter(pace.NewMeter(nil))
	for b.Loop() {
		m.Moved(1)
	}
}

// told is a connection that tells of its path, below a layer that does not.
type told struct {
	net.Conn
	lost int64
	err  error
}

func (c *told) PathStats() (rtt, minRTT time.Duration, sent, lost int64, err error) {
	return 120 * time.Millisecond, 100 * time.Millisecond, 1000, c.lost, c.err
}

func (c *told) RemoteAddr() net.Addr { return &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 33001} }

type layer struct{ net.Conn }

func (l layer) NetConn() net.Conn { return l.Conn }

func TestSampleOfAConnThatTells(t *testing.T) {
	info, ok := pace.Sample(layer{&told{lost: 20}})
	if !ok || info.RTT != 120*time.Millisecond || info.MinRTT != 100*time.Millisecond || info.Loss != 0.02 || info.Loopback || info.Conns != 1 {
		t.Errorf("Sample = %+v, %v", info, ok)
	}
	limit, detail := pace.Explain(pace.Evidence{
		Sums: pace.Sums{Moved: 100 << 20, Requests: 10, Send: 10 * time.Second}, Elapsed: 10 * time.Second, Connections: 4, Path: info, Upload: true,
	})
	if limit != pace.LimitPath || !strings.Contains(detail, "RTT 120 ms, 2.0 % loss") || strings.Contains(detail, "bbr") {
		t.Errorf("Explain = %v, %s", limit, detail)
	}
	if info, ok := pace.Sample(layer{&told{err: net.ErrClosed}}); ok {
		t.Errorf("Sample of a closed connection = %+v", info)
	}
}
