package wire

// A Sealer protects the packets of one direction of one session. It is not
// safe for concurrent use and shares nothing with anybody, so its owner may
// seal after letting go of the locks that the rest of the session needs.
type Sealer struct {
	keys  *schedule
	cur   aead
	epoch uint64
	next  uint64 // the least packet number that may still be sealed
	n     [ivLen]byte
}

// NewSealer makes the sealer for direction d of the session whose grant has
// key. Two sealers with the same key and direction must never be used: they
// would repeat packet numbers.
func NewSealer(key [32]byte, d Direction) *Sealer {
	s := &Sealer{keys: newSchedule(key, d)}
	s.cur = s.keys.next()
	return s
}

// Seal protects a packet in place. The first HeaderLen bytes of packet are
// room for the header, the rest is frames, and its capacity should leave
// TagLen bytes, or Seal has to copy. It returns the datagram to send.
//
// Packet numbers have to rise from call to call, though not by one; Seal
// panics if one does not, since a nonce used twice gives the key stream away,
// and if one is beyond MaxPacketNumber.
func (s *Sealer) Seal(packet []byte, id ID, pn uint64) []byte {
	if pn < s.next || pn > MaxPacketNumber {
		panic("wire: packet number used twice or out of range")
	}
	s.next = pn + 1
	for e := epochOf(pn); s.epoch < e; s.epoch++ {
		s.cur = s.keys.next()
	}
	putHeader(packet, id, pn)
	s.cur.nonce(&s.n, pn)
	header := packet[:HeaderLen]
	return s.cur.gcm.Seal(header, s.n[:], packet[HeaderLen:], header)
}
