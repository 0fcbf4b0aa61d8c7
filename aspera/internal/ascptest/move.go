package ascptest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
)

// piece is how many bytes are moved at a time.
const piece = 256 << 10

// A transfer is what the arguments say.
type transfer struct {
	up          bool
	source      string
	destination string
	base        string // URL of the gateway
	token       string
	xfer        string
	resume      bool
	corrupt     bool
	i, n        int64 // session and sessions
	local       *os.File
	size        int64
	stop        <-chan struct{} // closed when this file is not wanted any more; nil if there is no such thing
}

// errStop says that the program was asked to stop.
var errStop = errors.New("session canceled")

// A statusError is a code of ascp.
type statusError struct {
	code int
	text string
}

func (e *statusError) Error() string { return e.text }

// move moves the file, and says how it went.
func (p *program) move() int {
	t := &p.transfer
	lines := strings.Split(p.call.List, "\n")
	if len(lines) < 2 {
		return p.fail(8, "usage")
	}
	err := t.open(&p.call, lines[0], lines[1])
	if err == nil {
		p.say("NOTIFICATION", "PreTransferBytes", strconv.FormatInt(t.size, 10), "PreTransferFiles", "1")
		t.corrupt = p.fault == Corrupts
		err = p.pieces()
	}
	if t.local != nil {
		err = errors.Join(err, t.local.Close())
	}
	if code, ok := p.code(Fails); ok && err == nil {
		return p.fail(code, "failed half way")
	}
	if code, ok := p.code(OneFile); ok && err == nil {
		p.say("FILEERROR", "File", t.source, "Code", strconv.Itoa(code), "Description", "this file failed")
		p.say("DONE", "Code", "27", "Description", "some files failed", "TransfersFailed", "1")
		return 1
	}
	if e, ok := errors.AsType[*statusError](err); ok {
		return p.fail(e.code, e.text)
	}
	if errors.Is(err, errStop) {
		return p.fail(28, errStop.Error())
	}
	if err != nil {
		return p.fail(11, err.Error())
	}
	p.say("STOP", "File", t.source, "Size", strconv.FormatInt(t.size, 10))
	p.say("ARGSTOP", "ArgTransfersAttempted", "1", "ArgTransfersPassed", "1")
	if p.fault == Late {
		p.say("ERROR", "Code", "14", "Description", "UDP is blocked")
	}
	p.say("DONE", "TransfersPassed", "1", "TransferBytes", strconv.FormatInt(p.call.Sent, 10), "Elapsedusec", "1")
	if p.fault == Status {
		return 3
	}
	return 0
}

// open reads the arguments.
func (t *transfer) open(c *Call, source, destination string) error {
	if c.Option("--mode") == "" {
		return &statusError{8, "usage"}
	}
	root, err := base64.StdEncoding.DecodeString(c.Args[len(c.Args)-1])
	if err != nil || !c.Has("--dest64") {
		return &statusError{8, "the destination is not in base64"}
	}
	t.source, t.destination = source, destination
	t.up = c.Option("--mode") == "send"
	t.base = "http://" + c.Option("--host") + ":" + c.Option("-P") + "/o"
	t.token = os.Getenv("ASPERA_SCP_TOKEN")
	t.xfer = c.xfer()
	t.resume = c.Option("-k") != "0"
	t.i, t.n = 1, 1
	if _, err := fmt.Sscanf(c.Option("-C"), "%d:%d", &t.i, &t.n); err != nil && c.Has("-C") {
		return &statusError{8, "-C"}
	}
	if t.up {
		t.destination = path.Join(string(root), t.destination)
		if t.local, err = os.Open(t.source); err != nil {
			return &statusError{4, err.Error()}
		}
		info, err := t.local.Stat()
		if err != nil {
			return &statusError{43, err.Error()}
		}
		t.size = info.Size()
		return nil
	}
	t.destination = path.Join(string(root), t.destination)
	resp, err := t.do("GET", nil, "Range", "bytes=0-0")
	if err != nil {
		return err
	}
	resp.Body.Close() //nolint:errcheck // one byte
	_, total, _ := strings.Cut(resp.Header.Get("Content-Range"), "/")
	if t.size, err = strconv.ParseInt(total, 10, 64); err != nil {
		t.size = 0
	}
	t.local, err = os.OpenFile(t.destination, os.O_CREATE|os.O_RDWR, 0o600)
	return err
}

// do makes a request to the gateway.
func (t *transfer) do(method string, body []byte, headers ...string) (*http.Response, error) {
	key := t.source
	if t.up {
		key = strings.TrimPrefix(t.destination, "/")
	}
	q := url.Values{"key": {key}, "xfer": {t.xfer}, "size": {strconv.FormatInt(t.size, 10)}}
	r, err := http.NewRequest(method, t.base, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+t.token)
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "offset" {
			q.Set("offset", headers[i+1])
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	r.URL.RawQuery = q.Encode()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, &statusError{12, err.Error()}
	}
	switch resp.StatusCode {
	case 200, 206, 416: // the last one of an empty object
		return resp, nil
	case 403:
		err = &statusError{34, "Bearer token is not authorized"}
	case 404:
		err = &statusError{4, "No such file or directory"}
	default:
		err = &statusError{36, resp.Status}
	}
	return nil, errors.Join(err, resp.Body.Close())
}

// pieces moves what is not there yet.
func (p *program) pieces() error {
	t := &p.transfer
	from, to := t.size*(t.i-1)/t.n, t.size*t.i/t.n
	if t.resume && t.n == 1 {
		p.call.Resumed = t.there()
		from += p.call.Resumed
	}
	start := from
	half := from + (to-from)/2
	_, halting := p.code(Fails)
	for first := true; first || from < to; first = false {
		n := min(piece, to-from)
		if halting || p.fault == Half {
			n = min(n, half-from)
		}
		if n == 0 && !first || n == 0 && t.size > 0 {
			return t.keep(from)
		}
		if err := t.piece(from, n); err != nil {
			return err
		}
		from += n
		p.call.Sent += n
		p.say("STATS", "File", t.source, "Size", strconv.FormatInt(t.size, 10), "StartByte", strconv.FormatInt(p.call.Resumed, 10),
			"TransferBytes", strconv.FormatInt(from-start, 10), "FileBytes", strconv.FormatInt(from, 10), "Rate", "100%", "Loss", "0", "Delay", "10")
		if p.fault == Slow {
			select {
			case <-p.cancel:
			case <-p.rate:
			case <-t.stop:
				return errStop
			}
		}
		select {
		case <-p.cancel:
			return errors.Join(errStop, t.keep(from))
		default:
		}
	}
	if t.up {
		return nil
	}
	if t.n == 1 {
		if err := t.local.Truncate(t.size); err != nil {
			return err
		}
	}
	if p.fault == Replaces {
		return p.replace()
	}
	if err := os.Remove(t.destination + checkpoint); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// checkpoint is what is behind the name of the file in which ascp keeps how far it is.
const checkpoint = ".aspera-ckpt"

// keep keeps how far a download is.
func (t *transfer) keep(at int64) error {
	if t.up || t.n > 1 {
		return nil
	}
	return os.WriteFile(t.destination+checkpoint, []byte(strconv.FormatInt(at, 10)), 0o600)
}

// there returns how much is there already.
func (t *transfer) there() int64 {
	if !t.up {
		b, err := os.ReadFile(t.destination + checkpoint)
		if err != nil {
			return 0
		}
		n, err := strconv.ParseInt(string(b), 10, 64)
		if err != nil || n > t.size {
			return 0
		}
		return n
	}
	resp, err := t.do("HEAD", nil)
	if err != nil {
		return 0
	}
	resp.Body.Close() //nolint:errcheck // there is none
	n, err := strconv.ParseInt(resp.Header.Get("X-Have"), 10, 64)
	if err != nil || n > t.size {
		return 0
	}
	return n
}

// piece moves n bytes.
func (t *transfer) piece(offset, n int64) error {
	if t.up {
		b := make([]byte, n)
		if _, err := t.local.ReadAt(b, offset); err != nil {
			return &statusError{35, err.Error()}
		}
		if t.corrupt && n > 0 {
			b[n/2] ^= 1
		}
		resp, err := t.do("PUT", b, "offset", strconv.FormatInt(offset, 10))
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
	if n == 0 {
		return nil
	}
	resp, err := t.do("GET", nil, "Range", fmt.Sprintf("bytes=%d-%d", offset, offset+n-1))
	if err != nil {
		return err
	}
	_, err = io.Copy(io.NewOffsetWriter(t.local, offset), resp.Body)
	if err == nil && t.corrupt {
		_, err = t.local.WriteAt([]byte{'!'}, offset+n/2)
	}
	return errors.Join(err, resp.Body.Close())
}

// replace puts another file in the place of the one that was written, as ascp does
// where it is configured to use a suffix for partial files.
func (p *program) replace() error {
	t := &p.transfer
	b, err := os.ReadFile(t.destination)
	if err == nil {
		err = os.WriteFile(t.destination+".partial", b, 0o600)
	}
	if err == nil {
		err = os.Rename(t.destination+".partial", t.destination)
	}
	return err
}
