package cosblob_test

import (
	"context"
	"fmt"
	"log"

	"github.com/icos-go/icos/contrib/gocloud/cosblob"
	"github.com/icos-go/icos/icostest"
)

func Example() {
	ctx := context.Background()
	cos, err := icostest.Start(nil) // a program uses icos.NewClient
	if err != nil {
		log.Fatal(err)
	}
	defer cos.Close()
	if err := cos.Client().Bucket("reports").Create(ctx, nil); err != nil {
		log.Fatal(err)
	}

	bucket := cosblob.OpenBucket(cos.Client(), "reports")
	defer bucket.Close()
	if err := bucket.WriteAll(ctx, "2026/11.csv", []byte("a,b\n"), nil); err != nil {
		log.Fatal(err)
	}
	text, err := bucket.ReadAll(ctx, "2026/11.csv")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", text)
	// Output: a,b
}
