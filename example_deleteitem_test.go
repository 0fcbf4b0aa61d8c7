package icos_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/icos-go/icos"
)

func deleteItem(ctx context.Context, client *icos.Client, bucketName, itemName string) error {
	fmt.Printf("Deleting item: %s\n", itemName)
	if err := client.Bucket(bucketName).Object(itemName).Delete(ctx); err != nil {
		return err
	}
	fmt.Printf("Item: %s deleted!\n", itemName)
	return nil
}

func ExampleObject_Delete() {
	bucket := client.Bucket("example-delete")
	if err := bucket.Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	if _, err := bucket.Object("hello.txt").Put(ctx, strings.NewReader("Hello, world!"), nil); err != nil {
		fmt.Println(err)
	}
	if err := deleteItem(ctx, client, "example-delete", "hello.txt"); err != nil {
		fmt.Println("Unable to delete item:", err)
	}
	exists, err := bucket.Object("hello.txt").Exists(ctx)
	fmt.Println("Still there:", exists, err)
	// Output:
	// Deleting item: hello.txt
	// Item: hello.txt deleted!
	// Still there: false <nil>
}
