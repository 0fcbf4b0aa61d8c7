package relay

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Lengths of a relay token. One that NewSecret makes has 256 bits in 43 characters.
const (
	minSecret = 20
	maxSecret = 512
)

// maxTokens bounds the tokens of one relay: each call is compared with all of them.
const maxTokens = 1000

// A Token lets whoever has its secret use the relay. Several may be valid at a
// time, so that one can be replaced by another while both work. It holds a hash
// of the secret only, and prints as its name.
type Token struct {
	Name string // for logs, metrics and limits; not secret
	hash [sha256.Size]byte
}

// NewToken returns the token of that name and secret.
func NewToken(name, secret string) (Token, error) {
	if err := checkName(name); err != nil {
		return Token{}, err
	}
	if err := checkSecret(secret); err != nil {
		return Token{}, fmt.Errorf("token %s: %w", name, err)
	}
	return Token{Name: name, hash: sha256.Sum256([]byte(secret))}, nil
}

// NewSecret returns a random secret for a Token.
func NewSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// Format implements fmt.Formatter.
func (t Token) Format(f fmt.State, _ rune) { io.WriteString(f, "token "+t.Name) }

// LogValue implements slog.LogValuer.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.Name) }

// ParseTokens reads a file of tokens: a name and a secret on each line, with
// space between. Empty lines and lines that begin with # do not count. Errors
// give the number of the line and nothing of its contents.
func ParseTokens(r io.Reader) ([]Token, error) {
	var tokens []Token
	names := map[string]bool{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 2 {
			return nil, fmt.Errorf("line %d: want a name and a token, with a space between", n)
		}
		t, err := NewToken(fields[0], fields[1])
		switch {
		case err != nil:
			return nil, fmt.Errorf("line %d: %w", n, err)
		case names[t.Name]:
			return nil, fmt.Errorf("line %d: there is a token of this name already", n)
		case len(tokens) == maxTokens:
			return nil, fmt.Errorf("line %d: more than %d tokens", n, maxTokens)
		}
		names[t.Name] = true
		tokens = append(tokens, t)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	return tokens, nil
}

// matchToken returns the token whose secret is given. It looks at all of them,
// and compares hashes, so that the time it takes tells nothing of any secret.
func matchToken(tokens []Token, secret string) (Token, bool) {
	sum := sha256.Sum256([]byte(secret))
	found := -1
	for i := range tokens {
		if subtle.ConstantTimeCompare(tokens[i].hash[:], sum[:]) == 1 {
			found = i
		}
	}
	if found < 0 {
		return Token{}, false
	}
	return tokens[found], true
}

// errName does not quote the name: in a file whose columns are swapped it is
// the secret.
var errName = errors.New("the name of a token has 1 to 64 letters, digits, dots, hyphens and underscores")

func checkName(name string) error {
	if name == "" || len(name) > 64 {
		return errName
	}
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
			return errName
		}
	}
	return nil
}

func checkSecret(secret string) error {
	if len(secret) < minSecret || len(secret) > maxSecret {
		return fmt.Errorf("want %d to %d characters", minSecret, maxSecret)
	}
	for i := range len(secret) {
		if secret[i] <= ' ' || secret[i] >= 0x7f {
			return errors.New("it has characters that a header cannot carry")
		}
	}
	return nil
}
