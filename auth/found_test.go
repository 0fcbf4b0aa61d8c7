package auth_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos/auth"
)

// An environment is variables by name.
type environment map[string]string

func (e environment) get(name string) string { return e[name] }

// files are texts by name.
type files map[string]string

func (f files) read(name string) ([]byte, error) {
	text, ok := f[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if text == "forbidden" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return []byte(text), nil
}

const (
	cosPath    = "/home/u/.bluemix/cos_credentials"
	awsPath    = "/home/u/.aws/credentials"
	configPath = "/home/u/.aws/config"

	instance = "crn:v1:bluemix:public:cloud-object-storage:global:a/0123:11111111-2222-3333-4444-555555555555::"
	uuid     = "11111111-2222-3333-4444-555555555555"

	awsFile = "[default]\naws_access_key_id = awsid\naws_secret_access_key = awssecret\n"
)

// find runs the chain and describes what came out as "kind access-key-or-source".
func find(t *testing.T, profile string, env environment, f files) (*auth.Found, string) {
	t.Helper()
	found, err := auth.Find(&auth.ChainOptions{Getenv: env.get, Home: "/home/u", Profile: profile, ReadFile: f.read})
	if found == nil {
		t.Fatal("Find returned no Found")
	}
	if (err == nil) != (found.Credentials != nil) || (err == nil) != (found.Kind != "") {
		t.Errorf("credentials %v of kind %q with error %v", found.Credentials, found.Kind, err)
	}
	var partial *auth.PartialError
	switch {
	case err == nil:
	case errors.Is(err, auth.ErrNoCredentials):
		return found, "none"
	case errors.As(err, &partial):
		return found, "partial: " + partial.Missing
	default:
		return found, "error: " + err.Error()
	}
	return found, string(found.Kind) + " from " + source(found)
}

// source returns where the credentials are from.
func source(found *auth.Found) string {
	for _, s := range found.Sources {
		switch s.Field {
		case "API key", "token", "trusted profile", "access key id":
			return s.Source
		}
	}
	return "nowhere"
}

// The table of what IBM's Python SDK does, row by row, with our choices where they
// differ: a pair that is empty is an error and not a signer that cannot work, the bearer
// scheme follows from the credentials, and AWS's variables come last.
func TestFindAsIBMsSDKs(t *testing.T) {
	const key, hmac = `"apikey":"k"`, `"cos_hmac_keys":{"access_key_id":"i","secret_access_key":"s"}`
	const fromCOS = cosPath + ": "
	tests := []struct {
		name  string
		env   environment
		files files
		want  string // a prefix
	}{
		{"cos file: HMAC and apikey", nil, files{cosPath: `{` + key + `,` + hmac + `}`}, "hmac from " + fromCOS + "cos_hmac_keys.access_key_id"},
		{"cos file: empty cos_hmac_keys and apikey", nil, files{cosPath: `{"cos_hmac_keys":{},` + key + `}`}, "api-key from " + fromCOS + "apikey"},
		{"cos_hmac_keys null", nil, files{cosPath: `{"cos_hmac_keys":null,` + key + `}`}, "error: find credentials: " + cosPath + ": cos_hmac_keys: not a JSON object"},
		{"only access_key_id inside", nil, files{cosPath: `{"cos_hmac_keys":{"access_key_id":"i"},` + key + `}`}, "partial: cos_hmac_keys.secret_access_key"},
		{"only secret_access_key and apikey", nil, files{cosPath: `{"cos_hmac_keys":{"secret_access_key":"s"},` + key + `}`}, "api-key from " + fromCOS},
		{"HMAC values are empty", nil, files{cosPath: `{"cos_hmac_keys":{"access_key_id":"","secret_access_key":""},` + key + `}`}, "error: find credentials: " + cosPath + ": a key in cos_hmac_keys is empty"},
		{"HMAC values are no texts", nil, files{cosPath: `{"cos_hmac_keys":{"access_key_id":1,"secret_access_key":[]}}`}, "error: find credentials: " + cosPath + ": a key in cos_hmac_keys is empty"},
		{"apikey alone", nil, files{cosPath: `{` + key + `}`}, "api-key from " + fromCOS + "apikey"},
		{"apikey empty", nil, files{cosPath: `{"apikey":""}`}, "error: find credentials: " + cosPath + ": apikey is empty"},
		{"apikey null", nil, files{cosPath: `{"apikey":null}`}, "error: find credentials: " + cosPath + ": apikey is empty"},
		{"empty object, then the aws file", nil, files{cosPath: `{}`, awsPath: awsFile}, "hmac from " + awsPath + ": [default] aws_access_key_id"},
		{"empty object alone", nil, files{cosPath: `{}`}, "none"},
		{"malformed JSON stops the chain", nil, files{cosPath: `{"apikey":"k"`, awsPath: awsFile}, "error: find credentials: " + cosPath + ": not a JSON object"},
		{"empty file stops the chain", nil, files{cosPath: "\n", awsPath: awsFile}, "error: find credentials: " + cosPath + ": the file is empty"},
		{"a list", nil, files{cosPath: `[{` + key + `}]`}, "error: find credentials: " + cosPath + ": not a JSON object"},
		{"no file at the default path", nil, files{awsPath: awsFile}, "hmac from " + awsPath},
		{"COS_CREDENTIALS_FILE", environment{"COS_CREDENTIALS_FILE": "~/c.json"}, files{"/home/u/c.json": `{` + key + `}`}, "api-key from /home/u/c.json: apikey"},
		{
			"COS_CREDENTIALS_FILE missing: the default path is not tried",
			environment{"COS_CREDENTIALS_FILE": "/x"},
			files{cosPath: `{` + key + `}`, awsPath: awsFile},
			"hmac from " + awsPath,
		},
		{"cos file and aws file", nil, files{cosPath: `{` + key + `}`, awsPath: awsFile}, "api-key from " + fromCOS},
		{"IBM variable and cos file", environment{"IBM_API_KEY_ID": "k"}, files{cosPath: `{` + hmac + `}`}, "api-key from environment IBM_API_KEY_ID"},
		{
			"AWS variables and cos file: the cos file, unlike Python",
			environment{"AWS_ACCESS_KEY_ID": "i", "AWS_SECRET_ACCESS_KEY": "s"},
			files{cosPath: `{` + key + `}`},
			"api-key from " + fromCOS,
		},
		{
			"AWS variables and aws file: the file, unlike Python",
			environment{"AWS_ACCESS_KEY_ID": "i", "AWS_SECRET_ACCESS_KEY": "s"},
			files{awsPath: awsFile},
			"hmac from " + awsPath,
		},
		{
			"IBM variable and AWS variables",
			environment{"IBM_API_KEY_ID": "k", "AWS_ACCESS_KEY_ID": "i", "AWS_SECRET_ACCESS_KEY": "s"},
			nil, "api-key from environment IBM_API_KEY_ID",
		},
		{"AWS variables alone", environment{"AWS_ACCESS_KEY_ID": "i", "AWS_SECRET_ACCESS_KEY": "s"}, nil, "hmac from environment AWS_ACCESS_KEY_ID"},
		{"IBM_API_KEY_ID empty", environment{"IBM_API_KEY_ID": " "}, files{cosPath: `{` + key + `}`}, "api-key from " + fromCOS},
		{"IBM_SERVICE_INSTANCE_ID alone", environment{"IBM_SERVICE_INSTANCE_ID": uuid}, nil, "none"},
		{"AWS access key alone", environment{"AWS_ACCESS_KEY_ID": "i"}, nil, "partial: AWS_SECRET_ACCESS_KEY"},
		{"AWS secret key alone", environment{"AWS_SECRET_ACCESS_KEY": "s"}, nil, "none"},
		{"aws file: ibm_api_key_id and aws keys", nil, files{awsPath: awsFile + "ibm_api_key_id = k\n"}, "api-key from " + awsPath + ": [default] ibm_api_key_id"},
		{"aws file: access key alone", nil, files{awsPath: "[default]\naws_access_key_id = i\n"}, "partial: aws_secret_access_key"},
		{"nothing", nil, nil, "none"},

		{"ICOS access key alone", environment{"ICOS_ACCESS_KEY_ID": "i"}, nil, "partial: ICOS_SECRET_ACCESS_KEY"},
		{"ICOS secret key alone", environment{"ICOS_SECRET_ACCESS_KEY": "i"}, nil, "none"},
		{"a service id's key without a profile", environment{"IBM_SERVICE_ID_API_KEY": "k"}, nil, "none"},
		{"a pasted answer of the command line", nil, files{cosPath: `{"credentials":{` + key + `}}`}, "none"},
		{"with a byte order mark", nil, files{cosPath: "\xef\xbb\xbf{" + key + "}"}, "api-key from " + fromCOS},
		{"unknown fields", nil, files{cosPath: `{` + key + `,"x":{"y":[1]},"iam_role_crn":7}`}, "api-key from " + fromCOS},
		{"an instance that is no text", nil, files{cosPath: `{` + key + `,"resource_instance_id":7}`}, "error: find credentials: " + cosPath + ": resource_instance_id"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, got := find(t, "", test.env, test.files); !strings.HasPrefix(got, test.want) {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

func TestFindPrecedence(t *testing.T) {
	// Everything at once; then what was found is taken away, again and again.
	env := environment{
		"ICOS_API_KEY": "k", "ICOS_TOKEN": "t", "ICOS_ACCESS_KEY_ID": "i", "ICOS_SECRET_ACCESS_KEY": "s",
		"ICOS_CREDENTIALS_FILE": "/icos.json", "ICOS_PROFILE": "work",
		"IBM_API_KEY_ID": "k", "TRUSTED_PROFILE_ID": "p", "TRUSTED_PROFILE_NAME": "n", "IBMCLOUD_API_KEY": "k", "IC_API_KEY": "k",
		"AWS_ACCESS_KEY_ID": "i", "AWS_SECRET_ACCESS_KEY": "s",
	}
	f := files{
		"/icos.json": `{"apikey":"k"}`, cosPath: `{"apikey":"k"}`,
		awsPath:    awsFile + "[work]\nibm_api_key_id = k\n",
		configPath: "[default]\nibm_api_key_id = k\n",
	}
	steps := []struct {
		want   string
		remove func()
	}{
		{"api-key from environment ICOS_API_KEY", func() { delete(env, "ICOS_API_KEY") }},
		{"token from environment ICOS_TOKEN", func() { delete(env, "ICOS_TOKEN") }},
		{"hmac from environment ICOS_ACCESS_KEY_ID", func() { delete(env, "ICOS_ACCESS_KEY_ID"); delete(env, "ICOS_SECRET_ACCESS_KEY") }},
		{"api-key from /icos.json: apikey", func() { delete(env, "ICOS_CREDENTIALS_FILE") }},
		{"api-key from " + awsPath + ": [work] ibm_api_key_id", func() { delete(env, "ICOS_PROFILE") }},
		{"api-key from environment IBM_API_KEY_ID", func() { delete(env, "IBM_API_KEY_ID") }},
		{"trusted-profile from environment TRUSTED_PROFILE_ID", func() { delete(env, "TRUSTED_PROFILE_ID") }},
		{"trusted-profile from environment TRUSTED_PROFILE_NAME", func() { delete(env, "TRUSTED_PROFILE_NAME") }},
		{"api-key from environment IBMCLOUD_API_KEY", func() { delete(env, "IBMCLOUD_API_KEY") }},
		{"api-key from environment IC_API_KEY", func() { delete(env, "IC_API_KEY") }},
		{"api-key from " + cosPath + ": apikey", func() { delete(f, cosPath) }},
		{"hmac from " + awsPath + ": [default] aws_access_key_id", func() { delete(f, awsPath) }},
		{"api-key from " + configPath + ": [default] ibm_api_key_id", func() { delete(f, configPath) }},
		{"hmac from environment AWS_ACCESS_KEY_ID", func() { clear(env) }},
		{"none", func() {}},
	}
	for _, step := range steps {
		found, got := find(t, "", env, f)
		if got != step.want {
			t.Errorf("found %q, want %q", got, step.want)
		}
		if len(found.Skipped) < 5 {
			t.Errorf("%s: only %d places were looked at: %+v", step.want, len(found.Skipped), found.Skipped)
		}
		step.remove()
	}
}

// The guide tells people who come from AWS to put an API key and an instance id into
// the two fields.
func TestFindMigrationForm(t *testing.T) {
	pair := func(secret, more string) string {
		return "[default]\naws_access_key_id = k\naws_secret_access_key = " + secret + "\n" + more
	}
	tests := []struct {
		name         string
		files        files
		wantKind     auth.Kind
		wantInstance string
	}{
		{"a CRN", files{awsPath: pair(instance, "")}, auth.KindAPIKey, instance},
		{"a UUID", files{awsPath: pair(uuid, "")}, auth.KindAPIKey, uuid},
		{"a UUID in capitals", files{awsPath: pair("AAAAAAAA-2222-3333-4444-55555555FFFF", "")}, auth.KindAPIKey, "AAAAAAAA-2222-3333-4444-55555555FFFF"},
		{"signature oauth", files{awsPath: pair("my-instance", "signature_version = oauth\n")}, auth.KindAPIKey, "my-instance"},
		{"signature in the s3 block of config", files{awsPath: pair("my-instance", ""), configPath: "[default]\ns3 =\n  signature_version = IAM\n"}, auth.KindAPIKey, "my-instance"},
		{"signature s3v4", files{awsPath: pair("my-instance", "signature_version = s3v4\n")}, auth.KindHMAC, ""},
		{"a COS secret key", files{awsPath: pair("0123456789abcdef0123456789abcdef0123456789abcdef", "")}, auth.KindHMAC, ""},
		{"an AWS secret key", files{awsPath: pair("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "")}, auth.KindHMAC, ""},
		{"a CRN of something else", files{awsPath: pair("crn:v1:bluemix:public:kms:us-south:a/1:2::", "")}, auth.KindHMAC, ""},
		{"almost a UUID", files{awsPath: pair("11111111-2222-3333-4444-55555555555g", "")}, auth.KindHMAC, ""},
		{"almost a UUID, dashes", files{awsPath: pair("111111112222-3333-4444-5555555555555", "")}, auth.KindHMAC, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found, got := find(t, "", nil, test.files)
			if found.Kind != test.wantKind || found.InstanceID != test.wantInstance {
				t.Errorf("%s, instance %q; want %s, %q", got, found.InstanceID, test.wantKind, test.wantInstance)
			}
		})
	}
}

func TestFindProfiles(t *testing.T) {
	env := environment{"ICOS_API_KEY": "k", "IBM_API_KEY_ID": "k"}
	f := files{
		awsPath:    "[default]\nibm_api_key_id = k\n[bare]\nregion = x\n[ sso ]\nsso_start_url = https://x\n",
		configPath: "[profile only config]\nibm_api_key_id = k\n[profile bare]\noutput = json\n",
		cosPath:    `{"apikey":"k"}`,
	}
	tests := []struct {
		name, profile string
		env           environment
		want          string
	}{
		{"asked for: nothing else counts", "default", env, "api-key from " + awsPath + ": [default] ibm_api_key_id"},
		{"in config only", "only config", env, "api-key from " + configPath + ": [profile only config] ibm_api_key_id"},
		{"asked for and missing", "nope", env, "error: find credentials: no such profile"},
		{"asked for and without credentials", "bare", env, `error: find credentials: profile "bare" has neither`},
		{"ICOS_PROFILE missing", "", environment{"ICOS_PROFILE": "nope"}, "error: find credentials: no such profile"},
		{"ICOS_PROFILE loses to ICOS_API_KEY", "", environment{"ICOS_PROFILE": "nope", "ICOS_API_KEY": "k"}, "api-key from environment ICOS_API_KEY"},
		{"AWS_PROFILE does not remove the cos file", "", environment{"AWS_PROFILE": "nope"}, "api-key from " + cosPath},
		{"AWS_PROFILE missing", "", environment{"AWS_PROFILE": "nope", "COS_CREDENTIALS_FILE": "/none"}, "error: find credentials: no such profile"},
		{"AWS_PROFILE without credentials", "", environment{"AWS_PROFILE": "sso", "COS_CREDENTIALS_FILE": "/none"}, "none"},
		{"AWS_DEFAULT_PROFILE", "", environment{"AWS_DEFAULT_PROFILE": "default", "COS_CREDENTIALS_FILE": "/none"}, "api-key from " + awsPath},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, got := find(t, test.profile, test.env, f); !strings.HasPrefix(got, test.want) {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
	_, err := auth.Find(&auth.ChainOptions{Getenv: environment{}.get, Home: "/home/u", Profile: "nope", ReadFile: f.read})
	if !errors.Is(err, auth.ErrNoProfile) {
		t.Errorf("error = %v, want ErrNoProfile", err)
	}
}

func TestFindSettings(t *testing.T) {
	cos := `{"apikey":"k","resource_instance_id":"from-file","endpoints":"https://e.example/v2/endpoints","iam_auth_endpoint":"https://iam-file.example/t"}`
	type settings struct{ instance, endpoint, list, auth, location string }
	tests := []struct {
		name    string
		profile string
		env     environment
		files   files
		want    settings
	}{
		{"from the cos file", "", nil, files{cosPath: cos}, settings{instance: "from-file", list: "https://e.example/v2/endpoints", auth: "https://iam-file.example/t"}},
		{
			"our variables come first", "",
			environment{"ICOS_INSTANCE_ID": "i", "ICOS_ENDPOINT": "https://e", "ICOS_AUTH_ENDPOINT": "https://a", "ICOS_LOCATION": "eu-de", "IC_REGION": "us-south"},
			files{cosPath: cos},
			settings{"i", "https://e", "https://e.example/v2/endpoints", "https://a", "eu-de"},
		},
		{
			"a local COS's file names its endpoint, which IBM's variable does not change", "",
			environment{"IBMCLOUD_COS_ENDPOINT": "https://real.example"},
			files{cosPath: `{"apikey":"k","endpoint":"http://127.0.0.1:9000"}`},
			settings{endpoint: "http://127.0.0.1:9000"},
		},
		{
			"but ours does", "",
			environment{"ICOS_ENDPOINT": "http://127.0.0.1:1"},
			files{cosPath: `{"apikey":"k","endpoint":"http://127.0.0.1:9000"}`},
			settings{endpoint: "http://127.0.0.1:1"},
		},
		{
			"IBM's fill in", "",
			environment{
				"IBM_SERVICE_INSTANCE_ID": "other", "IBMCLOUD_COS_INSTANCE": "other", "IBMCLOUD_COS_ENDPOINT": "e", "IC_REGION": "us-south",
				"IBM_AUTH_ENDPOINT": "https://other",
			},
			files{cosPath: cos},
			settings{"from-file", "e", "https://e.example/v2/endpoints", "https://iam-file.example/t", "us-south"},
		},
		{
			"IBM's variables together", "",
			environment{"IBM_API_KEY_ID": "k", "IBM_SERVICE_INSTANCE_ID": "i", "IBM_AUTH_ENDPOINT": "https://a"},
			files{cosPath: cos},
			settings{instance: "i", auth: "https://a"},
		},
		{"the command's variables", "", environment{"IBMCLOUD_API_KEY": "k", "IBMCLOUD_COS_INSTANCE": "i"}, nil, settings{instance: "i"}},
		{
			"AWS's endpoint is not for IBM's keys", "",
			environment{"AWS_ENDPOINT_URL": "https://elsewhere.example"},
			files{cosPath: cos},
			settings{instance: "from-file", list: "https://e.example/v2/endpoints", auth: "https://iam-file.example/t"},
		},
		{"AWS's endpoint for AWS's keys", "", environment{"AWS_ENDPOINT_URL": "https://all", "AWS_ENDPOINT_URL_S3": "https://s3"}, files{awsPath: awsFile}, settings{endpoint: "https://s3"}},
		{"a profile's endpoint", "", nil, files{awsPath: awsFile, configPath: "[default]\nendpoint_url = https://p\n"}, settings{endpoint: "https://p"}},
		{
			"a profile that was asked for comes before our variables", "p",
			environment{"ICOS_ENDPOINT": "https://e", "ICOS_INSTANCE_ID": "i", "ICOS_LOCATION": "eu-de"},
			files{awsPath: "[p]\nibm_api_key_id = k\nibm_service_instance_id = from-profile\nibm_auth_endpoint = https://a\n"},
			settings{instance: "from-profile", endpoint: "https://e", auth: "https://a", location: "eu-de"},
		},
		{"without credentials", "", environment{"ICOS_ENDPOINT": "https://e"}, nil, settings{endpoint: "https://e"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found, _ := find(t, test.profile, test.env, test.files)
			got := settings{found.InstanceID, found.Endpoint, found.EndpointsURL, found.AuthEndpoint, found.Location}
			if got != test.want {
				t.Errorf("settings %+v, want %+v", got, test.want)
			}
			for _, value := range []string{got.instance, got.endpoint, got.list, got.auth, got.location} {
				if value != "" && !recorded(found, value) {
					t.Errorf("no source for %q in %+v", value, found.Sources)
				}
			}
		})
	}
}

func recorded(found *auth.Found, value string) bool {
	for _, s := range found.Sources {
		if s.Value == value && s.Source != "" {
			return true
		}
	}
	return false
}

// The region and the session token reach the signature.
func TestFindAWSKeysInFull(t *testing.T) {
	for name, test := range map[string]struct {
		env   environment
		files files
	}{
		"variables": {environment{"AWS_ACCESS_KEY_ID": "i", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SECURITY_TOKEN": "session", "AWS_DEFAULT_REGION": "eu-de"}, nil},
		"files": {nil, files{
			awsPath:    "[default]\naws_access_key_id: i\naws_secret_access_key: s\naws_session_token: session\n",
			configPath: "[default]\nregion = eu-de\n",
		}},
	} {
		found, got := find(t, "", test.env, test.files)
		r := request("GET", "https://s3.example/b/k")
		if found.Credentials == nil || found.Credentials.Authorize(t.Context(), r) != nil {
			t.Errorf("%s: found %s", name, got)
			continue
		}
		if r.Header.Get("X-Amz-Security-Token") != "session" || !strings.Contains(r.Header.Get("Authorization"), "/eu-de/s3/") {
			t.Errorf("%s: header %v", name, r.Header)
		}
	}
}

// fileInfo is a file of some permissions.
type fileInfo fs.FileMode

func (fileInfo) Name() string        { return "f" }
func (fileInfo) Size() int64         { return 0 }
func (m fileInfo) Mode() fs.FileMode { return fs.FileMode(m) }
func (fileInfo) ModTime() time.Time  { return time.Time{} }
func (fileInfo) IsDir() bool         { return false }
func (fileInfo) Sys() any            { return nil }
