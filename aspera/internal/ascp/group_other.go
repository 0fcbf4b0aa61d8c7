//go:build !unix

package ascp

import "os/exec"

func setGroup(*exec.Cmd) {}

// interrupt does nothing: there is no such signal. What follows it is kill.
func interrupt(*exec.Cmd) error { return nil }

func kill(c *exec.Cmd) error { return c.Process.Kill() }
