package s3_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/icos-go/icos/s3"
)

// A server that has nothing but takes everything.
func exampleServer() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "PUT" {
			w.Header().Set("ETag", `"5d41402abc4b2a76b9719d911017c592"`)
			return
		}
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>")
	}))
}

func Example() {
	srv := exampleServer()
	defer srv.Close()
	c, err := s3.New(s3.Config{Endpoint: srv.URL})
	if err != nil {
		log.Fatal(err)
	}
	out, err := c.PutObject(context.Background(), &s3.PutObjectRequest{
		Bucket: "my-bucket", Key: "hello.txt", Body: strings.NewReader("hello"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.ETag)
	// Output: 5d41402abc4b2a76b9719d911017c592
}

func ExampleError() {
	srv := exampleServer()
	defer srv.Close()
	c, err := s3.New(s3.Config{Endpoint: srv.URL})
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.GetObject(context.Background(), &s3.GetObjectRequest{Bucket: "my-bucket", Key: "missing"})
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Println(err)
	}
	// Output: s3: GetObject my-bucket/missing: The specified key does not exist (NoSuchKey)
}
