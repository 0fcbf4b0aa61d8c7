package s3api_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"
)

// fields are those of a form, names and values in turn, and its file last.
type fields []string

// form writes a form as a browser does.
func form(t testing.TB, f fields, filename, file string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i+1 < len(f); i += 2 {
		if err := w.WriteField(f[i], f[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", filename)
	if err != nil {
		t.Fatal(err)
	}
	part.Write([]byte(file))
	if err := w.WriteField("submit", "Upload"); err != nil { // the button
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

// post sends a form to the bucket.
func (s *server) post(f fields, filename, file string) *response {
	s.t.Helper()
	body, contentType := form(s.t, f, filename, file)
	return s.do(s.nobody, "POST", "/bucket", body, "Content-Type", contentType)
}

func mac256(key []byte, message string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(message))
	return h.Sum(nil)
}

// signedV4 are the fields of a policy that the user signs, worked out here from the description of Signature Version 4 alone.
func signedV4(t *testing.T, who user, expires time.Time, conditions ...any) fields {
	t.Helper()
	now := time.Now().UTC()
	day, date := now.Format("20060102"), now.Format("20060102T150405Z")
	credential := who.keys.AccessKeyID + "/" + day + "/us-standard/s3/aws4_request"
	conditions = append(conditions,
		map[string]string{"x-amz-algorithm": "AWS4-HMAC-SHA256"}, map[string]string{"x-amz-credential": credential}, map[string]string{"x-amz-date": date})
	policy := encodePolicy(t, expires, conditions)
	key := []byte("AWS4" + who.keys.SecretAccessKey)
	for _, part := range []string{day, "us-standard", "s3", "aws4_request"} {
		key = mac256(key, part)
	}
	return fields{
		"policy", policy, "x-amz-algorithm", "AWS4-HMAC-SHA256", "x-amz-credential", credential, "x-amz-date", date,
		"x-amz-signature", hex.EncodeToString(mac256(key, policy)),
	}
}

// signedV2 is signedV4 with the old signature.
func signedV2(t *testing.T, who user, expires time.Time, conditions ...any) fields {
	t.Helper()
	policy := encodePolicy(t, expires, conditions)
	h := hmac.New(sha1.New, []byte(who.keys.SecretAccessKey))
	h.Write([]byte(policy))
	return fields{"policy", policy, "AWSAccessKeyId", who.keys.AccessKeyID, "signature", base64.StdEncoding.EncodeToString(h.Sum(nil))}
}

func encodePolicy(t *testing.T, expires time.Time, conditions []any) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{"expiration": expires.UTC().Format("2006-01-02T15:04:05.000Z"), "conditions": conditions})
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b)
}

func is(field, value string) map[string]string { return map[string]string{field: value} }

func TestPostObject(t *testing.T) {
	s := newServer(t, serverOptions{})
	later := time.Now().Add(time.Hour)
	for name, sign := range map[string]func(*testing.T, user, time.Time, ...any) fields{"V4": signedV4, "V2": signedV2} {
		t.Run(name, func(t *testing.T) {
			f := sign(t, s.owner, later, is("bucket", "bucket"), []any{"starts-with", "$key", "up/"}, is("acl", "public-read"),
				[]any{"starts-with", "$Content-Type", "text/"}, []any{"content-length-range", 1, 10}, is("x-amz-meta-by", "form"), is("Cache-Control", "no-store"))
			f = append(f, "key", "up/${filename}", "acl", "public-read", "Content-Type", "text/plain", "x-amz-meta-by", "form", "Cache-Control", "no-store", "x-ignore-me", "x")
			r := s.post(f, `C:\dir\a b.txt`, "hello")
			r.want(t, 204, "")
			if r.Header.Get("Etag") != `"5d41402abc4b2a76b9719d911017c592"` || r.Header.Get("Location") != s.url+"/bucket/up/a%20b.txt" {
				t.Errorf("headers %v", r.Header)
			}
			got := s.do(s.nobody, "GET", "/bucket/up/a%20b.txt", "") // as its ACL says
			got.want(t, 200, "")
			if got.body != "hello" || got.Header.Get("Content-Type") != "text/plain" || got.Header.Get("X-Amz-Meta-By") != "form" || got.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("object %q, %v", got.body, got.Header)
			}
		})
	}
}

func TestPostObjectAgainstItsPolicy(t *testing.T) {
	s := newServer(t, serverOptions{})
	later := time.Now().Add(time.Hour)
	key := is("key", "k")
	b := is("bucket", "bucket")
	tests := []struct {
		name       string
		expires    time.Time
		conditions []any
		fields     fields
		file       string
		status     int
		code, says string
	}{
		{"expired", time.Now().Add(-time.Second), []any{b, key}, fields{"key", "k"}, "x", 403, "AccessDenied", "Policy expired"},
		{"another bucket", later, []any{is("bucket", "other"), key}, fields{"key", "k"}, "x", 403, "AccessDenied", `"$bucket", "other"`},
		{"bucket named in the form", later, []any{is("bucket", "other"), key}, fields{"key", "k", "bucket", "other"}, "x", 403, "AccessDenied", "Condition failed"},
		{"another key", later, []any{b, key}, fields{"key", "l"}, "x", 403, "AccessDenied", `["eq", "$key", "k"]`},
		{"another prefix", later, []any{b, []any{"starts-with", "$key", "a/"}}, fields{"key", "b/x"}, "x", 403, "AccessDenied", `["starts-with", "$key", "a/"]`},
		{"a field that is missing", later, []any{b, key, is("acl", "public-read")}, fields{"key", "k"}, "x", 403, "AccessDenied", `"$acl"`},
		{"a field that nobody spoke of", later, []any{b, key}, fields{"key", "k", "acl", "public-read"}, "x", 403, "AccessDenied", "Extra input fields: acl"},
		{"too large", later, []any{b, key, []any{"content-length-range", 0, 3}}, fields{"key", "k"}, "1234", 400, "EntityTooLarge", ""},
		{"too small", later, []any{b, key, []any{"content-length-range", "3", "9"}}, fields{"key", "k"}, "12", 400, "EntityTooSmall", ""},
		{"no key", later, []any{b}, nil, "x", 400, "UserKeyMustBeSpecified", ""},
		{"an operation that is none", later, []any{b, key, []any{"ends-with", "$key", "k"}}, fields{"key", "k"}, "x", 400, "InvalidPolicyDocument", "ends-with"},
		{"a range that is none", later, []any{b, key, []any{"content-length-range", 3, 1}}, fields{"key", "k"}, "x", 400, "InvalidPolicyDocument", ""},
		{"a condition of two", later, []any{b, []any{"eq", "$key"}}, fields{"key", "k"}, "x", 400, "InvalidPolicyDocument", ""},
		{"a key that is too long", later, []any{b, []any{"starts-with", "$key", ""}}, fields{"key", strings.Repeat("k", 1025)}, "x", 400, "KeyTooLong", ""},
		{"a header in a field", later, []any{b, key, []any{"starts-with", "$content-type", ""}}, fields{"key", "k", "content-type", "a\r\nX-Evil: 1"}, "x", 400, "InvalidArgument", ""},
		{"a checksum that is wrong", later, []any{b, key, []any{"starts-with", "$x-amz-checksum-crc32", ""}}, fields{"key", "k", "x-amz-checksum-crc32", "AAAAAA=="}, "x", 400, "BadDigest", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := s.post(append(signedV4(t, s.owner, test.expires, test.conditions...), test.fields...), "f", test.file)
			r.want(t, test.status, test.code)
			if !strings.Contains(r.body, strings.NewReplacer(`"`, "&#34;").Replace(test.says)) && !strings.Contains(r.body, test.says) {
				t.Errorf("%s does not say %s", r.body, test.says)
			}
			s.do(s.owner, "HEAD", "/bucket/k", "").want(t, 404, "")
		})
	}
}

func TestPostObjectSignatures(t *testing.T) {
	s := newServer(t, serverOptions{})
	later := time.Now().Add(time.Hour)
	conditions := []any{is("bucket", "bucket"), is("key", "k")}
	with := func(f fields, name, value string) fields {
		f = append(fields(nil), f...)
		for i := 0; i+1 < len(f); i += 2 {
			if f[i] == name {
				f[i+1] = value
				return f
			}
		}
		return append(f, name, value)
	}
	v4, v2 := signedV4(t, s.owner, later, conditions...), signedV2(t, s.owner, later, conditions...)
	other := encodePolicy(t, later, []any{})
	for name, test := range map[string]struct {
		fields fields
		status int
		code   string
	}{
		"tampered policy":              {with(v4, "policy", other), 403, "SignatureDoesNotMatch"},
		"tampered policy, V2":          {with(v2, "policy", other), 403, "SignatureDoesNotMatch"},
		"tampered signature":           {with(v4, "x-amz-signature", strings.Repeat("0", 64)), 403, "SignatureDoesNotMatch"},
		"unknown key":                  {with(v2, "AWSAccessKeyId", "nobody"), 403, "InvalidAccessKeyId"},
		"credential that is none":      {with(v4, "x-amz-credential", "x/y"), 400, "InvalidArgument"},
		"algorithm that is none":       {with(v4, "x-amz-algorithm", "AWS4-HMAC-MD5"), 400, "InvalidArgument"},
		"date of another day":          {with(v4, "x-amz-date", "20200101T000000Z"), 400, "InvalidArgument"},
		"both versions":                {append(append(fields(nil), v4...), v2[2:]...), 400, "InvalidArgument"},
		"policy without signature":     {fields{"policy", other}, 403, "AccessDenied"},
		"signature without policy":     {fields{"AWSAccessKeyId", s.owner.keys.AccessKeyID, "signature", "x"}, 400, "InvalidArgument"},
		"a stranger's":                 {signedV4(t, s.other, later, conditions...), 403, "AccessDenied"},
		"nothing":                      {nil, 403, "AccessDenied"},
		"a policy that is no document": {signedPolicy(t, s.owner, "not json"), 400, "InvalidPolicyDocument"},
	} {
		t.Run(name, func(t *testing.T) {
			s.post(append(test.fields, "key", "k"), "f", "x").want(t, test.status, test.code)
		})
	}
	s.do(s.owner, "HEAD", "/bucket/k", "").want(t, 404, "")

	// Everybody may where the bucket says so, and the owner with a token.
	s.do(s.owner, "PUT", "/bucket?acl", "", "x-amz-acl", "public-read-write").want(t, 200, "")
	s.post(fields{"key", "k"}, "f", "x").want(t, 204, "")
	body, contentType := form(t, fields{"key", "mine"}, "f", "x")
	s.do(s.owner, "POST", "/bucket", body, "Content-Type", contentType).want(t, 204, "")
	body, contentType = form(t, append(v4, "key", "k"), "f", "x")
	s.do(s.owner, "POST", "/bucket", body, "Content-Type", contentType).want(t, 400, "InvalidArgument") // two proofs
}

func signedPolicy(t *testing.T, who user, document string) fields {
	t.Helper()
	policy := base64.StdEncoding.EncodeToString([]byte(document))
	h := hmac.New(sha1.New, []byte(who.keys.SecretAccessKey))
	h.Write([]byte(policy))
	return fields{"policy", policy, "AWSAccessKeyId", who.keys.AccessKeyID, "signature", base64.StdEncoding.EncodeToString(h.Sum(nil))}
}

func TestPostObjectAnswers(t *testing.T) {
	s := newServer(t, serverOptions{})
	open := []any{[]any{"starts-with", "$key", ""}, is("bucket", "bucket"), []any{"starts-with", "$success_action_status", ""}, []any{"starts-with", "$success_action_redirect", ""}}
	sign := func(more ...string) fields {
		return append(signedV4(t, s.owner, time.Now().Add(time.Hour), open...), more...)
	}
	for value, status := range map[string]int{"200": 200, "201": 201, "204": 204, "404": 204, "": 204} {
		r := s.post(sign("key", "k&1", "success_action_status", value), "f", "x")
		r.want(t, status, "")
		if status != 201 {
			if r.body != "" {
				t.Errorf("success_action_status %q: body %q", value, r.body)
			}
			continue
		}
		doc := decode[struct{ Location, Bucket, Key, ETag string }](t, r)
		if doc.Bucket != "bucket" || doc.Key != "k&1" || doc.ETag != r.Header.Get("Etag") || doc.Location != s.url+"/bucket/k%261" {
			t.Errorf("document %+v", doc)
		}
	}
	r := s.post(sign("key", "k", "success_action_redirect", "https://app.example/done?a=b"), "f", "x")
	if want := "https://app.example/done?a=b&bucket=bucket&etag=%229dd4e461268c8034f5c8564e155c67a6%22&key=k"; r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != want {
		t.Errorf("redirect: %d %s, want %s", r.StatusCode, r.Header.Get("Location"), want)
	}
	if r := s.post(sign("key", "k", "success_action_redirect", "javascript:alert(1)"), "f", "x"); r.StatusCode != 204 {
		t.Errorf("redirect to a script: %d %s", r.StatusCode, r.Header.Get("Location"))
	}
}

func TestFormsThatAreMalformed(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.do(s.owner, "PUT", "/bucket?acl", "", "x-amz-acl", "public-read-write").want(t, 200, "")
	const kind = "multipart/form-data; boundary=b"
	part := func(name, value string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	key, file := part("key", "k"), part("file", "x")
	for name, test := range map[string]struct{ kind, body, code string }{
		"urlencoded":          {"application/x-www-form-urlencoded", "key=k", "RequestIsNotMultiPartContent"},
		"no boundary":         {"multipart/form-data", key, "MalformedPOSTRequest"},
		"no file":             {kind, key + "--b--\r\n", "IncorrectNumberOfFilesInPostRequest"},
		"two files":           {kind, key + file + file + "--b--\r\n", "IncorrectNumberOfFilesInPostRequest"},
		"cut in a field":      {kind, part("key", "kkkkkkkkkkkkkkkk")[:60], "IncompleteBody"},
		"cut in the file":     {kind, key + file[:len(file)-3], "IncompleteBody"},
		"not a form":          {kind, "hello", "IncompleteBody"},
		"a part without name": {kind, "--b\r\n\r\nx\r\n--b--\r\n", "MalformedPOSTRequest"},
		"twice the key":       {kind, key + key + file + "--b--\r\n", "InvalidArgument"},
		"file before key":     {kind, file + key + "--b--\r\n", "UserKeyMustBeSpecified"},
		"a long field":        {kind, key + part("x", strings.Repeat("x", 21<<10)) + file + "--b--\r\n", "MaxPostPreDataLengthExceededError"},
		"many fields":         {kind, key + strings.Repeat(part("x-ignore-1", ""), 5000) + file + "--b--\r\n", "InvalidArgument"},
		"a long part header":  {kind, "--b\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n\r\n" + file + "--b--\r\n", "MaxPostPreDataLengthExceededError"},
		"not UTF-8":           {kind, part("key", "\xff") + file + "--b--\r\n", "MalformedPOSTRequest"},
	} {
		t.Run(name, func(t *testing.T) {
			s.do(s.nobody, "POST", "/bucket", test.body, "Content-Type", test.kind).want(t, 400, test.code)
		})
	}
	s.do(s.owner, "HEAD", "/bucket/k", "").want(t, 404, "")
	s.do(s.nobody, "POST", "/nowhere", key+file+"--b--\r\n", "Content-Type", kind).want(t, 404, "NoSuchBucket")
	if got := s.do(s.nobody, "POST", "/bucket", key+file+"--b--\r\n", "Content-Type", kind); got.StatusCode != 204 {
		t.Errorf("the form that is well formed: %d %s", got.StatusCode, got.body)
	}
}

// TestFormsStream uploads more than a server would hold in memory for a form.
func TestFormsStream(t *testing.T) {
	s := newServer(t, serverOptions{})
	file := strings.Repeat("0123456789abcdef", 1<<20) // 16 MiB
	tagging := "<Tagging><TagSet><Tag><Key>a b</Key><Value>c&amp;d</Value></Tag></TagSet></Tagging>"
	f := signedV4(t, s.owner, time.Now().Add(time.Hour), is("bucket", "bucket"), is("key", "big"), is("tagging", tagging))
	r := s.post(append(f, "key", "big", "tagging", tagging), "f", file)
	r.want(t, 204, "")
	head := s.do(s.owner, "HEAD", "/bucket/big", "")
	if head.Header.Get("Content-Length") != fmt.Sprint(len(file)) || head.Header.Get("X-Amz-Tagging-Count") != "1" {
		t.Errorf("object %v", head.Header)
	}
}
