package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/icos-go/icos/icostest"
)

func TestRestore(t *testing.T) {
	b := icostest.NewServer(t).Client().Bucket("backups")
	if err := b.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for key, name := range map[string]string{"good.tar.gz": "letters/first.txt", "evil.tar.gz": "../escaped.txt"} {
		var archive bytes.Buffer
		zw := gzip.NewWriter(&archive)
		tw := tar.NewWriter(zw)
		if err := tw.WriteHeader(&tar.Header{Name: name, Size: 4, Mode: 0o600, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write([]byte("text")); err != nil {
			t.Fatal(err)
		}
		if err := tw.Close(); err != nil {
			t.Fatal(err)
		}
		if err := zw.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Object(key).Put(t.Context(), &archive, nil); err != nil {
			t.Fatal(err)
		}
	}

	dir := filepath.Join(t.TempDir(), "restored")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := restore(t.Context(), b.Object("good.tar.gz"), dir); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "letters", "first.txt")); string(text) != "text" || err != nil {
		t.Errorf("letters/first.txt holds %q, %v", text, err)
	}
	if err := restore(t.Context(), b.Object("evil.tar.gz"), dir); err == nil {
		t.Error("an archive was allowed to name a file outside of the directory")
	}
	if _, err := os.Stat(filepath.Join(dir, "..", "escaped.txt")); !os.IsNotExist(err) {
		t.Errorf("a file was written outside of the directory: %v", err)
	}
}
