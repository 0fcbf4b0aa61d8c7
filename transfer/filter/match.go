package filter

import "strings"

// match reports whether the whole of s matches.
func (p *pattern) match(s string) bool {
	if !strings.HasPrefix(s, p.prefix) || len(s)-len(p.prefix) < len(p.suffix) || !strings.HasSuffix(s, p.suffix) {
		return false
	}
	if p.tokens == nil {
		return len(s) == len(p.prefix)
	}
	return run(p.tokens, s[len(p.prefix):])
}

// run follows all ways through the tokens at once. A place i in them is set if
// the bytes so far lead to before the i-th.
func run(tokens []token, s string) bool {
	var memory [2][128]bool
	at, next := memory[0][:], memory[1][:]
	if len(tokens)+1 > len(at) {
		at, next = make([]bool, len(tokens)+1), make([]bool, len(tokens)+1)
	}
	at, next = at[:len(tokens)+1], next[:len(tokens)+1]
	at[0] = true
	for i := range len(s) {
		pass(tokens, at)
		b, alive := s[i], false
		clear(next)
		for j, t := range tokens {
			if !at[j] {
				continue
			}
			to := -1
			switch t.kind {
			case literal:
				if b == t.lit {
					to = j + 1
				}
			case anyByte:
				if b != '/' {
					to = j + 1
				}
			case oneOf:
				if b != '/' && t.class.has(b) {
					to = j + 1
				}
			case star:
				if b != '/' {
					to = j
				}
			case anything:
				to = j
			case skip:
			}
			if to >= 0 {
				next[to], alive = true, true
			}
		}
		if !alive {
			return false
		}
		at, next = next, at
	}
	pass(tokens, at)
	return at[len(tokens)]
}

// pass goes on over tokens that may match nothing. They lead forward only, so
// that one pass is enough.
func pass(tokens []token, at []bool) {
	for j, t := range tokens {
		if !at[j] {
			continue
		}
		switch t.kind {
		case star, anything:
			at[j+1] = true
		case skip:
			at[j+1], at[j+3] = true, true
		}
	}
}
