package rapid

import (
	"fmt"
	"slices"
	"strings"

	"github.com/icos-go/icos/rapid/internal/cc"
)

// Policy says how a sender shares a path with others. The empty Policy stands
// for [Fair].
type Policy string

const (
	// Fixed sends at the target rate whatever the path says, and shares
	// nothing. It needs a target.
	Fixed Policy = "fixed"
	// High takes about twice the share of a [Fair] sender.
	High Policy = "high"
	// Fair takes the share of one TCP connection, though not its losses.
	Fair Policy = "fair"
	// Low takes what others leave, and stops queues from growing.
	Low Policy = "low"
)

// ParsePolicy reads the name of a policy in any case; the empty string is Fair.
func ParsePolicy(s string) (Policy, error) {
	switch p := Policy(strings.ToLower(s)); p {
	case "":
		return Fair, nil
	case Fixed, High, Fair, Low:
		return p, nil
	}
	return "", fmt.Errorf("rate policy %q: want fixed, high, fair or low", s)
}

// Rates says how fast a session may send. It is used for both directions: the
// peer is asked to keep to it too, and does within what its grant allows.
type Rates struct {
	Policy Policy
	// Target is the most that is sent, in bits per second. If zero, as much
	// as the path and the grant allow. Required with [Fixed].
	Target int64
	// Min is what is sent at least, in bits per second, even if the path
	// seems not to carry it. If zero, nothing is assured.
	Min int64
}

// check returns r with its policy spelled out, or what is wrong with it.
func (r Rates) check() (Rates, error) {
	p, err := ParsePolicy(string(r.Policy))
	if err != nil {
		return Rates{}, err
	}
	r.Policy = p
	switch {
	case r.Target < 0:
		return Rates{}, fmt.Errorf("target rate of %d bit/s: negative", r.Target)
	case r.Min < 0:
		return Rates{}, fmt.Errorf("minimum rate of %d bit/s: negative", r.Min)
	case r.Policy == Fixed && r.Target == 0:
		return Rates{}, fmt.Errorf("rate policy fixed needs a target rate")
	case r.Target > 0 && r.Min > r.Target:
		return Rates{}, fmt.Errorf("minimum rate of %d bit/s is above the target rate of %d bit/s", r.Min, r.Target)
	}
	return r, nil
}

// among returns p if it is one of those that are allowed (none means that all
// are), and what to use in its place if not.
func (p Policy) among(allowed []Policy) Policy {
	switch {
	case len(allowed) == 0 || slices.Contains(allowed, p):
		return p
	case slices.Contains(allowed, Fair):
		return Fair
	default:
		return allowed[0]
	}
}

// control returns the policy as congestion control calls it.
func (p Policy) control() cc.Policy {
	switch p {
	case Fixed:
		return cc.Fixed
	case High:
		return cc.High
	case Low:
		return cc.Low
	default:
		return cc.Fair
	}
}

// policyOf returns what congestion control calls p.
func policyOf(p cc.Policy) Policy {
	switch p {
	case cc.Fixed:
		return Fixed
	case cc.High:
		return High
	case cc.Low:
		return Low
	default:
		return Fair
	}
}
