package store

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// bodyKind says where the bytes of an object or part are.
type bodyKind byte

const (
	bodyNone     bodyKind = 0 // there are none
	bodyInline   bodyKind = 1 // in a rowBytes row
	bodyFile     bodyKind = 2 // in a file
	bodyManifest bodyKind = 3 // in the parts that a rowManifest row lists
	bodyUpload   bodyKind = 4 // tombstones only: all parts of an upload
)

// body refers to bytes.
type body struct {
	kind bodyKind
	id   id
}

// objectRow is what is kept of an object besides its key.
type objectRow struct {
	Object
	body   body
	md5    [md5.Size]byte // what the ETag is made of
	upload id             // upload that the object was completed from, 0 for none
}

// Tags of fields, shared by all kinds of rows. A tag is never given a second meaning.
const (
	tagSize = iota + 1
	tagMD5
	tagParts
	tagModified
	tagBodyKind
	tagBodyID
	tagOwner
	tagContentType
	tagCacheControl
	tagContentDisposition
	tagContentEncoding
	tagContentLanguage
	tagExpires
	tagWebsiteRedirect
	tagMetadata
	tagGrants
	tagChecksum
	tagUpload
	tagInstance
	tagLocation
	tagCORS
	tagID
	tagPart
	tagGeneration
	tagClean
	tagRandom
)

// fields says how much of an object row is wanted.
type fields int

const (
	listFields fields = iota // without metadata and grants
	allFields
)

func (o *objectRow) encode(buf []byte) []byte {
	e := newEncoder(buf)
	e.uint(tagSize, uint64(o.Size))
	e.bytes(tagMD5, o.md5[:])
	e.uint(tagParts, uint64(o.PartCount))
	e.time(tagModified, o.Modified)
	e.uint(tagBodyKind, uint64(o.body.kind))
	e.uint(tagBodyID, uint64(o.body.id))
	e.string(tagOwner, o.Owner)
	e.attributes(&o.Attributes)
	e.grants(o.ACL)
	e.checksum(o.Checksum)
	e.uint(tagUpload, uint64(o.upload))
	return e.buf
}

// decodeObject reads an object row. It copies what it keeps of row.
func decodeObject(key string, row []byte, want fields) (objectRow, error) {
	var o objectRow
	o.Key = key
	d := newDecoder(row)
	for d.next() {
		switch d.tag {
		case tagSize:
			o.Size = d.size()
		case tagMD5:
			d.md5(&o.md5)
		case tagParts:
			o.PartCount = d.count(MaxParts)
		case tagModified:
			o.Modified = d.time()
		case tagBodyKind:
			o.body.kind = bodyKind(d.count(int(bodyManifest)))
		case tagBodyID:
			o.body.id = id(d.uint())
		case tagOwner:
			o.Owner = string(d.val)
		case tagUpload:
			o.upload = id(d.uint())
		case tagGrants:
			if want == allFields {
				o.ACL = d.grants()
			}
		case tagChecksum:
			o.Checksum = d.checksum()
		case tagMetadata:
			if want == allFields {
				d.attribute(&o.Attributes)
			}
		default:
			d.attribute(&o.Attributes)
		}
	}
	o.ETag = etag(o.md5, o.PartCount)
	return o, d.err
}

// etag formats an ETag: the hex of an MD5, with the number of parts after it for a completed upload.
func etag(sum [md5.Size]byte, parts int) string {
	var b [2*md5.Size + 6]byte
	hex.Encode(b[:], sum[:])
	if parts == 0 {
		return string(b[:2*md5.Size])
	}
	b[2*md5.Size] = '-'
	return string(strconv.AppendInt(b[:2*md5.Size+1], int64(parts), 10))
}

// parseETag returns the MD5 that a part's ETag spells.
func parseETag(s string) (sum [md5.Size]byte, ok bool) {
	if len(s) != 2*md5.Size {
		return sum, false
	}
	_, err := hex.Decode(sum[:], []byte(s))
	return sum, err == nil
}

func (e *encoder) attributes(a *Attributes) {
	e.string(tagContentType, a.ContentType)
	e.string(tagCacheControl, a.CacheControl)
	e.string(tagContentDisposition, a.ContentDisposition)
	e.string(tagContentEncoding, a.ContentEncoding)
	e.string(tagContentLanguage, a.ContentLanguage)
	e.string(tagExpires, a.Expires)
	e.string(tagWebsiteRedirect, a.WebsiteRedirect)
	if len(a.Metadata) > 0 {
		pairs := make([]string, 0, 2*len(a.Metadata))
		for _, name := range slices.Sorted(maps.Keys(a.Metadata)) {
			pairs = append(pairs, name, a.Metadata[name])
		}
		e.strings(tagMetadata, pairs...)
	}
}

// attribute reads the field if it is one of Attributes.
func (d *decoder) attribute(a *Attributes) {
	switch d.tag {
	case tagContentType:
		a.ContentType = commonString(d.val)
	case tagCacheControl:
		a.CacheControl = string(d.val)
	case tagContentDisposition:
		a.ContentDisposition = string(d.val)
	case tagContentEncoding:
		a.ContentEncoding = string(d.val)
	case tagContentLanguage:
		a.ContentLanguage = string(d.val)
	case tagExpires:
		a.Expires = string(d.val)
	case tagWebsiteRedirect:
		a.WebsiteRedirect = string(d.val)
	case tagMetadata:
		a.Metadata = make(map[string]string)
		d.strings(2, func(s []string) { a.Metadata[s[0]] = s[1] })
	}
}

// commonString is string(b) without an allocation for the content types that most objects have.
func commonString(b []byte) string {
	switch string(b) {
	case "application/octet-stream":
		return "application/octet-stream"
	case "binary/octet-stream":
		return "binary/octet-stream"
	case "text/plain":
		return "text/plain"
	}
	return string(b)
}

func (e *encoder) grants(acl ACL) {
	if len(acl.Grants) == 0 {
		return
	}
	all := make([]string, 0, 3*len(acl.Grants))
	for _, g := range acl.Grants {
		all = append(all, g.Grantee.ID, g.Grantee.URI, g.Permission)
	}
	e.strings(tagGrants, all...)
}

func (d *decoder) grants() (acl ACL) {
	d.strings(3, func(s []string) {
		acl.Grants = append(acl.Grants, Grant{Grantee{s[0], s[1]}, s[2]})
	})
	return acl
}

func (e *encoder) checksum(c Checksum) {
	if c != (Checksum{}) {
		e.strings(tagChecksum, c.Algorithm, c.Value, c.Type)
	}
}

func (d *decoder) checksum() (c Checksum) {
	d.strings(3, func(s []string) { c = Checksum{s[0], s[1], s[2]} })
	return c
}

func (d *decoder) md5(sum *[md5.Size]byte) {
	if copy(sum[:], d.val) != md5.Size || len(d.val) != md5.Size {
		d.fail("md5")
	}
}

func (e *encoder) time(tag uint64, t time.Time) {
	if !t.IsZero() {
		e.uint(tag, uint64(t.UnixNano()))
	}
}

func (d *decoder) time() time.Time { return time.Unix(0, int64(d.uint())).UTC() }

// count is a uint of at most limit.
func (d *decoder) count(limit int) int {
	v := d.uint()
	if v > uint64(limit) {
		d.fail(fmt.Sprintf("over %d", limit))
		return 0
	}
	return int(v)
}

// partRow is what is kept of a part, in an upload and in a manifest.
type partRow struct {
	Part
	body body
	md5  [md5.Size]byte
}

func (p *partRow) encode(buf []byte) []byte {
	e := newEncoder(buf)
	e.uint(tagID, uint64(p.Number))
	e.uint(tagSize, uint64(p.Size))
	e.bytes(tagMD5, p.md5[:])
	e.time(tagModified, p.Modified)
	e.uint(tagBodyKind, uint64(p.body.kind))
	e.uint(tagBodyID, uint64(p.body.id))
	e.checksum(p.Checksum)
	return e.buf
}

func decodePart(row []byte) (partRow, error) {
	var p partRow
	d := newDecoder(row)
	for d.next() {
		switch d.tag {
		case tagID:
			p.Number = d.count(MaxParts)
		case tagSize:
			p.Size = d.size()
		case tagMD5:
			d.md5(&p.md5)
		case tagModified:
			p.Modified = d.time()
		case tagBodyKind:
			p.body.kind = bodyKind(d.count(int(bodyFile)))
		case tagBodyID:
			p.body.id = id(d.uint())
		case tagChecksum:
			p.Checksum = d.checksum()
		}
	}
	p.ETag = etag(p.md5, 0)
	return p, d.err
}

func encodeManifest(parts []partRow) []byte {
	e := newEncoder(make([]byte, 0, 64*len(parts)))
	var buf []byte
	for i := range parts {
		buf = parts[i].encode(buf)
		e.bytes(tagPart, buf)
	}
	return e.buf
}

func decodeManifest(row []byte) ([]partRow, error) {
	var parts []partRow
	d := newDecoder(row)
	for d.next() {
		if d.tag != tagPart {
			continue
		}
		p, err := decodePart(d.val)
		if err != nil {
			return nil, err
		}
		if len(parts) == MaxParts {
			d.fail("too many parts")
			break
		}
		parts = append(parts, p)
	}
	return parts, d.err
}

func encodeBucket(i id, b *Bucket) []byte {
	e := newEncoder(nil)
	e.uint(tagID, uint64(i))
	e.string(tagInstance, b.Instance)
	e.string(tagOwner, b.Owner)
	e.string(tagLocation, b.Location)
	e.time(tagModified, b.Created)
	e.grants(b.ACL)
	e.bytes(tagCORS, b.CORS)
	return e.buf
}

func decodeBucket(name string, row []byte) (id, Bucket, error) {
	b := Bucket{Name: name}
	var i id
	d := newDecoder(row)
	for d.next() {
		switch d.tag {
		case tagID:
			i = id(d.uint())
		case tagInstance:
			b.Instance = string(d.val)
		case tagOwner:
			b.Owner = string(d.val)
		case tagLocation:
			b.Location = string(d.val)
		case tagModified:
			b.Created = d.time()
		case tagGrants:
			b.ACL = d.grants()
		case tagCORS:
			b.CORS = slices.Clone(d.val)
		}
	}
	return i, b, d.err
}
