package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestAWSCLI(t *testing.T) {
	bin := pythonTools.path(t)
	c := startCOS(t)
	env := append(cleanEnv(t.TempDir()),
		"AWS_ENDPOINT_URL="+c.url,
		"AWS_REGION=us-south",
		"AWS_ACCESS_KEY_ID="+c.credential.HMAC.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY="+c.credential.HMAC.SecretKey,
		"AWS_PAGER=",
	)
	// One process a request: some of the keys say as much as all.
	scenario(t, &awsCLI{t, filepath.Join(bin, "aws"), env}, c.client(t), "aws-cli", oddKeys[:11])
}

// awsCLI drives the aws command: s3api for single operations, s3 for files.
type awsCLI struct {
	t   *testing.T
	aws string
	env []string
}

func (d *awsCLI) run(stdin []byte, args ...string) ([]byte, error) {
	return run(d.t, d.env, bytes.NewReader(stdin), d.aws, args...)
}

// cliCode finds the code in "An error occurred (NoSuchKey) when calling …".
var cliCode = regexp.MustCompile(`An error occurred \((\w+)\)|fatal error: .*\((\w+)\)`)

func (d *awsCLI) code(err error) string {
	if e, ok := errors.AsType[*runError](err); ok {
		if m := cliCode.FindStringSubmatch(e.stderr); m != nil {
			return m[1] + m[2]
		}
	}
	return ""
}

func (d *awsCLI) createBucket(_ context.Context, bucket string) error {
	_, err := d.run(nil, "s3api", "create-bucket", "--bucket", bucket,
		"--create-bucket-configuration", "LocationConstraint=us-south-standard")
	return err
}

func (d *awsCLI) deleteBucket(_ context.Context, bucket string) error {
	_, err := d.run(nil, "s3api", "delete-bucket", "--bucket", bucket)
	return err
}

func (d *awsCLI) put(_ context.Context, bucket, key string, body []byte) error {
	path := filepath.Join(d.t.TempDir(), "body")
	if err := os.WriteFile(path, body, 0o644); err != nil {
		return err
	}
	_, err := d.run(nil, "s3api", "put-object", "--bucket", bucket, "--key", key, "--body", path)
	return err
}

func (d *awsCLI) upload(_ context.Context, bucket, key, path string) error {
	_, err := d.run(nil, "s3", "cp", "--no-progress", path, "s3://"+bucket+"/"+key)
	return err
}

func (d *awsCLI) list(_ context.Context, bucket, prefix string) ([]string, error) {
	out, err := d.run(nil, "s3api", "list-objects-v2", "--bucket", bucket, "--prefix", prefix, "--page-size", "3",
		"--query", "Contents[].Key", "--output", "json")
	if err != nil {
		return nil, err
	}
	var keys []string // null without any
	return keys, json.Unmarshal(out, &keys)
}

func (d *awsCLI) get(_ context.Context, bucket, key string) ([]byte, error) {
	return d.read("s3api", "get-object", "--bucket", bucket, "--key", key)
}

func (d *awsCLI) getRange(_ context.Context, bucket, key string, off, n int64) ([]byte, error) {
	return d.read("s3api", "get-object", "--bucket", bucket, "--key", key, "--range", byteRange(off, n))
}

// read runs a command whose last argument is the file to write.
func (d *awsCLI) read(args ...string) ([]byte, error) {
	path := filepath.Join(d.t.TempDir(), "body")
	if _, err := d.run(nil, append(args, path)...); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

func (d *awsCLI) copy(_ context.Context, bucket, from, to string) error {
	_, err := d.run(nil, "s3", "cp", "--no-progress", "s3://"+bucket+"/"+from, "s3://"+bucket+"/"+to)
	return err
}

func (d *awsCLI) presign(_ context.Context, bucket, key string) (string, error) {
	out, err := d.run(nil, "s3", "presign", "s3://"+bucket+"/"+key, "--expires-in", "60")
	return strings.TrimSpace(string(out)), err
}

func (d *awsCLI) delete(_ context.Context, bucket string, keys ...string) error {
	type object struct{ Key string }
	var batch struct{ Objects []object }
	for _, key := range keys {
		batch.Objects = append(batch.Objects, object{key})
	}
	doc, err := json.Marshal(batch)
	if err != nil {
		return err
	}
	out, err := d.run(nil, "s3api", "delete-objects", "--bucket", bucket, "--delete", string(doc), "--query", "Errors", "--output", "json")
	if err == nil && strings.TrimSpace(string(out)) != "null" {
		return errors.New(string(out))
	}
	return err
}
