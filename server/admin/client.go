package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/icos-go/icos/server/fault"
	"github.com/icos-go/icos/server/journal"
)

// maxAnswer bounds an answer, which may hold a thousand requests.
const maxAnswer = 64 << 20 // bytes

// A Client steers a server. URL and Token are required. It may be used
// concurrently.
type Client struct {
	URL   string // base URL, such as http://127.0.0.1:9001
	Token string
	HTTP  *http.Client // if nil, http.DefaultClient
}

// Faults returns the rules in force.
func (c *Client) Faults(ctx context.Context) (*Faults, error) {
	return do[Faults](ctx, c, http.MethodGet, "/v1/faults", nil)
}

// AddFault puts a rule in force and returns its id.
func (c *Client) AddFault(ctx context.Context, r fault.Rule) (id string, err error) {
	a, err := do[added](ctx, c, http.MethodPost, "/v1/faults", r)
	if err != nil {
		return "", err
	}
	return a.ID, nil
}

// SetFaults replaces all rules, and the seed.
func (c *Client) SetFaults(ctx context.Context, seed uint64, rules []fault.Rule) (*Faults, error) {
	return do[Faults](ctx, c, http.MethodPut, "/v1/faults", newFaults{seed, rules})
}

// RemoveFault takes a rule back.
func (c *Client) RemoveFault(ctx context.Context, id string) error {
	_, err := do[Faults](ctx, c, http.MethodDelete, "/v1/faults/"+url.PathEscape(id), nil)
	return err
}

// ClearFaults takes all rules back.
func (c *Client) ClearFaults(ctx context.Context) error {
	_, err := do[Faults](ctx, c, http.MethodDelete, "/v1/faults", nil)
	return err
}

// Clock returns the clock of objects.
func (c *Client) Clock(ctx context.Context) (*Clock, error) {
	return do[Clock](ctx, c, http.MethodGet, "/v1/clock", nil)
}

// Advance moves the clock of objects by d, back if it is negative, and does what
// is due by then.
func (c *Client) Advance(ctx context.Context, d time.Duration) (*Clock, error) {
	return do[Clock](ctx, c, http.MethodPost, "/v1/clock", moveClock{Advance: d.String()})
}

// SetClock moves the clock of objects to t, and does what is due by then.
func (c *Client) SetClock(ctx context.Context, t time.Time) (*Clock, error) {
	return do[Clock](ctx, c, http.MethodPost, "/v1/clock", moveClock{Set: &t})
}

// Requests returns the requests after the one numbered seq, the oldest first. If
// there are none it waits for one, up to wait and a minute.
func (c *Client) Requests(ctx context.Context, seq int64, wait time.Duration) ([]journal.Entry, error) {
	target := "/v1/requests?after=" + strconv.FormatInt(seq, 10)
	if wait > 0 {
		target += "&wait=" + wait.String()
	}
	r, err := do[Requests](ctx, c, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	return r.Requests, nil
}

// ClearRequests has the server forget the requests so far.
func (c *Client) ClearRequests(ctx context.Context) error {
	_, err := do[struct{}](ctx, c, http.MethodDelete, "/v1/requests", nil)
	return err
}

// Snapshot has the server write its state to a directory on its machine, an
// absolute path that does not exist, or is an empty directory.
func (c *Client) Snapshot(ctx context.Context, dir string) error {
	_, err := do[snapshot](ctx, c, http.MethodPost, "/v1/snapshot", snapshot{dir})
	return err
}

// An Error is what a server refused to do.
type Error struct {
	StatusCode int // 400 for what makes no sense, 401 without the token, 404, 409
	Message    string
}

func (e *Error) Error() string { return "admin: " + e.Message }

// Restore has the server go back to a snapshot in a directory on its machine, an
// absolute path. The directory stays as it is. An error means that nothing has
// changed.
func (c *Client) Restore(ctx context.Context, dir string) error {
	_, err := do[snapshot](ctx, c, http.MethodPost, "/v1/restore", snapshot{dir})
	return err
}

// do makes one call and decodes its answer.
func do[T any](ctx context.Context, c *Client, method, target string, body any) (*T, error) {
	var reader io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("admin: encode request: %w", err)
		}
		reader = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.URL, "/")+target, reader)
	if err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+c.Token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("admin: read answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		var f failure
		if json.Unmarshal(b, &f) != nil || f.Error == "" {
			f.Error = "no admin API of icos there"
		}
		return nil, &Error{StatusCode: res.StatusCode, Message: f.Error}
	}
	answer := new(T)
	if err := json.Unmarshal(b, answer); err != nil {
		return nil, fmt.Errorf("admin: read answer: %w", err)
	}
	return answer, nil
}
