package icos_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/icos-go/icos"
)

// reencrypt stores an object under another key, without moving its bytes through
// this machine.
func reencrypt(ctx context.Context, object *icos.Object, oldKey, newKey icos.CustomerKey) error {
	_, err := object.WithKey(oldKey).Copy(ctx, object.WithKey(newKey), nil)
	return err
}

func ExampleObject_WithKey() {
	oldKey, err := icos.NewCustomerKey([]byte("a key of exactly 32 random bytes"))
	if err != nil {
		fmt.Println(err)
		return
	}
	newKey, err := icos.NewCustomerKey([]byte("another key of 32 different ones"))
	if err != nil {
		fmt.Println(err)
		return
	}
	diary := client.Bucket("private").Object("diary.txt")
	if err := diary.Bucket().Create(ctx, nil); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := diary.WithKey(oldKey).Put(ctx, strings.NewReader("Dear diary"), nil); err != nil {
		fmt.Println(err)
		return
	}
	if err := reencrypt(ctx, diary, oldKey, newKey); err != nil {
		fmt.Println(err)
		return
	}
	_, err = diary.WithKey(oldKey).Stat(ctx)
	fmt.Println(err != nil, newKey)
	fmt.Println(textOf(ctx, diary.WithKey(newKey), ""))
	// Output:
	// true REDACTED
	// Dear diary <nil>
}
