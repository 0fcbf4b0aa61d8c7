package kms

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	defaultPage = 200
	maxPage     = 5000
)

// query is what a listing asks for.
type query struct {
	states      []State // those of keys to list
	extractable *bool
	search      search
	sort        []string // properties, with a minus in front to descend
}

func (q *request) query() (query, error) {
	values := q.r.URL.Query()
	out := query{states: []State{PreActivation, Active, Suspended, Deactivated}}
	if text := values.Get("state"); text != "" {
		out.states = nil
		for one := range strings.SplitSeq(text, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(one))
			if err != nil || n < 0 || n == 4 || n > int(Destroyed) {
				return out, errQuery("state", "must be of 0, 1, 2, 3 and 5")
			}
			out.states = append(out.states, State(n))
		}
	}
	if text := values.Get("extractable"); text != "" {
		b, err := strconv.ParseBool(text)
		if err != nil {
			return out, errQuery("extractable", "must be true or false")
		}
		out.extractable = &b
	}
	if values.Get("filter") != "" {
		return out, errQuery("filter", "is not implemented by the local service; use state, extractable and search")
	}
	out.search = parseSearch(values.Get("search"))
	if text := values.Get("sort"); text != "" {
		out.sort = strings.Split(text, ",")
		for _, property := range out.sort {
			if comparators[strings.TrimPrefix(property, "-")] == nil {
				return out, errQuery("sort", "has a property that keys are not sorted by")
			}
		}
	}
	return out, nil
}

// number reads a query parameter that is a number.
func number(values url.Values, name string, def, low, high int) (int, error) {
	text := values.Get(name)
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, errQuery(name, "must be between "+strconv.Itoa(low)+" and "+strconv.Itoa(high))
	}
	return n, nil
}

// window reads which part of a list a query wants.
func window(values url.Values) (offset, limit int, err error) {
	if limit, err = number(values, "limit", defaultPage, 1, maxPage); err != nil {
		return 0, 0, err
	}
	offset, err = number(values, "offset", 0, 0, 1<<31-1)
	return offset, limit, err
}

// matching returns the keys of the instance that a query wants, in its order.
func (q *request) matching() ([]*key, error) {
	want, err := q.query()
	if err != nil {
		return nil, err
	}
	if ring := q.r.Header.Get("X-Kms-Key-Ring"); ring != "" && ring != defaultRing {
		return nil, nil
	}
	var list []*key
	for _, k := range q.ix.rec.Keys {
		if k.Instance == q.instance && slices.Contains(want.states, k.at(q.now)) &&
			(want.extractable == nil || *want.extractable == k.Extractable) && want.search.matches(k) {
			list = append(list, k)
		}
	}
	slices.SortStableFunc(list, func(a, b *key) int {
		for _, property := range want.sort {
			name, descends := strings.CutPrefix(property, "-")
			if c := comparators[name](a, b, q.now); c != 0 {
				if descends {
					c = -c
				}
				return c
			}
		}
		return 0
	})
	return list, nil
}

func (q *request) list() error {
	values := q.r.URL.Query()
	offset, limit, err := window(values)
	if err != nil {
		return err
	}
	all, err := q.matching()
	if err != nil {
		return err
	}
	offset = min(offset, len(all))
	var page []keyResource
	for _, k := range all[offset:min(offset+limit, len(all))] {
		page = append(page, q.ix.rec.resource(k, q.now))
	}
	out := collect(typeKey, page)
	if values.Get("totalCount") == "true" {
		n := len(all)
		out.Metadata.Count = &n
	}
	q.answer(http.StatusOK, typeKey, out)
	return nil
}

// count answers with the number of keys in a header.
func (q *request) count() error {
	all, err := q.matching()
	if err != nil {
		return err
	}
	q.w.Header().Set("Key-Total", strconv.Itoa(len(all)))
	q.w.WriteHeader(http.StatusOK)
	return nil
}

// comparators are the properties that keys are sorted by.
var comparators = map[string]func(a, b *key, now time.Time) int{
	"id":             func(a, b *key, _ time.Time) int { return cmp.Compare(a.ID, b.ID) },
	"name":           func(a, b *key, _ time.Time) int { return cmp.Compare(a.Name, b.Name) },
	"state":          func(a, b *key, now time.Time) int { return cmp.Compare(a.at(now), b.at(now)) },
	"extractable":    func(a, b *key, _ time.Time) int { return compareBool(a.Extractable, b.Extractable) },
	"imported":       func(a, b *key, _ time.Time) int { return compareBool(a.Imported, b.Imported) },
	"creationDate":   func(a, b *key, _ time.Time) int { return a.Created.Compare(b.Created) },
	"lastUpdateDate": func(a, b *key, _ time.Time) int { return a.Updated.Compare(b.Updated) },
	"lastRotateDate": func(a, b *key, _ time.Time) int { return a.Rotated.Compare(b.Rotated) },
	"deletionDate":   func(a, b *key, _ time.Time) int { return a.Deleted.Compare(b.Deleted) },
	"expirationDate": func(a, b *key, _ time.Time) int { return a.Expires.Compare(b.Expires) },
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// search is what to look for in keys: [not:][exact:][name:|alias:|id:]text, where escape: ends what has a meaning.
type search struct {
	text       string
	not, exact bool
	scope      string // name, alias or id; empty for all
}

func parseSearch(text string) search {
	var out search
	for {
		head, rest, found := strings.Cut(text, ":")
		if !found {
			out.text = strings.ToLower(text)
			return out
		}
		switch head {
		case "escape":
			out.text = strings.ToLower(rest)
			return out
		case "not":
			out.not = true
		case "exact":
			out.exact = true
		case "name", "alias", "id":
			out.scope = head
		default:
			out.text = strings.ToLower(text)
			return out
		}
		text = rest
	}
}

func (f search) matches(k *key) bool {
	if f.text == "" {
		return true
	}
	var fields []string
	if f.scope == "" || f.scope == "name" {
		fields = append(fields, k.Name)
	}
	if f.scope == "" || f.scope == "alias" {
		fields = append(fields, k.Aliases...)
	}
	if f.scope == "" || f.scope == "id" {
		fields = append(fields, k.ID)
	}
	found := slices.ContainsFunc(fields, func(s string) bool {
		s = strings.ToLower(s)
		return s == f.text || !f.exact && strings.Contains(s, f.text)
	})
	return found != f.not
}
