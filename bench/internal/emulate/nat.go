package emulate

import (
	"encoding/binary"
	"sync/atomic"
)

// natTable holds the UDP ports that side A sent from, which is what a mapping is
// known for. Written by the thread from A, read by the thread from B.
type natTable struct {
	ports [1 << 16]atomic.Bool
}

// translate changes the UDP port of A in a packet that goes from side. It reports
// false if nobody has the mapping.
func (t *natTable) translate(p *batch, from Side, nat uint16) bool {
	if p.protocol != protoUDP {
		return true
	}
	l4 := p.b[vnet+p.header-udpHeader:]
	at := 0
	if from == B {
		at = 2
	}
	port := binary.BigEndian.Uint16(l4[at:])
	mapped := port ^ nat
	switch {
	case from == A:
		t.ports[port].Store(true)
	case !t.ports[mapped].Load():
		return false
	}
	if nat == 0 {
		return true
	}
	binary.BigEndian.PutUint16(l4[at:], mapped)
	check := binary.BigEndian.Uint16(l4[6:])
	if p.b[0]&needsChecksum == 0 && check != 0 {
		// RFC 1624, equation 3.
		check = ^fold(uint32(^check) + uint32(^port) + uint32(mapped))
		if check == 0 {
			check = 0xffff
		}
		binary.BigEndian.PutUint16(l4[6:], check)
	}
	return true
}
