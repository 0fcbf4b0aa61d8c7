package auth_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/icos-go/icos/auth"
)

// What a doctor wants to know: what is used, from where, and what is not and why.
func TestFindSaysWhatItSaw(t *testing.T) {
	found, _ := find(t, "", environment{
		"IBM_API_KEY_ID": "secret-key", "IBM_AUTH_ENDPOINT": "https://user:pass@iam.example/t",
		"AWS_ENDPOINT_URL": "https://elsewhere", "ICOS_SECRET_ACCESS_KEY": "s",
	}, files{cosPath: `{"apikey":"k"}`, awsPath: "[default\n", configPath: "forbidden"})

	sources := map[string]string{
		"API key":       "environment IBM_API_KEY_ID = REDACTED",
		"auth endpoint": "environment IBM_AUTH_ENDPOINT = https://user:xxxxx@iam.example/t",
	}
	for _, s := range found.Sources {
		if got, want := s.Source+" = "+s.Value, sources[s.Field]; got != want {
			t.Errorf("%s: %s, want %s", s.Field, got, want)
		}
		delete(sources, s.Field)
	}
	for field := range sources {
		t.Errorf("no source for the %s", field)
	}
	skipped := map[string]string{}
	for _, s := range found.Skipped {
		if skipped[s.Source] != "" {
			t.Errorf("%s is skipped twice", s.Source)
		}
		skipped[s.Source] = s.Why
	}
	for source, why := range map[string]string{
		"environment ICOS_SECRET_ACCESS_KEY": "ICOS_ACCESS_KEY_ID is not set",
		"environment AWS_ENDPOINT_URL":       "counts for AWS keys only",
		cosPath + ": apikey":                 "comes after environment IBM_API_KEY_ID",
		"AWS files":                          "not needed, and not usable",
		"environment AWS_ACCESS_KEY_ID":      "not set",
	} {
		if !strings.Contains(skipped[source], why) {
			t.Errorf("%s: skipped because %q, want %q", source, skipped[source], why)
		}
	}
}

func TestNotFoundErrorNamesThePlaces(t *testing.T) {
	_, err := auth.Find(&auth.ChainOptions{Getenv: environment{}.get, Home: "/home/u", ReadFile: files{}.read})
	var missing *auth.NotFoundError
	if !errors.As(err, &missing) || !errors.Is(err, auth.ErrNoCredentials) {
		t.Fatalf("error = %v", err)
	}
	for _, part := range []string{
		"set ICOS_API_KEY", "IBM_API_KEY_ID", "TRUSTED_PROFILE_ID", "IBMCLOUD_API_KEY", cosPath, awsPath, configPath, "AWS_ACCESS_KEY_ID",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q lacks %q", err, part)
		}
	}
}

func TestFindFileTrouble(t *testing.T) {
	big := strings.Repeat(" ", 2<<20)
	tests := []struct {
		name  string
		env   environment
		files files
		want  string
	}{
		{"forbidden at its default path", nil, files{cosPath: "forbidden", awsPath: awsFile}, "hmac from " + awsPath},
		{"forbidden and named", environment{"COS_CREDENTIALS_FILE": "/c"}, files{"/c": "forbidden"}, "error: find credentials: read file: open /c"},
		{"ICOS_CREDENTIALS_FILE missing", environment{"ICOS_CREDENTIALS_FILE": "/c"}, nil, "error: find credentials: /c, named by ICOS_CREDENTIALS_FILE, does not exist"},
		{"huge JSON", nil, files{cosPath: big}, "error: find credentials: " + cosPath + " is longer than"},
		{"huge INI", nil, files{awsPath: big}, "error: find credentials: " + awsPath + " is longer than"},
		{"INI that is none", nil, files{awsPath: "hello\n"}, "error: find credentials: " + awsPath + ": line 1: before the first [section]"},
		{"INI with a line that is none", nil, files{awsPath: "[default]\n\nsecret-looking\n"}, "error: find credentials: " + awsPath + ": line 3: want name = value"},
		{"INI with an open section", nil, files{awsPath: "[default\n"}, "error: find credentials: " + awsPath + ": line 1: a section is [name]"},
		{"deeply nested JSON", nil, files{cosPath: strings.Repeat("[", 100_000)}, "error: find credentials: " + cosPath + ": not a JSON object"},
		{"named AWS files", environment{"AWS_SHARED_CREDENTIALS_FILE": "/a"}, files{"/a": awsFile}, "hmac from /a"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, got := find(t, "", test.env, test.files); !strings.HasPrefix(got, test.want) {
				t.Errorf("found %.200q, want %q", got, test.want)
			}
		})
	}
}

func TestINIForms(t *testing.T) {
	for name, text := range map[string]string{
		"colons and capitals": "[default]\nAWS_Access_Key_ID: awsid\naws_secret_access_key:awssecret",
		"comments":            "# c\n; c\n[default] # c\n# c\naws_access_key_id=awsid\n  ; c\naws_secret_access_key=awssecret\n",
		"carriage returns":    "[default]\r\naws_access_key_id = awsid\r\naws_secret_access_key = awssecret\r\n",
		"all indented":        "  [default]\n  aws_access_key_id = awsid\n  aws_secret_access_key = awssecret\n",
		"nested before":       "[default]\ns3 =\n    max_concurrent_requests = 20\n    addressing\naws_access_key_id = awsid\naws_secret_access_key = awssecret\n",
		"section twice":       "[default]\naws_access_key_id = old\n[x]\n[default]\naws_access_key_id = awsid\naws_secret_access_key = awssecret\n",
		"byte order mark":     "\xef\xbb\xbf" + awsFile,
		"other sections":      "[other]\naws_access_key_id = x\n" + awsFile + "[z]\naws_access_key_id = y\n",
	} {
		found, got := find(t, "", nil, files{awsPath: text})
		if keys, ok := found.Credentials.(*auth.HMACCredentials); !ok || keys.AccessKeyID() != "awsid" {
			t.Errorf("%s: found %s", name, got)
		}
	}
}

func TestFindWarnsOfOpenFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no permission bits")
	}
	for mode, warned := range map[fs.FileMode]bool{0o600: false, 0o640: false, 0o644: true, 0o604: true} {
		found, err := auth.Find(&auth.ChainOptions{
			Getenv: environment{}.get, Home: "/home/u", ReadFile: files{cosPath: `{"apikey":"k"}`}.read,
			Stat: func(string) (fs.FileInfo, error) { return fileInfo(mode), nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := found.Sources[0].Warning; (got != "") != warned || warned && !strings.Contains(got, "chmod 600 "+cosPath) {
			t.Errorf("mode %v: warning %q", mode, got)
		}
	}
}

// With nothing replaced: the process's variables and files.
func TestFindInTheProcess(t *testing.T) {
	home := t.TempDir()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "IBM") || strings.HasPrefix(name, "ICOS_") ||
			strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "IC_") || strings.HasPrefix(name, "COS_") || strings.HasPrefix(name, "TRUSTED_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	name := filepath.Join(home, ".bluemix", "cos_credentials")
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(`{"apikey":"k","resource_instance_id":"`+instance+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := auth.Find(nil)
	if err != nil || found.Kind != auth.KindAPIKey || found.InstanceID != instance || source(found) != name+": apikey" {
		t.Errorf("found %+v, %v", found, err)
	}
	if found.Sources[0].Warning != "" {
		t.Errorf("warning %q for a private file", found.Sources[0].Warning)
	}
}

func TestFindWithoutHome(t *testing.T) {
	t.Setenv("HOME", "")
	t.Setenv("USERPROFILE", "")
	found, err := auth.Find(&auth.ChainOptions{Getenv: environment{"ICOS_API_KEY": "k"}.get, ReadFile: files{}.read})
	if err != nil || found.Kind != auth.KindAPIKey {
		t.Errorf("found %+v, %v", found, err)
	}
}

func FuzzServiceCredential(f *testing.F) {
	f.Add(`{"apikey":"k","cos_hmac_keys":{"access_key_id":"i","secret_access_key":"s"},"resource_instance_id":"` + instance + `"}`)
	f.Add(`{"cos_hmac_keys":null}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		found, got := find(t, "", nil, files{cosPath: text})
		if found.Credentials != nil && !strings.HasPrefix(got, "hmac") && !strings.HasPrefix(got, "api-key") {
			t.Errorf("%q: found %s", text, got)
		}
	})
}

func FuzzProfile(f *testing.F) {
	f.Add(awsFile + "s3 =\n  signature_version = oauth\n")
	f.Add("[default]\nibm_api_key_id: k\n[a]\n=\n")
	f.Add("[]\n[default]x")
	f.Fuzz(func(t *testing.T, text string) {
		found, got := find(t, "", nil, files{awsPath: text, configPath: text})
		if found.Credentials != nil && !strings.HasPrefix(got, "hmac") && !strings.HasPrefix(got, "api-key") {
			t.Errorf("%q: found %s", text, got)
		}
	})
}

func TestPreferAPIKey(t *testing.T) {
	both := `{"apikey":"k","cos_hmac_keys":{"access_key_id":"i","secret_access_key":"s"}}`
	for _, tt := range []struct {
		file   string
		prefer bool
		want   auth.Kind
	}{
		{both, false, auth.KindHMAC},
		{both, true, auth.KindAPIKey},
		{`{"apikey":"k"}`, true, auth.KindAPIKey},
		{`{"cos_hmac_keys":{"access_key_id":"i","secret_access_key":"s"}}`, true, auth.KindHMAC},
	} {
		found, err := auth.Find(&auth.ChainOptions{
			Getenv: environment{}.get, Home: "/home/u", ReadFile: files{cosPath: tt.file}.read, PreferAPIKey: tt.prefer,
		})
		if err != nil || found.Kind != tt.want {
			t.Errorf("%s with PreferAPIKey %v: %v %v, want %v", tt.file, tt.prefer, found.Kind, err, tt.want)
		}
	}
}
