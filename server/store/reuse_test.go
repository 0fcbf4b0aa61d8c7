package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/icos-go/icos/server/store"
)

// holder is a writer that fails and holds on to what it was given, as that of an HTTP/2 stream which the client gave up.
type holder struct{ p []byte }

func (h *holder) Write(p []byte) (int, error) {
	h.p = p
	return 0, errors.New("stream closed")
}

// What a writer that failed still holds is not used for another body, whether it comes from a row, a file or a sealed body.
func TestFailedWriterKeepsItsBytes(t *testing.T) {
	for _, tt := range []struct {
		name string
		size int
		seal *store.Seal
	}{
		{"row", 4 << 10, nil},
		{"file", 100 << 10, nil},
		{"sealed", 4 << 10, newSeal(store.KeyProtect, 1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, nil)
			for _, key := range []string{"m", "o"} {
				body := strings.NewReader(strings.Repeat(key, tt.size))
				if _, err := s.Put(t.Context(), "b", key, body, &store.PutOptions{Seal: tt.seal}); err != nil {
					t.Fatal(err)
				}
			}
			for range 20 { // memory is not used again every time
				var mine, other holder
				writeTo(t, s, "m", tt.seal, &mine)
				writeTo(t, s, "o", tt.seal, &other)
				if got := bytes.Count(mine.p, []byte("o")); len(mine.p) == 0 || got > 0 {
					t.Fatalf("%d of %d bytes are another object's", got, len(mine.p))
				}
			}
		})
	}
}

// writeTo writes an object to a writer that fails.
func writeTo(t *testing.T, s *store.Store, key string, seal *store.Seal, h *holder) {
	t.Helper()
	r, err := s.Open(t.Context(), "b", key)
	if err != nil {
		t.Fatal(err)
	}
	if seal != nil {
		r.Unseal(seal.Key)
	}
	if _, err := r.WriteRangeTo(h, 0, -1); err == nil {
		t.Error("no error")
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// Bodies of every size that shares memory with others, read by many at once, are never mixed up, nor are the rows of those who write.
func TestMemoryIsNotShared(t *testing.T) {
	s := open(t, nil)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			key, body := fmt.Sprint(i), []byte(nil)
			for n := range 50 {
				if n%5 == 0 {
					body = bytes.Repeat([]byte{byte('a' + i)}, 1+(n*1009+i)%10000)
					o, err := s.Put(t.Context(), "b", key, bytes.NewReader(body), &store.PutOptions{Owner: key})
					if err != nil || o.Owner != key || o.Key != key || o.Size != int64(len(body)) {
						t.Errorf("Put(%s) = %+v, %v", key, o, err)
					}
				}
				if got := read(t, s, key); !bytes.Equal(got, body) {
					t.Errorf("%s reads back wrong", key)
				}
				if o, err := s.Stat(t.Context(), "b", key); err != nil || o.Owner != key {
					t.Errorf("Stat(%s) = %+v, %v", key, o, err)
				}
			}
		})
	}
	wg.Wait()
}

// No table holds rows of two kinds, so that a key beyond all objects is not looked for in the table of what comes after objects.
func TestKindsHaveTablesOfTheirOwn(t *testing.T) {
	s := open(t, nil)
	put(t, s, "small", content(1, 100))
	put(t, s, "large", content(2, 100<<10))
	u, err := s.CreateUpload(t.Context(), "b", "parts", nil)
	if err != nil {
		t.Fatal(err)
	}
	putPart(t, s, u, 1, content(3, 100))
	tables, err := s.Tables()
	if err != nil {
		t.Fatal(err)
	}
	if len(tables) < 5 {
		t.Errorf("%d tables", len(tables))
	}
	for _, kinds := range tables {
		if kinds[0] != kinds[1] {
			t.Errorf("a table from %c to %c", kinds[0], kinds[1])
		}
	}
}
