package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/server"
)

// localOptions say what to serve and where.
type localOptions struct {
	dir    string
	addr   string
	tls    bool
	names  []string // host names besides the loopback ones
	region string
	logger *slog.Logger

	rapid     bool // accept rapid sessions on the UDP port of the same number
	noOffload bool // without the kernel's help

	encrypt bool // every object, with a key of the server if with no other

	admin string // address of the admin API; "" for none

	nameHold time.Duration // how long names of deleted buckets cannot be taken
}

// Bounds of the rapid sessions of one server, which is on a machine that does
// other work, too.
const (
	maxSessions      = 128
	maxSessionMemory = 2 << 30 // bytes, of which few are used on short paths
)

// localCOS is a COS served by this process.
type localCOS struct {
	url        string // base URL, without a path
	ca         string // file of the CA's certificate; "" over plain http
	udp        string // address of rapid sessions; "" without
	admin      *adminAPI
	credential server.Credential

	cos   *server.Server
	names []string
	log   *slog.Logger
	lns   []net.Listener
	stop  context.CancelFunc
	ended chan struct{} // closed when no request is served any more
	err   error         // why serving ended; read after ended
}

// openLocalCOS opens the data and the address. Clients can connect and are
// answered once serve was called. The caller ends it with close.
func openLocalCOS(o *localOptions) (_ *localCOS, err error) {
	if _, _, err := net.SplitHostPort(o.addr); err != nil {
		return nil, &usageError{fmt.Errorf("--addr %s: write HOST:PORT, such as 127.0.0.1:9000, or :9000 for all addresses", o.addr)}
	}
	if !o.tls && !loopbackAddr(o.addr) {
		return nil, &usageError{fmt.Errorf("--addr %s can be reached from other machines: add --tls, since keys and tokens are not sent over plain http", o.addr)}
	}
	ln, sessions, err := o.listen()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ln.Close())
			if sessions != nil {
				err = errors.Join(err, sessions.Close())
			}
		}
	}()
	c := &localCOS{url: "http://" + ln.Addr().String(), lns: []net.Listener{ln}, names: o.names, log: o.logger, ended: make(chan struct{})}
	cfg := server.Config{Dir: o.dir, Location: o.region, Hosts: o.names, NameHold: o.nameHold, Encrypt: o.encrypt, Logger: o.logger}
	if o.admin != "" {
		if c.admin, err = listenAdmin(o); err != nil {
			return nil, err
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, c.admin.close())
			}
		}()
		cfg.Journal = journalSize
	}
	if c.cos, err = server.New(cfg); err != nil {
		return nil, err
	}
	if sessions != nil {
		c.udp = sessions.Addr().String()
		c.cos.OfferRapid(sessions)
		c.lns = append(c.lns, sessions)
	}
	if o.tls {
		cfg, ca, err := server.TLSConfig(o.dir, o.names)
		if err != nil {
			return nil, errors.Join(err, c.cos.Close())
		}
		c.ca, c.url = ca, "https://"+publicAddr(ln.Addr(), o.names)
		for i, plain := range c.lns {
			c.lns[i] = tls.NewListener(plain, cfg)
		}
		if c.admin != nil {
			c.admin.secure(cfg, o.names)
		}
	}
	c.credential = c.cos.Credential(c.url)
	return c, nil
}

// listen opens the TCP port and, for rapid sessions, the UDP port of the same
// number.
func (o *localOptions) listen() (net.Listener, *rapid.Listener, error) {
	if !o.rapid {
		ln, err := net.Listen("tcp", o.addr)
		return ln, nil, err
	}
	return listenBoth(o.addr, &rapid.ListenOptions{
		MaxSessions: maxSessions, Memory: maxSessionMemory, DisableOffload: o.noOffload, Logger: o.logger,
	})
}

// serve answers clients until close.
func (c *localCOS) serve() {
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	if c.admin != nil {
		c.admin.start(c.cos, c.names, c.log)
	}
	go func() {
		defer close(c.ended)
		c.err = c.cos.Serve(ctx, c.lns...)
	}()
}

// close lets requests in flight end, then closes the store.
func (c *localCOS) close() error {
	if c.stop == nil { // serve was never called
		var errs []error
		for _, ln := range c.lns {
			errs = append(errs, ln.Close())
		}
		return errors.Join(append(errs, c.admin.close(), c.cos.Close())...)
	}
	c.stop()
	<-c.ended
	return errors.Join(c.err, c.admin.close(), c.cos.Close())
}

// startServer serves the demo's COS on any free port.
func (d *demo) startServer(dir string) (*localCOS, error) {
	cos, err := openLocalCOS(&localOptions{
		dir: dir, addr: "127.0.0.1:0", region: "us-south", rapid: true,
		logger: slog.New(slog.NewTextHandler(d.stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err == nil {
		cos.serve()
	}
	return cos, err
}

// loopbackAddr reports whether only this machine can reach addr.
func loopbackAddr(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// publicAddr is how clients reach a, by the first of names if there is one.
func publicAddr(a net.Addr, names []string) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	switch ip := net.ParseIP(host); {
	case len(names) > 0:
		host = names[0]
	case ip != nil && ip.IsUnspecified():
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
