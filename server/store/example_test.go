package store_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/icos-go/icos/server/store"
)

func Example() {
	dir, err := os.MkdirTemp("", "icos")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	s, err := store.Open(dir, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateBucket(ctx, store.Bucket{Name: "letters"}); err != nil {
		log.Fatal(err)
	}
	o, err := s.Put(ctx, "letters", "2024/may", strings.NewReader("Dear Ada"), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(o.Size, o.ETag)

	r, err := s.Open(ctx, "letters", "2024/may")
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	if _, err := io.Copy(os.Stdout, r.Range(5, -1)); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 8 c4f8494963a82b0c74a6c2a63341ed09
	// Ada
}
