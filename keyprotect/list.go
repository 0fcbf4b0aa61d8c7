package keyprotect

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"strconv"
	"strings"
)

// ListOptions choose which keys are listed, and in which order. The zero value means all that are not deleted.
type ListOptions struct {
	States       []State // if empty, all but Destroyed
	RootKeys     bool    // root keys only
	StandardKeys bool    // standard keys only
	Search       string  // in names, aliases and ids; "name:" before it looks at names only, "exact:" for the whole, "not:" for others
	Sort         string  // properties such as "name" or "-creationDate", separated by commas; a minus descends
	PageSize     int     // keys asked for at once, 1 to 5000; if zero, 200
}

func (o *ListOptions) query() (url.Values, error) {
	q := url.Values{}
	if o == nil {
		return q, nil
	}
	if o.RootKeys && o.StandardKeys {
		return nil, errors.New("keyprotect: list keys: RootKeys and StandardKeys are both set, so that no key would be listed")
	}
	if len(o.States) > 0 {
		var names []string
		for _, s := range o.States {
			names = append(names, strconv.Itoa(int(s)))
		}
		q.Set("state", strings.Join(names, ","))
	}
	switch {
	case o.RootKeys:
		q.Set("extractable", "false")
	case o.StandardKeys:
		q.Set("extractable", "true")
	}
	if o.Search != "" {
		q.Set("search", o.Search)
	}
	if o.Sort != "" {
		q.Set("sort", o.Sort)
	}
	return q, nil
}

const defaultPageSize = 200

// Keys lists keys, in as many pages as it takes. The iteration ends with the first error. o may be nil.
func (c *Client) Keys(ctx context.Context, o *ListOptions) iter.Seq2[*Key, error] {
	size := defaultPageSize
	if o != nil && o.PageSize > 0 {
		size = o.PageSize
	}
	q, err := o.query()
	if err != nil {
		return failed[*Key](err)
	}
	pages := pages[keyWire](ctx, c, call{op: "list keys", path: []string{"keys"}, query: q}, size)
	return func(yield func(*Key, error) bool) {
		for w, err := range pages {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(w.key(), nil) {
				return
			}
		}
	}
}

// Count returns how many keys Keys would list. o may be nil.
func (c *Client) Count(ctx context.Context, o *ListOptions) (int, error) {
	q, err := o.query()
	if err != nil {
		return 0, err
	}
	x := &call{op: "count keys", method: "HEAD", path: []string{"keys"}, query: q, twice: true}
	h, err := c.do(ctx, x, nil)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(h.Get("Key-Total"))
	if err != nil {
		return 0, c.errorf(x, "the answer has no key-total")
	}
	return n, nil
}

// Versions lists the versions of a root key, the newest first.
func (c *Client) Versions(ctx context.Context, id string) iter.Seq2[Version, error] {
	pages := pages[versionWire](ctx, c, call{op: "list versions", key: id, path: []string{"keys", id, "versions"}}, defaultPageSize)
	return func(yield func(Version, error) bool) {
		for w, err := range pages {
			if !yield(Version(w), err) || err != nil {
				return
			}
		}
	}
}

// Registrations lists the resources that a root key encrypts, or, without an id, all keys of the instance.
func (c *Client) Registrations(ctx context.Context, id string) iter.Seq2[Registration, error] {
	path := []string{"keys", id, "registrations"}
	if id == "" {
		path = []string{"keys", "registrations"}
	}
	pages := pages[registrationWire](ctx, c, call{op: "list registrations", key: id, path: path}, defaultPageSize)
	return func(yield func(Registration, error) bool) {
		for w, err := range pages {
			if !yield(Registration{w.KeyID, w.Resource, w.CreatedBy, w.Created, w.Prevent, Version(w.Version)}, err) || err != nil {
				return
			}
		}
	}
}

// pages lists what a call returns by pages of size.
func pages[T any](ctx context.Context, c *Client, x call, size int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		for offset := 0; ; offset += size {
			one := x
			one.method, one.twice = "GET", true
			one.query = url.Values{"limit": {strconv.Itoa(size)}, "offset": {strconv.Itoa(offset)}}
			for name, values := range x.query {
				one.query[name] = values
			}
			var p page[T]
			if _, err := c.do(ctx, &one, &p); err != nil {
				yield(zero, err)
				return
			}
			for _, item := range p.Resources {
				if !yield(item, nil) {
					return
				}
			}
			if len(p.Resources) < size {
				return
			}
		}
	}
}

func failed[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		yield(zero, err)
	}
}
