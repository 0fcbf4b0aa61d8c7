package s3

import "time"

// An Owner is who owns a bucket or an object, or began an upload.
type Owner struct {
	ID          string
	DisplayName string
}

// A Grantee is whom a Grant is for: an ID, or one of the groups named by a URI.
type Grantee struct {
	Type        string // "CanonicalUser" or "Group"; in requests it follows from which of ID and URI is set
	ID          string
	DisplayName string
	URI         string
}

// A Grant lets a Grantee do something.
type Grant struct {
	Grantee    Grantee
	Permission string // FULL_CONTROL, READ, WRITE, READ_ACP or WRITE_ACP
}

// A CORSRule says which web pages may call the bucket from a browser.
type CORSRule struct {
	ID             string
	AllowedOrigins []string
	AllowedMethods []string
	AllowedHeaders []string
	ExposeHeaders  []string
	MaxAgeSeconds  int
}

// An Object is one entry of a listing.
type Object struct {
	Key          string
	Size         int64 // bytes
	ETag         string
	LastModified time.Time
	StorageClass string
	Owner        Owner // zero unless the service sends it; see FetchOwner
}

// An ObjectVersion is one version, or one delete marker, of a listing of versions.
type ObjectVersion struct {
	Object

	VersionID      string
	IsLatest       bool
	IsDeleteMarker bool // then Size, ETag and StorageClass are zero
}

// An Upload is a multipart upload that was begun and neither completed nor aborted.
type Upload struct {
	Key          string
	UploadID     string
	Initiated    time.Time
	StorageClass string
	Owner        Owner
	Initiator    Owner
}

// A Part is one part of an upload in progress.
type Part struct {
	PartNumber   int
	Size         int64 // bytes
	ETag         string
	LastModified time.Time
	Checksum     Checksum
}

// A CompletedPart names a part that goes into the object.
type CompletedPart struct {
	PartNumber int
	ETag       string   // as UploadPart returned it
	Checksum   Checksum // optional; Algorithm and Value as UploadPart returned them
}
