package s3

import (
	"errors"
	"strings"
)

// The other documents that the service answers with.

func (r *ListBucketsResponse) parse(s *scanner) error {
	if err := s.root("ListAllMyBucketsResult"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Owner":
			r.Owner = s.owner(Owner{})
		case "Buckets":
			r.Buckets = s.buckets()
		}
	}
	return s.err
}

func (r *ListBucketsExtendedResponse) parse(s *scanner) error {
	if err := s.root("ListAllMyBucketsResult"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Owner":
			r.Owner = s.owner(Owner{})
		case "Buckets":
			r.Buckets = s.buckets()
		case "Prefix":
			r.Prefix = s.str()
		case "Marker":
			r.Marker = s.str()
		case "NextMarker":
			r.NextMarker = s.str()
		case "MaxKeys":
			r.MaxKeys = s.int()
		case "IsTruncated":
			r.IsTruncated = s.bool()
		}
	}
	if n := len(r.Buckets); r.IsTruncated && r.NextMarker == "" && n > 0 {
		r.NextMarker = r.Buckets[n-1].Name
	}
	return s.err
}

func (s *scanner) buckets() (list []BucketInfo) {
	for d := s.depth; s.child(d); {
		if string(s.name()) != "Bucket" {
			continue
		}
		var b BucketInfo
		for d := s.depth; s.child(d); {
			switch string(s.name()) {
			case "Name":
				b.Name = s.str()
			case "CreationDate":
				b.CreationDate = s.time()
			case "LocationConstraint":
				b.LocationConstraint = s.str()
			case "CreationTemplateId":
				b.CreationTemplateID = s.str()
			}
		}
		list = append(list, b)
	}
	return list
}

func (r *GetBucketLocationResponse) parse(s *scanner) error {
	if err := s.root("LocationConstraint"); err != nil {
		return err
	}
	r.LocationConstraint = strings.TrimSpace(s.str())
	return s.err
}

func (r *GetBucketACLResponse) parse(s *scanner) error {
	r.Owner, r.Grants = s.acl()
	return s.err
}

func (r *GetObjectACLResponse) parse(s *scanner) error {
	r.Owner, r.Grants = s.acl()
	return s.err
}

func (s *scanner) acl() (owner Owner, grants []Grant) {
	if s.root("AccessControlPolicy") != nil {
		return owner, nil
	}
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Owner":
			owner = s.owner(Owner{})
		case "AccessControlList":
			for d := s.depth; s.child(d); {
				if string(s.name()) == "Grant" {
					grants = append(grants, s.grant())
				}
			}
		}
	}
	return owner, grants
}

func (s *scanner) grant() (g Grant) {
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Permission":
			g.Permission = s.str()
		case "Grantee":
			for d := s.depth; s.child(d); {
				switch string(s.name()) {
				case "ID":
					g.Grantee.ID = s.str()
				case "DisplayName":
					g.Grantee.DisplayName = s.str()
				case "URI":
					g.Grantee.URI = s.str()
				}
			}
		}
	}
	// The type is in an attribute, but follows from what there is.
	g.Grantee.Type = g.Grantee.kind()
	return g
}

func (r *GetBucketCORSResponse) parse(s *scanner) error {
	if err := s.root("CORSConfiguration"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		if string(s.name()) == "CORSRule" {
			r.Rules = append(r.Rules, s.corsRule())
		}
	}
	return s.err
}

func (s *scanner) corsRule() (r CORSRule) {
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "ID":
			r.ID = s.str()
		case "AllowedOrigin":
			r.AllowedOrigins = append(r.AllowedOrigins, s.str())
		case "AllowedMethod":
			r.AllowedMethods = append(r.AllowedMethods, s.str())
		case "AllowedHeader":
			r.AllowedHeaders = append(r.AllowedHeaders, s.str())
		case "ExposeHeader":
			r.ExposeHeaders = append(r.ExposeHeaders, s.str())
		case "MaxAgeSeconds":
			r.MaxAgeSeconds = s.int()
		}
	}
	return r
}

func (r *DeleteObjectsResponse) parse(s *scanner) error {
	if err := s.root("DeleteResult"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Deleted":
			r.Deleted = append(r.Deleted, s.deleted())
		case "Error":
			r.Errors = append(r.Errors, s.deleteError())
		}
	}
	return s.err
}

func (s *scanner) deleted() (o DeletedObject) {
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Key":
			o.Key = s.str()
		case "VersionId":
			o.VersionID = s.str()
		case "DeleteMarker":
			o.DeleteMarker = s.bool()
		case "DeleteMarkerVersionId":
			o.DeleteMarkerVersionID = s.str()
		}
	}
	return o
}

func (s *scanner) deleteError() (e DeleteError) {
	for d := s.depth; s.child(d); {
		switch string(s.name()) {
		case "Key":
			e.Key = s.str()
		case "VersionId":
			e.VersionID = s.str()
		case "Code":
			e.Code = s.str()
		case "Message":
			e.Message = s.str()
		}
	}
	return e
}

func (r *CopyObjectResponse) parse(s *scanner) error {
	if err := s.root("CopyObjectResult"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		switch name := s.name(); string(name) {
		case "ETag":
			r.ETag = s.etag()
		case "LastModified":
			r.LastModified = s.time()
		default:
			s.checksum(name, &r.Checksum)
		}
	}
	return s.err
}

func (r *UploadPartCopyResponse) parse(s *scanner) error {
	if err := s.root("CopyPartResult"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		switch name := s.name(); string(name) {
		case "ETag":
			r.ETag = s.etag()
		case "LastModified":
			r.LastModified = s.time()
		default:
			s.checksum(name, &r.Checksum)
		}
	}
	return s.err
}

func (r *CreateMultipartUploadResponse) parse(s *scanner) error {
	if err := s.root("InitiateMultipartUploadResult"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		if string(s.name()) == "UploadId" {
			r.UploadID = s.str()
		}
	}
	if s.err == nil && r.UploadID == "" {
		// Without one, an UploadPart would be a PutObject.
		s.fail(errors.New("no UploadId in it"))
	}
	return s.err
}

func (r *CompleteMultipartUploadResponse) parse(s *scanner) error {
	if err := s.root("CompleteMultipartUploadResult"); err != nil {
		return err
	}
	for d := s.depth; s.child(d); {
		switch name := s.name(); string(name) {
		case "ETag":
			r.ETag = s.etag()
		case "Location":
			r.Location = s.str()
		default:
			s.checksum(name, &r.Checksum)
		}
	}
	return s.err
}

// checksum reads a child that carries a checksum, and leaves any other.
func (s *scanner) checksum(name []byte, c *Checksum) {
	switch string(name) {
	case "ChecksumType":
		c.Type = s.str()
	case "ChecksumCRC32":
		c.Algorithm, c.Value = CRC32, s.str()
	case "ChecksumCRC32C":
		c.Algorithm, c.Value = CRC32C, s.str()
	case "ChecksumCRC64NVME":
		c.Algorithm, c.Value = CRC64NVME, s.str()
	case "ChecksumSHA1":
		c.Algorithm, c.Value = SHA1, s.str()
	case "ChecksumSHA256":
		c.Algorithm, c.Value = SHA256, s.str()
	}
}
