package main

import (
	"archive/tar"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/icos-go/icos/icostest"
)

func TestBackup(t *testing.T) {
	b := icostest.NewServer(t).Client().Bucket("backups")
	if err := b.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letter.txt"), []byte("Dear reader"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backup(t.Context(), dir, b.Object("today.tar.gz"), io.Discard); err != nil {
		t.Fatal(err)
	}
	if _, err := backup(t.Context(), filepath.Join(dir, "nothing"), b.Object("no.tar.gz"), io.Discard); err == nil {
		t.Error("backup of a directory that does not exist")
	}
	if exists, err := b.Object("no.tar.gz").Exists(t.Context()); exists || err != nil {
		t.Errorf("a backup that failed left an object: %v, %v", exists, err)
	}

	r, err := b.Object("today.tar.gz").Get(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	zr, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	tr := tar.NewReader(zr)
	header, err := tr.Next()
	if err != nil || header.Name != "letter.txt" {
		t.Fatalf("first file is %v, %v", header, err)
	}
	if text, err := io.ReadAll(tr); string(text) != "Dear reader" || err != nil {
		t.Errorf("letter.txt holds %q, %v", text, err)
	}
}
