package ascptest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// variable is the environment variable by which the binary knows that it is the
// program, and where its directory is.
const variable = "FAKE_ASCP_DIR"

// Main runs the program if that is what the binary was called for, and the tests
// otherwise.
func Main(m *testing.M) {
	if dir := os.Getenv(variable); dir != "" && len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		os.Exit(run(dir, os.Args[1:]))
	}
	// Under the race detector the program would wait for a second whenever it exits.
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	os.Exit(m.Run())
}

// A Fault is how the program fails.
type Fault string

// The faults. Those that take a number are followed by it.
const (
	OK          Fault = ""            // it does not fail
	Fails       Fault = "error:"      // an ERROR of that code, after half of the bytes, and a DONE of the same
	Refuses     Fault = "refuse:"     // the same, before any byte
	BadToken    Fault = "bad token"   // an ERROR that the bearer token is not valid
	NoAddress   Fault = "no address"  // code 14, of the kind that does not pass
	OneFile     Fault = "fileerror:"  // a FILEERROR of that code, and a DONE of code 27
	Vanishes    Fault = "vanish"      // exits without a word, having written to standard error
	Leaves      Fault = "leave"       // exits after INIT, without an end
	Status      Fault = "status"      // says DONE and exits with status 3
	NoConnect   Fault = "no connect"  // does not connect, and does not exit
	Silent      Fault = "silent"      // says nothing after INIT; stops when asked
	Stubborn    Fault = "stubborn"    // does not stop when asked; stops when interrupted
	Deaf        Fault = "deaf"        // stops only when killed
	Garbage     Fault = "garbage"     // writes nonsense between messages
	Flood       Fault = "flood"       // writes nonsense without end
	LongLine    Fault = "long line"   // writes a line without end
	Late        Fault = "late"        // an ERROR, and then DONE without a code, as after a fallback to HTTP
	Foreign     Fault = "foreign"     // its INIT carries somebody else's name
	Twice       Fault = "twice"       // connects to the management port a second time
	Half        Fault = "half"        // moves half of the bytes and says DONE
	Replaces    Fault = "replace"     // writes to another file and renames it
	LeavesLater Fault = "leave later" // when kept alive: fails with a code that may pass, after three files
	Terse       Fault = "terse"       // when kept alive: says of a file only that its argument is done
	Corrupts    Fault = "corrupt"     // flips a bit on the way
	Slow        Fault = "slow"        // moves one piece, and the next when it is told a rate or to stop
)

// With returns a fault of a number.
func (f Fault) With(code int) Fault { return f + Fault(strconv.Itoa(code)) }

// A Script is how the program behaves in a test.
type Script struct {
	t   testing.TB
	dir string
}

// New says that the program, whose path is [Path], shall have one fault after the
// other, one for each start, and none in the end. It changes the environment until the
// test is over.
func New(t testing.TB, faults ...Fault) *Script {
	t.Helper()
	s := &Script{t: t, dir: t.TempDir()}
	b, err := json.Marshal(faults)
	if err == nil {
		err = os.WriteFile(filepath.Join(s.dir, "faults"), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(variable, s.dir)
	return s
}

// Path returns the path of the program.
func Path() string { return os.Args[0] }

// A Call is one start of the program.
type Call struct {
	Args     []string
	Env      []string // of the variables that matter
	List     string   // what was in the list of files
	ListMode string   // its permissions
	PID      int
	Second   string   // what came of a second connection
	Told     []string // what it was told, each message in one line
	Resumed  int64    // bytes that were there already
	Sent     int64    // bytes it moved
	Files    int      // that it was given, when it was kept alive
}

// Calls returns what is known of the starts, in their order. A process that was
// killed could not tell everything.
func (s *Script) Calls() []Call {
	s.t.Helper()
	var calls []Call
	for i := 0; ; i++ {
		b, err := os.ReadFile(filepath.Join(s.dir, "call."+strconv.Itoa(i)))
		if err != nil {
			return calls
		}
		var c Call
		if err := json.NewDecoder(bytes.NewReader(b)).Decode(&c); err != nil {
			s.t.Fatal(err)
		}
		calls = append(calls, c)
	}
}

// Option returns what follows an option, or what is behind the "=" of one.
func (c *Call) Option(name string) string {
	for i, a := range c.Args {
		if a == name && i+1 < len(c.Args) {
			return c.Args[i+1]
		}
		if v, ok := strings.CutPrefix(a, name+"="); ok {
			return v
		}
	}
	return ""
}

// Has reports whether there is an option.
func (c *Call) Has(name string) bool {
	for _, a := range c.Args {
		if a == name || strings.HasPrefix(a, name+"=") {
			return true
		}
	}
	return false
}
