package interop

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAWSCLIFeatures does with the AWS CLI what people do by hand to versions, tags, locks, keys and rules.
func TestAWSCLIFeatures(t *testing.T) {
	bin := pythonTools.path(t)
	c := startTLS(t)
	d := &awsCLI{t, filepath.Join(bin, "aws"), append(cleanEnv(t.TempDir()), append(c.trust(),
		"AWS_ENDPOINT_URL="+c.url, "AWS_REGION=us-south", "AWS_PAGER=", "AWS_DEFAULT_OUTPUT=json",
		"AWS_ACCESS_KEY_ID="+c.credential.HMAC.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+c.credential.HMAC.SecretKey)...)}
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, []byte(hello), 0o644); err != nil {
		t.Fatal(err)
	}
	s := &cliSteps{T: t, d: d}
	b := "cli-features"

	s.run("create-bucket", "--bucket", b, "--object-lock-enabled-for-bucket", "--create-bucket-configuration", "LocationConstraint=us-south-standard")
	s.wants("Enabled", "get-bucket-versioning", "--bucket", b, "--query", "Status")
	first := s.run("put-object", "--bucket", b, "--key", "k", "--body", file, "--tagging", "a=1", "--query", "VersionId")
	s.run("put-object", "--bucket", b, "--key", "k", "--body", file)
	s.run("delete-object", "--bucket", b, "--key", "k")
	s.wants([]any{2.0, 1.0}, "list-object-versions", "--bucket", b, "--query", "[length(Versions), length(DeleteMarkers)]")
	s.wants("1", "get-object-tagging", "--bucket", b, "--key", "k", "--version-id", first, "--query", "TagSet[0].Value")
	s.run("put-object-legal-hold", "--bucket", b, "--key", "k", "--version-id", first, "--legal-hold", "Status=ON")
	s.fails("AccessDenied", "delete-object", "--bucket", b, "--key", "k", "--version-id", first)
	s.run("put-object-legal-hold", "--bucket", b, "--key", "k", "--version-id", first, "--legal-hold", "Status=OFF")
	s.run("delete-object", "--bucket", b, "--key", "k", "--version-id", first)

	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(strings.Repeat("k", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.run(nil, "s3", "cp", "--no-progress", "--sse-c", "AES256", "--sse-c-key", "fileb://"+key, file, "s3://"+b+"/secret"); err != nil {
		t.Error(err)
	}
	s.fails("400", "head-object", "--bucket", b, "--key", "secret")
	if got, err := d.run(nil, "s3", "cp", "--no-progress", "--sse-c", "AES256", "--sse-c-key", "fileb://"+key, "s3://"+b+"/secret", "-"); string(got) != hello || err != nil {
		t.Errorf("the secret is %q, %v", got, err)
	}
	s.run("put-bucket-lifecycle-configuration", "--bucket", b, "--lifecycle-configuration",
		`{"Rules":[{"ID":"old","Status":"Enabled","Filter":{"Prefix":""},"NoncurrentVersionExpiration":{"NoncurrentDays":30}}]}`)
	s.wants(30.0, "get-bucket-lifecycle-configuration", "--bucket", b, "--query", "Rules[0].NoncurrentVersionExpiration.NoncurrentDays")
}

// cliSteps are commands of aws s3api, each of which prints one JSON value.
type cliSteps struct {
	*testing.T
	d *awsCLI
}

// value runs a command and returns what it prints, nil for nothing.
func (s *cliSteps) value(args []string) (value any, err error) {
	got, err := s.d.run(nil, append([]string{"s3api"}, args...)...)
	if err != nil || len(got) == 0 {
		return nil, err
	}
	err = json.Unmarshal(got, &value)
	return value, err
}

// run runs a command that must succeed, and returns what it prints if that is a string.
func (s *cliSteps) run(args ...string) string {
	s.Helper()
	value, err := s.value(args)
	if err != nil {
		s.Fatal(err)
	}
	text, _ := value.(string)
	return text
}

func (s *cliSteps) wants(want any, args ...string) {
	s.Helper()
	got, err := s.value(args)
	if err != nil {
		s.Fatal(err)
	}
	if l, ok := want.([]any); ok {
		want = list(l)
	}
	if d := diff(want, got); d != "" {
		s.Errorf("%v: %s", args, d)
	}
}

func (s *cliSteps) fails(code string, args ...string) {
	s.Helper()
	_, err := s.value(args)
	if err == nil {
		err = errors.New("success")
	}
	if got := s.d.code(err); got != code {
		s.Errorf("%v: %v, want %s", args, err, code)
	}
}
