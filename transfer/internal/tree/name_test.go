package tree_test

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/icos-go/icos/transfer/internal/tree"
)

func TestLocalName(t *testing.T) {
	long := strings.Repeat("x", 255)
	for _, c := range []struct {
		key           string
		unix, windows bool
	}{
		{"a", true, true},
		{"a/b/c.txt", true, true},
		{"a/", true, true},
		{"a b/ c", true, true},
		{"日本/語", true, true},
		{".hidden/..x/...", true, false},
		{long + "/" + long, true, true},
		{long + "x", false, false},
		{strings.Repeat("é", 128), false, true}, // 256 bytes, 128 units
		{strings.Repeat("😀", 64), false, true},
		{strings.Repeat("😀", 128), false, false},
		{"", false, false},
		{"/", false, false},
		{"/a", false, false},
		{"a//b", false, false},
		{"a//", false, false},
		{".", false, false},
		{"..", false, false},
		{"a/./b", false, false},
		{"a/../b", false, false},
		{"../a", false, false},
		{"a/..", false, false},
		{"a/../", false, false},
		{"a\x00", false, false},
		{"a\xff", false, false},
		{`a\b`, true, false},
		{`..\..\a`, true, false},
		{"c:", true, false},
		{"c:/a", true, false},
		{`c:\a`, true, false},
		{`\\server\share\a`, true, false},
		{"a:stream", true, false},
		{"a\nb", true, false},
		{"a?", true, false},
		{"a*", true, false},
		{`a"`, true, false},
		{"a<b>|", true, false},
		{"a.", true, false},
		{"a./b", true, false},
		{"a ", true, false},
		{"NUL", true, false},
		{"nul.txt", true, false},
		{"d/con", true, false},
		{"AUX/f", true, false},
		{"com1", true, false},
		{"COM¹.x", true, false},
		{"lpt9.tar.gz", true, false},
		{"nul .txt", true, false},
		{"CONIN$", true, false},
		{"com", true, true},
		{"com10", true, true},
		{"console", true, true},
		{"null", true, true},
		{"d/.f.0123456789abcdef.icos-partial", false, false},
		{".f.0123456789abcdef.icos-partial/x", true, true},
		{".f.0123456789ABCDEF.icos-partial", true, true},
	} {
		for windows, want := range map[bool]bool{false: c.unix, true: c.windows} {
			name, err := tree.LocalNameOn(c.key, windows)
			if (err == nil) != want {
				t.Errorf("key %.60q, on Windows %v: %v, want allowed: %v", c.key, windows, err, want)
			}
			if err == nil && filepath.ToSlash(name) != strings.TrimSuffix(c.key, "/") {
				t.Errorf("key %q becomes %q", c.key, name)
			}
		}
	}
}

func FuzzLocalName(f *testing.F) {
	for _, key := range []string{"a", "a/b", "../a", "a//b", "nul", "a/\x00", "c:\\x"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		for _, windows := range []bool{false, true} {
			name, err := tree.LocalNameOn(key, windows)
			if err != nil {
				if len(err.Error()) > 2000 { // quoting makes four bytes of one
					t.Errorf("an error of %d bytes", len(err.Error()))
				}
				continue
			}
			if !filepath.IsLocal(name) || strings.Contains(name, "..") && filepath.Clean(name) != name {
				t.Errorf("key %q becomes %q", key, name)
			}
			if p := tree.PartialName(key, "tag"); len(p) > 143 || !utf8.ValidString(p) || strings.ContainsRune(p, '/') && !strings.HasSuffix(key, "/") {
				t.Errorf("key %q has the partial %q", key, p)
			}
		}
	})
}
