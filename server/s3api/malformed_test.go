package s3api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// malformed is a request that must be refused.
type malformed struct {
	name string
	message
	status int
	code   string
}

// TestMalformedRequests sends what clients, proxies and attackers get wrong. Each is answered with COS's code, and leaves
// everything as it was.
func TestMalformedRequests(t *testing.T) {
	s := newServer(t, serverOptions{})
	s.put("/bucket/kept", "kept")
	u := s.begin("/bucket/upload")
	part := u.part(1, "part")
	before := s.state(t, u)
	cases := slices.Concat(s.malformedProofs(), malformedFraming(), malformedDigests(), malformedHeaders(), malformedAddresses(), malformedDocuments(u, part))
	if len(cases) < 60 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			s.send(test.message).want(t, test.status, test.code)
			if after := s.state(t, u); after != before {
				t.Errorf("state changed:\n%s\nwas:\n%s", after, before)
			}
		})
	}
	// What is right beside all that is wrong.
	good := signer{s.owner.keys.AccessKeyID, s.owner.keys.SecretAccessKey, time.Now(), "s3"}
	for i, m := range []message{
		{method: "PUT", target: "/bucket/good", headers: s.v4(good, "PUT", "/bucket/good", sha256Hex("x")), body: "x"},
		{method: "PUT", target: s.v4URL(good, "PUT", "/bucket/good", "60"), unauthorized: true, body: "x"},
		{method: "PUT", target: "/bucket/good", headers: s.v2(good, "PUT", "/bucket/good"), body: "x"},
		{method: "PUT", target: "/bucket/good", body: "x"},
		framed("1\r\nx\r\n0\r\nx-amz-checksum-crc32:"+crc32Base64("x")+"\r\n\r\n", "1"),
	} {
		if r := s.send(m); r.StatusCode != 200 {
			t.Errorf("good request %d: %d %s", i, r.StatusCode, r.body)
		}
	}
}

// state is all that a refused request could have changed.
func (s *server) state(t *testing.T, u *upload) string {
	t.Helper()
	var b strings.Builder
	for _, path := range []string{"/bucket?list-type=2", "/bucket?uploads", u.path + "?uploadId=" + u.id, "/bucket/kept", "/bucket/kept?acl", "/bucket?acl", "/bucket?cors", "/"} {
		r := s.do(s.owner, "GET", path, "", "ibm-service-instance-id", s.owner.instance)
		text, _, _ := strings.Cut(r.body, "<RequestId>")
		fmt.Fprintf(&b, "%s: %d %s %s\n", path, r.StatusCode, r.Header.Get("ETag"), text)
	}
	return b.String()
}

func (s *server) malformedProofs() []malformed {
	const path = "/bucket/signed"
	now := time.Now()
	id, secret := s.owner.keys.AccessKeyID, s.owner.keys.SecretAccessKey
	good := signer{id, secret, now, "s3"}
	put := func(headers []string) message {
		return message{method: "PUT", target: path, headers: headers, body: "x", unauthorized: true}
	}
	signed := func(g signer) message { return put(s.v4(g, "PUT", path, sha256Hex("x"))) }
	presigned := func(g signer, expires string) message {
		return message{method: "PUT", target: s.v4URL(g, "PUT", path, expires), body: "x", unauthorized: true}
	}
	withoutDate := s.v4(good, "PUT", path, sha256Hex("x"))[2:]
	return []malformed{
		{"v4 wrong secret", signed(signer{id, "wrong", now, "s3"}), 403, "SignatureDoesNotMatch"},
		{"v4 unknown key", signed(signer{"unknown", secret, now, "s3"}), 403, "InvalidAccessKeyId"},
		{"v4 too old", signed(signer{id, secret, now.Add(-time.Hour), "s3"}), 403, "RequestTimeTooSkewed"},
		{"v4 from the future", signed(signer{id, secret, now.Add(time.Hour), "s3"}), 403, "RequestTimeTooSkewed"},
		{"v4 of another service", signed(signer{id, secret, now, "ec2"}), 400, "AuthorizationHeaderMalformed"},
		{"v4 no date", put(withoutDate), 403, "AccessDenied"},
		{"v4 date unreadable", put(append([]string{"X-Amz-Date", "yesterday"}, withoutDate...)), 403, "AccessDenied"},
		{"v4 body of another", put(s.v4(good, "PUT", path, sha256Hex("y"))), 400, "XAmzContentSHA256Mismatch"},
		{"v4 hash unreadable", put(s.v4(good, "PUT", path, "zz")), 400, "InvalidArgument"},
		{"v4 of another path", put(s.v4(good, "PUT", path+"2", sha256Hex("x"))), 403, "SignatureDoesNotMatch"},
		{"v4 of another method", put(s.v4(good, "GET", path, sha256Hex("x"))), 403, "SignatureDoesNotMatch"},
		{"v4 empty", put([]string{"Authorization", "AWS4-HMAC-SHA256"}), 400, "AuthorizationHeaderMalformed"},
		{"v4 no credential", put([]string{"Authorization", "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00"}), 400, "AuthorizationHeaderMalformed"},
		{"v4 other algorithm", put([]string{"Authorization", "AWS4-HMAC-SHA512 Credential=x"}), 400, "InvalidRequest"},
		{"presigned expired", presigned(signer{id, secret, now.Add(-time.Hour), "s3"}, "60"), 403, "AccessDenied"},
		{"presigned negative expiry", presigned(good, "-1"), 400, "AuthorizationQueryParametersError"},
		{"presigned expiry unreadable", presigned(good, "soon"), 400, "AuthorizationQueryParametersError"},
		{"presigned wrong secret", presigned(signer{id, "wrong", now, "s3"}, "60"), 403, "SignatureDoesNotMatch"},
		{"presigned with a parameter more", message{method: "PUT", target: s.v4URL(good, "PUT", path, "60") + "&x-id=y", body: "x", unauthorized: true}, 403, "SignatureDoesNotMatch"},
		{"presigned and bearer", message{method: "PUT", target: s.v4URL(good, "PUT", path, "60"), body: "x"}, 400, "InvalidArgument"},
		{"v2 wrong secret", put(s.v2(signer{id, "wrong", now, ""}, "PUT", path)), 403, "SignatureDoesNotMatch"},
		{"v2 unknown key", put(s.v2(signer{"unknown", secret, now, ""}, "PUT", path)), 403, "InvalidAccessKeyId"},
		{"v2 too old", put(s.v2(signer{id, secret, now.Add(-time.Hour), ""}, "PUT", path)), 403, "RequestTimeTooSkewed"},
		{"bearer garbage", put([]string{"Authorization", "Bearer garbage"}), 403, "AccessDenied"},
		{"bearer altered", put([]string{"Authorization", "Bearer " + s.owner.token[:len(s.owner.token)-3] + "AAA"}), 403, "AccessDenied"},
		{"bearer None", put([]string{"Authorization", "Bearer None"}), 403, "AccessDenied"},
		{"basic", put([]string{"Authorization", "Basic Yng6Yng="}), 400, "InvalidArgument"},
		{"authorization empty", put([]string{"Authorization", ""}), 400, "InvalidArgument"},
		{"anonymous", put(nil), 403, "AccessDenied"},
		{"two authorizations", put([]string{"Authorization", "Bearer a", "Authorization", "Bearer b"}), 400, "InvalidArgument"},
	}
}

// framed is a PUT in aws-chunked framing with a checksum trailer.
func framed(body, decoded string, headers ...string) message {
	return message{method: "PUT", target: "/bucket/good", body: body, headers: append([]string{
		"Content-Encoding", "aws-chunked", "X-Amz-Decoded-Content-Length", decoded, "X-Amz-Trailer", "x-amz-checksum-crc32",
	}, headers...)}
}

func malformedFraming() []malformed {
	trailer := "x-amz-checksum-crc32:" + crc32Base64("hello") + "\r\n\r\n"
	end := "0\r\n" + trailer
	streaming := func(mode string) message {
		return message{method: "PUT", target: "/bucket/k", headers: []string{"X-Amz-Content-Sha256", mode}, body: "x"}
	}
	return []malformed{
		{"chunk size not hex", framed("xyz\r\nhello\r\n"+end, "5"), 400, "IncompleteBody"},
		{"chunk size negative", framed("-5\r\nhello\r\n"+end, "5"), 400, "IncompleteBody"},
		{"chunk size enormous", framed("fffffffffffffffffffff\r\nhello\r\n"+end, "5"), 400, "IncompleteBody"},
		{"chunk size over length", framed("7fffffffffffffff\r\nhello\r\n"+end, "5"), 400, "IncompleteBody"},
		{"chunk header without end", framed(strings.Repeat("0", 1000), "5"), 400, "IncompleteBody"},
		{"chunk without line break", framed("5\r\nhelloXX0\r\n"+trailer, "5"), 400, "IncompleteBody"},
		{"chunk cut", framed("5\r\nhel", "5"), 400, "IncompleteBody"},
		{"no last chunk", framed("5\r\nhello\r\n", "5"), 400, "IncompleteBody"},
		{"chunks short of length", framed("5\r\nhello\r\n"+end, "6"), 400, "IncompleteBody"},
		{"chunks beyond length", framed("5\r\nhello\r\n"+end, "4"), 400, "IncompleteBody"},
		{"not framed at all", framed("hello", "5"), 400, "IncompleteBody"},
		{"trailer wrong", framed("5\r\nhellO\r\n"+end, "5"), 400, "BadDigest"},
		{"trailer not base64", framed("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:!\r\n\r\n", "5"), 400, "InvalidDigest"},
		{"trailer missing", framed("5\r\nhello\r\n0\r\n\r\n", "5"), 400, "MalformedTrailerError"},
		{"trailer of another name", framed("5\r\nhello\r\n0\r\nx-amz-checksum-sha1:AAAA\r\n\r\n", "5"), 400, "MalformedTrailerError"},
		{"trailer endless", framed("5\r\nhello\r\n0\r\n"+strings.Repeat("a:b\r\n", 2000), "5"), 400, "MalformedTrailerError"},
		{"decoded length unreadable", framed("5\r\nhello\r\n"+end, "five"), 400, "InvalidArgument"},
		{"decoded length over 5 GiB", framed("5\r\nhello\r\n"+end, "5368709121"), 400, "EntityTooLarge"},
		{"streaming without length", streaming("STREAMING-UNSIGNED-PAYLOAD-TRAILER"), 411, "MissingContentLength"},
		{"signed streaming without signature", message{method: "PUT", target: "/bucket/k", body: "x", headers: []string{"X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "X-Amz-Decoded-Content-Length", "1"}}, 400, "InvalidRequest"},
		{"streaming mode unknown", streaming("STREAMING-MORSE"), 400, "InvalidArgument"},
		{"body cut", message{cut: true, method: "PUT", target: "/bucket/k", headers: []string{"Content-Length", "10"}, body: "short"}, 400, "IncompleteBody"},
		{"body cut late", message{cut: true, method: "PUT", target: "/bucket/k", headers: []string{"Content-Length", "300000"}, body: strings.Repeat("x", 200000)}, 400, "IncompleteBody"},
		{"transfer coding cut", message{cut: true, method: "PUT", target: "/bucket/k", headers: []string{"Transfer-Encoding", "chunked"}, body: "5\r\nhel"}, 400, "IncompleteBody"},
		{"transfer coding broken", message{method: "PUT", target: "/bucket/k", headers: []string{"Transfer-Encoding", "chunked"}, body: "zz\r\nhello\r\n0\r\n\r\n"}, 400, "IncompleteBody"},
	}
}

func malformedDigests() []malformed {
	put := func(headers ...string) message {
		return message{method: "PUT", target: "/bucket/k", headers: headers, body: "hello"}
	}
	return []malformed{
		{"md5 of another", put("Content-MD5", md5Header("other")[1]), 400, "BadDigest"},
		{"md5 not base64", put("Content-MD5", "!"), 400, "InvalidDigest"},
		{"md5 short", put("Content-MD5", "AAAA"), 400, "InvalidDigest"},
		{"md5 empty", put("Content-MD5", ""), 400, "InvalidDigest"},
		{"md5 of another on an empty body", message{method: "PUT", target: "/bucket/k", headers: md5Header("other")}, 400, "BadDigest"},
		{"crc32 of another", put("X-Amz-Checksum-Crc32", crc32Base64("other")), 400, "BadDigest"},
		{"crc32 not base64", put("X-Amz-Checksum-Crc32", "!"), 400, "InvalidDigest"},
		{"crc32c of another", put("X-Amz-Checksum-Crc32c", "AAAAAA=="), 400, "BadDigest"},
		{"crc64nvme of another", put("X-Amz-Checksum-Crc64nvme", "AAAAAAAAAAA="), 400, "BadDigest"},
		{"sha256 short", put("X-Amz-Checksum-Sha256", "AAAA"), 400, "InvalidDigest"},
		{"two checksums", put("X-Amz-Checksum-Crc32", crc32Base64("hello"), "X-Amz-Checksum-Sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ00="), 400, "InvalidRequest"},
		{"unknown checksum", put("X-Amz-Checksum-Md4", "AAAA"), 400, "InvalidRequest"},
		{"announced checksum missing", put("X-Amz-Sdk-Checksum-Algorithm", "CRC32"), 400, "InvalidRequest"},
	}
}

func malformedHeaders() []malformed {
	put := func(headers ...string) message {
		return message{method: "PUT", target: "/bucket/k", headers: headers, body: "hello"}
	}
	var many []string
	for i := range 300 {
		many = append(many, fmt.Sprintf("X-Amz-Meta-%d", i), "")
	}
	copyKept := func(headers ...string) message {
		return message{method: "PUT", target: "/bucket/k", headers: append([]string{"X-Amz-Copy-Source", "bucket/kept"}, headers...)}
	}
	return []malformed{
		{"no length", message{method: "PUT", target: "/bucket/k", headers: []string{"Content-Length", "-"}}, 411, "MissingContentLength"},
		{"length over 5 GiB", message{method: "PUT", target: "/bucket/k", headers: []string{"Content-Length", "5368709121"}, body: "x"}, 400, "EntityTooLarge"},
		{"length over 5 GiB expecting 100", message{method: "PUT", target: "/bucket/k", headers: []string{"Content-Length", "5368709121", "Expect", "100-continue"}}, 400, "EntityTooLarge"},
		{"metadata over 2 KB", put("X-Amz-Meta-K", strings.Repeat("x", 2048)), 400, "MetadataTooLarge"},
		{"metadata names over 2 KB", put("X-Amz-Meta-"+strings.Repeat("k", 2050), ""), 400, "MetadataTooLarge"},
		{"metadata in many headers", put(many...), 400, "MetadataTooLarge"},
		{"metadata not ASCII", put("X-Amz-Meta-K", "blå"), 400, "InvalidArgument"},
		{"content type endless", put("Content-Type", strings.Repeat("x", 9000)), 400, "MetadataTooLarge"},
		{"canned acl unknown", put("X-Amz-Acl", "everybody"), 400, "InvalidArgument"},
		{"redirect to nowhere", put("X-Amz-Website-Redirect-Location", "javascript:alert(1)"), 400, "InvalidRedirectLocation"},
		{"customer key without the key", put("X-Amz-Server-Side-Encryption-Customer-Algorithm", "AES256"), 400, "InvalidArgument"},
		{"kms", put("X-Amz-Server-Side-Encryption", "aws:kms"), 501, "NotImplemented"},
		{"tag twice", put("X-Amz-Tagging", "a=b&a=c"), 400, "InvalidTag"},
		{"tag not decodable", put("X-Amz-Tagging", "a=%zz"), 400, "InvalidArgument"},
		{"tag of the service", put("X-Amz-Tagging", "ibm:a=b"), 400, "InvalidTag"},
		{"retention without policy", put("Retention-Period", "5"), 400, "InvalidRequest"},
		{"hold without policy", put("Retention-Legal-Hold-ID", "h"), 400, "InvalidRequest"},
		{"lock without lock", put("X-Amz-Object-Lock-Mode", "GOVERNANCE"), 400, "InvalidRequest"},
		{"If-None-Match with a tag", put("If-None-Match", `"x"`), 501, "NotImplemented"},
		{"copy source empty", message{method: "PUT", target: "/bucket/k", headers: []string{"X-Amz-Copy-Source", ""}}, 400, "InvalidArgument"},
		{"copy source not decodable", message{method: "PUT", target: "/bucket/k", headers: []string{"X-Amz-Copy-Source", "bucket/%g1"}}, 400, "InvalidArgument"},
		{"copy source too long", message{method: "PUT", target: "/bucket/k", headers: []string{"X-Amz-Copy-Source", "bucket/" + strings.Repeat("k", 1025)}}, 400, "KeyTooLong"},
		{"copy directive unknown", copyKept("X-Amz-Metadata-Directive", "MERGE"), 400, "InvalidArgument"},
		{"copy when changed", copyKept("X-Amz-Copy-Source-If-Match", "x"), 412, "PreconditionFailed"},
		{"copy with unknown checksum", copyKept("X-Amz-Checksum-Algorithm", "md4"), 400, "InvalidRequest"},
		{"range past the end", message{method: "GET", target: "/bucket/kept", headers: []string{"Range", "bytes=4-"}}, 416, "InvalidRange"},
		{"range of nothing", message{method: "GET", target: "/bucket/kept", headers: []string{"Range", "bytes=-0"}}, 416, "InvalidRange"},
		{"part of a part", message{method: "GET", target: "/bucket/kept?partNumber=1", headers: []string{"Range", "bytes=0-0"}}, 400, "InvalidRequest"},
	}
}

func malformedAddresses() []malformed {
	put := func(target string) message { return message{method: "PUT", target: target, body: "x"} }
	get := func(target string) message { return message{method: "GET", target: target} }
	return []malformed{
		{"key over 1024 bytes", put("/bucket/" + strings.Repeat("k", 1025)), 400, "KeyTooLong"},
		{"key over 1024 bytes in UTF-8", put("/bucket/" + strings.Repeat("%C3%A5", 513)), 400, "KeyTooLong"},
		{"key not UTF-8", put("/bucket/%ff"), 400, "InvalidURI"},
		{"key cut in a character", put("/bucket/a%f0%9f%94"), 400, "InvalidURI"},
		{"key of a surrogate", put("/bucket/%ed%a0%80"), 400, "InvalidURI"},
		{"no bucket", put("//k"), 400, "InvalidBucketName"},
		{"bucket with a slash", put("/buc%2Fket/k"), 400, "InvalidBucketName"},
		{"bucket of dots and more", put("/b%20b/k"), 400, "InvalidBucketName"},
		{"bucket endless", put("/" + strings.Repeat("b", 300) + "/k"), 400, "InvalidBucketName"},
		{"bucket missing", put("/nosuchbucket/k"), 404, "NoSuchBucket"},
		{"bucket of dots", put("/../k"), 404, "NoSuchBucket"},
		{"query not decodable", put("/bucket/k?a=%zz"), 400, "InvalidURI"},
		{"query endless", get("/bucket?" + strings.Repeat("a=b&", 200)), 400, "InvalidURI"},
		{"version of none", get("/bucket/kept?versionId=1"), 404, "NoSuchVersion"},
		{"version empty", message{method: "DELETE", target: "/bucket/kept?versionId="}, 400, "InvalidArgument"},
		{"delete another version", message{method: "DELETE", target: "/bucket/kept?versionId=x"}, 404, "NoSuchVersion"},
		{"two sub-resources", put("/bucket?acl&cors"), 400, "InvalidArgument"},
		{"part without upload", put("/bucket/k?partNumber=1"), 400, "InvalidArgument"},
		{"part 0", put("/bucket/upload?partNumber=0&uploadId=x"), 400, "InvalidArgument"},
		{"part 10001", put("/bucket/upload?partNumber=10001&uploadId=x"), 400, "InvalidArgument"},
		{"upload unknown", put("/bucket/upload?partNumber=1&uploadId=../../x"), 404, "NoSuchUpload"},
		{"upload empty", put("/bucket/upload?partNumber=1&uploadId="), 404, "NoSuchUpload"},
		{"token forged", get("/bucket?list-type=2&continuation-token=a2VwdA"), 400, "InvalidArgument"},
		{"max-keys negative", get("/bucket?max-keys=-5"), 400, "InvalidArgument"},
		{"instance unknown", message{method: "PUT", target: "/new-bucket", headers: []string{"ibm-service-instance-id", "crn:v1:x"}}, 400, "InvalidArgument"},
		{"instance missing", message{method: "PUT", target: "/new-bucket"}, 400, "InvalidArgument"},
		{"trace", message{method: "TRACE", target: "/bucket/kept"}, 405, "MethodNotAllowed"},
	}
}

func malformedDocuments(u *upload, part string) []malformed {
	post := func(target, body string) message {
		return message{method: "POST", target: target, body: body, headers: md5Header(body)}
	}
	remove := func(body string) message { return post("/bucket?delete", body) }
	complete := func(body string) message { return post(u.path+"?uploadId="+u.id, body) }
	create := func(body string) message {
		return message{method: "PUT", target: "/new-bucket", headers: []string{"ibm-service-instance-id", u.s.owner.instance}, body: body}
	}
	const kept = "<Object><Key>kept</Key></Object>"
	const laughs = `<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>`
	return []malformed{
		{"entities that grow", remove(laughs + "<Delete><Object><Key>&c;</Key></Object></Delete>"), 400, "MalformedXML"},
		{"entity from a file", remove(`<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&x;</Key></Object></Delete>`), 400, "MalformedXML"},
		{"entity unknown", remove("<Delete><Object><Key>&nbsp;</Key></Object></Delete>"), 400, "MalformedXML"},
		{"nested deeply", remove("<Delete>" + strings.Repeat("<Object>", 10000) + kept), 400, "MalformedXML"},
		{"elements without end", remove("<Delete>" + strings.Repeat("<Object/>", 70000) + "</Delete>"), 400, "MalformedXML"},
		{"document cut", remove("<Delete>" + kept), 400, "MalformedXML"},
		{"document of text", remove("kept"), 400, "MalformedXML"},
		{"document of another kind", remove("<CompleteMultipartUpload>" + kept + "</CompleteMultipartUpload>"), 400, "MalformedXML"},
		{"two documents", remove("<Delete>" + kept + "</Delete><Delete/>"), 400, "MalformedXML"},
		{"text after the document", remove("<Delete>" + kept + "</Delete>and more"), 400, "MalformedXML"},
		{"tags crossed", remove("<Delete><Object><Key>kept</Object></Key></Delete>"), 400, "MalformedXML"},
		{"element unknown", remove("<Delete>" + kept + "<Everything/></Delete>"), 400, "MalformedXML"},
		{"boolean of a third kind", remove("<Delete><Quiet>maybe</Quiet>" + kept + "</Delete>"), 400, "MalformedXML"},
		{"document not UTF-8", remove("<Delete><Object><Key>\xff</Key></Object></Delete>"), 400, "MalformedXML"},
		{"document in another encoding", remove(`<?xml version="1.0" encoding="utf-16"?><Delete>` + kept + "</Delete>"), 400, "MalformedXML"},
		{"nothing to delete", remove("<Delete></Delete>"), 400, "MalformedXML"},
		{"object without key", remove("<Delete><Object></Object></Delete>"), 400, "MalformedXML"},
		{"1001 objects", remove("<Delete>" + strings.Repeat(kept, 1001) + "</Delete>"), 400, "MalformedXML"},
		{"delete without digest", message{method: "POST", target: "/bucket?delete", body: "<Delete>" + kept + "</Delete>"}, 400, "InvalidRequest"},
		{"delete with the digest of another", message{method: "POST", target: "/bucket?delete", body: "<Delete>" + kept + "</Delete>", headers: md5Header("other")}, 400, "BadDigest"},
		{"delete empty", remove(""), 400, "MissingRequestBodyError"},
		{"delete over 8 MiB", message{method: "POST", target: "/bucket?delete", headers: append(md5Header(""), "Content-Length", "8388609"), body: "<"}, 400, "MaxMessageLengthExceeded"},
		{"complete empty", complete(""), 400, "MissingRequestBodyError"},
		{"complete of no parts", complete("<CompleteMultipartUpload/>"), 400, "MalformedXML"},
		{"complete of parts that never came", complete("<CompleteMultipartUpload>" + strings.Replace(part, ">1<", ">2<", 1) + "</CompleteMultipartUpload>"), 400, "InvalidPart"},
		{"complete of 10001 parts", complete("<CompleteMultipartUpload>" + strings.Repeat(part, 10001) + "</CompleteMultipartUpload>"), 400, "MalformedXML"},
		{"complete with a number unreadable", complete("<CompleteMultipartUpload>" + strings.Replace(part, ">1<", ">1e9<", 1) + "</CompleteMultipartUpload>"), 400, "MalformedXML"},
		{"complete with the digest of another", message{method: "POST", target: u.path + "?uploadId=" + u.id, body: "<CompleteMultipartUpload>" + part + "</CompleteMultipartUpload>", headers: md5Header("other")}, 400, "BadDigest"},
		{"location nowhere", create("<CreateBucketConfiguration><LocationConstraint>mars-standard</LocationConstraint></CreateBucketConfiguration>"), 400, "InvalidLocationConstraint"},
		{"location unreadable", create("{}"), 400, "MalformedXML"},
		{"acl of nobody", message{method: "PUT", target: "/bucket?acl", body: "<AccessControlPolicy/>", headers: md5Header("<AccessControlPolicy/>")}, 400, "MalformedACLError"},
		{"cors of nothing", message{method: "PUT", target: "/bucket?cors", body: "<CORSConfiguration/>", headers: md5Header("<CORSConfiguration/>")}, 400, "MalformedXML"},
	}
}
