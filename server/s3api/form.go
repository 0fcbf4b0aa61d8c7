package s3api

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/icos-go/icos/server/authn"
)

const (
	// maxFormFields bounds all that comes before the file in a form, in bytes: S3's limit.
	maxFormFields = 20 << 10
	// formAhead is what mime/multipart may have read of the file when it comes to its beginning.
	formAhead = 8 << 10
)

const (
	codeMalformedPost  code = "MalformedPOSTRequest"
	codeNotMultipart   code = "RequestIsNotMultiPartContent"
	codePostTooLong    code = "MaxPostPreDataLengthExceededError"
	codeFileCount      code = "IncorrectNumberOfFilesInPostRequest"
	codeUserKeyMissing code = "UserKeyMustBeSpecified"
)

// postForm is a form of a browser's upload, up to its file.
type postForm struct {
	fields   map[string]string // by their names in lower case
	filename string            // what the browser says the file is called, without directories
	file     io.Reader
}

// get returns a field, "" if there is none. Names are in lower case.
func (f *postForm) get(name string) string { return f.fields[name] }

// boundedReader fails after limit bytes, until it is released.
type boundedReader struct {
	r        io.Reader
	left     int64
	released bool
}

var errFormTooLong = errors.New("too much before the file")

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.released {
		return b.r.Read(p)
	}
	if b.left <= 0 {
		return 0, errFormTooLong
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// readForm reads a form as far as its file, which comes last. What comes after it is ignored, as S3 does: browsers put the
// button there that was pressed.
func readForm(contentType string, body io.Reader) (*postForm, error) {
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" {
		return nil, newErrorMessage(codeNotMultipart, "Bucket POST must be of the enclosure-type multipart/form-data.")
	}
	boundary := parameters["boundary"]
	if boundary == "" || len(boundary) > 70 { // RFC 2046 §5.1.1
		return nil, malformedPost("the Content-Type has no boundary, or none that can be")
	}
	bounded := &boundedReader{r: body, left: maxFormFields + formAhead}
	parts := multipart.NewReader(bounded, boundary)
	form := &postForm{fields: map[string]string{}}
	size := 0
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return nil, newErrorMessage(codeFileCount, "POST requires exactly one file upload per request.")
		}
		if err != nil {
			return nil, formError(err)
		}
		name := strings.ToLower(part.FormName())
		switch {
		case name == "":
			return nil, malformedPost("a part has no name")
		case name == "file":
			bounded.released = true
			form.filename = baseName(part.Header.Get("Content-Disposition"))
			form.file = &formFile{part: part, parts: parts, body: body}
			return form, nil
		}
		value, err := io.ReadAll(io.LimitReader(part, maxFormFields+1))
		if err != nil {
			return nil, formError(err)
		}
		if size += len(name) + len(value); size > maxFormFields {
			return nil, formError(errFormTooLong)
		}
		if _, again := form.fields[name]; again {
			return nil, invalidArgument("POST has the field " + name + " more than once")
		}
		if !utf8.Valid(value) {
			return nil, malformedPost("the field " + name + " is not UTF-8")
		}
		form.fields[name] = string(value)
	}
}

func malformedPost(why string) error {
	return newErrorMessage(codeMalformedPost, "The body of your POST request is not well-formed multipart/form-data: "+why+".")
}

// formError is the answer to an error of reading a form.
func formError(err error) error {
	if errors.Is(err, errFormTooLong) {
		return newErrorMessage(codePostTooLong, "Your POST request fields preceding the upload file were too large.")
	}
	if e, ok := errors.AsType[*apiError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*authn.Error](err); ok {
		return e
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return newError(codeIncompleteBody)
	}
	return malformedPost(err.Error())
}

// baseName is the file's name in a Content-Disposition, without the directories that some browsers send.
func baseName(disposition string) string {
	_, parameters, err := mime.ParseMediaType(disposition)
	if err != nil {
		return ""
	}
	name := parameters["filename"]
	return name[strings.LastIndexAny(name, `/\`)+1:]
}

// expand puts the name of the file in place of ${filename}, in every field that is not part of the proof.
func (f *postForm) expand() {
	for name, value := range f.fields {
		switch name {
		case "policy", "signature", "x-amz-signature", "x-amz-credential", "awsaccesskeyid":
		default:
			f.fields[name] = strings.ReplaceAll(value, "${filename}", f.filename)
		}
	}
}

// header returns the fields that say something about the object as the headers that would say it of a PUT.
func (f *postForm) header() (http.Header, error) {
	h := http.Header{}
	for name, value := range f.fields {
		switch {
		case name == "acl":
			name = "X-Amz-Acl"
		case name == "cache-control", name == "content-type", name == "content-disposition", name == "content-encoding",
			name == "content-language", name == "expires", name == "if-none-match",
			name == "x-amz-website-redirect-location", name == "x-amz-storage-class",
			strings.HasPrefix(name, "x-amz-meta-"), strings.HasPrefix(name, "x-amz-checksum-"), strings.HasPrefix(name, "x-amz-grant-"),
			strings.HasPrefix(name, "x-amz-server-side-encryption"), strings.HasPrefix(name, "x-amz-object-lock-"),
			strings.HasPrefix(name, "retention-"):
		case name == tagging:
			tags, err := taggingHeader(value)
			if err != nil {
				return nil, err
			}
			name, value = "X-Amz-Tagging", tags
		default:
			continue
		}
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return nil, invalidArgument("The field " + name + " holds a character that a header can not")
		}
		h.Set(name, value)
	}
	return h, nil
}

// formFile is the file of a form.
type formFile struct {
	part  *multipart.Part
	parts *multipart.Reader
	body  io.Reader
}

// Read implements io.Reader. At the end of the file it looks at what follows it, which is what a second file, and the end of
// the body with its digests, are found by.
func (f *formFile) Read(p []byte) (int, error) {
	n, err := f.part.Read(p)
	if err != io.EOF {
		if err != nil {
			err = formError(err)
		}
		return n, err
	}
	left := &boundedReader{r: f.body, left: maxFormFields}
	switch next, nerr := f.parts.NextRawPart(); {
	case nerr == nil && strings.EqualFold(next.FormName(), "file"):
		return n, newErrorMessage(codeFileCount, "POST requires exactly one file upload per request.")
	case nerr != nil && nerr != io.EOF:
		return n, formError(nerr)
	}
	if _, err := io.Copy(io.Discard, left); err != nil {
		return n, formError(err)
	}
	return n, io.EOF
}
