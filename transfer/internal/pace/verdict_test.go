package pace_test

import (
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/transfer/internal/pace"
)

func TestExplainNamesTheLimit(t *testing.T) {
	const ms = time.Millisecond
	bulk := pace.Sums{Moved: 1 << 30, Requests: 64, Send: 60 * time.Second, Service: 2 * time.Second, Disk: time.Second}
	with := func(s pace.Sums, change func(*pace.Sums)) pace.Sums {
		change(&s)
		return s
	}
	far := pace.PathInfo{RTT: 140 * ms, MinRTT: 138 * ms, Loss: 0.003, Sent: 700_000, Resent: 2100, Congestion: "bbr", Conns: 8}
	for _, c := range []struct {
		name string
		e    pace.Evidence
		want pace.Limit
		says []string
	}{
		{"long path", pace.Evidence{Sums: bulk, Path: far, Upload: true}, pace.LimitPath, []string{"RTT 140 ms", "0.3 % loss", "8 connections"}},
		{"download", pace.Evidence{Sums: bulk, Path: far}, pace.LimitPath, []string{"RTT 140 ms", "107 MB/s"}},
		{"no bbr", pace.Evidence{Sums: bulk, Path: func() pace.PathInfo { p := far; p.Congestion = "cubic"; return p }(), Upload: true}, pace.LimitPath, []string{"cubic", "modprobe tcp_bbr"}},
		{"buffers", pace.Evidence{Sums: bulk, Path: func() pace.PathInfo { p := far; p.Buffers = 0.9; return p }(), Upload: true}, pace.LimitPath, []string{"tcp_wmem"}},
		{"nothing known of the path", pace.Evidence{Sums: bulk}, pace.LimitPath, []string{"path: 107 MB/s over 8 connections"}},
		{"disk", pace.Evidence{Sums: with(bulk, func(s *pace.Sums) { s.Disk = 90 * time.Second }), Path: far, Upload: true}, pace.LimitDisk, []string{"reading from disk", "107 MB/s"}},
		{"CPU", pace.Evidence{Sums: bulk, CPU: 18 * time.Second}, pace.LimitCPU, []string{"1.8 of 2"}},
		{"CPU shared with the service", pace.Evidence{Sums: bulk, CPU: 9 * time.Second, Path: pace.PathInfo{Loopback: true, Conns: 1}}, pace.LimitCPU, []string{"same machine"}},
		{"service on the same machine", pace.Evidence{Sums: bulk, Path: pace.PathInfo{Loopback: true, RTT: 9 * ms, Loss: 0.03, Conns: 1}}, pace.LimitService, []string{"same machine", "107 MB/s"}},
		{"throttled", pace.Evidence{Sums: with(bulk, func(s *pace.Sums) { s.Throttled = 12 }), Path: far}, pace.LimitServer, []string{"12 of 64"}},
		{"rate", pace.Evidence{Sums: with(bulk, func(s *pace.Sums) { s.Limited = time.Minute }), Rate: 110e6}, pace.LimitRate, []string{"110 MB/s"}},
		{"rate that was not reached", pace.Evidence{Sums: with(bulk, func(s *pace.Sums) { s.Limited = time.Second }), Rate: 900e6, Path: far}, pace.LimitPath, nil},
		{"small objects, slow service", pace.Evidence{Sums: pace.Sums{Moved: 40 << 20, Requests: 10_000, Service: 80 * time.Second}, Path: pace.PathInfo{RTT: ms, Conns: 8}}, pace.LimitService, []string{"8.0 ms each"}},
		{"small objects, long path", pace.Evidence{Sums: pace.Sums{Moved: 4 << 20, Requests: 1000, Service: 150 * time.Second}, Path: far}, pace.LimitPath, []string{"RTT 138 ms, of 150 ms"}},
	} {
		c.e.Elapsed, c.e.Cores, c.e.Connections = 10*time.Second, 2, 8
		got, text := pace.Explain(c.e)
		if got != c.want {
			t.Errorf("%s: %v (%s), want %v", c.name, got, text, c.want)
		}
		if !strings.HasPrefix(text, got.String()+":") {
			t.Errorf("%s: %q does not begin with %q", c.name, text, got)
		}
		for _, says := range c.says {
			if !strings.Contains(text, says) {
				t.Errorf("%s: %q does not say %q", c.name, text, says)
			}
		}
	}
	if got, text := pace.Explain(pace.Evidence{Sums: bulk, Elapsed: 50 * ms}); got != pace.LimitNone || text == "" {
		t.Errorf("after 50 ms: %v, %q; want nothing known, and a word about it", got, text)
	}
}
