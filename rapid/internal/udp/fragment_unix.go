//go:build unix && !linux && !darwin

package udp

// setDontFragment is left out: a datagram that is too big is cut on the way.
func setDontFragment(int) {}
