package authn

import "net/http"

// Error is a refusal, with the S3 error code that tells the client why. It
// never contains what the client sent as proof.
type Error struct {
	Code    string // S3 error code, such as SignatureDoesNotMatch
	Message string // for people
	Status  int    // HTTP status
}

// Error returns the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

func refuse(status int, code, message string) *Error {
	return &Error{Code: code, Message: message, Status: status}
}

func accessDenied(message string) *Error {
	return refuse(http.StatusForbidden, "AccessDenied", message)
}

func invalidRequest(message string) *Error {
	return refuse(http.StatusBadRequest, "InvalidRequest", message)
}

func invalidArgument(message string) *Error {
	return refuse(http.StatusBadRequest, "InvalidArgument", message)
}

func headerMalformed(why string) *Error {
	return refuse(http.StatusBadRequest, "AuthorizationHeaderMalformed", "The authorization header is malformed; "+why)
}

func queryMalformed(why string) *Error {
	return refuse(http.StatusBadRequest, "AuthorizationQueryParametersError", why)
}

func unknownKey() *Error {
	return refuse(http.StatusForbidden, "InvalidAccessKeyId",
		"The AWS Access Key Id you provided does not exist in our records.")
}

func signatureMismatch() *Error {
	return refuse(http.StatusForbidden, "SignatureDoesNotMatch",
		"The request signature we calculated does not match the signature you provided. "+
			"Check your AWS Secret Access Key and signing method.")
}

func tooSkewed() *Error {
	return refuse(http.StatusForbidden, "RequestTimeTooSkewed",
		"The difference between the request time and the server's time is too large.")
}

func incompleteBody(why string) *Error {
	return refuse(http.StatusBadRequest, "IncompleteBody", why)
}

func badDigest(name string) *Error {
	return refuse(http.StatusBadRequest, "BadDigest",
		"The "+name+" you specified did not match what we received.")
}

func invalidDigest(name string) *Error {
	return refuse(http.StatusBadRequest, "InvalidDigest", "The "+name+" you specified is not valid.")
}

func malformedTrailer() *Error {
	return refuse(http.StatusBadRequest, "MalformedTrailerError",
		"The request contained trailing data that was not well-formed or did not conform to our published schema.")
}
