package icos_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/aspera"
	"github.com/icos-go/icos/transfer"
)

func asperaManager(client *icos.Client) (*transfer.Manager, error) {
	return aspera.NewManager(client, aspera.Config{})
}

func asperaMultiSession(client *icos.Client) (*transfer.Manager, error) {
	// Configure 5 sessions for transfer, or specify aspera.All for as many as are of use
	return aspera.NewManager(client, aspera.Config{MultiSession: 5})
}

func Example_asperaManager() {
	bucket := client.Bucket("example-aspera-manager")
	if err := bucket.Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	file := filepath.Join(os.TempDir(), "example-aspera-manager")
	if err := os.WriteFile(file, []byte("a file"), 0o600); err != nil {
		fmt.Println(err)
	}
	defer os.Remove(file)
	for i, newManager := range []func(*icos.Client) (*transfer.Manager, error){asperaManager, asperaMultiSession} {
		m, err := newManager(client)
		if err != nil {
			fmt.Println(err)
			continue
		}
		if err := m.Upload(ctx, file, bucket.Object(fmt.Sprint("item-", i))).Wait(ctx); err != nil {
			fmt.Println(err)
		}
		if err := m.Close(); err != nil {
			fmt.Println(err)
		}
	}
	for obj, err := range bucket.Objects(ctx, nil) {
		fmt.Println(obj.Key, obj.Size, err)
	}
	// Output:
	// item-0 6 <nil>
	// item-1 6 <nil>
}
