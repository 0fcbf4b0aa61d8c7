package authn_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"testing"

	"github.com/icos-go/icos/internal/sigv4"
)

// BenchmarkPut is the cost of authenticating and reading a 4 KiB PUT.
func BenchmarkPut(b *testing.B) {
	payload := bytes.Repeat([]byte("x"), 4<<10)
	sum := binary.BigEndian.AppendUint32(nil, crc32.Checksum(payload, crc32.MakeTable(crc32.Castagnoli)))
	r := request("PUT", "/bucket/some/key", "", "X-Amz-Content-Sha256", sigv4.UnsignedPayload,
		"X-Amz-Checksum-Crc32c", base64.StdEncoding.EncodeToString(sum))
	r.ContentLength = int64(len(payload))
	signV4(r, exampleTime)
	body := bytes.NewReader(payload)
	r.Body = io.NopCloser(body)
	v := verifierAt(exampleTime)
	buf := make([]byte, 32<<10)
	b.ReportAllocs()
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		body.Reset(payload)
		res, err := v.Authenticate(r)
		if err != nil {
			b.Fatal(err)
		}
		if err := drain(res, buf); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStream is the cost of removing the framing of 1 MiB in chunks of 64
// KiB, without and with checking the CRC.
func BenchmarkStream(b *testing.B) {
	var stream bytes.Buffer
	for range 16 {
		fmt.Fprintf(&stream, "10000\r\n%s\r\n", bytes.Repeat([]byte("x"), 64<<10))
	}
	stream.WriteString("0\r\n\r\n")
	r := request("PUT", "/b/k", "", "Content-Encoding", "aws-chunked", "Authorization", "Bearer "+token)
	v := verifierAt(exampleTime)
	buf := make([]byte, 128<<10)
	b.ReportAllocs()
	b.SetBytes(1 << 20)
	for b.Loop() {
		r.Body = io.NopCloser(bytes.NewReader(stream.Bytes()))
		res, err := v.Authenticate(r)
		if err != nil {
			b.Fatal(err)
		}
		if err := drain(res, buf); err != nil {
			b.Fatal(err)
		}
	}
}
