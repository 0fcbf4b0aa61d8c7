package cli

import "unicode/utf8"

// key is one key: the character that it types, or one of the constants below.
type key rune

// Keys that type nothing, outside of Unicode.
const (
	keyUp key = utf8.MaxRune + 1 + iota
	keyDown
	keyHome
	keyEnd
	keyEscape
	keyEnter
	keyBackspace
	keyInterrupt
	keyUnknown
)

// parseKeys reads what a terminal in raw mode sent in one piece. Terminals send a
// key that types nothing as ESC and more (ECMA-48, CSI and SS3); the Escape key
// itself comes alone.
func parseKeys(b []byte) []key {
	var keys []key
	for len(b) > 0 {
		k, n := parseKey(b)
		keys = append(keys, k)
		b = b[n:]
	}
	return keys
}

func parseKey(b []byte) (k key, n int) {
	switch b[0] {
	case 0x03, 0x04: // ^C, ^D
		return keyInterrupt, 1
	case '\r', '\n':
		return keyEnter, 1
	case 0x08, 0x7f:
		return keyBackspace, 1
	case 0x1b:
		return parseEscape(b)
	}
	r, n := utf8.DecodeRune(b)
	if r < ' ' || r == utf8.RuneError {
		return keyUnknown, n
	}
	return key(r), n
}

func parseEscape(b []byte) (k key, n int) {
	if len(b) < 3 || b[1] != '[' && b[1] != 'O' {
		return keyEscape, 1
	}
	n = 2
	for n < len(b)-1 && b[n] < 0x40 { // parameters, up to the final byte
		n++
	}
	switch b[n] {
	case 'A':
		k = keyUp
	case 'B':
		k = keyDown
	case 'H':
		k = keyHome
	case 'F':
		k = keyEnd
	default:
		k = keyUnknown
	}
	return k, n + 1
}
