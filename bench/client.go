package main

import (
	"fmt"
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
	syncDir           // as putDir, when everything is there already
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
	// env is added to the environment.
	env []string
	// rows are those that it takes part in; all if empty. Settings for large objects are
	// not measured with small ones.
	rows string
	// slow says on which rows the client takes minutes.
	slow string
	ours bool // not a peer to compare with
	sdk  bool // a library, driven by a program of ours that does nothing else
}

// clients are what is measured. The floor comes first: the others are compared
// with it.
func clients() []client {
	const (
		large    = "put1g get1g"
		libs     = large + " put4k get4k put256k list" // what has no sync
		requests = "put4k get4k list syncall"          // where some take minutes
	)
	return []client{
		{name: "floor", path: "bin/floor", args: drive(), ours: true},
		{name: "icos", path: "bin/icosdrive", args: drive(), ours: true, rows: libs},
		{name: "icos transfer", path: "bin/transferdrive", args: drive(), ours: true},
		{name: "icos command", path: "bin/icos", args: icosArgs, ours: true},
		{name: "aws-sdk-go-v2", path: "bin/awsdrive", args: drive(), sdk: true, rows: libs},
		{name: "aws-sdk-go-v2 tuned", path: "bin/awsdrive", args: drive("-tuned"), sdk: true, rows: large},
		{name: "aws transfermanager", path: "bin/awstmdrive", args: drive(), sdk: true, rows: libs},
		{name: "aws transfermanager tuned", path: "bin/awstmdrive", args: drive("-tuned"), sdk: true, rows: libs},
		{name: "IBM SDK v1", path: "bin/ibmdrive", args: drive(), sdk: true, rows: libs},
		{name: "IBM SDK v1 tuned", path: "bin/ibmdrive", args: drive("-tuned"), sdk: true, rows: large},
		{name: "rclone", path: "bin/rclone", args: rclone(), slow: "syncall"},
		{name: "rclone tuned", path: "bin/rclone", args: rclone(
			"--transfers=16", "--checkers=16", "--no-traverse", "--ignore-times", "--ignore-checksum", "--fast-list",
			"--s3-no-head", "--s3-disable-checksum", "--s3-use-unsigned-payload=true",
			"--s3-chunk-size=16Mi", "--s3-upload-concurrency=4", "--multi-thread-streams=4")},
		{name: "s5cmd", path: "bin/s5cmd", args: s5cmd(5, 50)},
		{name: "s5cmd tuned", path: "bin/s5cmd", args: s5cmd(6, 16, "--numworkers=32")},
		{name: "mc", path: "bin/mc", args: mc},
		{name: "mc tuned", path: "bin/mc", args: mcPut, rows: "put1g"},
		{name: "aws CLI", path: "venv/bin/aws", args: aws, slow: requests},
		{name: "aws CLI tuned", path: "venv/bin/aws", args: aws, slow: requests, env: []string{"AWS_CONFIG_FILE=" + awsConfig}},
	}
}

// drive is the command line of the programs in cmd.
func drive(settings ...string) func(task) []string {
	return func(t task) []string {
		return driveArgs(append([]string{"-endpoint=" + t.endpoint, "-bucket=" + bucket}, settings...), t)
	}
}

func driveArgs(flags []string, t task) []string {
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
	case syncDir:
		return append(flags, "syncdir", t.path, t.key)
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
	case syncDir:
		return []string{"sync", t.path, url}
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
		case syncDir:
			if len(tuned) > 0 { // its own advice against a request for each object
				return []string{"sync", t.path, remote, "--update", "--use-server-modtime", "--fast-list", "--checkers=16"}
			}
			return []string{"sync", t.path, remote}
		}
		return nil
	}
}

// s5cmd takes the number of parts at once of one object and their size in MiB.
func s5cmd(parts, size int, flags ...string) func(task) []string {
	return func(t task) []string {
		args := append([]string{"--endpoint-url=" + t.endpoint, "--log=error"}, flags...)
		url := "s3://" + bucket + "/" + t.key
		cp := []string{"cp", fmt.Sprintf("--concurrency=%d", parts), fmt.Sprintf("--part-size=%d", size)}
		switch t.op {
		case putFile:
			return append(append(args, cp...), t.path, url)
		case getFile:
			return append(append(args, cp...), url, t.path)
		case putDir:
			return append(append(args, cp...), t.path+"/", url)
		case getDir:
			return append(append(args, cp...), url+"*", t.path+"/")
		case list:
			return append(args[:1:1], "ls", url+"*")
		case syncDir:
			return append(args, "sync", t.path+"/", url)
		}
		return nil
	}
}

// mcPut is mc's verb for one large file.
func mcPut(t task) []string {
	return []string{"--quiet", "put", "--parallel=4", "--part-size=16MiB", t.path, "bench/" + bucket + "/" + t.key}
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
	case syncDir:
		return []string{"--quiet", "mirror", t.path, remote}
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
	case syncDir:
		return append(args, "sync", "--only-show-errors", t.path, url)
	}
	return nil
}

// awsConfig is a file beside this program with settings for the aws CLI, which has no
// flags for them. Clients run in this folder.
const awsConfig = "awscli.ini"

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
