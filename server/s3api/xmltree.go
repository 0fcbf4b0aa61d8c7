package s3api

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

// Bounds of the documents that clients send. The body's length is bounded before it is parsed; these bound what a short body
// can unfold to. A document type declaration is refused, so that there are no entities to expand.
const (
	maxXMLDepth    = 8
	maxXMLElements = 64 << 10
)

// element is one element of a parsed document, without regard to namespaces: clients of COS send documents with and without
// them.
type element struct {
	name     string
	kind     string // the xsi:type attribute
	text     string // character data directly in it, trimmed of white space unless it is a Key or its like
	children []*element
}

// parseXML parses a document whose root is one of the given names.
func parseXML(body []byte, root string) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	p := &xmlParser{decoder: d}
	top, err := p.parse()
	if err != nil {
		return nil, err
	}
	if top.name != root {
		return nil, malformedXML("the root element is not " + root)
	}
	return top, nil
}

type xmlParser struct {
	decoder *xml.Decoder
	stack   []openElement
	count   int
}

// openElement is an element whose end has not been seen, under its name as written, so that the end must match.
type openElement struct {
	*element
	tag  xml.Name
	text []byte
}

func (p *xmlParser) parse() (*element, error) {
	var top *element
	for {
		// RawToken leaves namespaces untranslated, which halves the cost of a document of a thousand keys.
		token, err := p.decoder.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, malformedXML(err.Error())
		}
		switch t := token.(type) {
		case xml.StartElement:
			if top != nil && len(p.stack) == 0 {
				return nil, malformedXML("more than one root element")
			}
			e, err := p.start(t)
			if err != nil {
				return nil, err
			}
			if top == nil {
				top = e
			}
		case xml.EndElement:
			if err := p.end(t); err != nil {
				return nil, err
			}
		case xml.CharData:
			if err := p.chars(t); err != nil {
				return nil, err
			}
		case xml.Directive:
			return nil, malformedXML("document type declarations are not accepted")
		}
	}
	if top == nil || len(p.stack) > 0 {
		return nil, malformedXML("the document ends early")
	}
	return top, nil
}

func (p *xmlParser) start(t xml.StartElement) (*element, error) {
	if p.count++; p.count > maxXMLElements {
		return nil, malformedXML("too many elements")
	}
	if len(p.stack) >= maxXMLDepth {
		return nil, malformedXML("elements nested too deeply")
	}
	e := &element{name: t.Name.Local}
	for _, a := range t.Attr {
		if a.Name.Local == "type" && a.Name.Space != "" {
			_, local, found := strings.Cut(a.Value, ":")
			if !found {
				local = a.Value
			}
			e.kind = local
		}
	}
	if n := len(p.stack); n > 0 {
		parent := p.stack[n-1].element
		parent.children = append(parent.children, e)
	}
	p.stack = append(p.stack, openElement{element: e, tag: t.Name})
	return e, nil
}

func (p *xmlParser) end(t xml.EndElement) error {
	n := len(p.stack)
	if n == 0 || p.stack[n-1].tag != t.Name {
		return malformedXML("element " + t.Name.Local + " is closed but not open")
	}
	top := &p.stack[n-1]
	top.element.text = string(top.text)
	if top.name != "Key" && top.name != "Prefix" && top.name != "Value" {
		// Pretty-printed documents are common; only in keys and the values of tags is white space meant.
		top.element.text = strings.TrimSpace(top.element.text)
	}
	p.stack[n-1] = openElement{}
	p.stack = p.stack[:n-1]
	return nil
}

func (p *xmlParser) chars(t xml.CharData) error {
	n := len(p.stack)
	if n == 0 {
		if len(bytes.TrimSpace(t)) > 0 && !bytes.Equal(bytes.TrimSpace(t), []byte("\uFEFF")) {
			return malformedXML("text outside the root element")
		}
		return nil
	}
	p.stack[n-1].text = append(p.stack[n-1].text, t...)
	return nil
}

// only checks that e has no children but those named, so that a misspelled element is refused and not ignored.
func (e *element) only(names ...string) error {
next:
	for _, c := range e.children {
		for _, name := range names {
			if c.name == name {
				continue next
			}
		}
		return malformedXML("unexpected element " + c.name + " in " + e.name)
	}
	return nil
}

// child returns the first child of that name, or nil.
func (e *element) child(name string) *element {
	for _, c := range e.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// value returns the text of the first child of that name, or "".
func (e *element) value(name string) string {
	if c := e.child(name); c != nil {
		return c.text
	}
	return ""
}

// values returns the texts of all children of that name.
func (e *element) values(name string) []string {
	var list []string
	for _, c := range e.children {
		if c.name == name {
			list = append(list, c.text)
		}
	}
	return list
}

// boolean reads the child of that name in any case, as IBM's documents write it; an absent one is false.
func (e *element) boolean(name string) (bool, error) {
	c := e.child(name)
	if c == nil {
		return false, nil
	}
	switch strings.ToLower(c.text) {
	case "true":
		return true, nil
	case "false", "":
		return false, nil
	}
	return false, malformedXML(name + " is neither true nor false")
}

// integer reads a child that must be there.
func (e *element) integer(name string) (int, error) {
	n, err := strconv.Atoi(e.value(name))
	if err != nil {
		return 0, malformedXML(name + " is not a number")
	}
	return n, nil
}
