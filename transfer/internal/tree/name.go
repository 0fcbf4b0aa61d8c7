package tree

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// LocalName returns the path, relative to a root, at which the object of this
// key is kept on this system, or an error that says why it cannot be kept at
// all. A key ending in a slash is a directory. No two keys have the same name,
// except for a directory and a file of the same name, and on file systems that
// fold case; Root notices both.
func LocalName(key string) (string, error) {
	return localName(key, runtime.GOOS == "windows")
}

// maxComponent is how long one element of a path may be: bytes, or on Windows
// units of UTF-16.
const maxComponent = 255

// localName is LocalName with the rules of Windows or those of all others.
func localName(key string, windows bool) (string, error) {
	refuse := func(why string) (string, error) {
		return "", fmt.Errorf("key %q cannot be a file: %s", shorten(key), why)
	}
	name := strings.TrimSuffix(key, "/")
	switch {
	case key == "":
		return refuse("it is empty")
	case strings.HasPrefix(key, "/"):
		return refuse("it begins with a slash")
	case strings.Contains(key, "//"):
		return refuse("it has an empty element")
	case !utf8.ValidString(key):
		return refuse("it is not valid UTF-8")
	}
	for elem := range strings.SplitSeq(name, "/") {
		if why := refuseElement(elem, windows); why != "" {
			return refuse(why)
		}
	}
	if isPartialName(name[strings.LastIndexByte(name, '/')+1:]) {
		return refuse("its name is one that files on their way have")
	}
	name = filepath.FromSlash(name)
	if !filepath.IsLocal(name) {
		return refuse("it is no path below a directory on this system")
	}
	return name, nil
}

// refuseElement says why elem cannot be the name of a file, or "".
func refuseElement(elem string, windows bool) string {
	switch {
	case elem == "." || elem == "..":
		return fmt.Sprintf("it has a %q element", elem)
	case strings.IndexByte(elem, 0) >= 0:
		return "it has a NUL"
	case windows:
		return refuseOnWindows(elem)
	case len(elem) > maxComponent:
		return fmt.Sprintf("the element %q has %d bytes, the most is %d", shorten(elem), len(elem), maxComponent)
	}
	return ""
}

// refuseOnWindows knows the names that Windows forbids, or takes for something
// else: devices, drives, alternate streams, and names whose end it drops.
func refuseOnWindows(elem string) string {
	if i := strings.IndexFunc(elem, func(r rune) bool { return r < ' ' || strings.ContainsRune(`<>:"\|?*`, r) }); i >= 0 {
		return fmt.Sprintf("the character %q in %q is not allowed on Windows", elem[i], shorten(elem))
	}
	if strings.HasSuffix(elem, ".") || strings.HasSuffix(elem, " ") {
		return fmt.Sprintf("%q ends in a dot or a space, which Windows drops", shorten(elem))
	}
	if n := len(utf16.Encode([]rune(elem))); n > maxComponent {
		return fmt.Sprintf("the element %q has %d units of UTF-16, the most is %d", shorten(elem), n, maxComponent)
	}
	if isDevice(elem) {
		return fmt.Sprintf("%q is a device on Windows", elem)
	}
	return ""
}

// isDevice reports whether Windows takes elem for a device, which it does
// whatever extension follows and whatever the case of its letters.
func isDevice(elem string) bool {
	base, _, _ := strings.Cut(elem, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	port, ok := strings.CutPrefix(base, "COM")
	if !ok {
		port, ok = strings.CutPrefix(base, "LPT")
	}
	if !ok {
		return false
	}
	switch port {
	case "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³":
		return true
	}
	return false
}

// shorten cuts a long name for an error message.
func shorten(s string) string {
	if len(s) <= 120 {
		return s
	}
	return s[:runeCut(s, 100)] + "…"
}

// runeCut returns n, or a little less where a character would be cut in two.
func runeCut(s string, n int) int {
	if len(s) <= n {
		return len(s)
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return n
}

// A partial file is named ".BASE.HASH.icos-partial": BASE, cut short, is for
// people, and HASH, of the whole key and its tag, keeps them apart.
const (
	partialSuffix = ".icos-partial"
	partialHash   = 16 // hexadecimal digits
	partialBase   = 96 // bytes of the base name kept, so that the whole fits where names have at most 143 bytes
)

// partialName names the partial file of a key, without its directory.
func partialName(key, tag string) string {
	var hash string
	if tag == "" {
		hash = fmt.Sprintf("%0*x", partialHash, rand.Uint64())
	} else {
		// The length of the key keeps ("a", "bc") and ("ab", "c") apart.
		sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s%s", len(key), key, tag))
		hash = hex.EncodeToString(sum[:partialHash/2])
	}
	base := key[strings.LastIndexByte(key, '/')+1:]
	return "." + base[:runeCut(base, partialBase)] + "." + hash + partialSuffix
}

// isPartialName reports whether name is one that partialName makes, or that of a
// file beside such a one, whose name goes on with a dot.
func isPartialName(name string) bool {
	i := strings.LastIndex(name, partialSuffix)
	if i < 0 {
		return false
	}
	rest, side := name[:i], name[i+len(partialSuffix):]
	if side != "" && side[0] != '.' || len(rest) < partialHash+2 || rest[0] != '.' {
		return false
	}
	hash := rest[len(rest)-partialHash:]
	return rest[len(rest)-partialHash-1] == '.' && strings.Trim(hash, "0123456789abcdef") == ""
}
