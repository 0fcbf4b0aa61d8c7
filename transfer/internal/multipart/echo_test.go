package multipart_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/transfer/internal/multipart"
)

// TestUploadIsComparedWithTheAnswer stores with a service that says it has other bytes than were
// sent: it never looked at the checksum that it was sent.
func TestUploadIsComparedWithTheAnswer(t *testing.T) {
	w := newWorld(t, icostest.Options{Wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&echo{rw}, r)
		})
	}})
	for _, size := range []int{100, mib} {
		o := &multipart.Upload{File: w.file("source", bytesOf(1, size)), To: w.bucket.Object("k")}
		if r, err := w.env.Upload(t.Context(), o); !errors.Is(err, icos.ErrChecksum) {
			t.Errorf("%d bytes: result %+v, error %v", size, r, err)
		}
	}
}

// An echo says that the body had another checksum.
type echo struct{ http.ResponseWriter }

func (e *echo) WriteHeader(status int) {
	for name := range e.Header() {
		if name == "X-Amz-Checksum-Crc32c" {
			e.Header().Set(name, "AAAAAA==")
		}
	}
	e.ResponseWriter.WriteHeader(status)
}

func (e *echo) Write(p []byte) (int, error) {
	e.WriteHeader(http.StatusOK)
	return e.ResponseWriter.Write(p)
}
