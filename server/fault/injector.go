package fault

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
)

// An Injector decides which requests fail. Its zero value has no rules and the
// seed 0. It may be used concurrently; a nil one has no rules either.
type Injector struct {
	rules atomic.Pointer[[]*live] // nil without rules; the slice is not altered

	mu   sync.Mutex // serialises changes; guards what is below
	seed uint64
	last int // number of the rule added last
}

// live is a rule in force.
type live struct {
	Rule
	id     string
	number uint64 // sets the chances of two like rules apart
	seed   uint64
	seen   atomic.Uint64 // requests that matched
	struck atomic.Uint64
}

// A Status is a rule and what it has done.
type Status struct {
	ID     string `json:"id"`
	Rule   Rule   `json:"rule"`
	Seen   int64  `json:"seen"`   // requests that matched
	Struck int64  `json:"struck"` // of those, how many suffered
}

// ErrNoRule is what Remove's error is for an id that no rule has.
var ErrNoRule = errors.New("no such rule")

// Add puts a rule in force and returns its id. Where several match, the one added
// first strikes.
func (in *Injector) Add(r Rule) (id string, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	l, err := in.enlist(r)
	if err != nil {
		return "", err
	}
	return l.id, nil
}

func (in *Injector) enlist(r Rule) (*live, error) {
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("fault: %w", err)
	}
	rules := in.current()
	if len(rules) >= maxRules {
		return nil, fmt.Errorf("fault: there are %d rules already; remove some", maxRules)
	}
	in.last++
	l := &live{Rule: r, id: strconv.Itoa(in.last), number: uint64(in.last), seed: in.seed}
	rules = append(slices.Clip(rules), l)
	in.rules.Store(&rules)
	return l, nil
}

// Replace is Reset, and an Add of each rule. If one is refused, there are none
// at all after it.
func (in *Injector) Replace(seed uint64, rules []Rule) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.reset(seed)
	for _, r := range rules {
		if _, err := in.enlist(r); err != nil {
			in.reset(seed)
			return err
		}
	}
	return nil
}

func (in *Injector) current() []*live {
	if p := in.rules.Load(); p != nil {
		return *p
	}
	return nil
}

// Remove takes a rule back.
func (in *Injector) Remove(id string) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	rules := in.current()
	i := slices.IndexFunc(rules, func(l *live) bool { return l.id == id })
	if i < 0 {
		return fmt.Errorf("fault: rule %q: %w", id, ErrNoRule)
	}
	rules = slices.Delete(slices.Clone(rules), i, i+1)
	if len(rules) == 0 {
		in.rules.Store(nil)
		return nil
	}
	in.rules.Store(&rules)
	return nil
}

// Reset takes all rules back and sets the seed of those to come, whose numbers
// begin at 1 again.
func (in *Injector) Reset(seed uint64) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.reset(seed)
}

func (in *Injector) reset(seed uint64) {
	in.seed, in.last = seed, 0
	in.rules.Store(nil)
}

// Seed returns the seed.
func (in *Injector) Seed() uint64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.seed
}

// Rules returns the rules in force, in order.
func (in *Injector) Rules() []Status {
	var list []Status
	for _, l := range in.current() {
		list = append(list, Status{ID: l.id, Rule: l.Rule, Seen: int64(l.seen.Load()), Struck: int64(l.struck.Load())})
	}
	return list
}

// Active reports whether there are rules. It costs one atomic load.
func (in *Injector) Active() bool { return in != nil && in.rules.Load() != nil }

// Strike counts a request and returns what goes wrong with it, or nil.
func (in *Injector) Strike(t Target) *Strike {
	if !in.Active() {
		return nil
	}
	var s *Strike
	for _, l := range in.current() {
		if !l.matches(&t) {
			continue
		}
		// All rules count the request, so that what one does does not depend on the others.
		chance, struck := l.strikes(l.seen.Add(1))
		if struck && s == nil {
			l.struck.Add(1)
			s = &Strike{Rule: l.id, rule: &l.Rule, chance: chance}
		}
	}
	return s
}

// strikes decides about the nth request that matches.
func (l *live) strikes(n uint64) (chance uint64, struck bool) {
	chance = mix(mix(l.seed^mix(l.number)) + n)
	switch {
	case l.First > 0 && n > uint64(l.First):
		return chance, false
	case l.Every > 0:
		return chance, n%uint64(l.Every) == 0
	case l.Rate > 0:
		return mix(chance), float64(chance>>11)/(1<<53) < l.Rate
	}
	return chance, true
}

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood, "Fast splittable
// pseudorandom number generators", 2014), over the next state.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
