package filter

import (
	"errors"
	"strings"
)

// A rule is one line.
type rule struct {
	text    string // as it was written
	include bool   // takes back what an earlier rule excluded
	dirOnly bool
	name    bool // matched against the last element of a path, and not the whole
	pattern pattern
}

func (r *rule) match(path, base string, dir bool) bool {
	if r.dirOnly && !dir {
		return false
	}
	if r.name {
		path = base
	}
	return r.pattern.match(path)
}

// A pattern is matched byte by byte, by keeping track of all places in it that
// the bytes so far may have led to. The time is bounded by the product of both
// lengths, where a matcher that tries one way after the other may take for ever.
type pattern struct {
	prefix string  // literal bytes at the beginning
	suffix string  // literal bytes at the end, part of tokens too
	tokens []token // what follows the prefix; nil if nothing does
}

// token matches one byte, or any number of them.
type token struct {
	kind  tokenKind
	lit   byte
	class *class
}

type tokenKind uint8

const (
	literal  tokenKind = iota // the byte lit
	anyByte                   // any byte but a slash
	oneOf                     // a byte of the class
	star                      // any number of bytes but slashes
	anything                  // any number of bytes
	skip                      // nothing, or all up to and including the next two tokens: "**/" may stand for no directory
)

// class is a set of bytes.
type class [4]uint64

func (c *class) add(b byte)      { c[b>>6] |= 1 << (b & 63) }
func (c *class) has(b byte) bool { return c[b>>6]&(1<<(b&63)) != 0 }

var (
	errBackslash = errors.New("ends in a backslash that protects nothing")
	errBracket   = errors.New(`has a "[" that is not closed`)
	errClass     = errors.New(`has an unknown [:class:]`)
	errSlashes   = errors.New("has an empty element, which no path has")
)

// compile reads a pattern. Path says that it is matched against whole paths, in
// which "*" stops at slashes and "**" does not.
func compile(text string, path bool) (pattern, error) {
	p := pattern{prefix: text}
	if n := strings.IndexAny(text, `*?[\`); n >= 0 {
		p.prefix = text[:n]
		c := compiler{text: text[n:], path: path}
		for c.text != "" {
			if err := c.token(); err != nil {
				return pattern{}, err
			}
		}
		p.tokens = c.tokens
	}
	if p.emptyElement() {
		return pattern{}, errSlashes
	}
	first := len(p.tokens)
	for first > 0 && p.tokens[first-1].kind == literal {
		first--
	}
	suffix := make([]byte, 0, len(p.tokens)-first)
	for _, t := range p.tokens[first:] {
		suffix = append(suffix, t.lit)
	}
	if first == 0 || p.tokens[first-1].kind != anything { // the slash of "**/x" need not be there
		p.suffix = string(suffix)
	} else {
		p.suffix = strings.TrimPrefix(string(suffix), "/")
	}
	return p, nil
}

// emptyElement reports whether p can match only paths with an empty element.
func (p *pattern) emptyElement() bool {
	before := true // a slash, or the beginning
	for i := range len(p.prefix) {
		slash := p.prefix[i] == '/'
		if slash && before {
			return true
		}
		before = slash
	}
	beforeSkip := false
	for i, t := range p.tokens {
		slash := t.kind == literal && t.lit == '/'
		switch {
		case t.kind == skip:
			beforeSkip = before
		case i >= 2 && p.tokens[i-2].kind == skip: // this slash need not be there
			before = beforeSkip
			continue
		case slash && before:
			return true
		}
		before = slash
	}
	return before
}

// compiler turns the rest of a pattern into tokens.
type compiler struct {
	text   string
	path   bool
	tokens []token
}

func (c *compiler) emit(t token) { c.tokens = append(c.tokens, t) }

func (c *compiler) token() error {
	switch b := c.text[0]; b {
	case '*':
		c.stars()
	case '?':
		c.emit(token{kind: anyByte})
		c.text = c.text[1:]
	case '[':
		return c.bracket()
	case '\\':
		if len(c.text) == 1 {
			return errBackslash
		}
		c.emit(token{kind: literal, lit: c.text[1]})
		c.text = c.text[2:]
	default:
		c.emit(token{kind: literal, lit: b})
		c.text = c.text[1:]
	}
	return nil
}

// stars reads one or more stars. Two or more cross slashes if they are an
// element of a path by themselves. As in git, so are those that follow on the
// literal beginning of a pattern: "a**/b" matches "ax/y/b".
func (c *compiler) stars() {
	n := len(c.text)
	c.text = strings.TrimLeft(c.text, "*")
	n -= len(c.text)
	begins := len(c.tokens) == 0 || c.tokens[len(c.tokens)-1] == token{kind: literal, lit: '/'}
	ends := c.text == "" || c.text[0] == '/' || strings.HasPrefix(c.text, `\/`)
	switch {
	case n == 1 || c.path && !(begins && ends):
		c.emit(token{kind: star})
	case c.path && strings.HasPrefix(c.text, "/"):
		c.emit(token{kind: skip})
		c.emit(token{kind: anything})
		c.emit(token{kind: literal, lit: '/'})
		c.text = c.text[1:]
	default:
		c.emit(token{kind: anything})
	}
}

// bracket reads a "[…]".
func (c *compiler) bracket() error {
	set, rest, negated := &class{}, c.text[1:], false
	if rest != "" && (rest[0] == '!' || rest[0] == '^') {
		negated, rest = true, rest[1:]
	}
	prev := -1 // the byte that a range may begin with
	for first := true; ; first = false {
		if rest == "" {
			return errBracket
		}
		b := rest[0]
		switch {
		case b == ']' && !first:
			if negated {
				for i := range set {
					set[i] = ^set[i]
				}
			}
			c.emit(token{kind: oneOf, class: set})
			c.text = rest[1:]
			return nil
		case b == '[' && strings.HasPrefix(rest, "[:"):
			end := strings.IndexByte(rest[2:], ']')
			if end < 0 {
				return errBracket
			}
			if name, ok := strings.CutSuffix(rest[2:2+end], ":"); ok {
				if !set.addNamed(name) {
					return errClass
				}
				prev, rest = -1, rest[2+end+1:]
				continue
			}
		case b == '-' && prev >= 0 && len(rest) > 1 && rest[1] != ']':
			rest = rest[1:]
			if rest[0] == '\\' {
				rest = rest[1:]
			}
			if rest == "" {
				return errBracket
			}
			for i := prev; i <= int(rest[0]); i++ {
				set.add(byte(i))
			}
			prev, rest = -1, rest[1:]
			continue
		case b == '\\':
			if rest = rest[1:]; rest == "" {
				return errBracket
			}
			b = rest[0]
		}
		set.add(b)
		prev, rest = int(b), rest[1:]
	}
}

// addNamed adds the bytes of a [:class:], of which only ASCII is part.
func (c *class) addNamed(name string) bool {
	in, ok := named(name)
	if !ok {
		return false
	}
	for b := range byte(0x80) {
		if in(b) {
			c.add(b)
		}
	}
	return true
}

func named(name string) (func(byte) bool, bool) {
	lower := func(b byte) bool { return 'a' <= b && b <= 'z' }
	upper := func(b byte) bool { return 'A' <= b && b <= 'Z' }
	digit := func(b byte) bool { return '0' <= b && b <= '9' }
	alnum := func(b byte) bool { return lower(b) || upper(b) || digit(b) }
	graph := func(b byte) bool { return '!' <= b && b <= '~' }
	switch name {
	case "alnum":
		return alnum, true
	case "alpha":
		return func(b byte) bool { return lower(b) || upper(b) }, true
	case "blank":
		return func(b byte) bool { return b == ' ' || b == '\t' }, true
	case "cntrl":
		return func(b byte) bool { return b < ' ' || b == 0x7f }, true
	case "digit":
		return digit, true
	case "graph":
		return graph, true
	case "lower":
		return lower, true
	case "print":
		return func(b byte) bool { return b == ' ' || graph(b) }, true
	case "punct":
		return func(b byte) bool { return graph(b) && !alnum(b) }, true
	case "space":
		return func(b byte) bool { return b == ' ' || '\t' <= b && b <= '\r' }, true
	case "upper":
		return upper, true
	case "xdigit":
		return func(b byte) bool { return digit(b) || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F' }, true
	default:
		return nil, false
	}
}
