package store_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/icos-go/icos/server/store"
)

// roundsFrom returns the number in an environment variable, or def if it is not set.
func roundsFrom(name string, def int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return def
}

// killDir names the data directory when the test binary runs as the writer that is killed.
const killDir = "ICOS_KILL_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		write := writeUntilKilled
		if os.Getenv(killVersions) != "" {
			write = writeVersionsUntilKilled
		}
		if err := write(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(3)
	}
	os.Exit(m.Run())
}

const killWorkers = 16

// writeUntilKilled writes ever newer versions and says on stdout which were acknowledged.
func writeUntilKilled(dir string) error {
	s, err := store.Open(dir, &store.Options{MinPartSize: -1, MemTable: 1 << 20})
	if err != nil {
		return err
	}
	ctx := context.Background()
	if err := s.CreateBucket(ctx, store.Bucket{Name: "b"}); err != nil && !errors.Is(err, store.ErrBucketExists) {
		return err
	}
	base := uint64(time.Now().UnixNano())
	failed := make(chan error)
	var out sync.Mutex
	for w := range killWorkers {
		go func() {
			for version := base; ; version++ {
				body := stamped(version, stampedSize(version+uint64(w)))
				var err error
				if version%7 == 0 {
					err = putByParts(ctx, s, ackKey(w), body)
				} else {
					_, err = s.Put(ctx, "b", ackKey(w), bytes.NewReader(body), nil)
				}
				if err != nil {
					failed <- err
					return
				}
				out.Lock()
				fmt.Println(w, version)
				out.Unlock()
			}
		}()
	}
	return <-failed
}

// TestAcknowledgedWritesSurviveKill kills a writing process at random moments, time and again on one data directory.
func TestAcknowledgedWritesSurviveKill(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	known := newAcks(killWorkers)
	total := 0
	for range roundsFrom("ICOS_KILL_ROUNDS", 5) {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), killDir+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		lines.Scan() // it is at work
		kill := time.AfterFunc(time.Duration(rand.IntN(400))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		for ok := true; ok; ok = lines.Scan() {
			var w int
			var version uint64
			if _, err := fmt.Sscan(lines.Text(), &w, &version); err != nil {
				t.Fatalf("writer said %q: %v", lines.Text(), err)
			}
			known.version[w] = version
			total++
		}
		kill.Stop()
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != -1 {
			t.Fatalf("writer ended by itself: %v", err)
		}
		verifyDir(t, dir, known)
	}
	t.Logf("%d writes acknowledged", total)
}

func verifyDir(t *testing.T, dir string, known *acks) {
	t.Helper()
	s, err := store.Open(dir, nil)
	if err != nil {
		t.Fatalf("Open after the kill = %v", err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	known.verify(t, s)
	s.Idle()
	known.verify(t, s)
}
