package store

import "crypto/md5"

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
			p.Checksum = d.checksum(&Checksum{})
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
