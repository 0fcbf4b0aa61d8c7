package auth_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/auth"
)

func TestOneExchangeForAThousandGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response {
			time.Sleep(2 * time.Second)
			return granted(n)
		}}
		c := iam.credentials("key")
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				token, err := c.Token(t.Context())
				if err != nil || token.Value != "token-1" {
					t.Errorf("token %q, %v", token.Value, err)
				}
			})
		}
		wg.Wait()
		if n := iam.count(); n != 1 {
			t.Errorf("%d exchanges, want 1", n)
		}
	})
}

// The goroutine that happens to come first owns nothing: when its context ends, the
// others still get their token, and each gives up when its own context says so.
func TestCancelledLeaderDoesNotFailTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response {
			time.Sleep(5 * time.Second)
			return granted(n)
		}}
		c := iam.credentials("key")
		start := time.Now()
		var wg sync.WaitGroup
		leader, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			if _, err := c.Token(leader); !errors.Is(err, context.Canceled) {
				t.Errorf("leader: %v, want context.Canceled", err)
			}
			if waited := time.Since(start); waited != time.Second {
				t.Errorf("leader waited %v, want 1s", waited)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			if _, err := c.Token(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("impatient: %v, want context.DeadlineExceeded", err)
			}
			if waited := time.Since(start); waited != 3*time.Second {
				t.Errorf("impatient waited %v, want 3s", waited)
			}
		})
		wg.Go(func() {
			token, err := c.Token(t.Context())
			if err != nil || token.Value != "token-1" {
				t.Errorf("patient: token %q, %v", token.Value, err)
			}
		})
		time.Sleep(time.Second)
		cancel()
		wg.Wait()
		if n := iam.count(); n != 1 {
			t.Errorf("%d exchanges, want 1", n)
		}
	})
}

func TestEndedContextGetsNoToken(t *testing.T) {
	c := (&fakeIAM{answer: func(n int, _ url.Values) *http.Response { return granted(n) }}).credentials("key")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Token(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want context.Canceled", err)
	}
}

// A client that is active all day never waits after its first token, although every
// exchange takes nine seconds.
func TestActiveClientNeverWaitsForARenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response {
			time.Sleep(9 * time.Second)
			return granted(n)
		}}
		c := iam.credentials("key")
		if _, err := c.Token(t.Context()); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for range 24 * 60 * 4 {
			before := time.Now()
			token, err := c.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if waited := time.Since(before); waited != 0 {
				t.Fatalf("waited %v", waited)
			}
			if !token.Expiry.After(before) {
				t.Fatalf("got a token that expired %v ago", before.Sub(token.Expiry))
			}
			seen[token.Value] = true
			time.Sleep(15 * time.Second)
		}
		// A day, a token each 42 to 48 minutes.
		if n := len(seen); n < 30 || n > 36 {
			t.Errorf("%d tokens in a day", n)
		}
	})
}

// Wherever in the life of a token an outage of ten minutes begins, nobody notices.
func TestOutageOfTenMinutesIsNotNoticed(t *testing.T) {
	for minute := range 50 {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			from, to := start.Add(time.Duration(minute)*time.Minute), start.Add(time.Duration(minute+10)*time.Minute)
			during := 0
			iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response {
				if now := time.Now(); now.Before(from) || !now.Before(to) || n == 1 {
					return granted(n)
				}
				during++
				switch during % 3 {
				case 0:
					return nil
				case 1:
					return answer(503, "<html>down</html>")
				}
				return hang
			}}
			c := iam.credentials("key")
			for time.Since(start) < 3*time.Hour {
				if _, err := c.Token(t.Context()); err != nil {
					t.Fatalf("outage from minute %d: after %v: %v", minute, time.Since(start), err)
				}
				time.Sleep(5 * time.Second)
			}
			if during > 100 {
				t.Errorf("outage from minute %d: asked %d times in ten minutes", minute, during)
			}
			synctest.Wait()
		})
	}
}

// A key that is deleted while its token lives is an error when the token has expired,
// and not before.
func TestTokenServesUntilItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response {
			if n == 1 {
				return granted(n)
			}
			return answer(400, keyNotFound)
		}}
		c := iam.credentials("key")
		start := time.Now()
		for {
			_, err := c.Token(t.Context())
			if err != nil {
				var refusal *auth.IAMError
				if !errors.As(err, &refusal) || refusal.Code != "BXNIM0415E" {
					t.Fatal(err)
				}
				break
			}
			time.Sleep(time.Second)
		}
		if life := time.Since(start); life < 3590*time.Second || life > 3600*time.Second {
			t.Errorf("token of 3600s served for %v", life)
		}
	})
}

func TestRefusalAnswersAllWhoAskAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &fakeIAM{answer: func(int, url.Values) *http.Response { return answer(400, keyNotFound) }}
		c := iam.credentials("key")
		for range 100 {
			if _, err := c.Token(t.Context()); err == nil {
				t.Fatal("no error")
			}
			time.Sleep(5 * time.Millisecond)
		}
		if n := iam.count(); n != 1 {
			t.Errorf("%d exchanges in half a second, want 1", n)
		}
		time.Sleep(time.Second)
		c.Token(t.Context())
		if n := iam.count(); n != 2 {
			t.Errorf("%d exchanges after a second, want 2", n)
		}
	})
}

// Asked rarely, there is nothing between: the bubble would not end with a goroutine
// in it, and nobody calls Close.
func TestUnusedCredentialsDoNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response { return granted(n) }}
		c := iam.credentials("key")
		if n := iam.count(); n != 0 {
			t.Errorf("%d exchanges before the first use", n)
		}
		c.Token(t.Context())
		time.Sleep(10 * time.Hour)
		if n := iam.count(); n != 1 {
			t.Errorf("%d exchanges by themselves, want 1", n)
		}
		token, err := c.Token(t.Context())
		if err != nil || token.Value != "token-2" {
			t.Errorf("after ten hours: token %q, %v", token.Value, err)
		}
	})
}

func TestCloseEndsAnExchangeUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &fakeIAM{answer: func(int, url.Values) *http.Response { return nil }} // forever retrying
		c := iam.credentials("key")
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := c.Token(t.Context()); !errors.Is(err, auth.ErrClosed) {
					t.Errorf("waiting: %v, want ErrClosed", err)
				}
			})
		}
		synctest.Wait()
		before := time.Now()
		for range 2 {
			if err := c.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		wg.Wait()
		if waited := time.Since(before); waited != 0 {
			t.Errorf("Close took %v", waited)
		}
		if _, err := c.Token(t.Context()); !errors.Is(err, auth.ErrClosed) {
			t.Errorf("after Close: %v, want ErrClosed", err)
		}
	})
}

// A service that refuses a good-looking token gets another, and cannot make the
// client ask IAM without end.
func TestInvalidate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response { return granted(n) }}
		c := iam.credentials("key")
		want := func(step, value string) {
			t.Helper()
			if token, err := c.Token(t.Context()); err != nil || token.Value != value {
				t.Errorf("%s: token %q, %v; want %s", step, token.Value, err, value)
			}
		}
		want("first", "token-1")
		c.Invalidate("token-1")
		want("refused at once", "token-1")
		time.Sleep(5 * time.Second)
		c.Invalidate("another")
		want("refused another", "token-1")
		c.Invalidate("token-1")
		want("refused later", "token-2")
		c.Invalidate("token-1")
		want("refused the old one", "token-2")
	})
}

func BenchmarkAuthorize(b *testing.B) {
	iam := &fakeIAM{answer: func(n int, _ url.Values) *http.Response { return granted(n) }}
	for name, c := range map[string]auth.Credentials{"IAM": iam.credentials("key"), "HMAC": auth.HMAC("id", "secret")} {
		b.Run(name, func(b *testing.B) {
			r := request("PUT", "https://s3.example/b/k?partNumber=1&uploadId=u", "X-Amz-Date", "20200202T020202Z", "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
			b.ReportAllocs()
			for b.Loop() {
				if err := c.Authorize(b.Context(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
