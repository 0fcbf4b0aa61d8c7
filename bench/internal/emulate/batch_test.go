package emulate

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// batchOf is a batch as a device hands it over: payload cut into segments of gso
// bytes under one header.
func batchOf(protocol uint8, gso int, payload []byte) []byte {
	l4 := 20
	kind := byte(gsoTCPv4)
	if protocol == protoUDP {
		l4, kind = udpHeader, gsoUDPL4
	}
	b := make([]byte, vnet+ipHeader+l4, vnet+ipHeader+l4+len(payload))
	b[0], b[1] = needsChecksum, kind
	binary.NativeEndian.PutUint16(b[4:], uint16(gso))
	ip := b[vnet:]
	ip[0], ip[9] = 0x45, protocol
	binary.BigEndian.PutUint16(ip[2:], uint16(ipHeader+l4+len(payload)))
	binary.BigEndian.PutUint16(ip[4:], 100) // identification
	copy(ip[12:], []byte{10, 77, 0, 1, 10, 77, 0, 2})
	seg := ip[ipHeader:]
	binary.BigEndian.PutUint16(seg, 1111)
	binary.BigEndian.PutUint16(seg[2:], 2222)
	if protocol == protoTCP {
		binary.BigEndian.PutUint32(seg[4:], 1_000_000) // sequence number
		seg[12], seg[13] = 5<<4, 0x80|0x10|0x08|0x01   // CWR, ACK, PSH, FIN
	}
	return append(b, payload...)
}

func TestCut(t *testing.T) {
	payload := make([]byte, 2500)
	for i := range payload {
		payload[i] = byte(i * 7)
	}
	for _, protocol := range []uint8{protoTCP, protoUDP} {
		whole := batchOf(protocol, 1000, payload)
		var p batch
		if !p.parse(whole) || p.segments != 3 || p.key != (FlowKey{protocol, 1111, 2222}) {
			t.Fatalf("protocol %d: parsed as %+v", protocol, p)
		}
		for _, c := range []struct{ first, last int }{{0, 3}, {0, 1}, {1, 2}, {1, 3}, {2, 3}, {0, 2}} {
			h, got := p.cut(c.first, c.last, make([]byte, 256))
			want := payload[c.first*1000 : min(len(payload), c.last*1000)]
			if !bytes.Equal(got, want) {
				t.Errorf("protocol %d, segments %v: payload of %d bytes, want %d", protocol, c, len(got), len(want))
			}
			ip := h[vnet:]
			if n := int(binary.BigEndian.Uint16(ip[2:])); n != len(ip)+len(got) {
				t.Errorf("protocol %d, segments %v: total length %d, want %d", protocol, c, n, len(ip)+len(got))
			}
			if c.first == 0 && c.last == 3 {
				continue // untouched
			}
			if fold(sum(ip[:ipHeader], 0)) != 0xffff {
				t.Errorf("protocol %d, segments %v: wrong checksum of the header", protocol, c)
			}
			if id := binary.BigEndian.Uint16(ip[4:]); id != uint16(100+c.first) {
				t.Errorf("protocol %d, segments %v: identification %d", protocol, c, id)
			}
			if one := c.last-c.first == 1; one != (h[1] == gsoNone) {
				t.Errorf("protocol %d, segments %v: gso type %d", protocol, c, h[1])
			}
			seg := ip[ipHeader:]
			if protocol == protoUDP {
				if n := int(binary.BigEndian.Uint16(seg[4:])); n != udpHeader+len(got) {
					t.Errorf("segments %v: UDP length %d", c, n)
				}
				continue
			}
			if seq := binary.BigEndian.Uint32(seg[4:]); seq != uint32(1_000_000+1000*c.first) {
				t.Errorf("segments %v: sequence number %d", c, seq)
			}
			if end := c.last == 3; end != (seg[13]&0x09 == 0x09) {
				t.Errorf("segments %v: flags %#x; PSH and FIN belong to the last segment", c, seg[13])
			}
			if begin := c.first == 0; begin != (seg[13]&0x80 != 0) {
				t.Errorf("segments %v: flags %#x; CWR belongs to the first segment", c, seg[13])
			}
		}
		if p.size(0) != p.header+1000 || p.size(2) != p.header+500 {
			t.Errorf("protocol %d: sizes %d and %d", protocol, p.size(0), p.size(2))
		}
	}
}

func TestParseRefusesRubbish(t *testing.T) {
	good := batchOf(protoUDP, 1000, make([]byte, 100))
	var p batch
	for n := range vnet + ipHeader {
		if p.parse(good[:n]) {
			t.Errorf("took the first %d bytes for a packet", n)
		}
	}
	v6 := bytes.Clone(good)
	v6[vnet] = 0x60
	if p.parse(v6) {
		t.Error("took IPv6 for IPv4")
	}
	empty := bytes.Clone(good)
	binary.NativeEndian.PutUint16(empty[4:], 0)
	if p.parse(empty) {
		t.Error("took segments of no bytes")
	}
}

func TestTranslate(t *testing.T) {
	var table natTable
	packet := func(from, to uint16) *batch {
		b := batchOf(protoUDP, 1000, []byte("payload"))
		b[0], b[1] = 0, gsoNone // with a checksum of its own
		seg := b[vnet+ipHeader:]
		binary.BigEndian.PutUint16(seg, from)
		binary.BigEndian.PutUint16(seg[2:], to)
		binary.BigEndian.PutUint16(seg[4:], uint16(len(seg)))
		binary.BigEndian.PutUint16(seg[6:], ^fold(sum(seg, sum(b[vnet+12:vnet+20], protoUDP+uint32(len(seg))))))
		p := new(batch)
		if !p.parse(b) {
			t.Fatal("not a packet")
		}
		return p
	}
	valid := func(p *batch) bool {
		seg := p.b[vnet+ipHeader:]
		return fold(sum(seg, sum(p.b[vnet+12:vnet+20], protoUDP+uint32(len(seg))))) == 0xffff
	}
	out := packet(5000, 53)
	if !valid(out) {
		t.Fatal("the test's own checksum is wrong")
	}
	if !table.translate(out, A, 0x0101) || !valid(out) {
		t.Errorf("to B: checksum valid %v", valid(out))
	}
	mapped := binary.BigEndian.Uint16(out.b[vnet+ipHeader:])
	if mapped == 5000 {
		t.Error("the port was not changed")
	}
	back := packet(53, mapped)
	if !table.translate(back, B, 0x0101) || !valid(back) || binary.BigEndian.Uint16(back.b[vnet+ipHeader+2:]) != 5000 {
		t.Error("the answer did not find its way")
	}
	if table.translate(packet(53, mapped), B, 0x0202) {
		t.Error("an old mapping was remembered")
	}
}

func TestReaches(t *testing.T) {
	const second = int(1e9 / int64(Slot))
	f := newFlow()
	f.First = 0
	for i := range 10 * second { // 1000 bytes a slot from the third second on
		if i < 3*second {
			f.Slots = append(f.Slots, 10)
			continue
		}
		f.Slots = append(f.Slots, 1000)
	}
	full := 1000 * 8 * float64(second)
	if at, ok := f.Reaches(0.9*full, 1e9); !ok || at < 28e8 || at > 3e9 {
		t.Errorf("90 %% reached after %v, %v; want about 2.9 s", at, ok)
	}
	if at, ok := f.Reaches(1.1*full, 1e9); ok {
		t.Errorf("110 %% reached after %v", at)
	}
	if r := f.Rate(4e9, 8e9); r != full {
		t.Errorf("rate %v, want %v", r, full)
	}
}
