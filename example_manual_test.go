package icos_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/s3"
)

func multipartUploadManual(ctx context.Context, client *icos.Client, bucketName, itemName, path string) (err error) {
	const partSize = 5 << 20 // the smallest there is
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	stat, err := f.Stat()
	if err != nil {
		return err
	}
	size := stat.Size()
	partCount := (size + partSize - 1) / partSize

	fmt.Printf("Starting multi-part upload for %s to bucket: %s\n", itemName, bucketName)
	wire := client.S3() // one method for each operation of the service
	mp, err := wire.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadRequest{Bucket: bucketName, Key: itemName})
	if err != nil {
		return err
	}
	defer func() {
		if err == nil {
			return
		}
		_, abortErr := wire.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadRequest{
			Bucket: bucketName, Key: itemName, UploadID: mp.UploadID,
		})
		fmt.Printf("Multi-part upload aborted for %s\n", itemName)
		err = errors.Join(err, abortErr)
	}()

	var parts []s3.CompletedPart
	for offset := int64(0); offset < size; offset += partSize {
		number := len(parts) + 1
		fmt.Printf("Uploading to %s (part %d of %d)\n", itemName, number, partCount)
		body := io.NewSectionReader(f, offset, min(partSize, size-offset))
		part, err := wire.UploadPart(ctx, &s3.UploadPartRequest{
			Bucket: bucketName, Key: itemName, UploadID: mp.UploadID,
			PartNumber: number, Body: body, ContentLength: body.Size(),
		})
		if err != nil {
			return err
		}
		parts = append(parts, s3.CompletedPart{PartNumber: number, ETag: part.ETag})
	}

	_, err = wire.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadRequest{
		Bucket: bucketName, Key: itemName, UploadID: mp.UploadID, Parts: parts,
	})
	if err != nil {
		return err
	}
	fmt.Printf("Upload for %s Complete!\n", itemName)
	return nil
}

func ExampleClient_S3() {
	if err := client.Bucket("example-manual").Create(ctx, nil); err != nil {
		fmt.Println(err)
	}
	path, remove := temporaryFile(12 << 20)
	defer remove()
	if err := multipartUploadManual(ctx, client, "example-manual", "large.bin", path); err != nil {
		fmt.Println("Unable to complete multi-part upload:", err)
	}
	// Output:
	// Starting multi-part upload for large.bin to bucket: example-manual
	// Uploading to large.bin (part 1 of 3)
	// Uploading to large.bin (part 2 of 3)
	// Uploading to large.bin (part 3 of 3)
	// Upload for large.bin Complete!
}
