package interop

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestRclone(t *testing.T) {
	exe := rclone.path(t)
	c := startCOS(t)
	env := append(cleanEnv(t.TempDir()),
		"RCLONE_CONFIG_COS_TYPE=s3",
		"RCLONE_CONFIG_COS_PROVIDER=IBMCOS",
		"RCLONE_CONFIG_COS_ENDPOINT="+c.url,
		"RCLONE_CONFIG_COS_ACCESS_KEY_ID="+c.credential.HMAC.AccessKeyID,
		"RCLONE_CONFIG_COS_SECRET_ACCESS_KEY="+c.credential.HMAC.SecretKey,
		"RCLONE_CONFIG_COS_LOCATION_CONSTRAINT=us-south-standard",
		"RCLONE_RETRIES=1",
		"RCLONE_LOW_LEVEL_RETRIES=1",
		"RCLONE_FAST_LIST=true",
	)
	// rclone names objects by clean paths, one process a request.
	keys := []string{
		"plain", "with space", "plus+plus", "percent%2Fliteral", "a/b", "a/b c/d",
		"ünïcödé/日本/😀", "quotes\"'", "a&b=c?d#e",
	}
	scenario(t, &rcloneCommand{t, exe, env}, c.client(t), "rclone", keys)

	t.Run("sync", func(t *testing.T) { rcloneSync(t, &rcloneCommand{t, exe, env}) })
}

// rcloneSync copies a tree there and back and lets rclone compare.
func rcloneSync(t *testing.T, d *rcloneCommand) {
	from, back := t.TempDir(), t.TempDir()
	writeTree(t, from)
	for _, args := range [][]string{
		{"mkdir", "cos:rclone-sync"},
		{"sync", from, "cos:rclone-sync/tree"},
		{"check", "--download", from, "cos:rclone-sync/tree"},
		{"sync", "cos:rclone-sync/tree", back},
		{"check", from, back},
		{"purge", "cos:rclone-sync"},
	} {
		if _, err := d.run(nil, args...); err != nil {
			t.Fatal(err)
		}
	}
}

// rcloneCommand drives rclone with its IBM COS settings.
type rcloneCommand struct {
	t   *testing.T
	exe string
	env []string
}

func (d *rcloneCommand) run(stdin []byte, args ...string) ([]byte, error) {
	return run(d.t, d.env, bytes.NewReader(stdin), d.exe, args...)
}

func (d *rcloneCommand) createBucket(_ context.Context, bucket string) error {
	// rclone takes "exists" for success, so ask whether it is there first.
	if _, err := d.run(nil, "lsf", "cos:"+bucket); err == nil {
		return errors.New("bucket exists")
	}
	_, err := d.run(nil, "mkdir", "cos:"+bucket)
	return err
}

func (d *rcloneCommand) deleteBucket(_ context.Context, bucket string) error {
	_, err := d.run(nil, "rmdir", "cos:"+bucket)
	return err
}

func (d *rcloneCommand) put(_ context.Context, bucket, key string, body []byte) error {
	_, err := d.run(body, "rcat", "cos:"+bucket+"/"+key)
	return err
}

func (d *rcloneCommand) upload(_ context.Context, bucket, key, path string) error {
	_, err := d.run(nil, "copyto", "--s3-upload-cutoff=10M", "--s3-chunk-size=8M", path, "cos:"+bucket+"/"+key)
	return err
}

func (d *rcloneCommand) list(_ context.Context, bucket, prefix string) ([]string, error) {
	out, err := d.run(nil, "lsf", "-R", "--files-only", "--s3-list-chunk=3", "cos:"+bucket+"/"+prefix)
	if err != nil {
		return nil, err
	}
	var keys []string
	for line := range strings.Lines(string(out)) {
		keys = append(keys, prefix+strings.TrimSuffix(line, "\n"))
	}
	return keys, nil
}

func (d *rcloneCommand) get(_ context.Context, bucket, key string) ([]byte, error) {
	return d.run(nil, "cat", "--error-on-no-transfer", "cos:"+bucket+"/"+key)
}

func (d *rcloneCommand) getRange(_ context.Context, bucket, key string, off, n int64) ([]byte, error) {
	return d.run(nil, "cat", "--offset="+strconv.FormatInt(off, 10), "--count="+strconv.FormatInt(n, 10), "cos:"+bucket+"/"+key)
}

func (d *rcloneCommand) copy(_ context.Context, bucket, from, to string) error {
	_, err := d.run(nil, "copyto", "cos:"+bucket+"/"+from, "cos:"+bucket+"/"+to)
	return err
}

func (d *rcloneCommand) presign(_ context.Context, bucket, key string) (string, error) {
	out, err := d.run(nil, "link", "--expire=1m", "cos:"+bucket+"/"+key)
	return strings.TrimSpace(string(out)), err
}

func (d *rcloneCommand) delete(_ context.Context, bucket string, keys ...string) error {
	for _, key := range keys {
		if _, err := d.run(nil, "deletefile", "cos:"+bucket+"/"+key); err != nil {
			return err
		}
	}
	return nil
}

// writeTree fills dir with files of sizes around the edges of buffers and parts.
func writeTree(t *testing.T, dir string) {
	t.Helper()
	body := largeBody()
	for name, size := range map[string]int{
		"empty": 0, "one": 1, "a/b/c/deep": 4096, "a/ünï 😀": 4097, "a/b/part": 5 << 20, "a/b/parts": 12<<20 + 1,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, body[:size], 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
