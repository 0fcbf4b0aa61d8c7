package interop

import (
	"context"
	"net"
	"path/filepath"
	"testing"
)

// startVersitygw runs versitygw over a directory until the test ends: an S3
// server that others wrote. Metadata goes to files beside, since not every
// temporary directory has extended attributes.
func startVersitygw(t *testing.T) *cos {
	t.Helper()
	dir, meta := t.TempDir(), t.TempDir()
	addr := freeAddr(t)
	c := &cos{url: "http://" + addr}
	c.credential.HMAC.AccessKeyID = "versity-access"
	c.credential.HMAC.SecretKey = "versity-secret-versity-secret"
	start(t, listens(addr), []string{
		"ROOT_ACCESS_KEY_ID=" + c.credential.HMAC.AccessKeyID,
		"ROOT_SECRET_ACCESS_KEY=" + c.credential.HMAC.SecretKey,
	}, versitygw.path(t), "--port", addr, "--region", "us-standard", "--quiet", "posix", "--sidecar", filepath.Clean(meta), dir)
	return c
}

// listens returns a function that reports whether anybody listens on addr.
func listens(addr string) func(ctx context.Context, said string) bool {
	return func(ctx context.Context, _ string) bool {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", addr)
		return err == nil && conn.Close() == nil
	}
}
