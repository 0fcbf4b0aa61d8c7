package cosblob_test

import (
	"net/url"
	"strings"
	"testing"

	"gocloud.dev/blob"

	"github.com/icos-go/icos/contrib/gocloud/cosblob"
	"github.com/icos-go/icos/icostest"
)

// setenv has icos.LoadConfig find the credentials of cos.
func setenv(t *testing.T, cos *icostest.Server) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("ICOS_ACCESS_KEY_ID", cos.Credential.HMACKeys.AccessKeyID)
	t.Setenv("ICOS_SECRET_ACCESS_KEY", cos.Credential.HMACKeys.SecretAccessKey)
}

func TestOpenURL(t *testing.T) {
	cos := icostest.NewServer(t)
	setenv(t, cos)
	if err := cos.Client().Bucket("reports").Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	b, err := blob.OpenBucket(t.Context(), "cos://reports?prefix=2026/&endpoint="+url.QueryEscape(cos.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.WriteAll(t.Context(), "11.csv", []byte("a,b\n"), nil); err != nil {
		t.Fatal(err)
	}
	if found, err := cos.Client().Bucket("reports").Object("2026/11.csv").Exists(t.Context()); !found || err != nil {
		t.Errorf("the object is there: %v, %v", found, err)
	}
}

func TestOpenURLWithClient(t *testing.T) {
	cos := icostest.NewServer(t)
	if err := cos.Client().Bucket("reports").Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	mux := &blob.URLMux{}
	mux.RegisterBucket("mine", &cosblob.URLOpener{Client: cos.Client()})
	b, err := mux.OpenBucket(t.Context(), "mine://reports")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if ok, err := b.IsAccessible(t.Context()); !ok || err != nil {
		t.Errorf("accessible: %v, %v", ok, err)
	}
	if _, err := mux.OpenBucket(t.Context(), "mine://reports?location=eu-de"); err == nil {
		t.Error("a location beside a client is not refused")
	}
}

func TestOpenURLRefuses(t *testing.T) {
	cos := icostest.NewServer(t)
	setenv(t, cos)
	for u, want := range map[string]string{
		"cos://":                        "want cos://BUCKET",
		"cos://reports/2026":            "prefix=",
		"cos://reports?nonsense=1":      `no parameter "nonsense"`,
		"cos://reports?endpoint=ftp://": "endpoint",
	} {
		b, err := blob.OpenBucket(t.Context(), u)
		if err == nil {
			b.Close()
			t.Errorf("%s: opened", u)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", u, err, want)
		}
	}
}
