package cli

import (
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/transfer"
)

// tuning is the flags that say how bytes are moved, not which. All of them have
// good values by themselves.
type tuning struct {
	jobs        int
	connections int
	partSize    sizeFlag
	threshold   sizeFlag
	memory      sizeFlag
	rate        rateFlag
	noResume    bool
}

func (t *tuning) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVarP(&t.jobs, "jobs", "j", 0, "how many objects to move at once (default 16, with --accelerate 64)")
	f.IntVar(&t.connections, "connections", 0, "how many requests to make at once (default: what proves fastest, up to 64)")
	f.Var(&t.partSize, "part-size", "bytes of one part of a large object (default: chosen)")
	f.Var(&t.threshold, "threshold", "move in parts from this size on (default: chosen)")
	f.Var(&t.memory, "memory", "bytes of all buffers together (default 16MiB)")
	f.Var(&t.rate, "bwlimit", "move no more than this many bytes a second, such as 100M")
	f.BoolVar(&t.noResume, "no-resume", false, "keep no state that a later run could go on with")
}

// check refuses numbers that cannot be meant.
func (t *tuning) check() error {
	switch {
	case t.jobs < 0:
		return errors.New("--jobs: at least 1 is needed")
	case t.connections < 0:
		return errors.New("--connections: at least 1 is needed")
	case t.partSize != 0 && t.partSize < 5<<20:
		return errors.New("--part-size: the service takes no parts smaller than 5MiB")
	case t.partSize > 5<<30:
		return errors.New("--part-size: the service takes no parts larger than 5GiB")
	case t.memory != 0 && t.memory < 1<<20:
		return errors.New("--memory: at least 1MiB is needed")
	}
	return nil
}

// options are the manager's, with state kept in dir.
func (t *tuning) options(dir string) *transfer.Options {
	if t.noResume {
		dir = ""
	}
	return &transfer.Options{
		PartSize:    int64(t.partSize),
		Threshold:   int64(t.threshold),
		Concurrency: t.jobs,
		Connections: t.connections,
		Memory:      int64(t.memory),
		Rate:        int64(t.rate),
		StateDir:    dir,
	}
}

// stateDir is where unfinished transfers are remembered: icos in the user's
// state directory (XDG Base Directory Specification), or "" if there is none.
func (a *app) stateDir() string {
	switch {
	case filepath.IsAbs(a.getenv("XDG_STATE_HOME")):
		return filepath.Join(a.getenv("XDG_STATE_HOME"), "icos")
	case runtime.GOOS == "windows" && a.getenv("LocalAppData") != "":
		return filepath.Join(a.getenv("LocalAppData"), "icos")
	case a.home != "":
		return filepath.Join(a.home, ".local", "state", "icos")
	}
	return ""
}

// label is what a job remembers of the command that it is part of, so that it
// can be run again. It holds no secret.
type label struct {
	Args      []string `json:"args"`
	Directory string   `json:"cwd"`
	Endpoint  string   `json:"endpoint,omitempty"`
}

func (a *app) label(endpoint string) json.RawMessage {
	l := label{Endpoint: withoutUser(endpoint)}
	for _, arg := range a.args {
		l.Args = append(l.Args, withoutUser(arg))
	}
	// Without a directory relative paths cannot be resolved later, which "icos
	// jobs resume" then says.
	l.Directory, _ = os.Getwd()
	doc, err := json.Marshal(l)
	if err != nil {
		return nil // strings always marshal
	}
	return doc
}

// withoutUser takes the user and the password out of what may be a URL.
func withoutUser(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.User == nil {
		return s
	}
	u.User = nil
	return u.String()
}
