package icos_test

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/aspera"
)

func asperaUpload(ctx context.Context, client *icos.Client, bucketName, uploadFilename, objectName string) error {
	// Create the manager
	m, err := aspera.NewManager(client, aspera.Config{})
	if err != nil {
		return err
	}
	defer m.Close()

	// Perform the upload
	t := m.Upload(ctx, uploadFilename, client.Bucket(bucketName).Object(objectName))

	// Wait for it to complete
	return t.Wait(ctx)
}

func asperaDownload(ctx context.Context, client *icos.Client, bucketName, downloadFilename, objectName string) error {
	// Create the manager
	m, err := aspera.NewManager(client, aspera.Config{})
	if err != nil {
		return err
	}
	defer m.Close()

	// Get the object with Aspera
	t := m.Download(ctx, client.Bucket(bucketName).Object(objectName), downloadFilename)

	// Wait for the download to complete
	return t.Wait(ctx)
}

func Example_asperaFile() {
	bucket := client.Bucket("example-aspera-file")
	if err := bucket.Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	up, remove := temporaryFile(20 << 20)
	defer remove()
	back := up + ".back"
	defer os.Remove(back)

	began := cos.Rapid().Totals().Received
	if err := asperaUpload(ctx, client, bucket.Name(), up, "item"); err != nil {
		fmt.Println(err)
	}
	fmt.Println("sent over UDP:", cos.Rapid().Totals().Received-began > 20<<20)
	if err := asperaDownload(ctx, client, bucket.Name(), back, "item"); err != nil {
		fmt.Println(err)
	}
	sent, err := os.ReadFile(up)
	if err != nil {
		fmt.Println(err)
	}
	got, err := os.ReadFile(back)
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println("same bytes:", bytes.Equal(sent, got))
	// Output:
	// sent over UDP: true
	// same bytes: true
}
