package s3_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/s3"
)

// errorDoc is an error document of the service.
func errorDoc(code string) string {
	return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Error><Code>` + code + `</Code><Message>Message.</Message><RequestId>id</RequestId></Error>`
}

// TestRetries tells how many requests a call makes when the first one fails in one way.
func TestRetries(t *testing.T) {
	reset := fmt.Errorf("read tcp: %w", syscall.ECONNRESET)
	with := func(status int, body string) func(*http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) { return answer(r, status, body), nil }
	}
	fail := func(err error) func(*http.Request) (*http.Response, error) {
		return func(*http.Request) (*http.Response, error) { return nil, err }
	}
	tests := []struct {
		name     string
		first    func(r *http.Request) (*http.Response, error)
		requests int // of a call that succeeds with the second; 1 means that there is none
	}{
		{"500", with(500, errorDoc("InternalError")), 2},
		{"502 of a proxy", with(502, "<html>Bad Gateway</html>"), 2},
		{"503", with(503, errorDoc("SlowDown")), 2},
		{"504", with(504, ""), 2},
		{"429", with(429, ""), 2},
		{"RequestTimeout", with(400, errorDoc("RequestTimeout")), 2},
		{"BadDigest of our checksum", with(400, errorDoc("BadDigest")), 2},
		{"reset", fail(reset), 2},
		{"EOF", fail(io.EOF), 2},
		{"501", with(501, errorDoc("NotImplemented")), 1},
		{"403", with(403, errorDoc("AccessDenied")), 1},
		{"404", with(404, errorDoc("NoSuchBucket")), 1},
		{"412", with(412, errorDoc("PreconditionFailed")), 1},
		{"plain http server", fail(http.ErrSchemeMismatch), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				c := newClient(t, func(r *http.Request) (*http.Response, error) {
					n++
					got, err := io.ReadAll(r.Body)
					if err != nil || string(got) != "body" {
						t.Errorf("request %d has body %q, %v", n, got, err)
					}
					if n == 1 {
						return tt.first(r)
					}
					return answer(r, 200, "", "ETag: \"e\""), nil
				})
				out, err := c.PutObject(t.Context(), &s3.PutObjectRequest{Bucket: "b", Key: "k", Body: strings.NewReader("body")})
				if n != tt.requests {
					t.Errorf("%d requests, want %d", n, tt.requests)
				}
				if tt.requests == 1 && err == nil || tt.requests == 2 && (err != nil || out.ETag != "e") {
					t.Errorf("PutObject = %+v, %v", out, err)
				}
			})
		})
	}
}

func TestRetryStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := newClient(t, func(r *http.Request) (*http.Response, error) {
			n++
			return answer(r, 503, errorDoc("SlowDown")), nil
		}, func(cfg *s3.Config) { cfg.Retry = s3.RetryPolicy{MaxAttempts: 4, Budget: 5} })
		_, err := c.GetBucketLocation(t.Context(), &s3.GetBucketLocationRequest{Bucket: "b"})
		if e, ok := errors.AsType[*s3.Error](err); !ok || e.Code != "SlowDown" || n != 4 {
			t.Errorf("%d requests, error %v", n, err)
		}
		// Two retries are left in the budget.
		n = 0
		_, err = c.GetBucketLocation(t.Context(), &s3.GetBucketLocationRequest{Bucket: "b"})
		if n != 3 || err == nil || !strings.Contains(err.Error(), "budget") {
			t.Errorf("%d requests with the budget spent, error %v", n, err)
		}
		if _, ok := errors.AsType[*s3.Error](err); !ok {
			t.Errorf("%v does not wrap the answer", err)
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	for _, after := range []string{"7", "Wed, 02 Jan 2030 03:04:12 GMT"} {
		synctest.Test(t, func(t *testing.T) {
			start, n := time.Now(), 0
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				if n++; n == 1 {
					return answer(r, 503, "", "Retry-After: "+after, "Date: Wed, 02 Jan 2030 03:04:05 GMT"), nil
				}
				return answer(r, 200, ""), nil
			})
			if _, err := c.HeadBucket(t.Context(), &s3.HeadBucketRequest{Bucket: "b"}); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took != 7*time.Second {
				t.Errorf("Retry-After %q: waited %v, want 7s", after, took)
			}
		})
	}
}

func TestLateErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			first    string
			requests int
		}{
			{"  \n \n" + errorDoc("InternalError"), 2},
			{"\n\n", 2}, // the connection was kept alive, and then closed without a result
			{errorDoc("NoSuchKey"), 1},
		} {
			n := 0
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				if n++; n == 1 {
					return answer(r, 200, tt.first), nil
				}
				return answer(r, 200, "\n\n<CopyObjectResult><ETag>&quot;e&quot;</ETag></CopyObjectResult>"), nil
			})
			out, err := c.CopyObject(t.Context(), &s3.CopyObjectRequest{Bucket: "b", Key: "k", SourceBucket: "b", SourceKey: "s"})
			if n != tt.requests {
				t.Errorf("%q: %d requests, want %d", tt.first, n, tt.requests)
			}
			if tt.requests == 2 && (err != nil || out.ETag != "e") {
				t.Errorf("CopyObject = %+v, %v", out, err)
			}
			if tt.requests == 1 && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("CopyObject error %v is not fs.ErrNotExist", err)
			}
		}
	})
}

func TestCompleteWhoseAnswerWasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The MD5 of the MD5s of "a" and "b", and the number of parts.
		const etag = "96e024ba2074fe77e8e965ba43a704be-2"
		for stored, ok := range map[string]bool{etag: true, "00000000000000000000000000000000-2": false} {
			n := 0
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				switch n++; {
				case r.Method == "HEAD":
					return answer(r, 200, "", `ETag: "`+stored+`"`), nil
				case n == 1:
					return nil, io.ErrUnexpectedEOF
				}
				return answer(r, 404, errorDoc("NoSuchUpload")), nil
			})
			out, err := c.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadRequest{Bucket: "b", Key: "k", UploadID: "u", Parts: []s3.CompletedPart{
				{PartNumber: 1, ETag: "0cc175b9c0f1b6a831c399e269772661"},
				{PartNumber: 2, ETag: "92eb5ffee6ae2fec3ad71c777531578f"},
			}})
			if ok && (err != nil || out.ETag != etag) || !ok && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("stored %s: %+v, %v", stored, out, err)
			}
		}
	})
}

func TestAbortWhoseAnswerWasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := newClient(t, func(r *http.Request) (*http.Response, error) {
			if n++; n == 1 {
				return nil, io.EOF
			}
			return answer(r, 404, errorDoc("NoSuchUpload")), nil
		})
		r := &s3.AbortMultipartUploadRequest{Bucket: "b", Key: "k", UploadID: "u"}
		if _, err := c.AbortMultipartUpload(t.Context(), r); err != nil {
			t.Errorf("after a lost answer: %v", err)
		}
		if _, err := c.AbortMultipartUpload(t.Context(), r); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("with no doubt about it: %v, want fs.ErrNotExist", err)
		}
		if _, err := c.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadRequest{Bucket: "b", Key: "k"}); err == nil {
			t.Error("aborted nothing in particular, which would have deleted the object")
		}
	})
}

func TestClockIsCorrected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := newClient(t, func(r *http.Request) (*http.Response, error) {
			n++
			now := time.Now().Add(time.Hour).UTC() // by the clock of the service
			at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
			if err != nil {
				t.Fatal(err)
			}
			if now.Sub(at).Abs() > 15*time.Minute {
				return answer(r, 403, errorDoc("RequestTimeTooSkewed"), "Date: "+now.Format(http.TimeFormat)), nil
			}
			return answer(r, 200, ""), nil
		}, func(cfg *s3.Config) { cfg.Credentials = auth.HMAC("id", "secret") })
		for want := 2; want < 4; want++ {
			if _, err := c.DeleteObject(t.Context(), &s3.DeleteObjectRequest{Bucket: "b", Key: "k"}); err != nil || n != want {
				t.Errorf("%d requests, error %v, want %d", n, err, want)
			}
		}
	})
}

// renewed is credentials whose first token the service does not know any more.
type renewed struct{ token string }

func (c *renewed) Authorize(_ context.Context, r *http.Request) error {
	r.Header.Set("Authorization", "Bearer "+c.token)
	return nil
}

func (c *renewed) Invalidate(token string) {
	if c.token == token {
		c.token = "new"
	}
}

func TestTokenIsRenewedOnce(t *testing.T) {
	for accepted, requests := range map[string]int{"Bearer new": 2, "none": 2} {
		n := 0
		c := newClient(t, func(r *http.Request) (*http.Response, error) {
			if n++; r.Header.Get("Authorization") == accepted {
				return answer(r, 200, ""), nil
			}
			return answer(r, 401, errorDoc("ExpiredToken")), nil
		}, func(cfg *s3.Config) { cfg.Credentials = &renewed{"old"} })
		_, err := c.DeleteObject(t.Context(), &s3.DeleteObjectRequest{Bucket: "b", Key: "k"})
		if n != requests || (err == nil) != (accepted != "none") {
			t.Errorf("accepting %q: %d requests, error %v", accepted, n, err)
		}
	}
}

func TestRedirects(t *testing.T) {
	for _, tt := range []struct {
		location string
		ok       bool
	}{
		{"https://other.example.com/b/k", true},
		{"https://evil.org/b/k", false},
		{"http://other.example.com/b/k", false},
		{"://", false},
		{"https://s3.example.com/b/k", false}, // for ever
	} {
		n := 0
		c := newClient(t, func(r *http.Request) (*http.Response, error) {
			if n++; r.URL.Host == "other.example.com" {
				if r.Host != r.URL.Host || r.Header.Get("Authorization") == "" {
					t.Errorf("redirected request has Host %q", r.Host)
				}
				return answer(r, 204, ""), nil
			}
			return answer(r, 307, errorDoc("TemporaryRedirect"), "Location: "+tt.location), nil
		})
		_, err := c.DeleteObject(t.Context(), &s3.DeleteObjectRequest{Bucket: "b", Key: "k"})
		if (err == nil) != tt.ok || n > 5 {
			t.Errorf("redirect to %q: %v after %d requests", tt.location, err, n)
		}
	}
}

func TestCancellationKeepsItsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := errors.New("disk full")
		ctx, cancel := context.WithCancelCause(t.Context())
		c := newClient(t, func(r *http.Request) (*http.Response, error) {
			time.AfterFunc(time.Millisecond, func() { cancel(disk) })
			return answer(r, 503, errorDoc("SlowDown"), "Retry-After: 10"), nil
		})
		_, err := c.DeleteObject(ctx, &s3.DeleteObjectRequest{Bucket: "b", Key: "k"})
		if !errors.Is(err, disk) || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "SlowDown") {
			t.Errorf("error = %v, want the cause, context.Canceled and what the service said", err)
		}
	})
}
