package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Keys of the servers that are told theirs.
const (
	accessKey = "benchbenchbench"
	secretKey = "benchbenchbenchbenchbench"
)

// kind is a server that can be started.
type kind struct {
	name string
	path string // below the folder of programs
	// args is the command line for a data folder and an address.
	args func(w *workspace, dir, addr string) []string
	env  []string
	note string // what an acknowledged PUT means
}

// null is the server of the client rows.
var null = kind{
	name: "null", path: "null",
	args: func(_ *workspace, _, addr string) []string { return []string{"-listen=" + addr} },
	note: "stores nothing: what net/http itself can do",
}

var nullTLS = kind{
	name: "null", path: "null",
	args: func(w *workspace, _, addr string) []string {
		return []string{"-listen=" + addr, "-cert=" + w.cert, "-key=" + w.key}
	},
}

// icosServe is our server as a user starts it.
var icosServe = kind{
	name: "icos serve", path: "icos",
	args: func(_ *workspace, dir, addr string) []string { return []string{"serve", "--dir", dir, "--addr", addr} },
	note: "durable: data and metadata are synced before the answer",
}

var kinds = []kind{
	null,
	icosServe,
	{
		name: "versitygw", path: "versitygw",
		args: func(_ *workspace, dir, addr string) []string {
			return []string{"--port", addr, "--keep-alive", "--quiet", "posix", dir}
		},
		env:  []string{"ROOT_ACCESS_KEY=" + accessKey, "ROOT_SECRET_KEY=" + secretKey},
		note: "files renamed into place, never synced: an acknowledged PUT may be lost with the power",
	},
	{
		name: "MinIO", path: "minio",
		args: func(_ *workspace, dir, addr string) []string {
			return []string{"server", "--quiet", "--address", addr, dir}
		},
		env:  []string{"MINIO_ROOT_USER=" + accessKey, "MINIO_ROOT_PASSWORD=" + secretKey, "MINIO_BROWSER=off"},
		note: "file data synced, the folder not: relies on other drives",
	},
}

// server is a running server.
type server struct {
	kind           kind
	proc           *process
	dir            string
	endpoint       string
	access, secret string
	ready          time.Duration // from start to the first answer
	rss            int64         // then
}

// serve starts a server in a new data folder and waits until it answers.
func (w *workspace) serve(ctx context.Context, k kind) (*server, error) {
	dir, err := os.MkdirTemp(w.disk, k.path+"-")
	if err != nil {
		return nil, err
	}
	return w.serveDir(ctx, k, dir)
}

func (w *workspace) serveDir(ctx context.Context, k kind, dir string) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	s := &server{kind: k, dir: dir, endpoint: "http://" + addr, access: accessKey, secret: secretKey}
	args := k.args(w, dir, addr)
	if strings.Contains(strings.Join(args, " "), "-cert=") {
		s.endpoint = "https://" + addr
	}
	env := append([]string{"HOME=" + dir, "PATH=/usr/bin:/bin"}, k.env...)
	begin := time.Now()
	if s.proc, err = start(env, filepath.Join(w.bin, k.path), args...); err != nil {
		return nil, err
	}
	if err := s.wait(ctx, func() error { return s.answers(addr) }); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", k.name, err), s.proc.stop())
	}
	s.ready = time.Since(begin)
	s.rss = s.proc.memory("VmRSS")
	return s, nil
}

// stop ends the server and removes its data.
func (s *server) stop() error {
	return errors.Join(s.proc.stop(), os.RemoveAll(s.dir))
}

// wait calls try until it succeeds.
func (s *server) wait(ctx context.Context, try func() error) error {
	var err error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if err = ctx.Err(); err != nil {
			return err
		}
		if err = try(); err == nil {
			return nil
		}
	}
	return err
}

// answers reports whether the server serves requests and, if it makes its own keys,
// has told them.
func (s *server) answers(addr string) error {
	client := http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	// A TLS server answers a plain request too, with 400.
	resp, err := client.Get("http://" + addr + "/")
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode == http.StatusServiceUnavailable {
		return errors.New(resp.Status)
	}
	if s.kind.path == "icos" {
		return s.readCredential()
	}
	return nil
}

// readCredential reads the HMAC keys that icos serve made for itself.
func (s *server) readCredential() error {
	b, err := os.ReadFile(filepath.Join(s.dir, "cos_credentials"))
	if err != nil {
		return err
	}
	var c struct {
		Keys struct {
			AccessKeyID     string `json:"access_key_id"`
			SecretAccessKey string `json:"secret_access_key"`
		} `json:"cos_hmac_keys"`
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return fmt.Errorf("read cos_credentials: %w", err)
	}
	s.access, s.secret = c.Keys.AccessKeyID, c.Keys.SecretAccessKey
	return nil
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
