package s3

import (
	"net/url"
	"strings"
)

// The documents that list something. Keys come percent-encoded when the service
// grants encoding-type=url, and says so by an EncodingType element anywhere in the document.

// page is what the listings of objects, versions and uploads share.
type page struct {
	encoded  bool
	prefixes []string
}

// common reads CommonPrefixes and EncodingType.
func (p *page) common(s *scanner, name []byte) {
	switch string(name) {
	case "CommonPrefixes":
		for d := s.depth; s.child(d); {
			if string(s.name()) == "Prefix" {
				p.prefixes = append(p.prefixes, s.str())
			}
		}
	case "EncodingType":
		p.encoded = string(s.text()) == "url"
	}
}

// decode undoes the encoding of the given strings and of the prefixes.
func (p *page) decode(fields ...*string) {
	if !p.encoded {
		return
	}
	for _, f := range fields {
		decodeKey(f)
	}
	for i := range p.prefixes {
		decodeKey(&p.prefixes[i])
	}
}

// decodeKey undoes the encoding of a form, in which a space is "+". What is not
// encoded like that is left as it is.
func decodeKey(s *string) {
	if strings.IndexByte(*s, '%') < 0 && strings.IndexByte(*s, '+') < 0 {
		return
	}
	if t, err := url.QueryUnescape(*s); err == nil {
		*s = t
	}
}

func (r *ListObjectsResponse) parse(s *scanner) error {
	if err := s.root("ListBucketResult"); err != nil {
		return err
	}
	var p page
	for d := s.depth; s.child(d); {
		switch name := s.name(); string(name) {
		case "Contents":
			r.Contents = appendObject(s, r.Contents, r.MaxKeys)
		case "Name":
			r.Name = s.str()
		case "Prefix":
			r.Prefix = s.str()
		case "Delimiter":
			r.Delimiter = s.str()
		case "Marker":
			r.Marker = s.str()
		case "NextMarker":
			r.NextMarker = s.str()
		case "MaxKeys":
			r.MaxKeys = s.int()
		case "IsTruncated":
			r.IsTruncated = s.bool()
		default:
			p.common(s, name)
		}
	}
	p.decode(&r.Prefix, &r.Delimiter, &r.Marker, &r.NextMarker)
	r.CommonPrefixes = p.prefixes
	if p.encoded {
		decodeObjects(r.Contents)
	}
	if r.IsTruncated && r.NextMarker == "" {
		// The service sends NextMarker only with a delimiter; the last entry is what it would be.
		if n := len(r.Contents); n > 0 {
			r.NextMarker = r.Contents[n-1].Key
		}
		if n := len(r.CommonPrefixes); n > 0 {
			r.NextMarker = max(r.NextMarker, r.CommonPrefixes[n-1])
		}
	}
	return s.err
}

func (r *ListObjectsV2Response) parse(s *scanner) error {
	if err := s.root("ListBucketResult"); err != nil {
		return err
	}
	var p page
	for d := s.depth; s.child(d); {
		switch name := s.name(); string(name) {
		case "Contents":
			r.Contents = appendObject(s, r.Contents, r.MaxKeys)
		case "Name":
			r.Name = s.str()
		case "Prefix":
			r.Prefix = s.str()
		case "Delimiter":
			r.Delimiter = s.str()
		case "StartAfter":
			r.StartAfter = s.str()
		case "ContinuationToken":
			r.ContinuationToken = s.str()
		case "NextContinuationToken":
			r.NextContinuationToken = s.str()
		case "KeyCount":
			r.KeyCount = s.int()
		case "MaxKeys":
			r.MaxKeys = s.int()
		case "IsTruncated":
			r.IsTruncated = s.bool()
		default:
			p.common(s, name)
		}
	}
	p.decode(&r.Prefix, &r.Delimiter, &r.StartAfter)
	r.CommonPrefixes = p.prefixes
	if p.encoded {
		decodeObjects(r.Contents)
	}
	return s.err
}

func decodeObjects(list []Object) {
	for i := range list {
		decodeKey(&list[i].Key)
	}
}

// minEntry is less than any entry of a listing takes in XML, so that a document
// can be trusted for no more room than its own size.
const minEntry = 64

// appendObject reads one Contents. The first makes room for the page.
func appendObject(s *scanner, list []Object, maxKeys int) []Object {
	if cap(list) == 0 {
		if maxKeys <= 0 || maxKeys > 1000 {
			maxKeys = 1000
		}
		list = make([]Object, 0, min(maxKeys, (len(s.doc)-s.pos)/minEntry+1))
	}
	list = append(list, Object{})
	o := &list[len(list)-1]
	for d := s.depth; s.child(d); {
		readObject(s, o, &list)
	}
	return list
}

// readObject reads one child of Contents or Version. An owner equal to that of the entry before shares its strings.
func readObject(s *scanner, o *Object, list *[]Object) {
	switch string(s.name()) {
	case "Key":
		o.Key = s.str()
	case "LastModified":
		o.LastModified = s.time()
	case "ETag":
		o.ETag = s.etag()
	case "Size":
		o.Size = s.int64()
	case "StorageClass":
		o.StorageClass = s.str()
	case "Owner":
		var before Owner
		if list != nil && len(*list) > 1 {
			before = (*list)[len(*list)-2].Owner
		}
		o.Owner = s.owner(before)
	}
}

// owner reads an owner or initiator.
func (s *scanner) owner(before Owner) (o Owner) {
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "ID":
			o.ID = s.again(before.ID)
		case "DisplayName":
			o.DisplayName = s.again(before.DisplayName)
		}
	}
	return o
}

// again is str, but returns old itself if the text is the same.
func (s *scanner) again(old string) string {
	if b := s.text(); string(b) != old {
		return s.chunk.string(b)
	}
	return old
}

func (r *ListObjectVersionsResponse) parse(s *scanner) error {
	if err := s.root("ListVersionsResult"); err != nil {
		return err
	}
	var p page
	for d := s.depth; s.child(d); {
		switch name := s.name(); string(name) {
		case "Version", "DeleteMarker":
			r.Versions = append(r.Versions, s.version(string(name) == "DeleteMarker"))
		case "Name":
			r.Name = s.str()
		case "Prefix":
			r.Prefix = s.str()
		case "Delimiter":
			r.Delimiter = s.str()
		case "KeyMarker":
			r.KeyMarker = s.str()
		case "VersionIdMarker":
			r.VersionIDMarker = s.str()
		case "NextKeyMarker":
			r.NextKeyMarker = s.str()
		case "NextVersionIdMarker":
			r.NextVersionIDMarker = s.str()
		case "MaxKeys":
			r.MaxKeys = s.int()
		case "IsTruncated":
			r.IsTruncated = s.bool()
		default:
			p.common(s, name)
		}
	}
	p.decode(&r.Prefix, &r.Delimiter, &r.KeyMarker, &r.NextKeyMarker)
	r.CommonPrefixes = p.prefixes
	if p.encoded {
		for i := range r.Versions {
			decodeKey(&r.Versions[i].Key)
		}
	}
	return s.err
}

func (s *scanner) version(marker bool) ObjectVersion {
	v := ObjectVersion{IsDeleteMarker: marker}
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "VersionId":
			v.VersionID = s.str()
		case "IsLatest":
			v.IsLatest = s.bool()
		default:
			readObject(s, &v.Object, nil)
		}
	}
	return v
}

func (r *ListMultipartUploadsResponse) parse(s *scanner) error {
	if err := s.root("ListMultipartUploadsResult"); err != nil {
		return err
	}
	var p page
	for d := s.depth; s.child(d); {
		switch name := s.name(); string(name) {
		case "Upload":
			r.Uploads = append(r.Uploads, s.upload())
		case "Bucket":
			r.Bucket = s.str()
		case "Prefix":
			r.Prefix = s.str()
		case "Delimiter":
			r.Delimiter = s.str()
		case "KeyMarker":
			r.KeyMarker = s.str()
		case "UploadIdMarker":
			r.UploadIDMarker = s.str()
		case "NextKeyMarker":
			r.NextKeyMarker = s.str()
		case "NextUploadIdMarker":
			r.NextUploadIDMarker = s.str()
		case "MaxUploads":
			r.MaxUploads = s.int()
		case "IsTruncated":
			r.IsTruncated = s.bool()
		default:
			p.common(s, name)
		}
	}
	p.decode(&r.Prefix, &r.Delimiter, &r.KeyMarker, &r.NextKeyMarker)
	r.CommonPrefixes = p.prefixes
	if p.encoded {
		for i := range r.Uploads {
			decodeKey(&r.Uploads[i].Key)
		}
	}
	return s.err
}

func (s *scanner) upload() (u Upload) {
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Key":
			u.Key = s.str()
		case "UploadId":
			u.UploadID = s.str()
		case "Initiated":
			u.Initiated = s.time()
		case "StorageClass":
			u.StorageClass = s.str()
		case "Owner":
			u.Owner = s.owner(Owner{})
		case "Initiator":
			u.Initiator = s.owner(Owner{})
		}
	}
	return u
}

func (r *ListPartsResponse) parse(s *scanner) error {
	if err := s.root("ListPartsResult"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Part":
			r.Parts = append(r.Parts, s.part())
		case "Bucket":
			r.Bucket = s.str()
		case "Key":
			r.Key = s.str()
		case "UploadId":
			r.UploadID = s.str()
		case "Owner":
			r.Owner = s.owner(Owner{})
		case "Initiator":
			r.Initiator = s.owner(r.Owner)
		case "StorageClass":
			r.StorageClass = s.str()
		case "PartNumberMarker":
			r.PartNumberMarker = s.int()
		case "NextPartNumberMarker":
			r.NextPartNumberMarker = s.int()
		case "MaxParts":
			r.MaxParts = s.int()
		case "IsTruncated":
			r.IsTruncated = s.bool()
		}
	}
	return s.err
}

func (s *scanner) part() (p Part) {
	for d := s.depth; s.child(d); {
		switch name := s.name(); string(name) {
		case "PartNumber":
			p.PartNumber = s.int()
		case "Size":
			p.Size = s.int64()
		case "ETag":
			p.ETag = s.etag()
		case "LastModified":
			p.LastModified = s.time()
		default:
			s.checksum(name, &p.Checksum)
		}
	}
	return p
}
