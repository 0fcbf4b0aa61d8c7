package icos_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/icos-go/icos"
)

// downloadLink returns a link that needs no credentials, for an hour. It takes
// HMAC keys: COS has no such links for API keys.
func downloadLink(ctx context.Context, object *icos.Object) (string, error) {
	link, err := object.Presign(ctx, http.MethodGet, time.Hour, &icos.PresignOptions{
		ResponseContentDisposition: `attachment; filename="report.txt"`,
	})
	if err != nil {
		return "", err
	}
	return link.URL, nil
}

func ExampleObject_Presign() {
	object := cos.HMACClient().Bucket("handouts").Object("report.txt")
	if err := object.Bucket().Create(ctx, nil); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := object.Put(ctx, strings.NewReader("all is well"), nil); err != nil {
		fmt.Println(err)
		return
	}
	link, err := downloadLink(ctx, object)
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := http.Get(link)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	fmt.Println(r.Header.Get("Content-Disposition"), string(text), err)
	// Output: attachment; filename="report.txt" all is well <nil>
}
