package emulate

import "encoding/binary"

const (
	protoTCP  = 6
	protoUDP  = 17
	ipHeader  = 20
	udpHeader = 8
	vnet      = 10 // bytes of a virtio_net_hdr

	needsChecksum = 1 // virtio: flags
	gsoNone       = 0 // virtio: gso_type
	gsoTCPv4      = 1
	gsoUDPL4      = 5
	gsoECN        = 0x80
)

// batch is what was read from a device: one IPv4 packet, or many segments of one
// flow under one header.
type batch struct {
	b        []byte // virtio-net header, then the packet
	protocol uint8
	key      FlowKey
	header   int // bytes of the IP and the TCP or UDP header
	gso      int // bytes of each segment but the last
	segments int
}

// parse reads the headers; false means that it is not IPv4 or is damaged.
func (p *batch) parse(b []byte) bool {
	*p = batch{b: b, segments: 1}
	ip := b[min(vnet, len(b)):]
	if len(ip) < ipHeader || ip[0]>>4 != 4 {
		return false
	}
	p.header = int(ip[0]&15) * 4
	p.protocol = ip[9]
	if len(ip) < p.header {
		return false
	}
	switch l4 := ip[p.header:]; {
	case p.protocol == protoTCP && len(l4) >= 20:
		p.header += int(l4[12]>>4) * 4
		p.key = FlowKey{protoTCP, binary.BigEndian.Uint16(l4), binary.BigEndian.Uint16(l4[2:])}
	case p.protocol == protoUDP && len(l4) >= udpHeader:
		p.header += udpHeader
		p.key = FlowKey{protoUDP, binary.BigEndian.Uint16(l4), binary.BigEndian.Uint16(l4[2:])}
	}
	p.gso = len(ip) - p.header
	if b[1]&^gsoECN != gsoNone {
		p.gso = int(binary.NativeEndian.Uint16(b[4:]))
		if p.gso == 0 || p.header >= len(ip) {
			return false
		}
		p.segments = (len(ip) - p.header + p.gso - 1) / p.gso
	}
	return p.gso >= 0
}

// size is the size of the IP packet of segment i.
func (p *batch) size(i int) int {
	if i == p.segments-1 {
		return len(p.b) - vnet - (p.segments-1)*p.gso
	}
	return p.header + p.gso
}

// cut returns the headers and the payload of the segments from first to before
// last. The headers are written to scratch unless it is the whole batch.
func (p *batch) cut(first, last int, scratch []byte) (header, payload []byte) {
	at := vnet + p.header
	if first == 0 && last == p.segments {
		return p.b[:at], p.b[at:]
	}
	payload = p.b[at+first*p.gso:]
	if last < p.segments {
		payload = payload[:(last-first)*p.gso]
	}
	h := append(scratch[:0], p.b[:at]...)
	ip := h[vnet:]
	l3 := int(ip[0]&15) * 4
	l4 := ip[l3:]
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)+len(payload)))
	binary.BigEndian.PutUint16(ip[4:], binary.BigEndian.Uint16(ip[4:])+uint16(first))
	binary.BigEndian.PutUint16(ip[10:], 0)
	binary.BigEndian.PutUint16(ip[10:], ^fold(sum(ip[:l3], 0)))
	if last-first == 1 {
		h[1] = gsoNone
		binary.NativeEndian.PutUint16(h[4:], 0)
	}
	length := uint32(len(l4) + len(payload))
	// The checksum of a batch is that of the pseudo header only; the receiving
	// kernel takes it for one that a card would complete.
	pseudo := fold(sum(ip[12:20], uint32(p.protocol)+length))
	if p.protocol == protoUDP {
		binary.BigEndian.PutUint16(l4[4:], uint16(length))
		binary.BigEndian.PutUint16(l4[6:], pseudo)
		return h, payload
	}
	binary.BigEndian.PutUint32(l4[4:], binary.BigEndian.Uint32(l4[4:])+uint32(first*p.gso))
	const fin, psh, cwr = 0x01, 0x08, 0x80
	if last < p.segments {
		l4[13] &^= fin | psh
	}
	if first > 0 {
		l4[13] &^= cwr
	}
	binary.BigEndian.PutUint16(l4[16:], pseudo)
	return h, payload
}

// sum adds up b as 16-bit words, as the Internet checksum does.
func sum(b []byte, s uint32) uint32 {
	for ; len(b) >= 2; b = b[2:] {
		s += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return s
}

func fold(s uint32) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// tooBig writes the ICMP message that tells the sender of a packet the size that
// would have passed.
func (p *batch) tooBig(mtu int, scratch []byte) []byte {
	old := p.b[vnet:]
	quoted := old[:min(len(old), int(old[0]&15)*4+8)]
	m := append(scratch[:0], make([]byte, vnet+ipHeader+8)...)
	ip, icmp := m[vnet:vnet+ipHeader], m[vnet+ipHeader:]
	ip[0], ip[8], ip[9] = 0x45, 64, 1
	binary.BigEndian.PutUint16(ip[2:], uint16(ipHeader+8+len(quoted)))
	copy(ip[12:16], old[16:20])
	copy(ip[16:20], old[12:16])
	binary.BigEndian.PutUint16(ip[10:], ^fold(sum(ip, 0)))
	icmp[0], icmp[1] = 3, 4
	binary.BigEndian.PutUint16(icmp[6:], uint16(mtu))
	m = append(m, quoted...)
	icmp = m[vnet+ipHeader:]
	binary.BigEndian.PutUint16(icmp[2:], ^fold(sum(icmp, 0)))
	return m
}
