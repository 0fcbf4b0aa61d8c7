package wire

import (
	"encoding/binary"
	"errors"
)

// What is wrong with a datagram that an Opener refuses. Such a datagram
// changes nothing and gets no answer; the errors are for counters.
var (
	ErrPacket    = errors.New("not a packet of this version")
	ErrEpoch     = errors.New("packet number outside the epochs whose keys are held")
	ErrForged    = errors.New("packet does not authenticate")
	ErrExhausted = errors.New("too many packets did not authenticate")
)

// maxForged is after how many packets that do not authenticate a session
// opens none any more (RFC 9001 §6.6 allows AES-GCM 2^52).
const maxForged = 1 << 52

// An Opener authenticates and decrypts the packets of one direction of one
// session. It is not safe for concurrent use.
type Opener struct {
	keys   *schedule
	epoch  uint64  // that of the newest packet opened
	ring   [3]aead // the keys of epoch-1, epoch and epoch+1, each at its epoch modulo 3
	forged uint64
	n      [ivLen]byte
}

// NewOpener makes the opener for direction d, the peer's, of the session whose
// grant has key.
func NewOpener(key [32]byte, d Direction) *Opener {
	o := &Opener{keys: newSchedule(key, d)}
	o.ring[0] = o.keys.next()
	o.ring[1] = o.keys.next()
	return o
}

// Open authenticates a datagram and decrypts it in place: payload is the part
// of datagram that holds the frames. If err is not nil the packet must be
// dropped in silence; datagram's content is then undefined. Open does not
// check for replays: see Replay.
//
// Open holds the keys of three epochs, the newest that a packet was opened in
// and its neighbours, so packets may be reordered over the border of two. All
// keys are made before they are needed: a forged packet costs one
// authentication at most, and no allocation.
func (o *Opener) Open(datagram []byte) (pn uint64, payload []byte, err error) {
	if len(datagram) < MinPacket || datagram[0] != firstByte {
		return 0, nil, ErrPacket
	}
	pn = binary.BigEndian.Uint64(datagram[9:HeaderLen])
	e := epochOf(pn)
	if pn > MaxPacketNumber || e > o.epoch+1 || e+1 < o.epoch {
		return 0, nil, ErrEpoch
	}
	key := &o.ring[e%3]
	if key.gcm == nil {
		return 0, nil, ErrEpoch
	}
	if o.forged >= maxForged {
		return 0, nil, ErrExhausted
	}
	key.nonce(&o.n, pn)
	payload, err = key.gcm.Open(datagram[HeaderLen:HeaderLen], o.n[:], datagram[HeaderLen:], datagram[:HeaderLen])
	if err != nil {
		o.forged++
		return 0, nil, ErrForged
	}
	if e > o.epoch {
		o.epoch = e
		o.ring[(e+1)%3] = o.keys.next()
	}
	// A packet of the epoch before that is older than the replay window would
	// be refused there: from here on its key is of use to nobody.
	if old := &o.ring[(o.epoch+2)%3]; old.gcm != nil && o.epoch == e && pn&(1<<epochBits-1) >= ReplayWindow {
		*old = aead{}
	}
	return pn, payload, nil
}

// Forged is how many packets did not authenticate so far.
func (o *Opener) Forged() uint64 { return o.forged }
