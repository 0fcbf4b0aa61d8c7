package s3api

import (
	"net/http"

	"github.com/icos-go/icos/server/fault"
)

// disturb has the call suffer what the fault rules have for it. It is called once the operation is known.
func (c *call) disturb() error {
	strike := c.faults.Strike(fault.Target{Operation: c.name(), Bucket: c.bucket, Key: c.key})
	if strike == nil {
		return nil
	}
	if c.watch != nil {
		c.watch.Entry().Rule = strike.Rule
	}
	if err := strike.Begin(c.w, c.r); err != nil {
		return err
	}
	if status, code := strike.Refusal(); status != 0 {
		return faultError(status, code)
	}
	c.w, c.r, c.end = strike.Wrap(c.w, c.r)
	return nil
}

// faultError is the answer that a fault rule gives.
func faultError(status int, name string) error {
	e := newError(code(name))
	e.status = status
	if e.message == name {
		e.message = "A fault rule of this server has the request fail."
	}
	if status == http.StatusServiceUnavailable && name == "SlowDown" {
		e.message = "Reduce your request rate."
	}
	return e
}

// watched has the journal see the call. The function it returns puts the entry there.
func (c *call) watched() (end func()) {
	c.w, c.r, c.watch = c.journal.Begin(c.w, c.r)
	return func() {
		e := c.watch.Entry()
		e.ID, e.Operation, e.Bucket, e.Key, e.Principal = c.id, c.name(), c.bucket, c.key, c.who.ID
		if e.Operation == "" && c.r.Method == http.MethodOptions {
			e.Operation = "Preflight"
		}
		if c.who.Anonymous {
			e.Principal = "anonymous"
		}
		e.Code = string(c.code)
		c.watch.End()
	}
}
