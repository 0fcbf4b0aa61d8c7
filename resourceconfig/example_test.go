package resourceconfig_test

import (
	"context"
	"fmt"
	"log"

	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/resourceconfig"
)

func ExampleClient_SetQuota() {
	cos, err := icostest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer cos.Close()
	ctx := context.Background()
	if err := cos.Client().Bucket("reports").Create(ctx, nil); err != nil {
		log.Fatal(err)
	}

	// A program uses resourceconfig.LoadConfig.
	client, err := resourceconfig.New(resourceconfig.Config{Endpoint: cos.URL, Credentials: cos.Config().Credentials})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.SetQuota(ctx, "reports", 10<<30); err != nil {
		log.Fatal(err)
	}
	bucket, err := client.Bucket(ctx, "reports")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(bucket.Quota, bucket.Bytes)
	// Output: 10737418240 0
}
