package icos_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/icos-go/icos"
)

func createTextFile(ctx context.Context, client *icos.Client, bucketName, itemName, text string) error {
	fmt.Printf("Creating new item: %s\n", itemName)
	_, err := client.Bucket(bucketName).Object(itemName).Put(ctx, strings.NewReader(text), nil)
	if err != nil {
		return err
	}
	fmt.Printf("Item: %s created!\n", itemName)
	return nil
}

func ExampleObject_Put() {
	if err := client.Bucket("example-text").Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	if err := createTextFile(ctx, client, "example-text", "hello.txt", "Hello, world!"); err != nil {
		fmt.Println("Unable to create text file:", err)
	}
	// Output:
	// Creating new item: hello.txt
	// Item: hello.txt created!
}
