package cli

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/aspera"
	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/transfer"
)

// acceleration is the flags that say how bytes travel. Without --accelerate they
// do so in requests over TCP, and none of this counts.
type acceleration struct {
	engine   engineFlag
	sessions sessionsFlag
	target   linkRateFlag
	min      linkRateFlag
	policy   policyFlag
}

func (x *acceleration) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(&x.engine, "accelerate", "over a long or lossy path, move bytes by rapid, ascp or https; auto takes the first that can be had")
	f.Lookup("accelerate").NoOptDefVal = aspera.Auto.String()
	f.Var(&x.sessions, "sessions", "with --accelerate: how many sessions share the work, or all (default 1)")
	f.Var(&x.target, "target-rate", "with --accelerate: the rate to aim at and not to pass, such as 500Mbit")
	f.Var(&x.min, "min-rate", "with --accelerate: the rate not to fall below")
	f.Var(&x.policy, "policy", "with --accelerate: how to share the path: fixed, high, fair or low (default fair)")
}

// oneOfWays has the shell complete what these flags take.
func (a *app) oneOfWays(cmd *cobra.Command) {
	a.oneOf(cmd, "accelerate", "auto", "rapid", "ascp", "https")
	a.oneOf(cmd, "policy", "fixed", "high", "fair", "low")
}

// accelerateHelp is what the help of each command with these flags says of them.
const accelerateHelp = `--accelerate moves bytes at the rate that the path has, whatever its delay and
loss: by rapid over UDP, when ICOS_RELAY names a relay or the bucket's transfer
service offers it; by IBM's ascp, when that is installed; or else by requests over
TCP, and says so. A transfer service needs an API key; a relay takes ICOS_RELAY_TOKEN.
ICOS_RAPID_GSO=off keeps rapid from having the kernel cut and join packets,
for network drivers that do it wrong.`

// on reports whether --accelerate was given.
func (x *acceleration) on() bool { return x.engine != "" }

// check refuses what cannot be meant. Sources and target are those of the command.
func (x *acceleration) check(srcs []location, dst location) error {
	if !x.on() {
		for flag, given := range map[string]bool{
			"--sessions": x.sessions != 0, "--target-rate": x.target != 0, "--min-rate": x.min != 0, "--policy": x.policy != "",
		} {
			if given {
				return errors.New(flag + " needs --accelerate")
			}
		}
		return nil
	}
	for _, src := range srcs {
		switch {
		case src.stream || dst.stream:
			return errors.New("--accelerate does not go with a standard stream")
		case src.remote && dst.remote:
			return errors.New("--accelerate does not go with copies inside the store, whose bytes do not come this way")
		}
	}
	switch {
	case rapid.Policy(x.policy) == rapid.Fixed && x.target == 0:
		return errors.New("--policy fixed sends at the target rate whatever the path says: name it with --target-rate")
	case x.target != 0 && x.min > x.target:
		return fmt.Errorf("--min-rate %s is more than --target-rate %s", &x.min, &x.target)
	}
	return nil
}

// splitFrom is the size from which on ascp splits a file over several sessions,
// as IBM recommends. The sessions of rapid share everything anyway.
const splitFrom = 100_000_000

// config is how the manager of a command works.
func (x *acceleration) config(o *transfer.Options) (aspera.Config, error) {
	engine, err := aspera.ParseEngine(string(x.engine))
	if err != nil {
		return aspera.Config{}, err
	}
	cfg := aspera.Config{
		Engine:       engine,
		MultiSession: int(x.sessions),
		TargetRate:   int64(x.target),
		MinRate:      int64(x.min),
		RatePolicy:   rapid.Policy(x.policy),
		MaxSessions:  max(10, int(x.sessions)),
		MaxQueue:     math.MaxInt32, // haul bounds what is queued, by waiting
		Transfer:     *o,
	}
	if x.sessions != 0 && x.sessions != 1 {
		cfg.MultiSessionThreshold = splitFrom
	}
	return cfg, nil
}

// traveller is told how bytes travel, if they are to travel in a particular way.
// Calls may overlap.
type traveller interface {
	notice(text string)                        // otherwise than they might
	using(bucket string, engine aspera.Engine) // in this way, from now on
}

// newManager makes the manager of a command.
func (a *app) newManager(client *icos.Client, o *transfer.Options, x *acceleration, t traveller) (*transfer.Manager, error) {
	if !x.on() {
		m, err := transfer.NewManager(client, o)
		if err != nil {
			return nil, &usageError{err}
		}
		return m, nil
	}
	cfg, err := x.config(o)
	if err != nil {
		return nil, &usageError{err}
	}
	if cfg.DisableOffload, err = a.offloadOff(); err != nil {
		return nil, &usageError{err}
	}
	if r := a.relay(client.Config()); r != nil { // a nil *relay.Client in the interface would not be nil
		cfg.Relay = r
	}
	cfg.Notice, cfg.Using = t.notice, t.using
	m, err := aspera.NewManager(client, cfg)
	if wrong, ok := errors.AsType[*aspera.ConfigError](err); ok {
		return nil, &usageError{wrong}
	}
	return m, err
}

// offloadOff reports whether the user switched off that the kernel cuts and joins
// packets of rapid.
func (a *app) offloadOff() (bool, error) {
	switch v := a.getenv("ICOS_RAPID_GSO"); v {
	case "", "on":
		return false, nil
	case "off":
		return true, nil
	default:
		return false, fmt.Errorf("ICOS_RAPID_GSO is %q: on or off", v)
	}
}

// engineFlag is the name of an engine, "" if none was given.
type engineFlag string

func (f *engineFlag) String() string { return string(*f) }

// Type is what --help shows for the value.
func (f *engineFlag) Type() string { return "how" }

// Set reads the name of an engine.
func (f *engineFlag) Set(s string) error {
	e, err := aspera.ParseEngine(s)
	if err != nil || s == "" {
		return errors.New("choose auto, rapid, ascp or https")
	}
	*f = engineFlag(e.String())
	return nil
}

// policyFlag is the name of a rate policy, "" if none was given.
type policyFlag rapid.Policy

func (f *policyFlag) String() string { return string(*f) }

// Type is what --help shows for the value.
func (f *policyFlag) Type() string { return "how" }

// Set reads the name of a policy.
func (f *policyFlag) Set(s string) error {
	p, err := rapid.ParsePolicy(s)
	if err != nil || s == "" {
		return errors.New("choose fixed, high, fair or low")
	}
	*f = policyFlag(p)
	return nil
}

// sessionsFlag is a number of sessions, 0 if none was given.
type sessionsFlag int

func (f *sessionsFlag) String() string {
	switch *f {
	case 0:
		return ""
	case aspera.All:
		return "all"
	}
	return strconv.Itoa(int(*f))
}

// Type is what --help shows for the value.
func (f *sessionsFlag) Type() string { return "n|all" }

// Set reads a number of sessions.
func (f *sessionsFlag) Set(s string) error {
	if s == "all" {
		*f = aspera.All
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > aspera.MaxSessionCount {
		return fmt.Errorf("write a number from 1 to %d, or all", aspera.MaxSessionCount)
	}
	*f = sessionsFlag(n)
	return nil
}
