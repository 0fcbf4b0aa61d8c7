package keyprotect_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/keyprotect"
)

// A key of one's own is kept beside what it encrypts, wrapped by a root key that
// never leaves Key Protect.
func ExampleClient_Wrap() {
	cos, err := icostest.Start(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer cos.Close()
	kp, err := keyprotect.New(cos.KeyProtectConfig()) // a program uses keyprotect.LoadConfig
	if err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	root, err := kp.Create(ctx, "payroll", nil)
	if err != nil {
		log.Fatal(err)
	}
	own := keyprotect.NewSecret()
	wrapped, err := kp.Wrap(ctx, root.ID, own, "2026.csv")
	if err != nil {
		log.Fatal(err)
	}
	// Later, and only for who may use the root key:
	unwrapped, err := kp.Unwrap(ctx, root.ID, wrapped.Ciphertext, "2026.csv")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(bytes.Equal(own, unwrapped.Plaintext), unwrapped.Plaintext)
	// Output: true REDACTED
}
