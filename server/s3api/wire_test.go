package s3api_test

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// message is a request as it goes on the wire, so that it can be wrong in every way.
type message struct {
	method, target string
	headers        []string // names and values in turn; a Content-Length of "-" leaves the header out
	body           string
	unauthorized   bool // without the owner's bearer token
	cut            bool // the client closes its side behind the body
}

// send writes a message to a connection of its own and reads the answer.
func (s *server) send(m message) *response {
	s.t.Helper()
	conn, err := net.DialTimeout("tcp", s.host, 10*time.Second)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", m.method, m.target, s.host)
	length, authorized := false, m.unauthorized
	for i := 0; i+1 < len(m.headers); i += 2 {
		name, value := m.headers[i], m.headers[i+1]
		authorized = authorized || name == "Authorization"
		if length = length || name == "Content-Length" || name == "Transfer-Encoding"; name == "Content-Length" && value == "-" {
			continue
		}
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	if !authorized {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", s.owner.token)
	}
	if !length {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(m.body))
	}
	b.WriteString("\r\n" + m.body)
	// The server may answer and close before it has read all.
	_, _ = io.WriteString(conn, b.String())
	if m.cut {
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			s.t.Logf("close for writing: %v", err)
		}
	}
	r, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: m.method})
	if err != nil {
		s.t.Fatalf("%s %s: %v", m.method, m.target, err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", m.method, m.target, err)
	}
	r.Request = &http.Request{Method: m.method}
	return &response{r, m.method + " " + m.target, string(body)}
}

// signer signs as the Amazon S3 API reference describes it, written here anew: the server is not to agree with itself only.
type signer struct {
	id, secret string
	at         time.Time
	service    string
}

func (g signer) scope() string {
	return g.at.UTC().Format("20060102") + "/us-standard/" + g.service + "/aws4_request"
}

func (g signer) sign(canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	key := []byte("AWS4" + g.secret)
	for part := range strings.SplitSeq(g.scope(), "/") {
		key = hmacSHA256(key, part)
	}
	return hex.EncodeToString(hmacSHA256(key, "AWS4-HMAC-SHA256\n"+g.at.UTC().Format("20060102T150405Z")+"\n"+g.scope()+"\n"+hex.EncodeToString(sum[:])))
}

func hmacSHA256(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// v4 returns the headers of a signed request without a query.
func (s *server) v4(g signer, method, path, payload string) []string {
	date := g.at.UTC().Format("20060102T150405Z")
	signature := g.sign(method + "\n" + path + "\n\nhost:" + s.host + "\nx-amz-content-sha256:" + payload + "\nx-amz-date:" + date +
		"\n\nhost;x-amz-content-sha256;x-amz-date\n" + payload)
	return []string{
		"X-Amz-Date", date, "X-Amz-Content-Sha256", payload,
		"Authorization", "AWS4-HMAC-SHA256 Credential=" + g.id + "/" + g.scope() + ", SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=" + signature,
	}
}

// v4URL returns a presigned target.
func (s *server) v4URL(g signer, method, path, expires string) string {
	query := "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + strings.ReplaceAll(g.id+"/"+g.scope(), "/", "%2F") +
		"&X-Amz-Date=" + g.at.UTC().Format("20060102T150405Z") + "&X-Amz-Expires=" + expires + "&X-Amz-SignedHeaders=host"
	return path + "?" + query + "&X-Amz-Signature=" + g.sign(method+"\n"+path+"\n"+query+"\nhost:"+s.host+"\n\nhost\nUNSIGNED-PAYLOAD")
}

// v2 returns the headers of a request signed by Version 2.
func (s *server) v2(g signer, method, path string) []string {
	date := g.at.UTC().Format(http.TimeFormat)
	mac := hmac.New(sha1.New, []byte(g.secret))
	mac.Write([]byte(method + "\n\n\n" + date + "\n" + path))
	return []string{"Date", date, "Authorization", "AWS " + g.id + ":" + base64.StdEncoding.EncodeToString(mac.Sum(nil))}
}

func sha256Hex(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}
