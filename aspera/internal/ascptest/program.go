package ascptest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// modified is the time of all objects of a Gateway.
var modified = time.Unix(1_700_000_000, 0)

// A program is one run.
type program struct {
	dir   string
	call  Call
	n     int // which call this is
	fault Fault
	conn  net.Conn

	mu     sync.Mutex               // guards what follows
	told   []string                 // what came by the management port
	cancel chan struct{}            // closed when it was asked to stop
	rate   chan struct{}            // gets one for each RATE
	wanted map[string]chan struct{} // sources that were named, closed when they are not wanted; guarded by mu
	starts chan [2]string           // sources and destinations
	finish chan struct{}            // closed when there will be no other

	transfer transfer
}

// run is the program. It returns its exit status.
func run(dir string, args []string) int {
	if len(args) == 1 && args[0] == "-A" {
		fmt.Println("Fake ascp version 4.4.5.1646\nOperating System: any")
		return 0
	}
	p := &program{dir: dir, cancel: make(chan struct{}), rate: make(chan struct{}, 100)}
	p.wanted, p.starts, p.finish = map[string]chan struct{}{}, make(chan [2]string, 100_000), make(chan struct{})
	p.call.Args, p.call.PID = args, os.Getpid()
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "ASPERA_") || strings.HasPrefix(v, "ICOS_") || strings.HasPrefix(v, "AWS_") {
			p.call.Env = append(p.call.Env, v)
		}
	}
	if err := p.claim(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 70
	}
	status := p.play()
	p.record()
	return status
}

// claim finds out which call this is, and how it fails.
func (p *program) claim() error {
	b, err := os.ReadFile(filepath.Join(p.dir, "faults"))
	if err != nil {
		return err
	}
	var faults []Fault
	if err := json.Unmarshal(b, &faults); err != nil {
		return err
	}
	for ; ; p.n++ {
		f, err := os.OpenFile(p.file(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		if p.n < len(faults) {
			p.fault = faults[p.n]
		}
		if name := p.call.Option("--file-pair-list"); name != "" {
			list, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			info, err := os.Stat(name)
			if err != nil {
				return err
			}
			p.call.List, p.call.ListMode = string(list), info.Mode().String()
		}
		if err := json.NewEncoder(f).Encode(&p.call); err != nil { // in case it is killed
			return err
		}
		return f.Close()
	}
}

func (p *program) file() string { return filepath.Join(p.dir, "call."+strconv.Itoa(p.n)) }

func (p *program) record() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.call.Told = p.told
	b, err := json.Marshal(&p.call)
	if err == nil {
		err = os.WriteFile(p.file()+".new", b, 0o600)
	}
	if err == nil {
		err = os.Rename(p.file()+".new", p.file())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
	}
}

// play is what the program does after it has been found out how.
func (p *program) play() int {
	if p.fault == Deaf || p.fault == Stubborn {
		signals := make(chan os.Signal, 8)
		signal.Notify(signals, os.Interrupt)
		if p.fault == Stubborn {
			go func() {
				<-signals
				p.record()
				os.Exit(130)
			}()
		}
	}
	switch p.fault {
	case NoConnect:
		<-never()
	case Vanishes:
		fmt.Fprintln(os.Stderr, "ascp: something is wrong here")
		return 1
	}
	address := "127.0.0.1:" + p.call.Option("-M")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	p.conn = conn
	defer conn.Close() //nolint:errcheck // the end of the process would
	go p.listen()
	if p.fault == Twice {
		p.call.Second = p.knock(address)
	}
	user := p.call.Option("-u")
	if p.fault == Foreign {
		user = "somebody else"
	}
	p.say("INIT", "Operation", "Transfer", "SessionId", "session-"+strconv.Itoa(os.Getpid()), "UserStr", user, "Direction", "Send")
	switch p.fault {
	case Leaves:
		return 0
	case Silent:
		<-p.cancel
		return p.fail(28, "Session canceled")
	case Stubborn, Deaf:
		<-never()
	case Flood:
		for {
			if _, err := io.WriteString(conn, strings.Repeat("nonsense\n", 1000)); err != nil {
				<-never()
			}
		}
	case LongLine:
		_, _ = io.WriteString(conn, strings.Repeat("x", 1<<20)) // nobody reads all of it
		<-never()
	case Garbage:
		_, _ = io.WriteString(conn, "\n\nhello\nKey: value\n\x00\xff\nFASPMGR 2\nType: STATS\nTransferBytes: 99999999999\nFASPMGR 2\nno colon\n\n")
	case BadToken:
		return p.fail(1, "Bearer token has expired")
	case NoAddress:
		return p.fail(14, "Target address not available")
	}
	if code, ok := p.code(Refuses); ok {
		return p.fail(code, "refused")
	}
	p.say("SESSION", "Host", p.call.Option("--host"), "Port", "33001", "User", "xfer", "Encryption", "Yes", "RateCap", "0", "PMTU", "1500")
	if p.call.Has("--keepalive") {
		return p.serve()
	}
	return p.move()
}

// code returns the number of a fault of that kind.
func (p *program) code(kind Fault) (int, bool) {
	text, ok := strings.CutPrefix(string(p.fault), string(kind))
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// never is a channel that nothing comes from, while timers keep the run time from
// finding that everybody waits.
func never() <-chan struct{} {
	time.AfterFunc(10*time.Minute, func() { os.Exit(99) }) // the test is long over
	return make(chan struct{})
}

// knock connects a second time, which must fail, or find nobody who listens.
func (p *program) knock(address string) string {
	deadline := time.Now().Add(5 * time.Second)
	for time.Now().Before(deadline) { // the port is closed a moment after the first came
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return "refused"
		}
		c.SetReadDeadline(time.Now().Add(time.Second)) //nolint:errcheck // Read says so
		_, err = c.Read(make([]byte, 1))
		c.Close() //nolint:errcheck // of no more use
		if err == nil {
			return "served"
		}
	}
	return "accepted"
}

// say sends a message.
func (p *program) say(kind string, fields ...string) {
	var b strings.Builder
	b.WriteString("FASPMGR 2\nType: " + kind + "\n")
	for i := 0; i+1 < len(fields); i += 2 {
		value := fields[i+1]
		if fields[i] == "File" || fields[i] == "Source" || fields[i] == "Destination" {
			value = strings.NewReplacer("\x1b", "\x1b\x1b", "\n", "\x1bn", "\r", "\x1br").Replace(value)
		}
		b.WriteString(fields[i] + ": " + value + "\n")
	}
	b.WriteString("\n")
	_, _ = io.WriteString(p.conn, b.String()) // nobody listens any more, and will see how we exit
}

// fail ends the session with an error, as ascp does: an ERROR, and a DONE that
// repeats it.
func (p *program) fail(code int, description string) int {
	p.say("ERROR", "Code", strconv.Itoa(code), "Description", description)
	p.say("DONE", "Code", strconv.Itoa(code), "Description", description, "TransfersFailed", "1")
	return 1
}

// listen takes what it is told.
func (p *program) listen() {
	var lines []string
	buf := make([]byte, 0, 4096)
	chunk := make([]byte, 1024)
	for {
		n, err := p.conn.Read(chunk)
		if err != nil {
			return
		}
		buf = append(buf, chunk[:n]...)
		for {
			line, rest, ok := strings.Cut(string(buf), "\n")
			if !ok {
				break
			}
			buf = []byte(rest)
			if line != "" {
				lines = append(lines, line)
				continue
			}
			p.obey(lines)
			lines = nil
		}
	}
}

func (p *program) obey(lines []string) {
	text := strings.Join(lines, "; ")
	p.mu.Lock()
	p.told = append(p.told, text)
	p.mu.Unlock()
	switch {
	case !strings.HasPrefix(text, "FASPMGR 2; Type: "):
	case strings.Contains(text, "Type: CANCEL"):
		if p.fault != Stubborn && p.fault != Deaf {
			select {
			case <-p.cancel:
			default:
				close(p.cancel)
			}
		}
	case strings.Contains(text, "Type: START"):
		file := [2]string{valueOf(lines, "Source"), valueOf(lines, "Destination")}
		p.mu.Lock()
		p.wanted[file[0]] = make(chan struct{})
		p.mu.Unlock()
		p.starts <- file
	case strings.Contains(text, "Type: STOP"):
		p.mu.Lock()
		if c := p.wanted[valueOf(lines, "Source")]; c != nil {
			close(c)
			delete(p.wanted, valueOf(lines, "Source"))
		}
		p.mu.Unlock()
	case strings.Contains(text, "Type: DONE"):
		close(p.finish)
	case strings.Contains(text, "Type: RATE"):
		select {
		case p.rate <- struct{}{}:
		default:
		}
	}
}

func valueOf(lines []string, key string) string {
	for _, l := range lines {
		if v, ok := strings.CutPrefix(l, key+": "); ok {
			return strings.NewReplacer("\x1b\x1b", "\x1b", "\x1bn", "\n", "\x1br", "\r").Replace(v)
		}
	}
	return ""
}

// xfer returns the name of the transfer in the tags.
func (c *Call) xfer() string {
	b, err := base64.StdEncoding.DecodeString(c.Option("--tags64"))
	if err != nil {
		return ""
	}
	var tags struct {
		Aspera struct {
			ID string `json:"xfer_id"`
		} `json:"aspera"`
	}
	if json.Unmarshal(b, &tags) != nil {
		return ""
	}
	return tags.Aspera.ID
}
