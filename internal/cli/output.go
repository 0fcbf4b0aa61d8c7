package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/transfer"
)

// schemaVersion is in every record of --json as "v". Fields are only ever
// added under one version.
const schemaVersion = 1

// record is one line of --json. The type says which other fields to expect.
type record struct {
	V    int    `json:"v"`
	Type string `json:"type"`

	Bucket   string            `json:"bucket,omitempty"`
	Key      *string           `json:"key,omitempty"`
	Prefix   string            `json:"prefix,omitempty"`
	Source   string            `json:"source,omitempty"`
	Target   string            `json:"target,omitempty"`
	Location string            `json:"location,omitempty"`
	Size     *int64            `json:"size,omitempty"`
	Objects  *int64            `json:"objects,omitempty"`
	Failed   *int64            `json:"failed,omitempty"`
	Skipped  *int64            `json:"skipped,omitempty"`
	Deleted  *int64            `json:"deleted,omitempty"`
	Total    *int64            `json:"total,omitempty"`
	ETag     string            `json:"etag,omitempty"`
	Content  string            `json:"content_type,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Modified string            `json:"modified,omitempty"`
	Created  string            `json:"created,omitempty"`
	Seconds  *float64          `json:"seconds,omitempty"`
	URL      string            `json:"url,omitempty"`
	UDP      string            `json:"udp,omitempty"`
	Admin    string            `json:"admin,omitempty"`
	Expires  string            `json:"expires,omitempty"`
	Owner    string            `json:"owner,omitempty"`
	Grants   []grantRecord     `json:"grants,omitempty"`

	// What moves, and how it went.
	ID           string   `json:"id,omitempty"`
	Reason       string   `json:"reason,omitempty"`
	ObjectsTotal *int64   `json:"objects_total,omitempty"`
	Listing      bool     `json:"listing,omitempty"`
	Rate         *float64 `json:"rate,omitempty"`
	ETA          *float64 `json:"eta,omitempty"`
	Sent         *int64   `json:"sent,omitempty"`
	Resumed      *int64   `json:"resumed,omitempty"`
	Verified     *int64   `json:"verified,omitempty"`
	Unverified   *int64   `json:"unverified,omitempty"`
	Retries      *int64   `json:"retries,omitempty"`
	Requests     *int64   `json:"requests,omitempty"`
	Limit        string   `json:"limit,omitempty"`
	Engine       string   `json:"engine,omitempty"`
	Detail       string   `json:"detail,omitempty"`
	PID          int      `json:"pid,omitempty"`
	Line         int      `json:"line,omitempty"`
	Lines        *int64   `json:"lines,omitempty"`
	LinesFailed  *int64   `json:"lines_failed,omitempty"`
	Command      string   `json:"command,omitempty"`
	Directory    string   `json:"directory,omitempty"`
	Updated      string   `json:"updated,omitempty"`

	// Keys of Key Protect.
	CRN      string   `json:"crn,omitempty"`
	Kind     string   `json:"kind,omitempty"`
	Imported bool     `json:"imported,omitempty"`
	Aliases  []string `json:"aliases,omitempty"`
	Versions []string `json:"versions,omitempty"`
	Protects []string `json:"protects,omitempty"`

	// Versions of objects.
	Version      string `json:"version_id,omitempty"`
	Latest       bool   `json:"latest,omitempty"`
	DeleteMarker bool   `json:"delete_marker,omitempty"`

	Encrypted string `json:"encrypted_by,omitempty"` // service or customer

	// Who may do what.
	Role        string          `json:"role,omitempty"`
	Roles       []string        `json:"roles,omitempty"`
	Subject     string          `json:"subject,omitempty"`
	Instance    string          `json:"instance,omitempty"`
	Credentials json.RawMessage `json:"credentials,omitempty"` // a new key's, with its secrets
	Allowed     []string        `json:"allowed,omitempty"`
	Denied      []string        `json:"denied,omitempty"`
	Networks    []string        `json:"networks,omitempty"`
	BlockACLs   bool            `json:"block_acls,omitempty"`
	IgnoreACLs  bool            `json:"ignore_acls,omitempty"`

	Name   string `json:"name,omitempty"`
	Value  string `json:"value,omitempty"`
	Status string `json:"status,omitempty"`
	Hint   string `json:"hint,omitempty"`

	Message   string `json:"message,omitempty"`
	Code      string `json:"code,omitempty"`
	RequestID string `json:"request_id,omitempty"`
	Exit      int    `json:"exit,omitempty"`
}

type grantRecord struct {
	Grantee    string `json:"grantee"`
	Permission string `json:"permission"`
}

// emit writes one record of data to standard output.
func (a *app) emit(r record) error { return writeRecord(a.stdout, r) }

func writeRecord(w io.Writer, r record) error {
	r.V = schemaVersion
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// printf writes a line of data to standard output.
func (a *app) printf(format string, args ...any) error {
	if _, err := fmt.Fprintf(a.stdout, format, args...); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// notef tells a person something on standard error, unless they asked for
// quiet or for JSON, or this is one command of many. It is best effort: a closed standard error is no reason to
// stop moving data.
func (a *app) notef(format string, args ...any) {
	if a.flags.quiet || a.flags.json || a.line > 0 {
		return
	}
	fmt.Fprintf(a.stderr, format, args...)
}

// reportError tells why the command, or one object of it, failed.
func (a *app) reportError(err error, code int) { a.reportErrorTo(a.stderr, err, code) }

func (a *app) reportErrorTo(w io.Writer, err error, code int) {
	a.reportErrorAt(w, transfer.Item{}, err, code)
}

// reportErrorAt is reportErrorTo for what happened to one object.
func (a *app) reportErrorAt(w io.Writer, at transfer.Item, err error, code int) {
	if a.flags.json {
		r := record{Type: "error", Source: at.From, Target: at.To, Message: err.Error(), Hint: a.hint(err), Exit: code, Line: a.line}
		if e, ok := errors.AsType[*icos.Error](err); ok {
			r.Code, r.RequestID = e.Code, e.RequestID
		}
		// Standard error may be closed; there is nobody left to tell.
		_ = writeRecord(w, r)
		return
	}
	if a.line > 0 {
		fmt.Fprintf(w, "icos: line %d: %s\n", a.line, printableText(explain(err)))
		return
	}
	switch {
	case code == exitInterrupted, code == exitTerminated:
		fmt.Fprintf(w, "icos: %s\n", stopWord(err))
		if h := a.hint(err); h != "" {
			fmt.Fprintf(w, "icos: hint: %s\n", h)
		}
	case code == exitUsage:
		fmt.Fprintf(w, "icos: %s\n", printableText(strings.TrimSpace(err.Error())))
		if a.command == nil || !a.command.HasParent() || a.command.Name() == "help" {
			fmt.Fprintln(w, "icos: run icos --help")
			return
		}
		if !a.started {
			fmt.Fprintf(w, "icos: usage: %s\n", a.command.UseLine())
		}
		fmt.Fprintf(w, "icos: run %s --help\n", a.command.CommandPath())
	default:
		text := explain(err)
		if at.From != "" { // quoted alone, where need be, rather than with all that is said of it
			text = strings.ReplaceAll(text, at.From, printable(at.From))
		}
		fmt.Fprintf(w, "icos: %s\n", printableText(text))
		if h := a.hint(err); h != "" && h != a.hinted {
			a.hinted = h // of a thousand objects that fail alike one hint is enough
			fmt.Fprintf(w, "icos: hint: %s\n", h)
		}
	}
}

// explain is err for people: what the service answered comes without the steps that led there, and a list of places that were
// searched has a line for each.
func explain(err error) string {
	switch {
	case errors.Is(err, transfer.ErrCanceled):
		return "canceled from another terminal; what had arrived is removed"
	case errors.Is(err, icos.ErrNoEndpoint):
		return icos.ErrNoEndpoint.Error() // what else it says is for programs; the hint tells people
	}
	none, ok := errors.AsType[*auth.NotFoundError](err)
	if !ok {
		if e, ok := errors.AsType[*icos.Error](err); ok {
			return brief(err.Error(), e)
		}
		return strings.TrimPrefix(err.Error(), "icos: ") // which stands before it anyway
	}
	var b strings.Builder
	b.WriteString("no credentials found; looked at")
	for _, s := range none.Looked {
		fmt.Fprintf(&b, "\n    %s: %s", s.Source, s.Why)
	}
	return b.String()
}

// brief leaves out of text, which holds all of e, what stands between the command's own words and those of the service: steps of the
// library, which say once more what was tried on what.
func brief(text string, e *icos.Error) string {
	before, after, ok := strings.Cut(text, e.Error())
	if !ok || e.Bucket == "" {
		return text
	}
	at, wire := "cos://"+e.Bucket, e.Op+" "+e.Bucket
	if e.Key != "" {
		at, wire = at+"/"+e.Key, wire+"/"+e.Key
	}
	answer, ok := strings.CutPrefix(e.Error(), "s3: "+wire+": ")
	if !ok {
		return text
	}
	words, steps, named := strings.Cut(before, at)
	if !named { // "list my-bucket: "
		words = strings.TrimSuffix(strings.TrimSuffix(words, ": "), e.Bucket)
		return strings.TrimSpace(strings.TrimSpace(words)+" "+at) + ": " + answer + after
	}
	more, _, _ := strings.Cut(steps, ": ") // such as what is to be done with it
	return words + at + more + ": " + answer + after
}

// printable makes a key or a name safe to show on one line: it may hold control
// characters that move a terminal's cursor or change its colours. Such a string
// is quoted; every other one is itself.
func printable(s string) string {
	if isPlain(s) {
		return s
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}

// isPlain reports whether s is printable ASCII, as nearly all keys are.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// printableText is printable for text of several lines.
func printableText(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = printable(strings.ReplaceAll(l, "\t", "    "))
	}
	return strings.Join(lines, "\n")
}

func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// isTerminal reports whether w is a terminal that can redraw a line.
func (a *app) isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && a.getenv("TERM") != "dumb" && redraws(f)
}
