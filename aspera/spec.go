package aspera

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/icos-go/icos/rapid"
)

// A Direction is that of a transfer, as a transfer spec has it.
type Direction string

const (
	Send    Direction = "send"    // to the bucket
	Receive Direction = "receive" // from the bucket
)

// String returns upload or download.
func (d Direction) String() string {
	if d == Send {
		return "upload"
	}
	return "download"
}

// A Path is what is moved where: a file of this machine and a key, in the order of
// the direction. The key of a directory is a prefix.
type Path struct {
	Source      string `json:"source,omitempty"`
	Destination string `json:"destination,omitempty"`
}

// A Spec is a transfer spec: what the transfer service of a bucket tells a client
// to do. Its secrets print as REDACTED, and are not in its JSON.
type Spec struct {
	Direction Direction `json:"direction"`

	RemoteHost     string `json:"remote_host"`
	RemoteUser     string `json:"remote_user"`
	RemotePassword Secret `json:"remote_password,omitempty"`
	SSHPort        int    `json:"ssh_port,omitempty"`  // TCP
	FaspPort       int    `json:"fasp_port,omitempty"` // UDP
	SSHFingerprint string `json:"sshfp,omitempty"`     // of the server's key, in hexadecimal
	WSS            bool   `json:"wss_enabled,omitempty"`
	WSSPort        int    `json:"wss_port,omitempty"`

	Token  Secret `json:"token,omitempty"`
	Cookie Secret `json:"cookie,omitempty"`
	Tags   Tags   `json:"tags,omitempty"`

	Cipher          string `json:"cipher,omitempty"` // none, or aes-128, aes-192, aes-256, with -cfb or -gcm
	SourceRoot      string `json:"source_root,omitempty"`
	DestinationRoot string `json:"destination_root,omitempty"`
	SrcBase         string `json:"src_base,omitempty"`
	Paths           []Path `json:"paths,omitempty"`
	CreateDir       bool   `json:"create_dir,omitempty"`

	// Rates in kilobits per second.
	TargetRate        int64  `json:"target_rate_kbps,omitempty"`
	TargetRateCap     int64  `json:"target_rate_cap_kbps,omitempty"`
	MinRate           int64  `json:"min_rate_kbps,omitempty"`
	MinRateCap        int64  `json:"min_rate_cap_kbps,omitempty"`
	RatePolicy        string `json:"rate_policy,omitempty"`
	RatePolicyAllowed string `json:"rate_policy_allowed,omitempty"`
	LockTargetRate    bool   `json:"lock_target_rate,omitempty"`
	LockMinRate       bool   `json:"lock_min_rate,omitempty"`
	LockRatePolicy    bool   `json:"lock_rate_policy,omitempty"`

	MultiSession          int   `json:"multi_session,omitempty"`
	MultiSessionThreshold int64 `json:"multi_session_threshold,omitempty"` // bytes

	ResumePolicy      string `json:"resume_policy,omitempty"` // none, attrs, sparse_csum, full_csum
	Overwrite         string `json:"overwrite,omitempty"`     // never, always, diff, older, diff+older
	DatagramSize      int    `json:"dgram_size,omitempty"`    // bytes
	FileChecksum      string `json:"file_checksum,omitempty"`
	HTTPFallback      Switch `json:"http_fallback,omitempty"`
	HTTPFallbackPort  int    `json:"http_fallback_port,omitempty"`
	HTTPSFallbackPort int    `json:"https_fallback_port,omitempty"`

	// Grant opens a rapid session to the server, which is then an icos server and
	// not IBM's. Nil if there is none.
	Grant *rapid.Grant `json:"icos_rapid,omitempty"`
}

// MarshalJSON leaves out the grant, which holds a key.
func (s Spec) MarshalJSON() ([]byte, error) {
	type plain Spec
	s.Grant = nil
	return json.Marshal(plain(s))
}

// Format prints what is no secret, whatever the verb.
func (s Spec) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "%s spec of %s", s.Direction, s.RemoteHost)
	if s.Grant != nil {
		io.WriteString(f, " with a grant")
	}
}

// LogValue implements slog.LogValuer.
func (s Spec) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }

// Tags are the members of a spec that are passed on as they are. They hold a token
// of the caller, so they print as REDACTED.
type Tags map[string]any

// Format implements fmt.Formatter.
func (Tags) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// LogValue implements slog.LogValuer.
func (Tags) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, so that JSON is redacted too.
func (Tags) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// A Switch is a member of a spec that is off, on or forced: false, true or "force".
type Switch string

// UnmarshalJSON reads a boolean or a word.
func (s *Switch) UnmarshalJSON(data []byte) error {
	var on bool
	if json.Unmarshal(data, &on) == nil {
		*s = ""
		if on {
			*s = "true"
		}
		return nil
	}
	var word string
	if err := json.Unmarshal(data, &word); err != nil {
		return fmt.Errorf("neither a boolean nor a word: %.40q", data)
	}
	*s = Switch(strings.ToLower(word))
	return nil
}

// merge puts what the configuration says over what the service says.
func (s *Spec) merge(c *Config) {
	kbps := func(to *int64, rate int64) {
		if rate > 0 {
			*to = max(1, (rate+500)/1000)
		}
	}
	kbps(&s.TargetRate, c.TargetRate)
	kbps(&s.TargetRateCap, c.TargetRateCap)
	kbps(&s.MinRate, c.MinRate)
	kbps(&s.MinRateCap, c.MinRateCap)
	if c.RatePolicy != "" {
		s.RatePolicy = string(c.RatePolicy)
	}
	s.LockTargetRate = s.LockTargetRate || c.LockTargetRate
	s.LockMinRate = s.LockMinRate || c.LockMinRate
	s.LockRatePolicy = s.LockRatePolicy || c.LockRatePolicy
	s.DestinationRoot = "/" // that of the configuration is in the paths
	switch {
	case c.MultiSession == All:
		s.MultiSession, s.RemoteHost = 0, allHost(s.RemoteHost)
	case c.MultiSession > 0:
		s.MultiSession = c.MultiSession
	}
	if c.MultiSessionThreshold > 0 {
		s.MultiSessionThreshold = c.MultiSessionThreshold
	}
	if s.TargetRateCap > 0 && s.TargetRate > s.TargetRateCap {
		s.TargetRate = s.TargetRateCap
	}
	if s.MinRateCap > 0 && s.MinRate > s.MinRateCap {
		s.MinRate = s.MinRateCap
	}
}

// allHost is the name that has the addresses of all nodes of a service: its first
// label gets the suffix "-all".
func allHost(host string) string {
	label, rest, dotted := strings.Cut(host, ".")
	if !dotted || strings.HasSuffix(label, "-all") || strings.Contains(host, ":") {
		return host
	}
	return label + "-all." + rest
}
