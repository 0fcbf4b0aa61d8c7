package store

import (
	"crypto/md5"
	"encoding/binary"
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
	seq    id             // its place among the versions of its key; 0 if there was no versioning when it was written
	random uint64         // the second half of the version's id; 0 for the null version
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
	tagTags
	tagLockMode
	tagLockUntil
	tagLockHold
	tagKept
	tagPeriod
	tagHolds
	tagArchiveClass
	tagArchiveAt
	tagRestoreAsked
	tagRestoreReady
	tagRestoreEnds
	tagReplication
	tagReplicationFirst
	tagReplicationLast
	tagReplicationCause
	tagEncryption
	tagEnvelope
	tagRootKey
	_ // was in use before a release
	tagVersioning
	tagProtection
	tagLockEnabled
	tagLockDays
	tagLockYears
	tagPublicAccess
	tagQuota
	tagFirewall
	tagDocument
	tagVersion
	tagMarker
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
	e.uint(tagVersion, uint64(o.seq))
	e.uint(tagRandom, o.random)
	e.bool(tagMarker, o.DeleteMarker)
	e.state(&o.State)
	e.encryption(&o.Encryption)
	return e.buf
}

// decodeObject is [objectRow.decode] into a new row, as if that were like.
func decodeObject(key string, row []byte, want fields, like *objectRow) (objectRow, error) {
	o := objectRow{Object: Object{Owner: like.Owner, Checksum: like.Checksum}}
	o.ContentType = like.ContentType
	err := o.decode(key, row, want)
	return o, err
}

// decode makes o what a row says. It copies what it keeps of row, but keeps the strings of o, which may be the row before it in a
// listing, where they are equal. An objectRow is large: on the way of every request it is filled in where it is, and not copied.
func (o *objectRow) decode(key string, row []byte, want fields) error {
	owner, contentType, checksum := o.Owner, o.ContentType, o.Checksum
	*o = objectRow{}
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
			o.Owner = share(d.val, owner)
		case tagContentType:
			o.ContentType = share(d.val, contentType)
		case tagUpload:
			o.upload = id(d.uint())
		case tagVersion:
			o.seq = id(d.uint())
		case tagRandom:
			o.random = d.uint()
		case tagMarker:
			o.DeleteMarker = d.bool()
		case tagGrants:
			if want == allFields {
				o.ACL = d.grants()
			}
		case tagChecksum:
			o.Checksum = d.checksum(&checksum)
		case tagMetadata:
			if want == allFields {
				d.attribute(&o.Attributes)
			}
		default:
			if !d.state(&o.State) && !d.encryption(&o.Encryption) {
				d.attribute(&o.Attributes)
			}
		}
	}
	o.Version = versionID(o.seq, o.random)
	if !o.DeleteMarker {
		o.ETag = etag(o.md5, o.PartCount)
	}
	return d.err
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
		a.ContentType = string(d.val)
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

// share is string(b), without an allocation if that is like.
func share(b []byte, like string) string {
	if string(b) == like {
		return like
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

func (d *decoder) checksum(like *Checksum) Checksum {
	algorithm, rest, ok1 := cut(d.val)
	value, rest, ok2 := cut(rest)
	kind, _, ok3 := cut(rest)
	if !ok1 || !ok2 || !ok3 {
		d.fail("checksum")
		return Checksum{}
	}
	return Checksum{share(algorithm, like.Algorithm), string(value), share(kind, like.Type)}
}

func (d *decoder) md5(sum *[md5.Size]byte) {
	if copy(sum[:], d.val) != md5.Size || len(d.val) != md5.Size {
		d.fail("md5")
	}
}

func (e *encoder) bool(tag uint64, b bool) {
	if b {
		e.uint(tag, 1)
	}
}

func (d *decoder) bool() bool { return d.uint() != 0 }

// time writes nanoseconds since 1970 or, where those do not reach, before 1678 and after 2261, seconds and the nanoseconds of the second.
func (e *encoder) time(tag uint64, t time.Time) {
	if t.IsZero() {
		return
	}
	if ns := t.UnixNano(); time.Unix(0, ns).Equal(t) {
		e.uint(tag, uint64(ns))
		return
	}
	b := binary.AppendUvarint(nil, zigzag(t.Unix()))
	e.bytes(tag, binary.AppendUvarint(b, uint64(t.Nanosecond())))
}

// time is the instant that [encoder.time] wrote. Fields that are zero are not written, so that 0 is no time, not 1970.
func (d *decoder) time() time.Time {
	first, n := binary.Uvarint(d.val)
	if n > 0 && n < len(d.val) {
		ns, m := binary.Uvarint(d.val[n:])
		if m <= 0 || m != len(d.val)-n || ns >= 1e9 {
			d.fail("time")
			return time.Time{}
		}
		return time.Unix(unzigzag(first), int64(ns)).UTC()
	}
	ns := int64(d.uint())
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

// count is a uint of at most limit.
func (d *decoder) count(limit int) int {
	v := d.uint()
	if v > uint64(limit) {
		d.fail(fmt.Sprintf("over %d", limit))
		return 0
	}
	return int(v)
}
