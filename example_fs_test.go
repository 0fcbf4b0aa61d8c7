package icos_test

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"github.com/icos-go/icos"
)

// pages lists the files below a directory whose name ends in .md.
func pages(ctx context.Context, bucket *icos.Bucket, dir string) ([]string, error) {
	var names []string
	err := fs.WalkDir(bucket.FS(ctx), dir, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(name, ".md") {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

func ExampleBucket_FS() {
	bucket := client.Bucket("library")
	if err := bucket.Create(ctx, nil); err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range []string{"book/one.md", "book/two/three.md", "book/cover.png", "note.md"} {
		if _, err := bucket.Object(key).Put(ctx, strings.NewReader("text"), nil); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println(pages(ctx, bucket, "book"))
	// Output: [book/one.md book/two/three.md] <nil>
}
