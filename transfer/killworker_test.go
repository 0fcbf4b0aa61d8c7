package transfer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/transfer"
)

// TestMain is also the processes that are killed: this binary runs itself.
func TestMain(m *testing.M) {
	if spec := os.Getenv("ICOS_KILL_WORKER"); spec != "" {
		if err := worker(spec); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if dir := os.Getenv("ICOS_KILL_SERVER"); dir != "" {
		if err := serve(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")) // a worker that has ended need not wait for a second
	os.Exit(m.Run())
}

// A task is what a worker does, from its point of view.
type task struct {
	Endpoint          string
	APIKey, Instance  string
	AccessKey, Secret string // take the place of the API key

	Kind     string // see work
	From, To string // path, or bucket/key
	State    string
	Rate     int64
}

// killPart is the size of parts; there is no smaller.
const killPart = 5 << 20

func worker(spec string) error {
	var k task
	if err := json.Unmarshal([]byte(spec), &k); err != nil {
		return err
	}
	var creds auth.Credentials = auth.IAM(k.APIKey, &auth.IAMOptions{Endpoint: k.Endpoint + "/identity/token"})
	if k.Secret != "" {
		creds = auth.HMAC(k.AccessKey, k.Secret)
	}
	client, err := icos.NewClient(icos.Config{Endpoint: k.Endpoint, Credentials: creds, InstanceID: k.Instance})
	if err != nil {
		return err
	}
	defer client.Close()
	m, err := transfer.NewManager(client, &transfer.Options{
		PartSize: killPart, Threshold: killPart, Connections: 4, Rate: k.Rate, StateDir: k.State,
	})
	if err != nil {
		return err
	}
	t := m.Start(context.Background(), k.work(client))
	if err := errors.Join(t.Wait(context.Background()), m.Close()); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(t.Report())
}

func (k *task) work(c *icos.Client) transfer.Work {
	object := func(s string) *icos.Object {
		bucket, key, _ := strings.Cut(s, "/")
		return c.Bucket(bucket).Object(key)
	}
	remote := func(s string) transfer.Tree {
		bucket, prefix, _ := strings.Cut(s, "/")
		return transfer.Tree{Bucket: c.Bucket(bucket), Prefix: prefix}
	}
	local := func(s string) transfer.Tree { return transfer.Tree{Dir: s} }
	yes := func(transfer.DeletePlan) error { return nil }
	switch k.Kind {
	case "upload":
		return transfer.Upload{Path: k.From, To: object(k.To)}
	case "download":
		return transfer.Download{From: object(k.From), Path: k.To}
	case "copy":
		return transfer.Copy{From: object(k.From), To: object(k.To)}
	case "upload tree":
		return transfer.Sync{From: local(k.From), To: remote(k.To)}
	case "download tree":
		return transfer.Sync{From: remote(k.From), To: local(k.To)}
	case "move tree up":
		return transfer.Sync{From: local(k.From), To: remote(k.To), Move: true}
	case "move tree down":
		return transfer.Sync{From: remote(k.From), To: local(k.To), Move: true}
	case "sync up":
		return transfer.Sync{From: local(k.From), To: remote(k.To), Compare: transfer.Auto, Delete: true, Confirm: yes}
	case "sync down":
		return transfer.Sync{From: remote(k.From), To: local(k.To), Compare: transfer.Auto, Delete: true, Confirm: yes}
	case "sync across":
		return transfer.Sync{From: remote(k.From), To: remote(k.To), Compare: transfer.Auto, Delete: true, Confirm: yes}
	}
	panic("unknown kind of work: " + k.Kind)
}

// late is the clock of servers. An object of the second in which a job begins
// counts as changed since, and is moved again; with this clock what a test stores
// is older.
func late() time.Time { return time.Now().Add(-2 * time.Second) }

// serve is a COS of its own process, until its standard input ends. It says
// where it listens.
func serve(dir string) error {
	cos, err := icostest.Start(&icostest.Options{Dir: dir, Now: late})
	if err != nil {
		return err
	}
	keys := cos.Credential.HMACKeys
	if err := json.NewEncoder(os.Stdout).Encode(task{
		Endpoint: cos.URL, Instance: cos.Credential.ResourceInstanceID,
		AccessKey: keys.AccessKeyID, Secret: keys.SecretAccessKey,
	}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, cos.Close())
}
