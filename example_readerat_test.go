package icos_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"

	"github.com/icos-go/icos"
)

// names lists what is in a zip archive, of which it reads the end only.
func names(ctx context.Context, archive *icos.Object) ([]string, error) {
	r, err := archive.ReaderAt(ctx)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(r, r.Size())
	if err != nil {
		return nil, err
	}
	var list []string
	for _, f := range z.File {
		list = append(list, f.Name)
	}
	return list, nil
}

func ExampleObject_ReaderAt() {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, name := range []string{"read me.txt", "photo.jpg"} {
		if _, err := z.Create(name); err != nil {
			fmt.Println(err)
			return
		}
	}
	if err := z.Close(); err != nil {
		fmt.Println(err)
		return
	}
	archive := client.Bucket("archives").Object("holiday.zip")
	if err := archive.Bucket().Create(ctx, nil); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := archive.Put(ctx, &buf, nil); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(names(ctx, archive))
	// Output: [read me.txt photo.jpg] <nil>
}
