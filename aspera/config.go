package aspera

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/transfer"
)

// All is a [Config].MultiSession that means as many sessions as are of use.
const All = -1

// An Engine is a way for bytes to travel.
type Engine string

// The engines. Auto takes the first of the others that can be had; any other is
// used or it is an error.
const (
	Auto  Engine = ""
	Rapid Engine = "rapid" // see package rapid
	Ascp  Engine = "ascp"  // IBM's program, which has to be installed
	HTTPS Engine = "https" // as a [transfer.Manager] by itself
)

// ParseEngine returns the engine of a name: auto, rapid, ascp or https.
func ParseEngine(name string) (Engine, error) {
	switch e := Engine(name); e {
	case Rapid, Ascp, HTTPS, Auto:
		return e, nil
	case "auto":
		return Auto, nil
	}
	return Auto, errors.New("unknown engine: want auto, rapid, ascp or https")
}

// String returns the name, which of Auto is auto.
func (e Engine) String() string {
	if e == Auto {
		return "auto"
	}
	return string(e)
}

// Bounds and defaults of a [Config].
const (
	// MinThreshold is the least MultiSessionThreshold that IBM's service takes
	// notice of, in bytes.
	MinThreshold = 60_000_000

	// MaxSessionCount is the most sessions one transfer may have.
	MaxSessionCount = 128

	// defaultConcurrency is how many objects are moved at once. It is that of a path
	// with a long round trip, which every small object costs one of.
	defaultConcurrency = 64

	// defaultPatience outlasts a path that is dark for some minutes, as long ones are
	// now and then: a session, a grant and the attempts to do without take two.
	defaultPatience = 6 * time.Minute

	defaultQueue    = 100
	defaultSessions = 10
	defaultCache    = 1000
	maxRapid        = 64 // sessions of a rapid.Dialer
	allRapid        = 16
)

// A Config says how a [NewManager] moves things. The zero value is a good choice
// for most programs. Rates are in bits per second and sizes in bytes; zero leaves
// a value to the service.
type Config struct {
	// MultiSession is over how many sessions the bytes of one transfer are spread:
	// 0 and 1 mean one, [All] as many as are of use, which for ascp is one for each
	// address of the service and for rapid one for each processor, up to 16. It is
	// worth it for objects from about 100 MB on.
	MultiSession int

	// MultiSessionThreshold is the size from which on one file is split over
	// sessions, at least [MinThreshold]. If zero, every file goes through one
	// session. It counts for ascp; rapid spreads the parts of an object anyway.
	MultiSessionThreshold int64

	// TargetRate is the rate to aim at, MinRate the one not to fall below. The caps
	// bound what they may be set to.
	TargetRate    int64
	TargetRateCap int64
	MinRate       int64
	MinRateCap    int64

	// RatePolicy says how the path is shared with others: fixed, high, fair or
	// low. If empty, the choice of the service, or else fair.
	RatePolicy rapid.Policy

	// The locks are sent along in transfer specs, for programs that let people
	// change rates of running transfers: such a program should not.
	LockTargetRate bool
	LockMinRate    bool
	LockRatePolicy bool

	// DestinationRoot is put in front of the keys that ascp uploads to, and of no
	// others. If empty, "/", which changes none.
	DestinationRoot string

	// MaxQueue is how many transfers may wait for their turn; one more ends at once
	// with [transfer.ErrQueueFull]. If zero, 100.
	MaxQueue int

	// MaxSessions is how many ascp processes run at once. If zero, 10.
	MaxSessions int

	// CacheSize is for how many buckets is remembered where their transfer service
	// is. If zero, 1000.
	CacheSize int

	// LogDir is where ascp writes its logs. If empty, where it does by itself.
	LogDir string

	// Engine is how bytes travel. If empty, [Auto].
	//
	// Through rapid sessions requests are sent as the client's http.Transport would,
	// with its TLS configuration; any other http.RoundTripper sends only those that
	// take another way. What ascp needs to know is in its arguments, which other
	// users of the machine may see, but for secrets, which are in its environment.
	// One exception is not ours to avoid: ascp takes the tags of a transfer as an
	// argument only, and IBM's service wants the delegated token in them, which acts
	// for the caller's buckets for six days. Rapid and HTTPS have no such trait.
	Engine Engine

	// Relay gives grants for rapid sessions, as a relay.Client does, to reach
	// buckets whose own service does not. With it a transfer service is not asked.
	Relay rapid.Granter

	// Notice is told in a sentence when bytes travel otherwise than they might: that
	// UDP is blocked, or that it is HTTPS after all. It must be quick; calls may
	// overlap. If nil, it is said to Transfer.Logger at warning level.
	Notice func(string)

	// Using is told how the bytes of a bucket travel: when the first are about to, and
	// when that changes. Of what goes through Relay, which is one way for all buckets,
	// the bucket is empty; with the engine HTTPS there is nothing to tell. It must be
	// quick; calls may overlap. If nil, nobody is told.
	Using func(bucket string, e Engine)

	// Ascp is the path of the ascp program. If empty, it is looked for in the places
	// where IBM's installers put it.
	Ascp string

	// DisableOffload is that of [rapid.Dialer].
	DisableOffload bool

	// Transfer is how the Manager works otherwise. Its Transport, HTTPClient and
	// MaxQueue are set by [NewManager]; if they are zero, its Concurrency is 64, for
	// round trips are long here, and its Patience six minutes.
	Transfer transfer.Options
}

// check completes c, or says what is wrong with it.
func (c *Config) check() error {
	for _, f := range []struct {
		name string
		n    int64
	}{
		{"TargetRate", c.TargetRate},
		{"TargetRateCap", c.TargetRateCap},
		{"MinRate", c.MinRate},
		{"MinRateCap", c.MinRateCap},
		{"MultiSessionThreshold", c.MultiSessionThreshold},
		{"MaxQueue", int64(c.MaxQueue)},
		{"MaxSessions", int64(c.MaxSessions)},
		{"CacheSize", int64(c.CacheSize)},
	} {
		if f.n < 0 {
			return &ConfigError{f.name, fmt.Sprintf("is negative: %d", f.n)}
		}
	}
	if c.MaxQueue == 0 {
		c.MaxQueue = defaultQueue
	}
	if c.MaxSessions == 0 {
		c.MaxSessions = defaultSessions
	}
	if c.CacheSize == 0 {
		c.CacheSize = defaultCache
	}
	switch n := c.MultiSession; {
	case n < All:
		return &ConfigError{"MultiSession", fmt.Sprintf("is %d: want a number of sessions, or aspera.All", n)}
	case n > MaxSessionCount:
		return &ConfigError{"MultiSession", fmt.Sprintf("is %d: at most %d sessions make a transfer", n, MaxSessionCount)}
	case n > c.MaxSessions:
		return &ConfigError{"MultiSession", fmt.Sprintf("is %d: MaxSessions allows %d", n, c.MaxSessions)}
	}
	if n := c.MultiSessionThreshold; n != 0 && n < MinThreshold {
		return &ConfigError{"MultiSessionThreshold", fmt.Sprintf("is %d bytes: want at least %d", n, int64(MinThreshold))}
	}
	if c.RatePolicy != "" {
		p, err := rapid.ParsePolicy(string(c.RatePolicy))
		if err != nil {
			return &ConfigError{"RatePolicy", fmt.Sprintf("is %q: want fixed, high, fair or low", string(c.RatePolicy))}
		}
		c.RatePolicy = p
	}
	if c.RatePolicy == rapid.Fixed && c.targetRate() == 0 {
		return &ConfigError{"TargetRate", "is missing: the rate policy fixed needs one"}
	}
	if _, err := ParseEngine(string(c.Engine)); err != nil {
		return &ConfigError{"Engine", fmt.Sprintf("is %q: want auto, rapid, ascp or https", string(c.Engine))}
	}
	if c.Engine == "auto" {
		c.Engine = Auto
	}
	if c.TargetRate > 0 && c.minRate() > c.targetRate() {
		return &ConfigError{"MinRate", fmt.Sprintf("is %d bit/s, more than the target rate of %d bit/s", c.minRate(), c.targetRate())}
	}
	if c.Transfer.Transport != nil || c.Transfer.HTTPClient != nil || c.Transfer.MaxQueue != 0 {
		return &ConfigError{"Transfer", "has a Transport, HTTPClient or MaxQueue, which are set here"}
	}
	return nil
}

// rooted is the key that ascp uploads to where key is asked for.
func (c *Config) rooted(key string) string {
	if root := strings.Trim(c.DestinationRoot, "/"); root != "" {
		return root + "/" + key
	}
	return key
}

// targetRate is the rate to aim at within its cap, 0 if neither is given.
func (c *Config) targetRate() int64 { return within(c.TargetRate, c.TargetRateCap) }

// minRate is the rate not to fall below, within its cap.
func (c *Config) minRate() int64 {
	if c.MinRateCap > 0 {
		return min(c.MinRate, c.MinRateCap)
	}
	return c.MinRate
}

func within(n, most int64) int64 {
	if most > 0 && (n == 0 || n > most) {
		return most
	}
	return n
}

// rapidSessions is how many sessions a rapid.Dialer shall have.
func (c *Config) rapidSessions() int {
	if c.MultiSession == All {
		return min(runtime.GOMAXPROCS(0), allRapid)
	}
	return min(max(c.MultiSession, 1), maxRapid)
}
