package s3_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/icos-go/icos/s3"
)

func TestGetBucketAspera(t *testing.T) {
	const whole = `<AccessKey><Id>ak</Id><Secret>s3cret</Secret></AccessKey><ATSEndpoint> https://ats.example.com:443 </ATSEndpoint>`
	for name, tt := range map[string]struct {
		body string
		ok   bool
	}{
		"root as in IBM's models": {`<?xml version="1.0"?><FASPConnectionInfo` + ns + `>` + whole + `</FASPConnectionInfo>`, true},
		"any other root":          {`<FaspConnectionInfo>` + whole + `<More/></FaspConnectionInfo>`, true},
		"no secret":               {`<FASPConnectionInfo><AccessKey><Id>ak</Id></AccessKey><ATSEndpoint>https://a</ATSEndpoint></FASPConnectionInfo>`, false},
		"no endpoint":             {`<FASPConnectionInfo><AccessKey><Id>ak</Id><Secret>s</Secret></AccessKey></FASPConnectionInfo>`, false},
		"cut off":                 {`<FASPConnectionInfo>` + whole, false},
		"no XML":                  {`{"ATSEndpoint":""}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			var sent string
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				sent = record(t, r)
				return answer(r, 200, tt.body), nil
			})
			r, err := c.GetBucketAspera(t.Context(), &s3.GetBucketAsperaRequest{Bucket: "b"})
			if want := "GET /b?faspConnectionInfo\nIbm-Service-Instance-Id: crn:v1:instance\n"; sent != want {
				t.Errorf("sent\n%s\nwant\n%s", sent, want)
			}
			if (err == nil) != tt.ok {
				t.Fatalf("error is %v", err)
			}
			if !tt.ok {
				return
			}
			if r.AccessKeyID != "ak" || r.AccessKeySecret != "s3cret" || r.ATSEndpoint != "https://ats.example.com:443" {
				t.Errorf("%q, %q at %q", r.AccessKeyID, r.AccessKeySecret, r.ATSEndpoint)
			}
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, shown := range []string{fmt.Sprintf("%v %+v %#v %x", r, *r, *r, *r), string(text)} {
				if strings.Contains(shown, "s3cret") || strings.Contains(shown, "733363726574") {
					t.Errorf("the secret is shown: %s", shown)
				}
			}
		})
	}
}
