package cli

import (
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/icos-go/icos/rapid/relay"
)

// tokenHolder keeps what a relay is told.
type tokenHolder struct{ tokens []relay.Token }

func (h *tokenHolder) SetTokens(tokens []relay.Token) { h.tokens = tokens }

// Removing the last token from the file revokes it; a file that cannot be read
// revokes nothing.
func TestReloadTokens(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	r := &relayCommand{tokenFile: file}
	h := new(tokenHolder)
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		r.reloadTokens(h, slog.New(slog.DiscardHandler))
	}
	one := "a " + relay.NewSecret() + "\n"
	for _, c := range []struct {
		what, text string
		mode       os.FileMode
		want       int
	}{
		{"two", one + "b " + relay.NewSecret() + "\n", 0o600, 2},
		{"one", one, 0o600, 1},
		{"nonsense", "what is this\n", 0o600, 1},
		{"none", "# nobody\n", 0o600, 0},
		{"one again", one, 0o600, 1},
		{"an empty file", "", 0o600, 0},
		{"a token that others can read", one, 0o644, 0},
	} {
		if c.mode != 0o600 && runtime.GOOS == "windows" {
			continue
		}
		write(c.text, c.mode)
		if len(h.tokens) != c.want {
			t.Errorf("%s: %d tokens, want %d", c.what, len(h.tokens), c.want)
		}
	}
}
