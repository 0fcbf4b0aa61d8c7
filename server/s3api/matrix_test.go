package s3api_test

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/s3api"
)

// matrixRow is one operation and who may do it, as IBM documents it in "IAM roles and actions" (the service actions of Cloud Object
// Storage) and, for public access, in "Allowing public access". It is written down from there: not computed from what the
// server does.
type matrixRow struct {
	op      string // with a word after it if there are several rows of an operation
	request string // with B for the bucket; k is an object in it
	// roles may do it in a bucket of their instance: Manager, Writer, Reader, ContentReader, ObjectReader, and P for ObjectWriter.
	roles string
	// public says which kind of public bucket lets everybody do it: by a policy with the role ContentReader (c) or ObjectReader
	// (o), or by the ACL public-read on the bucket and the object (a).
	public  string
	body    string // most are no valid document, so that a request that is let in does nothing
	headers []string
}

const (
	all     = "MWRCOP"
	listers = "MWRC"
	getters = "MWRCO"
	putters = "MWP"
)

func matrix() []matrixRow {
	source := []string{"X-Amz-Copy-Source", "/B/k"}
	return []matrixRow{
		{op: "ListBuckets", request: "GET /", roles: "MWR"},
		{op: "ListBucketsExtended", request: "GET /?extended", roles: "MWR"},
		{op: "CreateBucket", request: "PUT /new-bucket", roles: "MW", body: "no document"},

		{op: "DeleteBucket", request: "DELETE /B", roles: "MW"}, // which is not empty
		{op: "HeadBucket", request: "HEAD /B", roles: listers, public: "ca"},
		{op: "ListObjects", request: "GET /B", roles: listers, public: "ca"},
		{op: "ListObjectsV2", request: "GET /B?list-type=2", roles: listers, public: "ca"},
		{op: "ListObjectVersions", request: "GET /B?versions", roles: listers, public: "ca"},
		{op: "ListMultipartUploads", request: "GET /B?uploads", roles: "MWR", public: "a"},
		{op: "GetBucketLocation", request: "GET /B?location", roles: listers, public: "c"},
		{op: "GetBucketAcl", request: "GET /B?acl", roles: "M"},
		{op: "PutBucketAcl", request: "PUT /B?acl", roles: "M", body: "x"},
		{op: "GetBucketCors", request: "GET /B?cors", roles: "MWR"},
		{op: "PutBucketCors", request: "PUT /B?cors", roles: "MW", body: "x"},
		{op: "DeleteBucketCors", request: "DELETE /B?cors", roles: "MW"},
		{op: "GetBucketWebsite", request: "GET /B?website", roles: "MWR"},
		{op: "PutBucketWebsite", request: "PUT /B?website", roles: "MW", body: "x"},
		{op: "DeleteBucketWebsite", request: "DELETE /B?website", roles: "MW"},
		{op: "GetBucketVersioning", request: "GET /B?versioning", roles: "MWR"},
		{op: "PutBucketVersioning", request: "PUT /B?versioning", roles: "MW", body: "x"},
		{op: "GetBucketLifecycleConfiguration", request: "GET /B?lifecycle", roles: "MWR"},
		{op: "PutBucketLifecycleConfiguration", request: "PUT /B?lifecycle", roles: "MW", body: "x"},
		{op: "DeleteBucketLifecycle", request: "DELETE /B?lifecycle", roles: "MW"},
		{op: "GetBucketReplication", request: "GET /B?replication", roles: "MWR"},
		{op: "PutBucketReplication", request: "PUT /B?replication", roles: "MW", body: "x"},
		{op: "DeleteBucketReplication", request: "DELETE /B?replication", roles: "MW"},
		{op: "ListBucketReplicationFailures", request: "GET /B?ibm-replication-failures", roles: "MWR"},
		{op: "PutBucketReplicationReattempt", request: "PUT /B?ibm-replication-reattempt", roles: "MW"},
		{op: "GetBucketTagging", request: "GET /B?tagging", roles: "MWR"},
		{op: "PutBucketTagging", request: "PUT /B?tagging", roles: "MW", body: "x"},
		{op: "DeleteBucketTagging", request: "DELETE /B?tagging", roles: "MW"},
		{op: "GetBucketProtectionConfiguration", request: "GET /B?protection", roles: "MWR"},
		{op: "PutBucketProtectionConfiguration", request: "PUT /B?protection", roles: "M", body: "x"},
		{op: "GetObjectLockConfiguration", request: "GET /B?object-lock", roles: "MWR"},
		{op: "PutObjectLockConfiguration", request: "PUT /B?object-lock", roles: "MW", body: "x"},
		{op: "GetPublicAccessBlock", request: "GET /B?publicAccessBlock", roles: "M"},
		{op: "PutPublicAccessBlock", request: "PUT /B?publicAccessBlock", roles: "M", body: "x"},
		{op: "DeletePublicAccessBlock", request: "DELETE /B?publicAccessBlock", roles: "M"},
		{op: "GetBucketAspera", request: "GET /B?faspConnectionInfo", roles: "MWR"},
		{op: "DeleteObjects", request: "POST /B?delete", roles: "MW", body: "x"},
		{
			op: "PostObject", request: "POST /B", roles: putters, headers: []string{"Content-Type", "multipart/form-data; boundary=b"},
			body: "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nposted\r\n" +
				"--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\ncontent\r\n--b--\r\n",
		},

		{op: "GetObject", request: "GET /B/k", roles: getters, public: "coa"},
		{op: "GetObject version", request: "GET /B/k?versionId=null", roles: getters, public: "coa"},
		{op: "HeadObject", request: "HEAD /B/k", roles: getters, public: "coa"},
		{op: "HeadObject version", request: "HEAD /B/k?versionId=null", roles: getters, public: "coa"},
		{op: "PutObject", request: "PUT /B/new", roles: putters, body: "content"},
		{op: "CopyObject", request: "PUT /B/copy", roles: "MW", headers: source},
		{op: "DeleteObject", request: "DELETE /B/absent", roles: "MW"},
		{op: "DeleteObject version", request: "DELETE /B/absent?versionId=null", roles: "MW"},
		{op: "GetObjectAcl", request: "GET /B/k?acl", roles: "M"},
		{op: "GetObjectAcl version", request: "GET /B/k?acl&versionId=null", roles: "M"},
		{op: "PutObjectAcl", request: "PUT /B/k?acl", roles: "M", body: "x"},
		{op: "PutObjectAcl version", request: "PUT /B/k?acl&versionId=null", roles: "M", body: "x"},
		{op: "CreateMultipartUpload", request: "POST /B/upload?uploads", roles: putters},
		{op: "UploadPart", request: "PUT /B/k?partNumber=1&uploadId=none", roles: putters, body: "part"},
		{op: "UploadPartCopy", request: "PUT /B/k?partNumber=1&uploadId=none", roles: "MW", headers: source},
		{op: "CompleteMultipartUpload", request: "POST /B/k?uploadId=none", roles: putters, body: "x"},
		{op: "AbortMultipartUpload", request: "DELETE /B/k?uploadId=none", roles: putters},
		{op: "ListParts", request: "GET /B/k?uploadId=none", roles: "MWRP"},
		{op: "RestoreObject", request: "POST /B/k?restore", roles: "MW", body: "x"},
		{op: "RestoreObject version", request: "POST /B/k?restore&versionId=null", roles: "MW", body: "x"},
		{op: "GetObjectTagging", request: "GET /B/k?tagging", roles: "MWR"},
		{op: "GetObjectTagging version", request: "GET /B/k?tagging&versionId=null", roles: "MWR"},
		{op: "PutObjectTagging", request: "PUT /B/k?tagging", roles: putters, body: "x"},
		{op: "PutObjectTagging version", request: "PUT /B/k?tagging&versionId=null", roles: putters, body: "x"},
		{op: "DeleteObjectTagging", request: "DELETE /B/k?tagging", roles: putters},
		{op: "DeleteObjectTagging version", request: "DELETE /B/k?tagging&versionId=null", roles: putters},
		{op: "GetObjectRetention", request: "GET /B/k?retention", roles: "MWR"},
		{op: "GetObjectRetention version", request: "GET /B/k?retention&versionId=null", roles: "MWR"},
		{op: "PutObjectRetention", request: "PUT /B/k?retention", roles: putters, body: "x"},
		{op: "PutObjectRetention version", request: "PUT /B/k?retention&versionId=null", roles: putters, body: "x"},
		{op: "GetObjectLegalHold", request: "GET /B/k?legal-hold", roles: "MWR"},
		{op: "GetObjectLegalHold version", request: "GET /B/k?legal-hold&versionId=null", roles: "MWR"},
		{op: "PutObjectLegalHold", request: "PUT /B/k?legal-hold", roles: putters, body: "x"},
		{op: "PutObjectLegalHold version", request: "PUT /B/k?legal-hold&versionId=null", roles: putters, body: "x"},
		{op: "ListLegalHolds", request: "GET /B/k?legalHold", roles: "MWR"},
		{op: "AddLegalHold", request: "POST /B/k?legalHold&add=h", roles: "MW"},
		{op: "DeleteLegalHold", request: "POST /B/k?legalHold&remove=h", roles: "MW"},
		{op: "ExtendObjectRetention", request: "POST /B/k?extendRetention", roles: "MW"},
	}
}

// served tells which operations the server has.
func served() map[string]bool {
	names := map[string]bool{}
	for _, op := range s3api.Operations() {
		if op.Offered {
			names[op.Name] = true
		}
	}
	return names
}

// operation is the name of the operation that the row is about.
func (row *matrixRow) operation() string {
	name, _, _ := strings.Cut(row.op, " ")
	return name
}

// TestMatrixIsComplete fails for an operation that is served and that nobody wrote down who may do.
func TestMatrixIsComplete(t *testing.T) {
	known := map[string]bool{}
	for _, row := range matrix() {
		known[row.operation()] = true
	}
	there := served()
	for name := range there {
		if !known[name] {
			t.Errorf("%s is served, and the authorization matrix has no row for it", name)
		}
	}
	for name := range known {
		if !there[name] {
			t.Errorf("the authorization matrix has a row for %s, which is not served", name)
		}
	}
}

// TestAuthorizationMatrix sends every operation in every role, and in none, to a bucket of the own instance, to a private one of
// another, and to public ones of another.
func TestAuthorizationMatrix(t *testing.T) {
	t.Parallel()
	s := newServer(t, serverOptions{})
	roles := map[byte]iam.Role{
		'M': iam.Manager, 'W': iam.Writer, 'R': iam.Reader, 'C': iam.ContentReader, 'O': iam.ObjectReader, 'P': iam.ObjectWriter,
	}
	users := map[byte]user{'-': s.nobody}
	for letter, role := range roles {
		users[letter] = s.credential(s.owner.instance, &iam.CredentialOptions{Role: role})
	}
	s.put("/bucket/k", "content")
	for _, b := range []struct {
		name, acl string
		public    iam.Role
	}{{"private", "", 0}, {"content", "", iam.ContentReader}, {"objects", "", iam.ObjectReader}, {"public-acl", "public-read", 0}} {
		s.do(s.other, "PUT", "/"+b.name, "", "Ibm-Service-Instance-Id", s.other.instance, "X-Amz-Acl", b.acl).want(t, 200, "")
		s.do(s.other, "PUT", "/"+b.name+"/k", "content", "X-Amz-Acl", b.acl).want(t, 200, "")
		if b.public != 0 {
			s.policy(iam.Policy{Subject: iam.PublicAccess, Roles: []iam.Role{b.public}, Instance: s.other.instance, Bucket: b.name})
		}
	}
	buckets := []struct{ name, instance, kind string }{
		{"bucket", s.owner.instance, ""},
		{"private", s.other.instance, "-"},
		{"content", s.other.instance, "c"},
		{"objects", s.other.instance, "o"},
		{"public-acl", s.other.instance, "a"},
	}
	for _, row := range matrix() {
		t.Run(row.op, func(t *testing.T) {
			for _, b := range buckets {
				for _, letter := range []byte(all + "-") {
					want := b.kind == "" && strings.IndexByte(row.roles, letter) >= 0 || b.kind != "" && strings.Contains(row.public, b.kind)
					if err := s.attempt(users[letter], row, b.name, b.instance, want); err != nil {
						t.Errorf("role %c, bucket %s: %v", letter, b.name, err)
					}
				}
			}
		})
	}
}

// credential makes somebody with a role.
func (s *server) credential(instance string, o *iam.CredentialOptions) user {
	s.t.Helper()
	c, err := s.iam.CreateCredential(s.t.Context(), instance, "test", o)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.user(c)
}

func (s *server) policy(p iam.Policy) iam.Policy {
	s.t.Helper()
	p, err := s.iam.CreatePolicy(s.t.Context(), p, "")
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// attempt sends the request of a row and compares whether it is let in. What becomes of it then does not matter, as long as it
// was that operation which said so.
func (s *server) attempt(who user, row matrixRow, bucket, instance string, want bool) error {
	method, path, _ := strings.Cut(row.request, " ")
	headers := []string{"Ibm-Service-Instance-Id", instance}
	for _, h := range row.headers {
		headers = append(headers, strings.ReplaceAll(h, "/B/", "/"+bucket+"/"))
	}
	if row.body != "" {
		headers = append(headers, md5Header(row.body)...)
	}
	r, err := s.try(who, method, strings.Replace(path, "/B", "/"+bucket, 1), row.body, headers...)
	if err != nil {
		return err
	}
	var doc errorDocument
	if method != "HEAD" && r.StatusCode >= 400 {
		if err := xml.Unmarshal([]byte(r.body), &doc); err != nil {
			return fmt.Errorf("%s: status %d: %w", r.what, r.StatusCode, err)
		}
	}
	denied := r.StatusCode == 403 && (doc.Code == "AccessDenied" || method == "HEAD")
	switch {
	case denied == want:
		return fmt.Errorf("%s: status %d %s, and being let in should be %v", r.what, r.StatusCode, doc.Code, want)
	case !denied && (r.StatusCode >= 500 || r.StatusCode == 405):
		return fmt.Errorf("%s: status %d %s, which says nothing", r.what, r.StatusCode, doc.Code)
	}
	return nil
}
