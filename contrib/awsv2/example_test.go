package awsv2_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/icos-go/icos/contrib/awsv2"
	"github.com/icos-go/icos/icostest"
)

func ExampleNewClient() {
	ctx := context.Background()
	cos, err := icostest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer cos.Close()

	client, err := awsv2.NewClient(cos.Config()) // a program uses icos.LoadConfig
	if err != nil {
		log.Fatal(err)
	}
	bucket, key := aws.String("reports"), aws.String("11.csv")
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		log.Fatal(err)
	}
	if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("a,b\n")}); err != nil {
		log.Fatal(err)
	}
	object, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key})
	if err != nil {
		log.Fatal(err)
	}
	defer object.Body.Close()
	text, err := io.ReadAll(object.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", text)
	// Output: a,b
}
