package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/transfer"
)

// sourceFile is the name of the file that is uploaded, below the folder of a run.
const sourceFile = "source"

// objectClient moves objects with package transfer at its defaults.
func objectClient(ctx context.Context, f *clientFlags) (report clientReport, err error) {
	scheme, port := "http", httpPort
	if strings.HasSuffix(f.transport, "https") {
		scheme, port = "https", httpsPort
	}
	var meter readMeter
	dial := new(net.Dialer).DialContext
	if strings.HasPrefix(f.transport, "rapid") {
		d := f.dialer()
		if f.trace {
			defer trace(d)()
		}
		defer d.Close()
		defer func() { report.Rapid = d.Stats() }()
		dial = d.DialContext
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &meteredConn{c, &meter}, nil
	}
	if t.TLSClientConfig, err = trust(filepath.Join(f.dir, "cert.pem")); err != nil {
		return report, err
	}
	client, err := icos.NewClient(icos.Config{
		Endpoint: scheme + "://" + f.host + port, Credentials: auth.Anonymous,
		HTTPClient: &http.Client{Transport: t},
	})
	if err != nil {
		return report, err
	}
	var o transfer.Options
	if strings.HasPrefix(f.transport, "rapid") {
		o.Concurrency = 64 // as package aspera has it, since streams cost nothing to open
	}
	m, err := transfer.NewManager(client, &o)
	if err != nil {
		return report, err
	}
	defer m.Close()
	bucket := client.Bucket("bench")
	if f.op == "putdir" || f.op == "getdir" {
		return moveTree(ctx, f, m, bucket)
	}
	for i := range f.objects {
		meter.reset()
		o := object{Start: monotonic()}
		if f.op == "put" {
			o.Key = fmt.Sprintf("/bench/put-%d", i)
			err = m.Upload(ctx, filepath.Join(f.dir, sourceFile), bucket.Object(strings.TrimPrefix(o.Key, "/bench/"))).Wait(ctx)
			o.Bytes = f.size
		} else {
			// Below such a prefix the server invents objects of that size.
			path := filepath.Join(f.dir, "received")
			err = m.Download(ctx, bucket.Object(fmt.Sprintf("n1-s%d/f0", f.size)), path).Wait(ctx)
			o.First, o.Last, o.Bytes = meter.first.Load(), meter.last.Load(), min(f.size, meter.bytes.Load())
			if e := os.Remove(path); e != nil && !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
		o.End = monotonic()
		o.Whole = err == nil
		report.Objects = append(report.Objects, o)
		if ctx.Err() != nil {
			return report, nil
		}
		if err != nil {
			return report, err
		}
	}
	return report, nil
}

// moveTree moves many files, and counts those that were done when the time was up.
func moveTree(ctx context.Context, f *clientFlags, m *transfer.Manager, b *icos.Bucket) (clientReport, error) {
	o := object{Start: monotonic()}
	var t *transfer.Transfer
	if f.op == "putdir" {
		t = m.UploadDir(ctx, filepath.Join(f.dir, "files"), b, "put/")
	} else {
		t = m.DownloadDir(ctx, b, fmt.Sprintf("n%d-s%d/", f.objects, f.size), filepath.Join(f.dir, "received"))
	}
	err := t.Wait(ctx)
	o.End = monotonic()
	o.Whole = err == nil
	o.Bytes = int64(f.objects) * f.size
	if ctx.Err() != nil {
		err = nil
	}
	return clientReport{Objects: []object{o}, Files: int(t.Progress().Objects)}, err
}

// readMeter notes when the first and the last bytes came over any connection.
type readMeter struct{ first, last, bytes atomic.Int64 }

func (m *readMeter) reset() {
	m.first.Store(0)
	m.last.Store(0)
	m.bytes.Store(0)
}

type meteredConn struct {
	net.Conn
	meter *readMeter
}

// NetConn shows what is known of the path through the meter.
func (c *meteredConn) NetConn() net.Conn { return c.Conn }

func (c *meteredConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		at := monotonic()
		c.meter.first.CompareAndSwap(0, at)
		c.meter.last.Store(at)
		c.meter.bytes.Add(int64(n))
	}
	return n, err
}

// CloseWrite keeps half-closing possible through the meter.
func (c *meteredConn) CloseWrite() error {
	if h, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return errors.ErrUnsupported
}

var _ interface{ CloseWrite() error } = (*rapid.Conn)(nil)
