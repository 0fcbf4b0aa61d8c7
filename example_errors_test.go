package icos_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/icos-go/icos"
)

// textOf reads an object, or returns the text otherwise if there is none.
func textOf(ctx context.Context, object *icos.Object, otherwise string) (string, error) {
	r, err := object.Get(ctx, nil)
	if errors.Is(err, fs.ErrNotExist) {
		return otherwise, nil
	}
	if e, ok := errors.AsType[*icos.Error](err); ok {
		return "", fmt.Errorf("%s, which IBM support finds as %s", e.Code, e.RequestID)
	}
	if err != nil {
		return "", err
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	return string(text), err
}

func ExampleError() {
	fmt.Println(textOf(ctx, client.Bucket("nowhere").Object("settings"), "the defaults"))
	// Output: the defaults <nil>
}
