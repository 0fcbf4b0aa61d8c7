// Package report prints what was measured, and on what.
package report

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Describe says what the numbers were measured on, without saying whose it is.
func Describe(now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured %s on %d × %s, %s GiB of memory,\n", now.UTC().Format("2006-01-02 15:04 UTC"), runtime.NumCPU(), cpuModel(), memory())
	fmt.Fprintf(&b, "kernel %s, %s. Client and server share these processors.\n", kernel(), runtime.Version())
	fmt.Fprintf(&b, "Load when it began: %s\n", loadAverage())
	return b.String()
}

func cpuModel() string { return Field("/proc/cpuinfo", "model name") }

func memory() string {
	var kb int64
	fmt.Sscan(Field("/proc/meminfo", "MemTotal"), &kb)
	return fmt.Sprint(kb >> 20)
}

// Field returns what stands after the first "name:" in a file of such lines.
func Field(path, name string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

func kernel() string {
	var u syscall.Utsname
	if err := syscall.Uname(&u); err != nil {
		return "unknown"
	}
	var b []byte
	for _, c := range u.Release {
		b = append(b, byte(c))
	}
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}

func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(b))[:3], " ")
}
