package ats

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/icos-go/icos/rapid"
)

// What IBM's service says in every spec.
const (
	remoteUser = "xfer"
	port       = 33001 // of SSH over TCP, and of data over UDP
	cipher     = "aes-128"
)

const (
	// topRateKbps is the rate that a spec names if the request does not, and the most it may name: more than anything here
	// reaches, so that the path decides.
	topRateKbps = 10_000_000

	defaultTokenLife = 86_400 // seconds, as of the Node API
	maxTokenLife     = 7 * 86_400
	maxMultiSession  = 128 // ascp's own bound
	maxCookie        = 4 << 10
)

// transferSpec tells a client how to move what it asked for. The names are those of Aspera's transfer specification.
type transferSpec struct {
	Direction             direction       `json:"direction"`
	RemoteHost            string          `json:"remote_host"`
	RemoteUser            string          `json:"remote_user"`
	SSHPort               int             `json:"ssh_port"`
	FASPPort              int             `json:"fasp_port"`
	SSHFingerprint        string          `json:"sshfp"`
	Token                 string          `json:"token"`
	Cookie                string          `json:"cookie"`
	Cipher                string          `json:"cipher"`
	CipherAllowed         string          `json:"cipher_allowed"`
	SourceRoot            string          `json:"source_root"`
	DestinationRoot       string          `json:"destination_root"`
	Paths                 []transferPath  `json:"paths"`
	CreateDir             bool            `json:"create_dir"`
	RatePolicy            string          `json:"rate_policy"`
	RatePolicyAllowed     string          `json:"rate_policy_allowed"`
	TargetRateKbps        int64           `json:"target_rate_kbps"`
	TargetRateCapKbps     int64           `json:"target_rate_cap_kbps"`
	MinRateKbps           int64           `json:"min_rate_kbps"`
	MinRateCapKbps        int64           `json:"min_rate_cap_kbps"`
	LockRatePolicy        bool            `json:"lock_rate_policy"`
	LockTargetRate        bool            `json:"lock_target_rate"`
	LockMinRate           bool            `json:"lock_min_rate"`
	MultiSession          int             `json:"multi_session,omitempty"`
	MultiSessionThreshold int64           `json:"multi_session_threshold,omitempty"`
	HTTPFallback          bool            `json:"http_fallback"`
	Tags                  json.RawMessage `json:"tags,omitempty"`

	// Rapid is ours: it opens a session of package rapid, whose streams end at the S3 API of this server.
	Rapid *rapid.Grant `json:"icos_rapid,omitempty"`
}

// spec sets up one transfer. An error of the request is an *apiError.
func (j *job) spec(ctx context.Context, t *transferRequest) (*transferSpec, error) {
	if err := j.check(ctx, t); err != nil {
		return nil, err
	}
	key, err := j.iam.Derive("aspera transfer specs")
	if err != nil {
		return nil, err
	}
	token, err := j.token(key[:], t)
	if err != nil {
		return nil, err
	}
	target := min(cmp.Or(t.TargetRateKbps, topRateKbps), topRateKbps)
	return &transferSpec{
		Direction:  j.direction,
		RemoteHost: hostname(j.r.Host), RemoteUser: remoteUser, SSHPort: port, FASPPort: port,
		SSHFingerprint: fingerprint(key[:]), Token: token, Cookie: cmp.Or(t.Cookie, newCookie()),
		Cipher: cipher, CipherAllowed: cipher,
		SourceRoot: t.SourceRoot, DestinationRoot: cmp.Or(t.DestinationRoot, "/"), Paths: t.Paths, CreateDir: true,
		RatePolicy: cmp.Or(t.RatePolicy, "fair"), RatePolicyAllowed: "fixed",
		TargetRateKbps: target, TargetRateCapKbps: topRateKbps,
		MinRateKbps: min(t.MinRateKbps, target), MinRateCapKbps: topRateKbps,
		MultiSession: t.MultiSession, MultiSessionThreshold: t.MultiSessionThreshold,
		Tags: t.Tags, Rapid: j.grant(),
	}, nil
}

// grant asks for a session. That there is none is no error: the client then moves its objects in another way.
func (j *job) grant() *rapid.Grant {
	granter := j.rapid.Load()
	if granter == nil || j.grants >= maxGrants {
		return nil
	}
	g, err := (*granter).Grant(rapid.GrantOptions{Tag: j.who.ID})
	if err != nil {
		j.log.Info("no grant for a rapid session", "error", err)
		return nil
	}
	j.grants++
	// A listener on all addresses does not know by which of them it is reached. The client does.
	for i, addr := range g.Addrs {
		if host, port, err := net.SplitHostPort(addr); err == nil && host == "" {
			g.Addrs[i] = net.JoinHostPort(hostname(j.r.Host), port)
		}
	}
	return g
}

// tokenClaims is what the token of a spec would let its holder do.
type tokenClaims struct {
	Bucket    string    `json:"bucket"`
	IAMID     string    `json:"iam_id"`
	Direction direction `json:"direction"`
	Root      string    `json:"root,omitempty"`
	Digest    string    `json:"paths"`   // of the paths, SHA-256 in base64url
	Expires   int64     `json:"expires"` // Unix seconds
}

// token returns a token for the transfer: claims in JSON and a code over them. The transfer servers it is meant for do not
// exist here; clients hand it on without looking into it.
func (j *job) token(key []byte, t *transferRequest) (string, error) {
	life := time.Duration(cmp.Or(t.TokenLifeSeconds, defaultTokenLife)) * time.Second
	paths, err := json.Marshal(t.Paths)
	if err != nil {
		return "", fmt.Errorf("make transfer token: %w", err)
	}
	sum := sha256.Sum256(paths)
	root := t.SourceRoot
	if j.direction == upload {
		root = t.DestinationRoot
	}
	claims, err := json.Marshal(tokenClaims{
		Bucket: j.bucket.Name, IAMID: j.who.ID, Direction: j.direction, Root: root,
		Digest: base64.RawURLEncoding.EncodeToString(sum[:]), Expires: j.now().Add(life).Unix(),
	})
	if err != nil {
		return "", fmt.Errorf("make transfer token: %w", err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(claims)
	return "ATI1_" + base64.RawURLEncoding.EncodeToString(mac.Sum(claims)), nil
}

// fingerprint stands for the SHA-1 of an SSH host key. There is no such key, so that a client which compares refuses whoever
// else might listen at the port.
func fingerprint(key []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("sshfp"))
	return hex.EncodeToString(mac.Sum(nil)[:20])
}

func newCookie() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // does not fail
	return "icos:" + hex.EncodeToString(b)
}

// hostname is the host of a request without its port, and without the brackets of an IPv6 address.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}
