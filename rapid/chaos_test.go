package rapid_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/internal/netsim"
	"github.com/icos-go/icos/rapid"
)

// TestChaos has many streams echo data while the link changes all the time,
// goes dark, reorders and duplicates, and the client's address moves. Whatever
// happens, what comes back is what was sent, and everything ends.
func TestChaos(t *testing.T) {
	seeds := 12
	if underRace || testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { chaos(t, uint64(seed)) })
		})
	}
}

func chaos(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 17))
	w := simulated(t, chaosLink(rng), nil)
	var all sync.WaitGroup
	all.Go(func() { echo(w.listener, &all) })
	client, err := w.dialer.Session(within(t, time.Minute), "echo:7")
	if err != nil {
		t.Fatal(err)
	}
	socket := <-w.sockets
	w.unreachable.Store(true) // so that darkness is not taken for blocked UDP

	var streams sync.WaitGroup
	for i := range 40 {
		size, pause, early := rng.IntN(1<<(4+rng.IntN(17))), time.Duration(rng.IntN(20_000))*time.Millisecond, rng.IntN(8) == 0
		streams.Go(func() {
			time.Sleep(pause)
			if err := roundTrip(t, client, size, early, rand.New(rand.NewPCG(seed, uint64(i)))); err != nil {
				t.Errorf("stream %d of %d bytes: %v", i, size, err)
			}
		})
	}
	calm := make(chan struct{})
	var weather sync.WaitGroup
	weather.Go(func() {
		for {
			select {
			case <-calm:
				return
			case <-time.After(time.Duration(rng.IntN(3000)) * time.Millisecond):
			}
			switch rng.IntN(10) {
			case 0:
				socket.Rebind()
			case 1:
				w.net.SetLink(netsim.Link{Loss: 1})
				time.Sleep(time.Duration(rng.IntN(12_000)) * time.Millisecond)
				w.net.SetLink(chaosLink(rng))
			case 2:
				w.net.SetDirection(netsim.Side(rng.IntN(2)), chaosLink(rng))
			default:
				w.net.SetLink(chaosLink(rng))
			}
		}
	})
	streams.Wait()
	close(calm)
	weather.Wait()
	w.net.SetLink(netsim.Link{Delay: 10 * time.Millisecond})
	st := client.Stats()
	t.Logf("%d packets, %d lost, %d bytes sent again, %d came again", st.PacketsSent, st.PacketsLost, st.Retransmitted, st.Duplicates)
	time.Sleep(10 * time.Second)
	if held := client.Stats().Held; held != 0 {
		t.Errorf("the client holds %d bytes when all is done", held)
	}
	if got := w.listener.Totals(); got.Open != 0 || got.Held != 0 {
		t.Errorf("the server has %d streams open and holds %d bytes when all is done", got.Open, got.Held)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	_ = w.listener.Close()
	all.Wait()
}

func chaosLink(rng *rand.Rand) netsim.Link {
	l := netsim.Link{
		Rate: int64(1e6) << rng.IntN(8), Delay: time.Duration(rng.IntN(150)) * time.Millisecond,
		Queue: 8 << 10 << rng.IntN(8), Seed: rng.Uint64(),
	}
	if rng.IntN(2) == 0 {
		l.Loss = 0.15 * rng.Float64()
	}
	if rng.IntN(3) == 0 {
		l.Reorder = 0.3 * rng.Float64()
	}
	if rng.IntN(3) == 0 {
		l.Duplicate = 0.2 * rng.Float64()
	}
	if rng.IntN(3) == 0 {
		l.Jitter = time.Duration(rng.IntN(50)) * time.Millisecond
	}
	if rng.IntN(4) == 0 {
		l.MTU = 1260 + rng.IntN(240)
	}
	return l
}

// echo sends back what comes, until the listener is closed.
func echo(l net.Listener, all *sync.WaitGroup) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		all.Go(func() {
			defer c.Close()
			if _, err := io.Copy(c, c); err == nil {
				_ = c.(*rapid.Conn).CloseWrite() // if it fails the client sees less than it should
			}
		})
	}
}

// roundTrip sends size bytes to an echo and reads them back, or breaks off in
// the middle.
func roundTrip(t *testing.T, s *rapid.Session, size int, early bool, rng *rand.Rand) error {
	c, err := s.OpenStream(within(t, time.Minute), "echo:7")
	if err != nil {
		return err
	}
	defer c.Close()
	sent := make([]byte, size)
	fill(rng, sent)
	wrote := make(chan error, 1)
	go func() {
		rest := sent
		for len(rest) > 0 {
			n, err := c.Write(rest[:min(len(rest), 1+rng.IntN(100_000))])
			if err != nil {
				wrote <- err
				return
			}
			rest = rest[n:]
		}
		wrote <- c.CloseWrite()
	}()
	if early {
		_, err := io.CopyN(io.Discard, c, int64(size/2))
		_ = c.Reset(rapid.CodeCanceled, "enough")
		<-wrote // it may have failed
		return err
	}
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Minute)); err != nil {
		return err
	}
	got, err := io.ReadAll(c)
	err = errors.Join(err, <-wrote)
	if err != nil {
		return fmt.Errorf("after %d bytes: %w", len(got), err)
	}
	if !bytes.Equal(got, sent) {
		return fmt.Errorf("got %d bytes that differ from those sent", len(got))
	}
	return nil
}
