//go:build unix

package ascp

import (
	"os/exec"
	"syscall"
)

// setGroup puts a process, and those that it starts, into a group of its own, so
// that all of them can be stopped, and a key pressed at our terminal stops none.
func setGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// interrupt asks the group of a process to stop.
func interrupt(c *exec.Cmd) error { return syscall.Kill(-c.Process.Pid, syscall.SIGINT) }

// kill ends the group of a process.
func kill(c *exec.Cmd) error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
