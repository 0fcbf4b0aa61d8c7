package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Bounds of rules.
const (
	maxRules   = 100
	maxPattern = 1024             // bytes
	maxDelay   = 10 * time.Minute // of one request
)

// A Reset says when the connection of a request is reset.
type Reset string

// The moments of a Reset. After means that the request was carried out and the
// client is not told.
const (
	Never  Reset = ""
	Before Reset = "before"
	After  Reset = "after"
)

// A Direction says which body has a bit flipped.
type Direction string

// The Directions of a corruption.
const (
	Nothing Direction = ""
	Request Direction = "request"
	Answer  Direction = "answer"
)

// A Rule says which requests suffer, how often, and what. At least one of
// Status, Code, Delay, Truncate, Reset and Corrupt is needed; Delay goes with each of
// the others, which exclude one another.
type Rule struct {
	// Operation names the operations that can suffer, such as GetObject or
	// Put*. Several are separated by commas. Besides those of the S3 API there are
	// IAM, ATS and Endpoints, for requests to those services. Case does not
	// matter. If empty, all.
	Operation string `json:"operation,omitempty"`
	// Bucket and Key narrow that down. In all three, * stands for any
	// characters, the slash included. If empty, all.
	Bucket string `json:"bucket,omitempty"`
	Key    string `json:"key,omitempty"`

	// Rate is the share of those requests that suffer, up to 1. If both it and
	// Every are zero, all do.
	Rate float64 `json:"rate,omitempty"`
	// Every has each nth of them suffer: the nth, the 2nth and so on.
	Every int `json:"every,omitempty"`
	// First ends the rule after that many of them. If zero, it goes on.
	First int `json:"first,omitempty"`

	// Status and Code are the answer, instead of carrying out the request. If
	// one is missing it follows from the other: 503 is SlowDown.
	Status int    `json:"status,omitempty"`
	Code   string `json:"code,omitempty"`
	// Delay passes before anything else happens.
	Delay time.Duration `json:"-"` // "delay", such as "250ms"
	// Truncate ends the body of the answer after that many bytes, and the
	// connection with it. Nil: not at all.
	Truncate *int64 `json:"truncate,omitempty"`
	// Reset resets the connection.
	Reset Reset `json:"reset,omitempty"`
	// Corrupt flips one bit of a body.
	Corrupt Direction `json:"corrupt,omitempty"`
}

// plainRule is a Rule without its methods.
type plainRule Rule

type jsonRule struct {
	plainRule
	Delay string `json:"delay,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (r Rule) MarshalJSON() ([]byte, error) {
	j := jsonRule{plainRule: plainRule(r)}
	if r.Delay != 0 {
		j.Delay = r.Delay.String()
	}
	return json.Marshal(j)
}

// UnmarshalJSON implements json.Unmarshaler. Members that no rule has are an error, since to ignore one would have the
// rule strike otherwise than meant.
func (r *Rule) UnmarshalJSON(b []byte) error {
	var j jsonRule
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(&j); err != nil {
		return err
	}
	*r = Rule(j.plainRule)
	if j.Delay != "" {
		var err error
		if r.Delay, err = time.ParseDuration(j.Delay); err != nil {
			return fmt.Errorf("delay: %w", err)
		}
	}
	return nil
}

// check refuses a rule that says nothing or contradicts itself, and completes Status and Code.
func (r *Rule) check() error {
	if len(r.Operation) > maxPattern || len(r.Bucket) > maxPattern || len(r.Key) > maxPattern {
		return fmt.Errorf("a pattern has at most %d bytes", maxPattern)
	}
	switch {
	case !(r.Rate >= 0 && r.Rate <= 1): // NaN too
		return fmt.Errorf("rate %v is not between 0 and 1", r.Rate)
	case r.Every < 0 || r.First < 0:
		return errors.New("every and first count requests and cannot be negative")
	case r.Rate > 0 && r.Every > 0:
		return errors.New("give a rate or every, not both")
	case r.Delay < 0 || r.Delay > maxDelay:
		return fmt.Errorf("delay %v is not between 0 and %v", r.Delay, maxDelay)
	case r.Truncate != nil && *r.Truncate < 0:
		return errors.New("truncate is a number of bytes and cannot be negative")
	}
	switch r.Reset {
	case Never, Before, After:
	default:
		return fmt.Errorf("reset %q: want %q or %q", r.Reset, Before, After)
	}
	switch r.Corrupt {
	case Nothing, Request, Answer:
	default:
		return fmt.Errorf("corrupt %q: want %q or %q", r.Corrupt, Request, Answer)
	}
	actions := 0
	for _, given := range []bool{r.Status != 0 || r.Code != "", r.Truncate != nil, r.Reset != Never, r.Corrupt != Nothing} {
		if given {
			actions++
		}
	}
	switch {
	case actions > 1:
		return errors.New("a rule does one of: status, truncate, reset, corrupt; add another rule for the other")
	case actions == 0 && r.Delay == 0:
		return errors.New("the rule does nothing: give a status, a delay, truncate, reset or corrupt")
	}
	return r.complete()
}

// usual are codes with their status; the first of a status is its usual code.
var usual = []struct {
	status int
	code   string
}{
	{307, "TemporaryRedirect"},
	{400, "RequestTimeout"},
	{400, "BadDigest"},
	{400, "IncompleteBody"},
	{403, "AccessDenied"},
	{403, "RequestTimeTooSkewed"},
	{404, "NoSuchKey"},
	{404, "NoSuchBucket"},
	{404, "NoSuchUpload"},
	{409, "OperationAborted"},
	{412, "PreconditionFailed"},
	{429, "TooManyRequests"},
	{500, "InternalError"},
	{501, "NotImplemented"},
	{503, "SlowDown"},
	{503, "ServiceUnavailable"},
}

// complete fills in what is missing of Status and Code.
func (r *Rule) complete() error {
	if r.Status == 0 && r.Code == "" {
		return nil
	}
	for _, u := range usual {
		if r.Status == 0 && strings.EqualFold(u.code, r.Code) {
			r.Status, r.Code = u.status, u.code
		}
		if r.Code == "" && u.status == r.Status {
			r.Code = u.code
		}
	}
	switch {
	case r.Status == 0:
		return fmt.Errorf("code %s: give its status too", r.Code)
	case r.Status < 300 || r.Status > 599:
		return fmt.Errorf("status %d is not that of an error (300 to 599)", r.Status)
	case r.Code == "" && r.Status >= 500:
		r.Code = "InternalError"
	case r.Code == "":
		r.Code = "InvalidRequest"
	}
	if strings.ContainsFunc(r.Code, func(c rune) bool { return c < ' ' || c > '~' }) || len(r.Code) > 64 {
		return errors.New("code has a character that no code has, or more than 64")
	}
	return nil
}

// A Target is what a request is about.
type Target struct{ Operation, Bucket, Key string }

func (r *Rule) matches(t *Target) bool {
	return (r.Operation == "" || matchAny(r.Operation, t.Operation)) &&
		(r.Bucket == "" || match(r.Bucket, t.Bucket)) && (r.Key == "" || match(r.Key, t.Key))
}

func matchAny(patterns, name string) bool {
	name = strings.ToLower(name)
	for p := range strings.SplitSeq(strings.ToLower(patterns), ",") {
		if match(strings.TrimSpace(p), name) {
			return true
		}
	}
	return false
}

// match matches s against a pattern in which each * stands for any characters, in time len(pattern) * len(s).
func match(pattern, s string) bool {
	first, rest, found := strings.Cut(pattern, "*")
	if !found {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, first)
	if !ok {
		return false
	}
	for {
		part, more, found := strings.Cut(rest, "*")
		if !found {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], more
	}
}
