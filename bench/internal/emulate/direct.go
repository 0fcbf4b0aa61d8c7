package emulate

import (
	"os/exec"
	"strconv"
)

// Veth joins the sides by a pair of veth devices, beside the link, and returns the
// address of side B on it. TCP connections over it use the congestion control.
func (l *Link) Veth(congestion string) (string, error) {
	const host, peer = "10.78.0.2", "10.78.0.1"
	for _, step := range []struct {
		side Side
		args []string
	}{
		{A, []string{"link", "add", "direct0", "type", "veth", "peer", "name", "direct1", "netns", strconv.Itoa(l.sides[B].thread)}},
		{A, []string{"addr", "add", peer + "/24", "dev", "direct0"}},
		{A, []string{"link", "set", "direct0", "up"}},
		{B, []string{"addr", "add", host + "/24", "dev", "direct1"}},
		{B, []string{"link", "set", "direct1", "up"}},
		{A, []string{"route", "replace", "10.78.0.0/24", "dev", "direct0", "scope", "link", "src", peer, "congctl", congestion}},
		{B, []string{"route", "replace", "10.78.0.0/24", "dev", "direct1", "scope", "link", "src", host, "congctl", congestion}},
	} {
		if err := l.sides[step.side].run(exec.Command("ip", step.args...)); err != nil {
			return "", err
		}
	}
	return host, nil
}

// LoopbackCongestion has TCP connections of side B to its own address use a
// congestion control.
func (l *Link) LoopbackCongestion(name string) error {
	return l.sides[B].run(exec.Command("ip", "route", "replace", "local", B.Address(), "dev", "lo", "table", "local",
		"proto", "kernel", "scope", "host", "src", B.Address(), "congctl", name))
}
