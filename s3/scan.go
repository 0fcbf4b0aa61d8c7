package s3

import (
	"bytes"
	"errors"
	"fmt"
)

// maxDepth is how deeply elements may be nested. The deepest that the service sends is five.
const maxDepth = 32

// scanner reads an XML document that is in memory: elements and text, without
// attributes and without any entity but the predefined ones. It is the small part of XML
// that S3 speaks, about ten times as fast as encoding/xml.
//
// Reading is by descent. The body of the loop reads the child, with text or one of its kind
// or with a loop of its own; what it leaves unread is skipped:
//
//	for d := s.depth; s.child(d); {
//		switch string(s.name()) {
//		case "Key":
//			key = s.str()
//		}
//	}
//
// The first error ends all loops, and is in err.
type scanner struct {
	doc   []byte
	pos   int
	open  [maxDepth][]byte // names, with their prefix, of the elements around pos
	depth int
	local []byte // name, less its prefix, of the element entered last
	empty bool   // the innermost element was <name/>: its end is implied
	err   error

	scratch []byte // the last text that had to be put together
	chunk   arena
}

var (
	errTruncated = errors.New("XML ends before its last element does")
	errSyntax    = errors.New("malformed XML")
	errDoctype   = errors.New("XML with a document type declaration")
	errDepth     = fmt.Errorf("XML nested more than %d deep", maxDepth)
)

func newScanner(doc []byte) *scanner { return &scanner{doc: doc} }

// root enters the root element, whose name, less a prefix, must be name.
func (s *scanner) root(name string) error {
	if !s.next() {
		return s.fail(errTruncated)
	}
	if got := string(s.name()); got != name {
		return s.fail(fmt.Errorf("the document is %.40q and not %s", got, name))
	}
	return nil
}

// fail ends the reading. It returns the first error.
func (s *scanner) fail(err error) error {
	if s.err == nil {
		s.err = err
	}
	return s.err
}

// child enters the next child of the element at depth d. When there is none
// left, or after an error, it returns false, and that element is left.
func (s *scanner) child(d int) bool {
	for s.depth > d && s.err == nil {
		s.next()
	}
	return s.err == nil && s.depth == d && s.next()
}

// name returns the name of the element that was entered last, less its prefix.
func (s *scanner) name() []byte {
	return s.local
}

// next goes to the next tag. It returns true if it entered an element, and false
// if it left one.
func (s *scanner) next() bool {
	if s.empty {
		s.empty = false
		s.depth--
		return false
	}
	for s.err == nil {
		i := bytes.IndexByte(s.doc[s.pos:], '<')
		if i < 0 || s.pos+i+1 >= len(s.doc) {
			s.fail(errTruncated)
			return false
		}
		s.pos += i + 1
		switch s.doc[s.pos] {
		case '/':
			s.leave()
			return false
		case '?':
			s.skipTo("?>")
		case '!':
			s.declaration()
		default:
			return s.enter()
		}
	}
	return false
}

// skipTo moves behind the next end.
func (s *scanner) skipTo(end string) {
	i := bytes.Index(s.doc[s.pos:], []byte(end))
	if i < 0 {
		s.fail(errTruncated)
		return
	}
	s.pos += i + len(end)
}

// declaration skips what begins with "<!", whose "!" is at pos.
func (s *scanner) declaration() {
	switch rest := s.doc[s.pos:]; {
	case bytes.HasPrefix(rest, []byte("!--")):
		s.pos += len("!--")
		s.skipTo("-->")
	case bytes.HasPrefix(rest, []byte(cdata)):
		s.skipTo("]]>")
	default:
		// Entities are declared here, and nothing else the service could mean.
		s.fail(errDoctype)
	}
}

const cdata = "![CDATA["

// enter reads a start tag, whose name begins at pos.
func (s *scanner) enter() bool {
	if s.depth == maxDepth {
		s.fail(errDepth)
		return false
	}
	rest := s.doc[s.pos:]
	i, local := 0, 0
	for ; i < len(rest); i++ {
		// Letters are above all that ends a name.
		if b := rest[i]; b > '>' {
			continue
		} else if b == ':' && local == 0 {
			local = i + 1
		} else if endsName(b) {
			break
		}
	}
	if i == 0 {
		s.fail(errSyntax)
		return false
	}
	if local == 1 || local == i {
		local = 0 // no prefix, just a strange name
	}
	s.open[s.depth] = rest[:i]
	s.local = rest[local:i]
	s.depth++
	if i < len(rest) && rest[i] == '>' {
		s.pos += i + 1
		return true
	}
	// Attributes. A quoted value may hold a ">".
	var quote byte
	for ; i < len(rest); i++ {
		switch b := rest[i]; {
		case quote != 0:
			if b == quote {
				quote = 0
			}
		case b == '"' || b == '\'':
			quote = b
		case b == '<':
			s.fail(errSyntax)
			return false
		case b == '>':
			s.empty = rest[i-1] == '/'
			s.pos += i + 1
			return true
		}
	}
	s.fail(errTruncated)
	return false
}

func endsName(b byte) bool {
	return b == '>' || b == '/' || b == ' ' || b == '\n' || b == '\t' || b == '\r' || b == '<'
}

// leave reads an end tag, whose slash is at pos. It must be that of the innermost element.
func (s *scanner) leave() {
	if s.depth == 0 {
		s.fail(errSyntax)
		return
	}
	name := s.open[s.depth-1]
	rest := s.doc[s.pos+1:]
	if !bytes.HasPrefix(rest, name) {
		s.fail(errSyntax)
		return
	}
	i := len(name)
	for i < len(rest) && endsName(rest[i]) && rest[i] != '>' && rest[i] != '<' && rest[i] != '/' {
		i++
	}
	if i == len(rest) {
		s.fail(errTruncated)
		return
	}
	if rest[i] != '>' {
		s.fail(errSyntax)
		return
	}
	s.pos += 1 + i + 1
	s.depth--
}
