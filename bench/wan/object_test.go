package main

import (
	"context"
	"net"
	"testing"
	"time"
)

func TestStreamsMoveObjects(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go acceptRaw(l)
	dial := func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}
	s, err := openStreams(t.Context(), 3, dial)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	const size = 1_000_003
	for _, op := range []byte{opGet, opPut, opGet} {
		o, err := s.move(t.Context(), op, size, monotonic())
		if err != nil || o.Bytes != size || !o.Whole {
			t.Errorf("%c: %+v, %v", op, o, err)
		}
		if !(o.Start < o.First && o.First <= o.Last && o.Last <= o.End) {
			t.Errorf("%c: times out of order: %+v", op, o)
		}
	}
	var counted int64
	for _, n := range s.line.slots {
		counted += n
	}
	if counted != 2*size {
		t.Errorf("the timeline has %d bytes, want those of two downloads", counted)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	o, err := s.move(ctx, opGet, 1<<50, monotonic())
	if err != nil || o.Whole || o.Bytes == 0 {
		t.Errorf("stopped in the middle: %+v, %v", o, err)
	}
}

func TestFillAddsParts(t *testing.T) {
	objects := []object{{Key: "/b/one", Start: 100, End: 900, Bytes: 7}, {First: 5, Bytes: 3}}
	fill(objects, []object{
		{Key: "/b/one", First: 300, Last: 500, Bytes: 10},
		{Key: "/b/one", First: 200, Last: 400, Bytes: 20},
		{Key: "/b/other", First: 1, Last: 999, Bytes: 50},
	})
	if o := objects[0]; o.First != 200 || o.Last != 500 || o.Bytes != 30 {
		t.Errorf("joined to %+v", o)
	}
	if o := objects[1]; o.Bytes != 3 {
		t.Errorf("what bare streams know was changed to %+v", o)
	}
}

func TestJain(t *testing.T) {
	for _, c := range []struct {
		shares []float64
		want   float64
	}{
		{[]float64{0.4, 0.4}, 1}, {[]float64{1, 0}, 0.5}, {[]float64{0.9}, 1}, {[]float64{0, 0}, 0}, {[]float64{3, 1}, 0.8},
	} {
		if got := jain(c.shares); got < c.want-1e-9 || got > c.want+1e-9 {
			t.Errorf("jain(%v) = %v, want %v", c.shares, got, c.want)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		v    []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{5, 1, 3}, 3}, {[]float64{4, 1}, 2.5}} {
		if got := median(c.v, func(v float64) float64 { return v }); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.v, got, c.want)
		}
	}
}

func TestSideBySide(t *testing.T) {
	seen := make([]bool, 10)
	if err := sideBySide(3, len(seen), func(i int) error { seen[i] = true; return nil }); err != nil {
		t.Fatal(err)
	}
	for i, ok := range seen {
		if !ok {
			t.Errorf("%d was left out", i)
		}
	}
}

func TestTold(t *testing.T) {
	said := "icos: 1.7 of 32.0 MiB  44.5 KiB/s, 365 kb/s  11m38s left\n" +
		"bytes travel over HTTPS: UDP does not pass\n" +
		"copied 1 object, 32.0 MiB in 11.7s (2.7 MiB/s, 23 Mb/s) by https\nlimit: path: RTT 59 ms\n"
	if got, want := told(said), "bytes travel over HTTPS: UDP does not pass; copied by https"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}
