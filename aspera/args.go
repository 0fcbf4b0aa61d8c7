package aspera

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/icos-go/icos/aspera/internal/ascp"
)

// An invocation is what the arguments of one ascp process follow from, beside the
// spec.
type invocation struct {
	list        string // path of the list of sources and destinations
	key         string // path of a private key; "" if there is none
	logDir      string // "" leaves it to ascp
	host        string // "" means that of the spec
	session, of int    // which of how many, from 1
	resume      int    // least resume policy, 0 to 3
	rates       ascp.Rates
	xferID      string // the same for all processes and attempts of a transfer
	splitFrom   int64  // size from which on files are split over sessions; 0: they are not
}

// resumePolicies are the values of -k.
var resumePolicies = []string{"none", "attrs", "sparse_csum", "full_csum"}

// ciphers are what -c takes, by what specs have.
var ciphers = map[string]string{
	"none": "none", "aes-128": "aes128", "aes-192": "aes192", "aes-256": "aes256",
	"aes-128-cfb": "aes128cfb", "aes-192-cfb": "aes192cfb", "aes-256-cfb": "aes256cfb",
	"aes-128-gcm": "aes128gcm", "aes-192-gcm": "aes192gcm", "aes-256-gcm": "aes256gcm",
	"aes128": "aes128", "aes192": "aes192", "aes256": "aes256",
}

// arguments returns the arguments of a process, without those of the management
// port. What a service says is checked first: it must not become another option.
func (s *Spec) arguments(v *invocation) ([]string, error) {
	if err := s.checkWords(); err != nil {
		return nil, err
	}
	a := argList{"-q"}
	if v.key != "" && s.Token != "" && s.RemotePassword == "" {
		a.add("-i", v.key)
	}
	if s.Cipher != "" {
		a.add("-c", ciphers[strings.ToLower(s.Cipher)])
	}
	if s.CreateDir || s.Direction == Send {
		a.add("-d")
	}
	mode := "send"
	if s.Direction == Receive {
		mode = "recv"
	}
	a.add("--mode", mode)
	if s.WSS {
		a.add("--ws-connect")
		a.number("-P", int64(s.WSSPort))
	} else {
		a.number("-O", int64(s.FaspPort))
		a.number("-P", int64(s.SSHPort))
		if s.SSHFingerprint != "" {
			a.add("--check-sshfp=" + s.SSHFingerprint)
		}
	}
	switch s.HTTPFallback {
	case "":
		a.add("-y", "0")
	case "force":
		a.add("-y", "F")
	default:
		a.add("-y", "1")
	}
	if port := s.HTTPSFallbackPort; s.HTTPFallback != "" && port > 0 {
		a.number("-t", int64(port))
	} else if s.HTTPFallback != "" {
		a.number("-t", int64(s.HTTPFallbackPort))
	}
	if v.rates.Policy != "" {
		a.add("--policy", v.rates.Policy)
	}
	host := s.RemoteHost
	if v.host != "" {
		host = v.host
	}
	a.add("--host", host)
	if s.RemoteUser != "" {
		a.add("--user", s.RemoteUser)
	}
	tags, err := s.tags64(v.xferID)
	if err != nil {
		return nil, err
	}
	a.add("--tags64", tags)
	a.number("-l", v.rates.Target)
	a.add("-m", strconv.FormatInt(v.rates.Min, 10))
	if v.of > 1 {
		a.add("-C", fmt.Sprintf("%d:%d", v.session, v.of))
		if v.splitFrom > 0 {
			a.add("--multi-session-threshold=" + strconv.FormatInt(v.splitFrom, 10))
		}
	}
	resume := max(v.resume, slices.Index(resumePolicies, s.ResumePolicy))
	if v.of > 1 && v.splitFrom > 0 {
		resume = 0 // of a file in pieces no attribute tells how much there is
	}
	a.add("-k", strconv.Itoa(resume))
	if s.Overwrite != "" {
		a.add("--overwrite=" + s.Overwrite)
	}
	a.number("-Z", int64(s.DatagramSize))
	if s.FileChecksum != "" {
		a.add("--file-checksum=" + s.FileChecksum)
	}
	if v.logDir != "" {
		a.add("-L", v.logDir)
	}
	if s.SourceRoot != "" {
		a.add("--source-prefix64", base64.StdEncoding.EncodeToString([]byte(s.SourceRoot)))
	}
	if s.SrcBase != "" {
		a.add("--src-base64", base64.StdEncoding.EncodeToString([]byte(s.SrcBase)))
	}
	if v.list == "" {
		a.add("--keepalive")
	} else {
		a.add("--file-pair-list=" + v.list)
	}
	a.add("--dest64")
	a.add(base64.StdEncoding.EncodeToString([]byte(s.DestinationRoot)))
	return a, nil
}

// environment returns what a process is told in a way that others do not see.
func (s *Spec) environment() []string {
	env := ascp.Environ()
	for _, v := range []struct {
		name  string
		value Secret
	}{
		{"ASPERA_SCP_TOKEN", s.Token},
		{"ASPERA_SCP_COOKIE", s.Cookie},
		{"ASPERA_SCP_PASS", s.RemotePassword},
	} {
		if v.value != "" {
			env = append(env, v.name+"="+string(v.value))
		}
	}
	return env
}

// xferRetry is for how long a server is to wait for a transfer to be continued, in
// seconds.
const xferRetry = 3600

// tags64 returns the tags, with a name for the transfer, in base64.
func (s *Spec) tags64(xferID string) (string, error) {
	tags := map[string]any{}
	for k, v := range s.Tags {
		tags[k] = v
	}
	own := map[string]any{}
	if given, ok := tags["aspera"].(map[string]any); ok {
		for k, v := range given {
			own[k] = v
		}
	}
	own["xfer_id"], own["xfer_retry"] = xferID, xferRetry
	tags["aspera"] = own
	b, err := json.Marshal(tags)
	if err != nil {
		return "", fmt.Errorf("encode tags: %w", err)
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

// argList is arguments.
type argList []string

func (a *argList) add(args ...string) { *a = append(*a, args...) }

// number adds an option with a number, unless that is zero.
func (a *argList) number(option string, n int64) {
	if n != 0 {
		a.add(option, strconv.FormatInt(n, 10))
	}
}

// checkWords returns an error if a word of the spec is none that ascp knows, or could
// be taken for an option.
func (s *Spec) checkWords() error {
	bad := func(member, value string) error {
		return fmt.Errorf("read transfer spec: %s %q makes no sense", member, value)
	}
	switch {
	case !isWord(s.RemoteHost, ".-:_%"):
		return bad("remote_host", s.RemoteHost)
	case s.RemoteUser != "" && !isWord(s.RemoteUser, ".-_@+"):
		return bad("remote_user", s.RemoteUser)
	case s.Cipher != "" && ciphers[strings.ToLower(s.Cipher)] == "":
		return bad("cipher", s.Cipher)
	case s.RatePolicy != "" && !slices.Contains([]string{"fixed", "high", "fair", "low"}, s.RatePolicy):
		return bad("rate_policy", s.RatePolicy)
	case s.ResumePolicy != "" && !slices.Contains(resumePolicies, s.ResumePolicy):
		return bad("resume_policy", s.ResumePolicy)
	case s.Overwrite != "" && !slices.Contains([]string{"never", "always", "diff", "older", "diff+older"}, s.Overwrite):
		return bad("overwrite", s.Overwrite)
	case s.FileChecksum != "" && !isWord(s.FileChecksum, "-"):
		return bad("file_checksum", s.FileChecksum)
	}
	if _, err := hex.DecodeString(strings.ReplaceAll(s.SSHFingerprint, ":", "")); err != nil {
		return bad("sshfp", s.SSHFingerprint)
	}
	for _, port := range []int{s.SSHPort, s.FaspPort, s.WSSPort, s.HTTPFallbackPort, s.HTTPSFallbackPort} {
		if port < 0 || port > 65535 {
			return bad("port", strconv.Itoa(port))
		}
	}
	for _, v := range []int64{s.TargetRate, s.MinRate, s.MultiSessionThreshold, int64(s.MultiSession), int64(s.DatagramSize)} {
		if v < 0 {
			return bad("number", strconv.FormatInt(v, 10))
		}
	}
	for _, secret := range []Secret{s.Token, s.Cookie, s.RemotePassword} {
		if strings.ContainsRune(string(secret), 0) {
			return bad("secret", redacted)
		}
	}
	return nil
}

// isWord reports whether s has letters, digits and the given other characters only,
// and begins with none of the latter.
func isWord(s, others string) bool {
	for i, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case i > 0 && strings.IndexByte(others, c) >= 0, i == 0 && c == ':':
		default:
			return false
		}
	}
	return s != ""
}
