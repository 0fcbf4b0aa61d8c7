package relay

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain looks for goroutines that tests have left behind.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		// Connections that were closed take a moment to notice.
		for range 1500 { // half a minute, on a busy machine
			if ours() == "" {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if left := ours(); left != "" {
			os.Stderr.WriteString("goroutines were left behind:\n" + left + "\n")
			code = 1
		}
	}
	os.Exit(code)
}

// ours returns the stacks of goroutines that run code of icos, but for this one.
func ours() string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var left []string
	for i, g := range strings.Split(string(buf), "\n\n") {
		if i > 0 && strings.Contains(g, "icos-go/icos/") {
			left = append(left, g)
		}
	}
	return strings.Join(left, "\n\n")
}
