package s3api

import (
	"net/http"
	"strings"
)

// operation is one operation of the COS API.
type operation struct {
	name  string
	need  permission        // what of the bucket's ACL lets callers in who have no role for it
	serve func(*call) error // nil if it is not implemented

	access access // what lets callers in by a role
}

// level is what a request addresses.
type level int

const (
	account level = iota
	bucket
	object
)

// route is how an operation is recognised: by what it addresses, its method, and the sub-resource among its query
// parameters, "" if none.
type route struct {
	level  level
	method string
	sub    string
}

// Sub-resources that are not parameters: they stand for something else in a request that makes it another operation.
const (
	withCopySource = "\x00copy"     // the x-amz-copy-source header
	listType2      = "\x00list"     // list-type=2
	withForm       = "\x00form"     // the body of a form
	copyPart       = "\x00copypart" // uploadId and the x-amz-copy-source header
)

// routes tell which operation a request asks for.
type routes struct {
	operations map[route]*operation
	subs       [object + 1]map[string]bool // sub-resources known at each level, whatever the method
	parameters map[string]bool             // parameters that choose no operation
	accesses   map[string]access           // of operations, by name
	visits     map[string]*operation       // of websites, by method
	listings   map[string]bool             // sub-resources that a GET without id lists
}

// find returns the operation that c asks for. A parameter that looks like a sub-resource and is not known is NotImplemented:
// to ignore it would, for one, turn a question about a policy into a listing.
func (rs *routes) find(c *call) (*operation, error) {
	at := route{level: account, method: c.r.Method}
	switch {
	case c.key != "":
		at.level = object
	case c.bucket != "":
		at.level = bucket
	}
	for _, p := range c.query {
		switch {
		case rs.subs[at.level][p.name]:
			if at.sub != "" && at.sub != p.name {
				return nil, invalidArgument("Conflicting query string parameters: " + at.sub + ", " + p.name)
			}
			at.sub = p.name
		case p.value == "" && !rs.parameters[p.name] && !strings.HasPrefix(p.name, "response-"):
			return nil, notImplemented("The sub-resource " + p.name + " is not implemented")
		}
	}
	copying := at.level == object && c.r.Method == http.MethodPut && c.r.Header["X-Amz-Copy-Source"] != nil
	switch {
	case at.sub == "" && copying:
		at.sub = withCopySource
	case at.sub == "uploadId" && copying:
		at.sub = copyPart
	case rs.listings[at.sub] && at.level == bucket && c.r.Method == http.MethodGet && !c.query.has("id"):
		at.sub = listing + at.sub
	case at.sub == "legalHold" && c.r.Method == http.MethodPost:
		var err error
		if at.sub, err = holdRoute(c.query); err != nil {
			return nil, err
		}
	case at.sub == "" && at.level == bucket && c.r.Method == http.MethodGet:
		switch version, found := c.query.lookup("list-type"); {
		case version == "2":
			at.sub = listType2
		case found:
			return nil, invalidArgument("Invalid list-type: there is version 2, and version 1 without the parameter")
		}
	case at.sub == "" && at.level == bucket && c.r.Method == http.MethodPost && isForm(c.r.Header.Get("Content-Type")):
		at.sub = withForm
	}
	if op := rs.operations[at]; op != nil {
		return op, nil
	}
	e := newError(codeMethodNotAllowed)
	e.headers = []string{"Allow", rs.allowed(at)}
	return nil, e
}

// known reports whether a parameter is a sub-resource of anything.
func (rs *routes) known(name string) bool {
	for _, subs := range rs.subs {
		if subs[name] {
			return true
		}
	}
	return false
}

// isForm reports whether a Content-Type is that of a browser's form, be it of a kind that can hold a file or not.
func isForm(contentType string) bool {
	return strings.HasPrefix(contentType, "multipart/form-data") || strings.HasPrefix(contentType, "application/x-www-form-urlencoded")
}

// allowed lists the methods that the sub-resource has.
func (rs *routes) allowed(at route) string {
	var list []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete} {
		at.method = method
		if rs.operations[at] != nil {
			list = append(list, method)
		}
	}
	return strings.Join(list, ", ")
}

func newRoutes() routes {
	rs := routes{operations: map[route]*operation{}, parameters: map[string]bool{}, accesses: accesses(), listings: map[string]bool{}}
	for i := range rs.subs {
		rs.subs[i] = map[string]bool{}
	}
	for _, name := range strings.Fields(`list-type prefix delimiter marker max-keys encoding-type continuation-token start-after
		fetch-owner key-marker version-id-marker upload-id-marker max-uploads max-parts part-number-marker partNumber versionId
		x-id add remove id select-type first-sync-attempted-before
		AWSAccessKeyId Signature Expires X-Amz-Algorithm X-Amz-Credential X-Amz-Date X-Amz-Expires X-Amz-SignedHeaders
		X-Amz-Signature X-Amz-Content-Sha256 X-Amz-Security-Token x-amz-security-token x-amz-checksum-mode x-amz-acl`) {
		rs.parameters[name] = true
	}
	rs.service()
	rs.bucket()
	rs.object()
	rs.versioning()
	rs.tagging()
	rs.objectLock()
	rs.retention()
	rs.lifecycle()
	rs.replication()
	rs.website()
	rs.publicAccess()
	rs.notOffered()
	return rs
}

func (rs *routes) add(l level, method, sub, name string, need permission, serve func(*call) error) {
	rs.operations[route{l, method, sub}] = &operation{name, need, serve, rs.accesses[name]}
	if sub != "" && sub[0] != 0 {
		rs.subs[l][sub] = true
	}
}

func (rs *routes) service() {
	rs.add(account, "GET", "", "ListBuckets", needNothing, (*call).listBuckets)
	rs.add(account, "GET", "extended", "ListBucketsExtended", needNothing, (*call).listBucketsExtended)
}

func (rs *routes) bucket() {
	rs.add(bucket, "PUT", "", "CreateBucket", needNothing, (*call).createBucket)
	rs.add(bucket, "HEAD", "", "HeadBucket", needRead, (*call).headBucket)
	rs.add(bucket, "DELETE", "", "DeleteBucket", needOwner, (*call).deleteBucket)
	rs.add(bucket, "GET", "", "ListObjects", needRead, (*call).listObjects)
	rs.add(bucket, "GET", listType2, "ListObjectsV2", needRead, (*call).listObjectsV2)
	rs.add(bucket, "GET", "versions", "ListObjectVersions", needRead, (*call).listVersions)
	rs.add(bucket, "GET", "uploads", "ListMultipartUploads", needRead, (*call).listUploads)
	rs.add(bucket, "GET", "location", "GetBucketLocation", needOwner, (*call).getLocation)
	rs.add(bucket, "GET", "acl", "GetBucketAcl", needReadACP, (*call).getBucketACL)
	rs.add(bucket, "PUT", "acl", "PutBucketAcl", needWriteACP, (*call).putBucketACL)
	rs.add(bucket, "GET", "cors", "GetBucketCors", needOwner, (*call).getCORS)
	rs.add(bucket, "PUT", "cors", "PutBucketCors", needOwner, (*call).putCORS)
	rs.add(bucket, "DELETE", "cors", "DeleteBucketCors", needOwner, (*call).deleteCORS)
	rs.add(bucket, "POST", "delete", "DeleteObjects", needWrite, (*call).deleteObjects)
	rs.add(bucket, "POST", withForm, "PostObject", needNothing, (*call).postObject)
	rs.add(bucket, "GET", "faspConnectionInfo", "GetBucketAspera", needOwner, (*call).getAspera)
}

func (rs *routes) object() {
	// Operations that needBucket look at the object's own ACL.
	rs.add(object, "GET", "", "GetObject", needBucket, (*call).getObject)
	rs.add(object, "HEAD", "", "HeadObject", needBucket, (*call).headObject)
	rs.add(object, "PUT", "", "PutObject", needWrite, (*call).putObject)
	rs.add(object, "PUT", withCopySource, "CopyObject", needWrite, (*call).copyObject)
	rs.add(object, "DELETE", "", "DeleteObject", needWrite, (*call).deleteObject)
	rs.add(object, "GET", "acl", "GetObjectAcl", needBucket, (*call).getObjectACL)
	rs.add(object, "PUT", "acl", "PutObjectAcl", needBucket, (*call).putObjectACL)
	rs.add(object, "POST", "uploads", "CreateMultipartUpload", needWrite, (*call).createUpload)
	rs.add(object, "PUT", "uploadId", "UploadPart", needWrite, (*call).uploadPart)
	rs.add(object, "PUT", copyPart, "UploadPartCopy", needWrite, (*call).uploadPartCopy)
	rs.add(object, "POST", "uploadId", "CompleteMultipartUpload", needWrite, (*call).completeUpload)
	rs.add(object, "DELETE", "uploadId", "AbortMultipartUpload", needWrite, (*call).abortUpload)
	rs.add(object, "GET", "uploadId", "ListParts", needWrite, (*call).listParts)
}
