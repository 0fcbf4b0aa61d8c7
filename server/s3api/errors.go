package s3api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"

	"github.com/icos-go/icos/server/authn"
	"github.com/icos-go/icos/server/fault"
	"github.com/icos-go/icos/server/store"
)

// code is an error code of COS. Where IBM and Amazon spell one differently, it is IBM's.
type code string

const (
	codeAccessDenied            code = "AccessDenied"
	codeAccessForbidden         code = "AccessForbidden"
	codeBadDigest               code = "BadDigest"
	codeBadRequest              code = "BadRequest"
	codeBucketAlreadyExists     code = "BucketAlreadyExists"
	codeBucketNotEmpty          code = "BucketNotEmpty"
	codeEntityTooLarge          code = "EntityTooLarge"
	codeEntityTooSmall          code = "EntityTooSmall"
	codeIncompleteBody          code = "IncompleteBody"
	codeInternalError           code = "InternalError"
	codeInvalidArgument         code = "InvalidArgument"
	codeInvalidBucketName       code = "InvalidBucketName"
	codeInvalidDigest           code = "InvalidDigest"
	codeInvalidLocation         code = "InvalidLocationConstraint"
	codeInvalidPart             code = "InvalidPart"
	codeInvalidPartOrder        code = "InvalidPartOrder"
	codeInvalidRange            code = "InvalidRange"
	codeInvalidRequest          code = "InvalidRequest"
	codeInvalidURI              code = "InvalidURI"
	codeKeyTooLong              code = "KeyTooLong"
	codeMalformedACL            code = "MalformedACLError"
	codeMalformedXML            code = "MalformedXML"
	codeMessageTooLong          code = "MaxMessageLengthExceeded"
	codeMetadataTooLarge        code = "MetadataTooLarge"
	codeMethodNotAllowed        code = "MethodNotAllowed"
	codeMissingContentLength    code = "MissingContentLength"
	codeMissingBody             code = "MissingRequestBodyError"
	codeNoSuchBucket            code = "NoSuchBucket"
	codeNoSuchCORSConfiguration code = "NoSuchCORSConfiguration"
	codeNoSuchKey               code = "NoSuchKey"
	codeNoSuchPublicAccessBlock code = "NoSuchPublicAccessBlockConfiguration"
	codeNoSuchTagSet            code = "NoSuchTagSet"
	codeNoSuchUpload            code = "NoSuchUpload"
	codeNoSuchVersion           code = "NoSuchVersion"
	codeNoSuchWebsite           code = "NoSuchWebsiteConfiguration"
	codeNotImplemented          code = "NotImplemented"
	codePreconditionFailed      code = "PreconditionFailed"
	codeQuotaExceeded           code = "QuotaExceeded"
	codeRequestTimeout          code = "RequestTimeout"
	codeServiceUnavailable      code = "ServiceUnavailable"
	codeTooManyBuckets          code = "TooManyBuckets"
	codeUnexpectedContent       code = "UnexpectedContent"
	codeUnresolvableGrant       code = "UnresolvableGrantByEmailAddress"
)

// describe returns the status and the usual message of a code.
func (c code) describe() (status int, message string) {
	switch c {
	case codeAccessDenied:
		return http.StatusForbidden, "Access Denied"
	case codeAccessForbidden:
		return http.StatusForbidden, "CORSResponse: This CORS request is not allowed."
	case codeBadDigest:
		return http.StatusBadRequest, "The checksum you specified did not match what we received."
	case codeBucketAlreadyExists:
		return http.StatusConflict, "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again."
	case codeBucketNotEmpty:
		return http.StatusConflict, "The bucket you tried to delete is not empty."
	case codeEntityTooLarge:
		return http.StatusBadRequest, "Your proposed upload exceeds the maximum allowed object size."
	case codeEntityTooSmall:
		return http.StatusBadRequest, "Your proposed upload is smaller than the minimum allowed object size."
	case codeIncompleteBody:
		return http.StatusBadRequest, "You did not provide the number of bytes specified by the Content-Length HTTP header."
	case codeInternalError:
		return http.StatusInternalServerError, "We encountered an internal error. Please try again."
	case codeInvalidArgument:
		return http.StatusBadRequest, "Invalid Argument"
	case codeInvalidBucketName:
		return http.StatusBadRequest, "The specified bucket is not valid."
	case codeInvalidLocation:
		return http.StatusBadRequest, "Container storage location with specified provisioning code not available"
	case codeInvalidPart:
		return http.StatusBadRequest, "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."
	case codeInvalidPartOrder:
		return http.StatusBadRequest, "The list of parts was not in ascending order. Parts must be ordered by part number."
	case codeInvalidRange:
		return http.StatusRequestedRangeNotSatisfiable, "The requested range is not satisfiable"
	case codeInvalidURI:
		return http.StatusBadRequest, "Couldn't parse the specified URI."
	case codeKeyTooLong:
		return http.StatusBadRequest, "Your key is too long"
	case codeMalformedXML:
		return http.StatusBadRequest, "The XML you provided was not well-formed or did not validate against our published schema"
	case codeMessageTooLong:
		return http.StatusBadRequest, "Your request was too big."
	case codeMetadataTooLarge:
		return http.StatusBadRequest, "Your metadata headers exceed the maximum allowed metadata size."
	case codeMethodNotAllowed:
		return http.StatusMethodNotAllowed, "The specified method is not allowed against this resource."
	case codeMissingContentLength:
		return http.StatusLengthRequired, "You must provide the Content-Length HTTP header."
	case codeMissingBody:
		return http.StatusBadRequest, "Request body is empty."
	case codeNoSuchBucket:
		return http.StatusNotFound, "The specified bucket does not exist."
	case codeNoSuchCORSConfiguration:
		return http.StatusNotFound, "The CORS configuration does not exist"
	case codeNoSuchKey:
		return http.StatusNotFound, "The specified key does not exist."
	case codeNoSuchPublicAccessBlock:
		return http.StatusNotFound, "The public access block configuration was not found"
	case codeNoSuchTagSet:
		return http.StatusNotFound, "The TagSet does not exist"
	case codeNoSuchUpload:
		return http.StatusNotFound, "The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
	case codeNoSuchVersion:
		return http.StatusNotFound, "The specified version does not exist."
	case codeNoSuchWebsite:
		return http.StatusNotFound, "The specified bucket does not have a website configuration"
	case codeNotImplemented:
		return http.StatusNotImplemented, "A header or parameter you provided implies functionality that is not implemented"
	case codePreconditionFailed:
		return http.StatusPreconditionFailed, "At least one of the preconditions you specified did not hold."
	case codeQuotaExceeded:
		return http.StatusForbidden, "The quota of the bucket does not allow the write: remove objects, or raise the quota."
	case codeRequestTimeout:
		return http.StatusBadRequest, "Your socket connection to the server was not read from or written to within the timeout period."
	case codeServiceUnavailable:
		return http.StatusServiceUnavailable, "The service is not able to take this request now. Please try again later."
	case codeTooManyBuckets:
		return http.StatusBadRequest, "You have attempted to create more buckets than allowed."
	case codeUnexpectedContent:
		return http.StatusBadRequest, "This request does not support content."
	}
	return http.StatusBadRequest, string(c)
}

// apiError is an answer that is an error document.
type apiError struct {
	code    code
	status  int
	message string
	bare    bool     // without a Resource element, as COS answers a bad instance id
	cause   error    // for the log only
	headers []string // name and value in turn, to be set on the answer
}

func (e *apiError) Error() string { return string(e.code) + ": " + e.message }

func (e *apiError) Unwrap() error { return e.cause }

// newError is the error of a code with its usual message.
func newError(c code) *apiError {
	status, message := c.describe()
	return &apiError{code: c, status: status, message: message}
}

// newErrorMessage is newError with a message that says more.
func newErrorMessage(c code, message string) *apiError {
	e := newError(c)
	e.message = message
	return e
}

func invalidArgument(message string) *apiError { return newErrorMessage(codeInvalidArgument, message) }

func invalidRequest(message string) *apiError { return newErrorMessage(codeInvalidRequest, message) }

func notImplemented(message string) *apiError { return newErrorMessage(codeNotImplemented, message) }

// malformedXML says what is wrong with a document, after COS's own sentence.
func malformedXML(why string) *apiError {
	e := newError(codeMalformedXML)
	e.message += ": " + why
	return e
}

func preconditionFailed(header string) *apiError {
	e := newError(codePreconditionFailed)
	e.message += " Condition: " + header
	return e
}

func invalidRange(size int64) *apiError {
	e := newError(codeInvalidRange)
	e.headers = []string{"Content-Range", "bytes */" + strconv.FormatInt(size, 10)}
	return e
}

// toAPIError maps what the store, the verifier and the network say to what COS says. What is left is an InternalError, whose
// cause is for the log and not for the client.
func toAPIError(err error) *apiError {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*authn.Error](err); ok {
		return &apiError{code: code(e.Code), status: e.Status, message: e.Message, cause: err}
	}
	if e, ok := errors.AsType[*store.MarkerError](err); ok {
		return markerError(e)
	}
	e := newError(storeCode(err))
	e.cause = err
	return e
}

// clientGone reports whether err came of writing to a client that no longer reads, which is no failure of ours.
func clientGone(err error) bool {
	_, network := errors.AsType[*net.OpError](err)
	return network || errors.Is(err, context.Canceled) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, fault.ErrCut)
}

func storeCode(err error) code {
	switch {
	case errors.Is(err, store.ErrNoSuchKey):
		return codeNoSuchKey
	case errors.Is(err, store.ErrNoSuchBucket):
		return codeNoSuchBucket
	case errors.Is(err, store.ErrBucketExists):
		return codeBucketAlreadyExists
	case errors.Is(err, store.ErrBucketNotEmpty):
		return codeBucketNotEmpty
	case errors.Is(err, store.ErrNoSuchVersion):
		return codeNoSuchVersion
	case errors.Is(err, store.ErrNoSuchUpload):
		return codeNoSuchUpload
	case errors.Is(err, store.ErrInvalidPart):
		return codeInvalidPart
	case errors.Is(err, store.ErrInvalidPartOrder):
		return codeInvalidPartOrder
	case errors.Is(err, store.ErrPartTooSmall):
		return codeEntityTooSmall
	case errors.Is(err, store.ErrInvalidPartNumber):
		return codeInvalidArgument
	case errors.Is(err, store.ErrInvalidRange):
		return codeInvalidRange
	case errors.Is(err, store.ErrTooLarge):
		return codeEntityTooLarge
	case errors.Is(err, store.ErrQuota):
		return codeQuotaExceeded
	case errors.Is(err, store.ErrInvalidKey):
		return codeKeyTooLong
	case errors.Is(err, store.ErrClosed), errors.Is(err, store.ErrFailed), errors.Is(err, syscall.ENOSPC):
		return codeServiceUnavailable
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return codeRequestTimeout // the client is gone; this is for the log
	}
	return codeInternalError
}
