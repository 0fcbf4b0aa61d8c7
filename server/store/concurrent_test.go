package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/icos-go/icos/server/store"
)

// TestReadersSeeWholeVersions has writers of every kind replace one object while readers check each version they see.
func TestReadersSeeWholeVersions(t *testing.T) {
	s := open(t, &store.Options{MinPartSize: -1})
	put(t, s, "k", stamped(1, 100))
	var version atomic.Uint64
	version.Store(1)
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	for w := range 4 {
		writers.Go(func() {
			for range 40 {
				v := version.Add(1)
				body := stamped(v, stampedSize(v+uint64(w)))
				var err error
				switch v % 4 {
				case 0:
					err = putByParts(t.Context(), s, "k", body)
				case 1:
					if _, err = s.Put(t.Context(), "b", "other", bytes.NewReader(body), nil); err == nil {
						_, err = s.Copy(t.Context(), "b", "other", "b", "k", nil)
					}
				default:
					_, err = s.Put(t.Context(), "b", "k", bytes.NewReader(body), nil)
				}
				if err != nil {
					t.Errorf("write version %d: %v", v, err)
					return
				}
			}
		})
	}
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				r, err := s.Open(t.Context(), "b", "k")
				if err != nil {
					t.Errorf("Open = %v", err)
					return
				}
				body, err := io.ReadAll(r.Range(0, -1))
				if err == nil {
					_, err = checkStamped(body)
				}
				if err != nil {
					t.Errorf("read: %v", err)
				}
				r.Close()
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	deleteAll(t, s)
	checkNothingLeft(t, s)
}

// TestOpenReaderOutlivesItsObject reads an object slowly that was replaced, deleted, and freed as far as possible.
func TestOpenReaderOutlivesItsObject(t *testing.T) {
	for _, how := range []string{"small", "file", "parts", "copy"} {
		t.Run(how, func(t *testing.T) {
			s := open(t, &store.Options{MinPartSize: -1})
			want := stamped(1, 300<<10)
			switch how {
			case "small":
				want = stamped(1, 4096)
				put(t, s, "k", want)
			case "file":
				put(t, s, "k", want)
			case "parts":
				if err := putByParts(t.Context(), s, "k", want); err != nil {
					t.Fatal(err)
				}
			case "copy":
				put(t, s, "x", want)
				if _, err := s.Copy(t.Context(), "b", "x", "b", "k", nil); err != nil {
					t.Fatal(err)
				}
			}
			r, err := s.Open(t.Context(), "b", "k")
			if err != nil {
				t.Fatal(err)
			}
			put(t, s, "k", stamped(2, 100))
			deleteAll(t, s)
			s.Idle()
			got, err := io.ReadAll(r.Range(0, -1))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("read after deletion: %v", err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			checkNothingLeft(t, s)
		})
	}
}

// TestConditionalPutHasOneWinner has many writers each create a key unless it exists.
func TestConditionalPutHasOneWinner(t *testing.T) {
	s := open(t, nil)
	exists := errors.New("exists")
	for round := range 20 {
		key := fmt.Sprint(round)
		var won atomic.Int32
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				_, err := s.Put(t.Context(), "b", key, bytes.NewReader(stamped(uint64(w), 100)), &store.PutOptions{
					Check: func(current *store.Object) error {
						if current != nil {
							return exists
						}
						return nil
					},
				})
				switch {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, exists):
					t.Errorf("Put = %v", err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("round %d: %d winners, want 1", round, won.Load())
		}
	}
}

// TestCompleteRacesAbortAndParts lets the end of an upload race with itself. One of complete and abort wins, and nothing is left.
func TestCompleteRacesAbortAndParts(t *testing.T) {
	s := open(t, &store.Options{MinPartSize: -1})
	for round := range 30 {
		u, err := s.CreateUpload(t.Context(), "b", "k", nil)
		if err != nil {
			t.Fatal(err)
		}
		body := stamped(uint64(round), 100<<10)
		p, err := s.PutPart(t.Context(), "b", "k", u.ID, 1, bytes.NewReader(body), nil)
		if err != nil {
			t.Fatal(err)
		}
		var completed, aborted atomic.Bool
		expect := func(what string, err error, allowed ...error) bool {
			for _, a := range allowed {
				if errors.Is(err, a) {
					return false
				}
			}
			if err != nil {
				t.Errorf("%s = %v", what, err)
			}
			return err == nil
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			parts := []store.CompletedPart{{Number: 1, ETag: p.ETag}}
			_, err := s.CompleteUpload(t.Context(), "b", "k", u.ID, parts, nil)
			completed.Store(expect("CompleteUpload", err, store.ErrNoSuchUpload, store.ErrInvalidPart))
		})
		wg.Go(func() {
			aborted.Store(expect("AbortUpload", s.AbortUpload(t.Context(), "b", "k", u.ID), store.ErrNoSuchUpload))
		})
		for n := range 3 {
			wg.Go(func() {
				_, err := s.PutPart(t.Context(), "b", "k", u.ID, n+1, bytes.NewReader(stamped(99, 80<<10)), nil)
				expect("PutPart", err, store.ErrNoSuchUpload)
			})
		}
		wg.Wait()
		if completed.Load() && aborted.Load() {
			t.Error("both complete and abort succeeded")
		}
		if completed.Load() {
			if got := read(t, s, "k"); !bytes.Equal(got, body) {
				t.Error("completed object is not the part")
			}
		}
		if !completed.Load() && !aborted.Load() {
			t.Error("neither complete nor abort succeeded")
		}
	}
	deleteAll(t, s)
	checkNothingLeft(t, s)
}

// TestDeleteBucketRacesPut checks that an object put into a bucket that is deleted keeps the bucket or is refused.
func TestDeleteBucketRacesPut(t *testing.T) {
	s := open(t, nil)
	for range 50 {
		if err := s.CreateBucket(t.Context(), store.Bucket{Name: "x"}); err != nil {
			t.Fatal(err)
		}
		var putErr, deleteErr error
		var wg sync.WaitGroup
		wg.Go(func() { _, putErr = s.Put(t.Context(), "x", "k", bytes.NewReader(nil), nil) })
		wg.Go(func() { deleteErr = s.DeleteBucket(t.Context(), "x") })
		wg.Wait()
		switch {
		case putErr == nil && errors.Is(deleteErr, store.ErrBucketNotEmpty):
			if _, err := s.Delete(t.Context(), "x", "k", nil); err != nil {
				t.Fatal(err)
			}
			if err := s.DeleteBucket(t.Context(), "x"); err != nil {
				t.Fatal(err)
			}
		case errors.Is(putErr, store.ErrNoSuchBucket) && deleteErr == nil:
		default:
			t.Fatalf("Put = %v, DeleteBucket = %v", putErr, deleteErr)
		}
	}
}
