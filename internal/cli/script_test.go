package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/internal/cli"
)

func TestMain(m *testing.M) {
	// Under the race detector every program waits for a second when it exits, unless told not to. The scripts run many hundreds.
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	testscript.Main(m, map[string]func(){
		"icos": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScript runs the scripts of testdata/script. Each has a COS of its own, and
// finds its credentials as a user would: in a file that a variable names.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			tb := env.T().(testing.TB)
			srv := icostest.NewServer(tb, &icostest.Options{Rapid: strings.HasSuffix(tb.Name(), "/accelerate")})
			file := filepath.Join(env.WorkDir, "cos_credentials")
			doc, err := json.Marshal(srv.Credential)
			if err != nil {
				return err
			}
			if err := os.WriteFile(file, doc, 0o600); err != nil {
				return err
			}
			env.Values[clientKey{}] = srv.Client()
			env.Values[serverKey{}] = srv
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("ENDPOINT", srv.URL)
			env.Setenv("ENDPOINT_HOST", strings.TrimPrefix(srv.URL, "http://"))
			env.Setenv("ICOS_ENDPOINT", srv.URL)
			env.Setenv("COS_CREDENTIALS_FILE", file)
			env.Setenv("HMAC_ID", srv.Credential.HMACKeys.AccessKeyID)
			env.Setenv("HMAC_SECRET", srv.Credential.HMACKeys.SecretAccessKey)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"advance":  advance,
			"exitcode": exitCode,
			"fill":     fill,
			"orphan":   orphan,
			"under":    under,
		},
	})
}

// exitCode runs a command that must end with the given code:
//
//	exitcode 4 icos stat cos://b/missing
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode CODE COMMAND [ARG...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	want, got := args[0], "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != want {
		ts.Fatalf("%s ended with %s, want %s", strings.Join(args[1:], " "), got, want)
	}
}

// fill writes a file of so many bytes, no two stretches of which are alike:
//
//	fill big.bin 12000000
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fill FILE SIZE")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), cli.Pattern(args[1]), 0o666))
}

// orphan begins an upload with one part of so many bytes, and leaves it:
//
//	orphan cos://bucket/key 5242880
func orphan(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: orphan cos://BUCKET/KEY SIZE")
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(args[0], "cos://"), "/")
	client := ts.Value(clientKey{}).(*icos.Client)
	ctx := context.Background()
	up, err := client.Bucket(bucket).Object(key).NewUpload(ctx, nil)
	ts.Check(err)
	body := cli.Pattern(args[1])
	_, err = up.PutPart(ctx, 1, bytes.NewReader(body), int64(len(body)), nil)
	ts.Check(err)
}

// under runs icos with the root key whose CRN a file holds:
//
//	under FILE mb cos://bucket
func under(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: under FILE COMMAND [ARG...]")
	}
	ts.Check(ts.Exec("icos", append(args[1:], "--root-key", strings.TrimSpace(ts.ReadFile(args[0])))...))
}

// clientKey is what scripts' commands find a client of their COS under.
type clientKey struct{}

// advance moves the clock of objects, and does what is due by then:
//
//	advance 12h
func advance(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: advance DURATION")
	}
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	srv := ts.Value(serverKey{}).(*icostest.Server)
	ts.Check(srv.COS().Advance(context.Background(), d))
}

// serverKey is what scripts' commands find their COS under.
type serverKey struct{}
