package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/icos-go/icos/bench/internal/drive"
)

// Load is what "floor load" prints, as JSON: how a server took n requests.
type Load struct {
	Requests int
	Seconds  float64
	P50, P99 float64 // milliseconds
}

// loadMain runs "floor load": requests from memory, nothing read or written here,
// until n are done or the time is up.
func loadMain(args []string) {
	if err := load(args); err != nil {
		fmt.Fprintln(os.Stderr, "floor load:", err)
		os.Exit(1)
	}
}

func load(args []string) error {
	var (
		c    drive.Config
		n    int
		size int
		most time.Duration
	)
	fs := flag.NewFlagSet("floor load", flag.ContinueOnError)
	fs.StringVar(&c.Endpoint, "endpoint", "", "`URL` of the server")
	fs.StringVar(&c.Bucket, "bucket", "bench", "bucket")
	fs.IntVar(&c.Workers, "workers", 16, "requests in flight")
	fs.IntVar(&n, "n", 10000, "requests")
	fs.IntVar(&size, "size", 4096, "bytes of an object")
	fs.DurationVar(&most, "most", time.Minute, "stop sending after this `time`")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() != 2 || (fs.Arg(0) != "put" && fs.Arg(0) != "get" && fs.Arg(0) != "mkbucket") {
		return errors.New("usage: floor load [flags] {put PREFIX | get PREFIX | mkbucket NOTHING}")
	}
	c.AccessKeyID, c.SecretAccessKey = os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	s, err := open(c)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if fs.Arg(0) == "mkbucket" {
		_, err := s.send(ctx, "PUT", "", "", nil, 0)
		return err
	}
	body := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
	one := func(key string) error {
		_, err := s.send(ctx, "PUT", key, "", bytes.NewReader(body), int64(size))
		return err
	}
	if fs.Arg(0) == "get" {
		one = func(key string) error {
			resp, err := s.do(ctx, "GET", key, "", nil, nil, 0)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			got, err := io.Copy(io.Discard, resp.Body)
			if err == nil && got != int64(size) {
				err = fmt.Errorf("get %s: %d bytes of %d", key, got, size)
			}
			return err
		}
	}
	result, err := flood(c.Workers, n, most, func(i int) error {
		return one(fmt.Sprintf("/%sf%07d", fs.Arg(1), i))
	})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

// flood calls do(0) to do(n-1) from workers goroutines.
func flood(workers, n int, most time.Duration, do func(i int) error) (Load, error) {
	var (
		next   atomic.Int64
		wg     sync.WaitGroup
		mu     sync.Mutex
		all    []time.Duration // guarded by mu
		failed error           // guarded by mu
	)
	begin := time.Now()
	for range workers {
		wg.Go(func() {
			var mine []time.Duration
			var err error
			for err == nil {
				i := next.Add(1) - 1
				start := time.Now()
				if i >= int64(n) || start.Sub(begin) > most {
					break
				}
				err = do(int(i))
				mine = append(mine, time.Since(start))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, mine...)
			if err != nil {
				failed = err
			}
		})
	}
	wg.Wait()
	took := time.Since(begin)
	if failed != nil {
		return Load{}, failed
	}
	slices.Sort(all)
	ms := func(q float64) float64 {
		return float64(all[int(q*float64(len(all)-1))]) / float64(time.Millisecond)
	}
	return Load{Requests: len(all), Seconds: took.Seconds(), P50: ms(0.5), P99: ms(0.99)}, nil
}
