package icos_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/icos-go/icos"
)

func getItem(ctx context.Context, client *icos.Client, bucketName, itemName string) error {
	fmt.Printf("Retrieving item from bucket: %s, key: %s\n", bucketName, itemName)
	item, err := client.Bucket(bucketName).Object(itemName).Get(ctx, nil)
	if err != nil {
		return err
	}
	defer item.Close()
	fmt.Print("File Contents: ")
	_, err = io.Copy(os.Stdout, item)
	return err
}

func ExampleObject_Get() {
	bucket := client.Bucket("example-get")
	if err := bucket.Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	if _, err := bucket.Object("hello.txt").Put(ctx, strings.NewReader("Hello, world!"), nil); err != nil {
		fmt.Println(err)
	}
	if err := getItem(ctx, client, "example-get", "hello.txt"); err != nil {
		fmt.Println("Unable to retrieve file contents:", err)
	}
	// Output:
	// Retrieving item from bucket: example-get, key: hello.txt
	// File Contents: Hello, world!
}
