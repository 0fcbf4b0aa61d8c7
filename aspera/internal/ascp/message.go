package ascp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Types of messages from ascp.
const (
	Init         = "INIT"         // the process is up
	Session      = "SESSION"      // the session with the server is established
	Notification = "NOTIFICATION" // the sizes are known, or a rate was changed
	Stats        = "STATS"        // progress
	Stop         = "STOP"         // a file is complete
	FileError    = "FILEERROR"    // a file failed
	Skip         = "SKIP"         // a file need not be moved
	ArgStop      = "ARGSTOP"      // a source argument is done
	Error        = "ERROR"        // the session failed
	Done         = "DONE"         // the session ended
)

// Types of messages to ascp.
const (
	Rate   = "RATE"   // change rates: Rate and MinRate in kbit/s
	Cancel = "CANCEL" // stop the session
	Start  = "START"  // move a Source to a Destination, in a session kept alive
	// Done ends a session kept alive, Stop one Source of it.
)

// header begins each message.
const header = "FASPMGR 2"

// Bounds of what is read.
const (
	maxLine    = 64 << 10 // bytes of a line
	maxFields  = 256      // of a message
	maxGarbage = 1 << 20  // bytes outside of messages, in a row
)

// A Message is one frame of the management port.
type Message struct {
	Type   string
	Fields []Field // without the type
}

// A Field is a line of a Message.
type Field struct{ Key, Value string }

// Get returns the value of a key, "" if there is none.
func (m *Message) Get(key string) string {
	for _, f := range m.Fields {
		if f.Key == key {
			return f.Value
		}
	}
	return ""
}

// Int returns the value of a key as a number, 0 if it is none: some values are
// words, such as 50%.
func (m *Message) Int(key string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(m.Get(key)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// A Reader reads messages.
type Reader struct{ r *bufio.Reader }

// NewReader returns a Reader of what ascp, or a program that steers it, writes to r.
func NewReader(r io.Reader) *Reader { return &Reader{bufio.NewReaderSize(r, maxLine)} }

// Next returns the next message. What is between messages is skipped, and so is a
// message that another one interrupts. At the end the error is io.EOF.
func (r *Reader) Next() (*Message, error) {
	var m *Message
	for garbage := 0; ; {
		line, err := r.line()
		if err != nil {
			if err == io.EOF && m != nil {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		switch {
		case line == header:
			m = new(Message)
			continue
		case m == nil:
			if garbage += len(line) + 1; garbage > maxGarbage {
				return nil, fmt.Errorf("read management port: %d bytes without a message", garbage)
			}
			continue
		case line == "":
			if m.Type == "" {
				m = nil // says nothing
				continue
			}
			return m, nil
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		value = strings.TrimPrefix(value, " ")
		if isPath(key) {
			value = unescape(value)
		}
		if key == "Type" {
			m.Type = value
			continue
		}
		if len(m.Fields) == maxFields {
			return nil, fmt.Errorf("read management port: a message of more than %d lines", maxFields)
		}
		m.Fields = append(m.Fields, Field{key, value})
	}
}

// line returns a line without its end.
func (r *Reader) line() (string, error) {
	b, err := r.r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", fmt.Errorf("read management port: a line of more than %d bytes", maxLine)
	case err == io.EOF && len(b) > 0:
		return "", io.ErrUnexpectedEOF
	case err != nil:
		return "", err
	}
	return strings.TrimSuffix(string(b[:len(b)-1]), "\r"), nil
}

// Append appends a message as it is on the wire.
func (m *Message) Append(b []byte) ([]byte, error) {
	b = append(b, header+"\nType: "+m.Type+"\n"...)
	for _, f := range m.Fields {
		value := f.Value
		if isPath(f.Key) {
			value = escape(value)
		}
		if strings.ContainsAny(value, "\r\n") || strings.ContainsAny(f.Key, ":\r\n") {
			return nil, fmt.Errorf("write management port: %s has a line break, which a message cannot carry", strings.ToLower(f.Key))
		}
		b = append(b, f.Key+": "+value+"\n"...)
	}
	return append(b, '\n'), nil
}

// isPath reports whether the values of a key are paths, in which line breaks are
// escaped.
func isPath(key string) bool { return key == "File" || key == "Source" || key == "Destination" }

const esc = "\x1b"

var escaper = strings.NewReplacer(esc, esc+esc, "\n", esc+"n", "\r", esc+"r")

func escape(s string) string { return escaper.Replace(s) }

// unescape undoes escape. An escape of something else stays as it is.
func unescape(s string) string {
	if !strings.Contains(s, esc) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == esc[0] && i+1 < len(s) {
			switch s[i+1] {
			case esc[0]:
				b.WriteString(esc)
				i++
				continue
			case 'n':
				b.WriteByte('\n')
				i++
				continue
			case 'r':
				b.WriteByte('\r')
				i++
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
