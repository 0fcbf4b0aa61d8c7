package cli

import (
	"errors"
	"net"

	"github.com/icos-go/icos/rapid"
)

// freePortTries is how many ports that the system chose for TCP are tried for UDP.
const freePortTries = 10

// listenBoth opens the TCP port and the UDP port of addr, which have the same
// number, also if that is 0, for any free one.
func listenBoth(addr string, o *rapid.ListenOptions) (net.Listener, *rapid.Listener, error) {
	for try := 1; ; try++ {
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			return nil, nil, err
		}
		sessions, err := rapid.Listen("udp", samePort(addr, ln.Addr()), o)
		if err == nil {
			return ln, sessions, nil
		}
		err = errors.Join(err, ln.Close())
		if _, port, _ := net.SplitHostPort(addr); port != "0" || try == freePortTries {
			return nil, nil, err
		}
	}
}
