package main

import (
	"context"
	"fmt"
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
	aws := filepath.Join(cache, "venv", "bin", "aws")
	if _, err := os.Stat(aws); err != nil && o.names.MatchString("aws") {
		if err := tell(ctx, nil, "python3", "-m", "venv", filepath.Join(cache, "venv")); err != nil {
			return "", err
		}
		if err := tell(ctx, nil, filepath.Join(cache, "venv", "bin", "pip"), "install", "--quiet", awsVersion); err != nil {
			return "", err
		}
	}
	return bin, nil
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
