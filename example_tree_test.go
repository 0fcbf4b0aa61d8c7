package icos_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer"
)

// backupTree goes on where it was if it is called again after a crash.
func backupTree(ctx context.Context, client *icos.Client, dir, bucketName, stateDir string) error {
	m, err := transfer.NewManager(client, &transfer.Options{StateDir: stateDir})
	if err != nil {
		return err
	}
	defer m.Close()
	t := m.UploadDir(ctx, dir, client.Bucket(bucketName), "home/")
	if err := t.Wait(ctx); err != nil {
		return err // also if single files failed; all others are stored then
	}
	p := t.Progress()
	fmt.Printf("%d files, %d bytes\n", p.Objects, p.Bytes)
	return nil
}

func Example_uploadDirectory() {
	if err := client.Bucket("example-tree").Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		fmt.Println(err)
	}
	defer os.RemoveAll(dir)
	home := filepath.Join(dir, "home")
	if err := os.MkdirAll(filepath.Join(home, "reports"), 0o700); err != nil {
		fmt.Println(err)
	}
	for _, name := range []string{"todo.txt", "reports/monday.txt"} {
		if err := os.WriteFile(filepath.Join(home, name), []byte("to be written\n"), 0o600); err != nil {
			fmt.Println(err)
		}
	}
	if err := backupTree(ctx, client, home, "example-tree", filepath.Join(dir, "state")); err != nil {
		fmt.Println("Unable to back up:", err)
	}
	for obj, err := range client.Bucket("example-tree").Objects(ctx, nil) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(obj.Key)
	}
	// Output:
	// 2 files, 28 bytes
	// home/reports/monday.txt
	// home/todo.txt
}
