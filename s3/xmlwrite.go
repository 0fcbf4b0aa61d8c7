package s3

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// namespace is that of every document but the errors.
const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// xmlWriter writes the documents that requests carry.
type xmlWriter struct{ b []byte }

// root begins the document.
func (w *xmlWriter) root(name string) {
	w.b = append(w.b, `<`+name+` xmlns="`+namespace+`">`...)
}

func (w *xmlWriter) begin(name string) { w.b = append(append(append(w.b, '<'), name...), '>') }

func (w *xmlWriter) end(name string) { w.b = append(append(append(w.b, '<', '/'), name...), '>') }

func (w *xmlWriter) int(name string, n int) { w.text(name, strconv.Itoa(n)) }

// optional writes an element unless s is empty.
func (w *xmlWriter) optional(name, s string) {
	if s != "" {
		w.text(name, s)
	}
}

// text writes an element that holds s.
func (w *xmlWriter) text(name, s string) {
	w.begin(name)
	for i := range len(s) {
		switch b := s[i]; b {
		case '&':
			w.b = append(w.b, "&amp;"...)
		case '<':
			w.b = append(w.b, "&lt;"...)
		case '>':
			w.b = append(w.b, "&gt;"...)
		case '\t', '\n', '\r':
			// Readers of XML may change them when they are written plainly.
			w.b = append(append(append(w.b, "&#"...), strconv.Itoa(int(b))...), ';')
		default:
			w.b = append(w.b, b)
		}
	}
	w.end(name)
}

// checkXML refuses a string that no XML 1.0 document can hold.
func checkXML(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%q is not UTF-8, which XML cannot carry", s)
	}
	for _, r := range s {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return fmt.Errorf("%q has the character %U, which XML cannot carry", s, r)
		}
	}
	return nil
}

func (r *CreateBucketRequest) document() ([]byte, error) {
	if r.LocationConstraint == "" {
		return nil, nil
	}
	var w xmlWriter
	w.root("CreateBucketConfiguration")
	w.text("LocationConstraint", r.LocationConstraint)
	w.end("CreateBucketConfiguration")
	return w.b, nil
}

func (r *PutBucketCORSRequest) document() ([]byte, error) {
	var w xmlWriter
	w.root("CORSConfiguration")
	for i := range r.Rules {
		w.corsRule(&r.Rules[i])
	}
	w.end("CORSConfiguration")
	return w.b, nil
}

func (w *xmlWriter) corsRule(r *CORSRule) {
	w.begin("CORSRule")
	w.optional("ID", r.ID)
	for _, list := range []struct {
		name   string
		values []string
	}{
		{"AllowedOrigin", r.AllowedOrigins},
		{"AllowedMethod", r.AllowedMethods},
		{"AllowedHeader", r.AllowedHeaders},
		{"ExposeHeader", r.ExposeHeaders},
	} {
		for _, v := range list.values {
			w.text(list.name, v)
		}
	}
	if r.MaxAgeSeconds != 0 {
		w.int("MaxAgeSeconds", r.MaxAgeSeconds)
	}
	w.end("CORSRule")
}

func (r *PutBucketACLRequest) document() ([]byte, error) {
	if r.GrantFullControl+r.GrantRead+r.GrantWrite+r.GrantReadACP+r.GrantWriteACP != "" {
		return nil, nil
	}
	return aclDocument(r.ACL, r.Owner, r.Grants), nil
}

func (r *PutObjectACLRequest) document() ([]byte, error) {
	if r.GrantFullControl+r.GrantRead+r.GrantWrite+r.GrantReadACP+r.GrantWriteACP != "" {
		return nil, nil
	}
	return aclDocument(r.ACL, r.Owner, r.Grants), nil
}

func aclDocument(canned string, owner Owner, grants []Grant) []byte {
	if canned != "" {
		return nil
	}
	var w xmlWriter
	w.root("AccessControlPolicy")
	w.begin("Owner")
	w.optional("ID", owner.ID)
	w.optional("DisplayName", owner.DisplayName)
	w.end("Owner")
	w.begin("AccessControlList")
	for _, g := range grants {
		w.begin("Grant")
		w.b = append(w.b, `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="`+g.Grantee.kind()+`">`...)
		w.optional("ID", g.Grantee.ID)
		w.optional("DisplayName", g.Grantee.DisplayName)
		w.optional("URI", g.Grantee.URI)
		w.end("Grantee")
		w.text("Permission", g.Permission)
		w.end("Grant")
	}
	w.end("AccessControlList")
	w.end("AccessControlPolicy")
	return w.b
}

// kind is what the type attribute of a grantee says.
func (g Grantee) kind() string {
	if g.URI != "" {
		return "Group"
	}
	return "CanonicalUser"
}

func (r *DeleteObjectsRequest) document() ([]byte, error) {
	if n := len(r.Objects); n == 0 || n > 1000 {
		return nil, fmt.Errorf("%d objects: one request deletes between 1 and 1000", n)
	}
	var w xmlWriter
	w.root("Delete")
	if r.Quiet {
		w.text("Quiet", "true")
	}
	for _, o := range r.Objects {
		if err := checkXML(o.Key); err != nil {
			return nil, fmt.Errorf("key %w: use DeleteObject", err)
		}
		w.begin("Object")
		w.text("Key", o.Key)
		w.optional("VersionId", o.VersionID)
		w.end("Object")
	}
	w.end("Delete")
	return w.b, nil
}

func (r *CompleteMultipartUploadRequest) document() ([]byte, error) {
	if len(r.Parts) == 0 {
		return nil, errors.New("no parts")
	}
	var w xmlWriter
	w.root("CompleteMultipartUpload")
	for _, p := range r.Parts {
		w.begin("Part")
		w.text("ETag", quoteETag(p.ETag))
		w.int("PartNumber", p.PartNumber)
		if p.Checksum.Value != "" && p.Checksum.Algorithm.header() != "" {
			w.text("Checksum"+string(p.Checksum.Algorithm), p.Checksum.Value)
		}
		w.end("Part")
	}
	w.end("CompleteMultipartUpload")
	return w.b, nil
}
