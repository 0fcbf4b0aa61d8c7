package iam_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/icos-go/icos/iam"
)

// A log in JSON would write the document of the credentials, which is made to be saved, if nothing kept it from that.
func TestKeysAreNotLogged(t *testing.T) {
	key := &iam.Key{Name: "name"}
	if err := json.Unmarshal([]byte(`{"apikey":"s3kr3t","cos_hmac_keys":{"access_key_id":"id","secret_access_key":"s3kr3t"}}`), &key.Credentials); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(h).Info("made", "key", key, "value", *key, "credentials", key.Credentials, "pointer", &key.Credentials)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&out, verb+verb+verb, key, *key, key.Credentials)
	}
	if strings.Contains(out.String(), "s3kr3t") || strings.Contains(out.String(), fmt.Sprintf("%x", "s3kr3t")) {
		t.Errorf("a secret in %s", out.String())
	}
	if !strings.Contains(out.String(), "name") {
		t.Errorf("the name of the key is not in %s", out.String())
	}
}
