package icos_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
)

// The functions of this file are the Go code of README.md.

func connect() (*icos.Client, error) {
	cfg, err := icos.LoadConfig() // ICOS_* and IBM's variables, ~/.bluemix/cos_credentials, ~/.aws/credentials
	if err != nil {
		return nil, err
	}
	return icos.NewClient(cfg)
}

func backup(ctx context.Context, client *icos.Client, r io.Reader) error {
	obj := client.Bucket("my-bucket").Object("backups/monday.tar")
	_, err := obj.Put(ctx, r, nil) // any io.Reader: what is large goes in parts, memory stays bounded
	return err
}

func TestBackup(t *testing.T) {
	client := icostest.NewServer(t).Client() // buckets, tokens, signatures, multipart: all of it, in this process
	if err := client.Bucket("my-bucket").Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := backup(t.Context(), client, strings.NewReader("a tar file")); err != nil {
		t.Fatal(err)
	}
}

// TestConnect holds connect to finding what it says it finds.
func TestConnect(t *testing.T) {
	srv := icostest.NewServer(t)
	t.Setenv("ICOS_ACCESS_KEY_ID", srv.Credential.HMACKeys.AccessKeyID)
	t.Setenv("ICOS_SECRET_ACCESS_KEY", srv.Credential.HMACKeys.SecretAccessKey)
	t.Setenv("ICOS_ENDPOINT", srv.URL)
	client, err := connect()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Bucket("connected").Create(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
