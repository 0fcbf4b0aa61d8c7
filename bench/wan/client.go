package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"

	"github.com/icos-go/icos/rapid"
)

// clientReport is what a client says when it is done.
type clientReport struct {
	Objects []object
	Slots   []int64 // bytes received, by tenths of a second from Start
	Start   int64
	Rapid   []rapid.Stats
	Files   int // moved, of many
}

// clientFlags are what the parent asks of a client.
type clientFlags struct {
	transport string
	host      string
	dir       string
	streams   int
	op        string
	size      int64
	objects   int
	limit     time.Duration
	profile   string
	policy    string
	target    int64
	sessions  int
	noOffload bool
	trace     bool
}

func (f *clientFlags) args() []string {
	return []string{
		"-transport=" + f.transport, "-host=" + f.host, "-dir=" + f.dir, "-op=" + f.op, "-policy=" + f.policy, "-cpuprofile=" + f.profile,
		fmt.Sprintf("-streams=%d", f.streams), fmt.Sprintf("-size=%d", f.size), fmt.Sprintf("-objects=%d", f.objects),
		fmt.Sprintf("-limit=%v", f.limit), fmt.Sprintf("-target=%d", f.target), fmt.Sprintf("-sessions=%d", f.sessions),
		fmt.Sprintf("-no-offload=%v", f.noOffload), fmt.Sprintf("-trace=%v", f.trace),
	}
}

func parseClient(args []string) (*clientFlags, error) {
	f := new(clientFlags)
	fs := flag.NewFlagSet("client", flag.ContinueOnError)
	fs.StringVar(&f.transport, "transport", "tcp", "tcp, quic, rapid; for objects http, https, rapid-http, rapid-https")
	fs.StringVar(&f.host, "host", "", "`address` of the server")
	fs.StringVar(&f.dir, "dir", "", "`folder` with the server's certificate and files to move")
	fs.IntVar(&f.streams, "streams", 1, "streams at once")
	fs.StringVar(&f.op, "op", "get", "get or put")
	fs.Int64Var(&f.size, "size", 256<<20, "bytes of an object")
	fs.IntVar(&f.objects, "objects", 1, "objects, one after the other")
	fs.DurationVar(&f.limit, "limit", time.Minute, "when to stop")
	fs.StringVar(&f.profile, "cpuprofile", "", "`file`")
	fs.StringVar(&f.policy, "policy", "", "of rapid")
	fs.Int64Var(&f.target, "target", 0, "rate of rapid in bits per second")
	fs.IntVar(&f.sessions, "sessions", 1, "of rapid")
	fs.BoolVar(&f.noOffload, "no-offload", false, "rapid without offload")
	fs.BoolVar(&f.trace, "trace", false, "write to standard error how rapid does, ten times a second")
	return f, fs.Parse(args)
}

func clientMain(ctx context.Context, args []string) (err error) {
	f, err := parseClient(args)
	if err != nil {
		return err
	}
	if f.profile != "" {
		out, err := os.Create(f.profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(out); err != nil {
			return err
		}
		defer func() {
			pprof.StopCPUProfile()
			out.Close()
		}()
	}
	var report clientReport
	ctx, cancel := context.WithTimeout(ctx, f.limit)
	defer cancel()
	switch f.transport {
	case "tcp", "quic", "rapid":
		report, err = rawClient(ctx, f)
	default:
		report, err = objectClient(ctx, f)
	}
	return errors.Join(err, json.NewEncoder(os.Stdout).Encode(report))
}

// rawClient moves objects over bare streams.
func rawClient(ctx context.Context, f *clientFlags) (report clientReport, err error) {
	start := monotonic()
	dial := dialTCP(f.host)
	switch f.transport {
	case "quic":
		var t *tls.Config
		if t, err = trust(filepath.Join(f.dir, "cert.pem")); err != nil {
			return report, err
		}
		dial = dialQUIC(f.host, t)
	case "rapid":
		d := f.dialer()
		dial = func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "tcp", rawDestination) }
		if f.trace {
			defer trace(d)()
		}
		defer d.Close()
		defer func() { report.Rapid = d.Stats() }()
	}
	s, err := openStreams(ctx, f.streams, dial)
	if err != nil {
		return report, err
	}
	defer s.close()
	op := opGet
	if f.op == "put" {
		op = opPut
	}
	for range f.objects {
		o, err := s.move(ctx, op, f.size, start)
		report.Objects = append(report.Objects, o)
		if err != nil || ctx.Err() != nil {
			report.Start, report.Slots = s.line.start, s.line.slots
			return report, err
		}
		start = monotonic()
	}
	report.Start, report.Slots = s.line.start, s.line.slots
	return report, nil
}

func (f *clientFlags) dialer() *rapid.Dialer {
	return &rapid.Dialer{
		Grants: grants(f.host), Policy: rapid.Policy(f.policy), TargetRate: f.target,
		Sessions: f.sessions, DisableOffload: f.noOffload,
	}
}

// trace writes how the sender of a session sees its path, until what it returns is
// called.
func trace(d *rapid.Dialer) (stop func()) {
	begin, t, quit := time.Now(), time.NewTicker(100*time.Millisecond), make(chan struct{})
	go func() {
		var before int64
		for {
			select {
			case <-quit:
				return
			case now := <-t.C:
				for _, s := range d.Stats() {
					fmt.Fprintf(os.Stderr, "%6.2f s sent %4d Mbit/s, paced %4d, limit %s, RTT %v, loss %.4f, lost %d, held %d\n",
						now.Sub(begin).Seconds(), (s.Sent-before)*8/100_000, s.Rate/1e6, s.Limit, s.RTT.Round(100*time.Microsecond), s.Loss, s.PacketsLost, s.Held)
					before = s.Sent
				}
			}
		}
	}()
	return func() { t.Stop(); close(quit) }
}
