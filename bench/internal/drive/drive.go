// Package drive is the body that the measured Go programs share: it reads the
// command line, walks files and keys, and keeps a fixed number of requests in
// flight. What differs between clients is behind [Store]; a driver's main is
// one call of [Main].
package drive

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"sync"
)

// Config says where the server is. Keys come from the environment, as for every
// other client: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ICOS_TOKEN.
type Config struct {
	Endpoint, Bucket string
	AccessKeyID      string
	SecretAccessKey  string
	Token            string // a bearer token; if set it is used instead of the keys
	Workers          int    // small requests in flight
	Tuned            bool   // the best settings that we know of, instead of the defaults
}

// Store is a client as the drivers see it. Its methods are called from many
// goroutines.
type Store interface {
	// Put uploads all of f, which holds size bytes, in parts if it sees fit.
	Put(ctx context.Context, key string, f *os.File, size int64) error
	// Get downloads key, which holds size bytes, into the empty file f.
	Get(ctx context.Context, key string, f *os.File, size int64) error
	// List calls fn for every key that begins with prefix, in order.
	List(ctx context.Context, prefix string, fn func(key string, size int64)) error
}

// Trees is a Store that moves folders by itself. For others, files are given to Put
// and Get by as many goroutines as there are workers.
type Trees interface {
	Store
	PutDir(ctx context.Context, dir, prefix string) error
	GetDir(ctx context.Context, prefix, dir string) error
}

// Syncer is a Store that finds out by itself which files of a folder have to be
// uploaded. For others, the sizes of files and keys are compared.
type Syncer interface {
	Store
	SyncDir(ctx context.Context, dir, prefix string) error
}

const usage = `usage: %[1]s [flags] put FILE KEY          upload one file
       %[1]s [flags] get KEY FILE          download one object
       %[1]s [flags] putdir DIR PREFIX     upload the files of DIR
       %[1]s [flags] getdir PREFIX DIR     download what is under PREFIX
       %[1]s [flags] syncdir DIR PREFIX    upload what PREFIX lacks of DIR
       %[1]s [flags] ls PREFIX             count what is under PREFIX
`

// Main runs a driver and exits.
func Main(name string, open func(Config) (Store, error)) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, name, os.Args[1:], open); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, name string, args []string, open func(Config) (Store, error)) (err error) {
	c := Config{
		AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		Token:           os.Getenv("ICOS_TOKEN"),
	}
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.Usage = func() { fmt.Fprintf(os.Stderr, usage, name); fs.PrintDefaults() }
	fs.StringVar(&c.Endpoint, "endpoint", "", "`URL` of the server")
	fs.StringVar(&c.Bucket, "bucket", "bench", "bucket")
	fs.IntVar(&c.Workers, "workers", 16, "small requests in flight")
	fs.BoolVar(&c.Tuned, "tuned", false, "use the best settings that we know of")
	cpu := fs.String("cpuprofile", "", "write a CPU profile to `FILE`")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *cpu != "" {
		f, err := os.Create(*cpu)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer func() {
			pprof.StopCPUProfile()
			err = errors.Join(err, f.Close())
		}()
	}
	s, err := open(c)
	if err != nil {
		return err
	}
	switch a := fs.Args(); {
	case len(a) == 3 && a[0] == "put":
		return putFile(ctx, s, a[1], a[2])
	case len(a) == 3 && a[0] == "get":
		return getFile(ctx, s, a[1], a[2])
	case len(a) == 3 && a[0] == "putdir":
		return putDir(ctx, s, a[1], a[2], c.Workers)
	case len(a) == 3 && a[0] == "getdir":
		return getDir(ctx, s, a[1], a[2], c.Workers)
	case len(a) == 3 && a[0] == "syncdir":
		return syncDir(ctx, s, a[1], a[2])
	case len(a) == 2 && a[0] == "ls":
		n := 0
		err := s.List(ctx, a[1], func(string, int64) { n++ })
		fmt.Println(n)
		return err
	}
	fs.Usage()
	return errors.New("unknown arguments")
}

func putFile(ctx context.Context, s Store, path, key string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return s.Put(ctx, key, f, info.Size())
}

func getFile(ctx context.Context, s Store, key, path string) error {
	size, found := int64(0), false
	err := s.List(ctx, key, func(k string, n int64) {
		if k == key {
			size, found = n, true
		}
	})
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("get %s: no such key", key)
	}
	return download(ctx, s, key, path, size)
}

func download(ctx context.Context, s Store, key, path string, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := s.Get(ctx, key, f, size); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func putDir(ctx context.Context, s Store, dir, prefix string, workers int) error {
	if t, ok := s.(Trees); ok {
		return t.PutDir(ctx, dir, prefix)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	return each(ctx, workers, func(yield func(string) bool) error {
		for _, e := range entries {
			if !yield(e.Name()) {
				break
			}
		}
		return nil
	}, func(ctx context.Context, name string) error {
		return putFile(ctx, s, filepath.Join(dir, name), prefix+name)
	})
}

type object struct {
	key  string
	size int64
}

// syncDir uploads one after the other what is missing or of another size: the rows
// have it done when nothing is.
func syncDir(ctx context.Context, s Store, dir, prefix string) error {
	if t, ok := s.(Syncer); ok {
		return t.SyncDir(ctx, dir, prefix)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var missing []string
	at := 0
	put := func(before string, size int64) error {
		for ; at < len(entries) && (before == "" || entries[at].Name() <= before); at++ {
			info, err := entries[at].Info()
			if err != nil {
				return err
			}
			if info.Name() != before || info.Size() != size {
				missing = append(missing, info.Name())
			}
		}
		return nil
	}
	var failed error
	err = s.List(ctx, prefix, func(key string, size int64) {
		failed = cmp.Or(failed, put(strings.TrimPrefix(key, prefix), size))
	})
	if err = errors.Join(err, failed, put("", 0)); err != nil {
		return err
	}
	for _, name := range missing {
		if err := putFile(ctx, s, filepath.Join(dir, name), prefix+name); err != nil {
			return err
		}
	}
	return nil
}

func getDir(ctx context.Context, s Store, prefix, dir string, workers int) error {
	if t, ok := s.(Trees); ok {
		return t.GetDir(ctx, prefix, dir)
	}
	return each(ctx, workers, func(yield func(object) bool) error {
		return s.List(ctx, prefix, func(key string, size int64) { yield(object{key, size}) })
	}, func(ctx context.Context, o object) error {
		return download(ctx, s, o.key, filepath.Join(dir, strings.TrimPrefix(o.key, prefix)), o.size)
	})
}

// each calls do for what produce yields, in workers goroutines, and returns the
// first error.
func each[T any](ctx context.Context, workers int, produce func(yield func(T) bool) error, do func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan T, workers)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for v := range work {
				if ctx.Err() != nil {
					continue
				}
				if err := do(ctx, v); err != nil {
					cancel(err)
				}
			}
		})
	}
	err := produce(func(v T) bool {
		select {
		case work <- v:
			return true
		case <-ctx.Done():
			return false
		}
	})
	close(work)
	wg.Wait()
	return errors.Join(err, context.Cause(ctx))
}
