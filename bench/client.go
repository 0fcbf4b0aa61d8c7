package main

import (
	"path/filepath"
	"strings"
)

// op is what a client is asked to do.
type op int

const (
	putFile op = iota // path is a file, key a key
	getFile           // the other way
	putDir            // path is a folder, key a prefix that ends with a slash
	getDir            // the other way
	list              // key is a prefix
)

// task is one op on one target.
type task struct {
	op        op
	path, key string
	endpoint  string
}

// bucket is where everything happens.
const bucket = "bench"

// client is a program that moves objects, at some settings.
type client struct {
	name string
	path string // below the cache folder
	// args is the command line for a task; nil if the client has no verb for it.
	args func(task) []string
	// slow says on which rows the client takes minutes.
	slow string
	ours bool // not a peer to compare with
	sdk  bool // a library, driven by a program of ours that does nothing else
}

// clients are what is measured. The floor comes first: the others are compared
// with it.
func clients() []client {
	return []client{
		{name: "floor", path: "bin/floor", args: drive, ours: true},
		{name: "icos", path: "bin/icosdrive", args: drive, ours: true},
		{name: "icos command", path: "bin/icos", args: icosArgs, ours: true},
		{name: "aws-sdk-go-v2", path: "bin/awsdrive", args: drive, sdk: true},
		{name: "rclone", path: "bin/rclone", args: rclone()},
		{name: "rclone tuned", path: "bin/rclone", args: rclone(
			"--transfers=16", "--checkers=16", "--no-traverse", "--ignore-times", "--ignore-checksum", "--fast-list",
			"--s3-no-head", "--s3-disable-checksum", "--s3-use-unsigned-payload=true",
			"--s3-chunk-size=16Mi", "--s3-upload-concurrency=4", "--multi-thread-streams=4")},
		{name: "mc", path: "bin/mc", args: mc},
		{name: "aws CLI", path: "venv/bin/aws", args: aws, slow: "put4k get4k list"},
	}
}

// drive is the command line of the programs in cmd.
func drive(t task) []string {
	flags := []string{"-endpoint=" + t.endpoint, "-bucket=" + bucket}
	switch t.op {
	case putFile:
		return append(flags, "put", t.path, t.key)
	case getFile:
		return append(flags, "get", t.key, t.path)
	case putDir:
		return append(flags, "putdir", t.path, t.key)
	case getDir:
		return append(flags, "getdir", t.key, t.path)
	case list:
		return append(flags, "ls", t.key)
	}
	return nil
}

func icosArgs(t task) []string {
	url := "cos://" + bucket + "/" + t.key
	switch t.op {
	case putFile:
		return []string{"cp", t.path, url}
	case getFile:
		return []string{"cp", url, t.path}
	case putDir:
		return []string{"cp", "--recursive", t.path + "/", url}
	case getDir:
		return []string{"cp", "--recursive", url, t.path}
	case list:
		return []string{"ls", "--recursive", url}
	}
	return nil
}

func rclone(tuned ...string) func(task) []string {
	return func(t task) []string {
		remote := "bench:" + bucket + "/" + strings.TrimSuffix(t.key, "/")
		switch t.op {
		case putFile:
			return append([]string{"copyto", t.path, remote}, tuned...)
		case getFile:
			return append([]string{"copyto", remote, t.path}, tuned...)
		case putDir:
			return append([]string{"copy", t.path, remote}, tuned...)
		case getDir:
			return append([]string{"copy", remote, t.path}, tuned...)
		case list:
			return append([]string{"lsf", "-R", "--files-only", remote}, tuned...)
		}
		return nil
	}
}

func mc(t task) []string {
	remote := "bench/" + bucket + "/" + t.key
	switch t.op {
	case putFile:
		return []string{"--quiet", "cp", t.path, remote}
	case getFile:
		return []string{"--quiet", "cp", remote, t.path}
	case putDir:
		return []string{"--quiet", "cp", "--recursive", t.path + "/", remote}
	case getDir:
		return []string{"--quiet", "cp", "--recursive", remote, t.path + "/"}
	case list:
		return []string{"ls", "--recursive", remote}
	}
	return nil
}

func aws(t task) []string {
	args := []string{"--endpoint-url=" + t.endpoint, "s3"}
	url := "s3://" + bucket + "/" + t.key
	switch t.op {
	case putFile:
		return append(args, "cp", "--only-show-errors", t.path, url)
	case getFile:
		return append(args, "cp", "--only-show-errors", url, t.path)
	case putDir:
		return append(args, "cp", "--only-show-errors", "--recursive", t.path, url)
	case getDir:
		return append(args, "cp", "--only-show-errors", "--recursive", url, t.path)
	case list:
		return append(args, "ls", "--recursive", url)
	}
	return nil
}

// clientEnv is the whole environment of a client: keys and address in every
// client's own variables, and a home without settings.
func (w *workspace) clientEnv(endpoint, access, secret string) []string {
	home := filepath.Join(w.mem, "home")
	scheme, host, _ := strings.Cut(endpoint, "://")
	return []string{
		"HOME=" + home, "PATH=/usr/bin:/bin", "TMPDIR=" + w.mem,
		"SSL_CERT_FILE=" + w.cert, "AWS_CA_BUNDLE=" + w.cert,
		"AWS_ACCESS_KEY_ID=" + access, "AWS_SECRET_ACCESS_KEY=" + secret,
		"AWS_DEFAULT_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true",
		"ICOS_ACCESS_KEY_ID=" + access, "ICOS_SECRET_ACCESS_KEY=" + secret, "ICOS_ENDPOINT=" + endpoint,
		"MC_HOST_bench=" + scheme + "://" + access + ":" + secret + "@" + host, "MC_CONFIG_DIR=" + filepath.Join(home, "mc"),
		"RCLONE_CONFIG_BENCH_TYPE=s3", "RCLONE_CONFIG_BENCH_PROVIDER=Other", "RCLONE_CONFIG_BENCH_ENV_AUTH=true",
		"RCLONE_CONFIG_BENCH_ENDPOINT=" + endpoint, "RCLONE_CONFIG_BENCH_REGION=us-east-1",
		"RCLONE_CONFIG_BENCH_FORCE_PATH_STYLE=true", "RCLONE_CONFIG=" + filepath.Join(home, "rclone.conf"),
	}
}
