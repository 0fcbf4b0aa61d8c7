package wire

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
)

// Direction says which end seals: each has keys of its own, so that a packet
// sent back to its sender does not authenticate.
type Direction uint8

const (
	ClientToServer Direction = iota // packets the client seals and the server opens
	ServerToClient                  // packets the server seals and the client opens
)

// epochBits sets how long a key lives: the epoch of a packet is its number
// shifted right by so much, so a key seals 2^22 packets and no more. That is
// half of what RFC 9001 §6.6 allows for packets of any size, and needs no
// signal: the packet number, which is on the wire in full, says which key
// (docs/rapid.md §5.3).
const epochBits = 22

func epochOf(pn uint64) uint64 { return pn >> epochBits }

const (
	keyLen    = 32 // AES-256
	ivLen     = 12
	secretLen = sha256.Size
)

// aead is what one epoch's packets are sealed with. The zero value is no key.
type aead struct {
	gcm cipher.AEAD
	iv  [ivLen]byte
}

// nonce writes the nonce of packet pn into n: the epoch's IV, its last eight
// bytes combined with pn by exclusive or (RFC 9001 §5.3).
func (a *aead) nonce(n *[ivLen]byte, pn uint64) {
	copy(n[:4], a.iv[:4])
	binary.BigEndian.PutUint64(n[4:], binary.BigEndian.Uint64(a.iv[4:])^pn)
}

// schedule makes the keys of one direction, epoch after epoch. It keeps only
// the secret of the epoch to come: what was cannot be computed again.
type schedule struct {
	secret [secretLen]byte
}

// newSchedule starts at epoch 0 (docs/rapid.md §5.1).
func newSchedule(key [32]byte, d Direction) *schedule {
	root, err := hkdf.Extract(sha256.New, key[:], []byte("icos rapid 1"))
	if err != nil {
		panic("wire: derive keys: " + err.Error())
	}
	label := "client to server"
	if d == ServerToClient {
		label = "server to client"
	}
	s := new(schedule)
	expand(s.secret[:], root, label)
	clear(root)
	return s
}

// next returns the keys of the next epoch and moves the secret on.
func (s *schedule) next() aead {
	var (
		a   aead
		key [keyLen]byte
	)
	expand(key[:], s.secret[:], "key")
	expand(a.iv[:], s.secret[:], "iv")
	expand(s.secret[:], s.secret[:], "next")
	block, err := aes.NewCipher(key[:])
	if err == nil {
		a.gcm, err = cipher.NewGCM(block)
	}
	if err != nil {
		panic("wire: make cipher: " + err.Error())
	}
	clear(key[:])
	return a
}

// expand fills dst with HKDF-Expand(secret, label); dst may be secret.
func expand(dst, secret []byte, label string) {
	out, err := hkdf.Expand(sha256.New, secret, label, len(dst))
	if err != nil {
		panic("wire: derive keys: " + err.Error())
	}
	copy(dst, out)
	clear(out)
}
