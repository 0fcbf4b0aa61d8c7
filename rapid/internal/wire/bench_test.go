package wire_test

import (
	"crypto/aes"
	"crypto/cipher"
	"testing"

	"github.com/icos-go/icos/rapid/internal/wire"
)

const benchPacket = 1452 // bytes of UDP payload on an Ethernet path with IPv6

var benchKey = [32]byte{1, 2, 3}

// BenchmarkGCM is the floor for BenchmarkSeal and BenchmarkOpen: the cipher
// alone, on as many bytes.
func BenchmarkGCM(b *testing.B) {
	for _, size := range []int{16, 32} {
		name := map[int]string{16: "aes128", 32: "aes256"}[size]
		block, err := aes.NewCipher(make([]byte, size))
		if err != nil {
			b.Fatal(err)
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			b.Fatal(err)
		}
		buf, nonce := make([]byte, benchPacket), make([]byte, 12)
		n := benchPacket - wire.TagLen
		b.Run(name+"/seal", func(b *testing.B) {
			b.SetBytes(benchPacket)
			b.ReportAllocs()
			for b.Loop() {
				gcm.Seal(buf[wire.HeaderLen:wire.HeaderLen], nonce, buf[wire.HeaderLen:n], buf[:wire.HeaderLen])
			}
		})
		sealed := gcm.Seal(nil, nonce, make([]byte, n-wire.HeaderLen), make([]byte, wire.HeaderLen))
		aad := make([]byte, wire.HeaderLen)
		b.Run(name+"/open", func(b *testing.B) {
			b.SetBytes(benchPacket)
			b.ReportAllocs()
			for b.Loop() {
				copy(buf, sealed)
				if _, err := gcm.Open(buf[:0], nonce, buf[:len(sealed)], aad); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSeal(b *testing.B) {
	s := wire.NewSealer(benchKey, wire.ClientToServer)
	buf := make([]byte, benchPacket)
	b.SetBytes(benchPacket)
	b.ReportAllocs()
	pn := uint64(0)
	for b.Loop() {
		s.Seal(buf[:benchPacket-wire.TagLen], 7, pn)
		pn++
	}
}

func BenchmarkOpen(b *testing.B) {
	sealed := wire.NewSealer(benchKey, wire.ClientToServer).Seal(make([]byte, benchPacket-wire.TagLen), 7, 1)
	o := wire.NewOpener(benchKey, wire.ClientToServer)
	buf := make([]byte, benchPacket)
	b.SetBytes(benchPacket)
	b.ReportAllocs()
	for b.Loop() {
		copy(buf, sealed)
		if _, _, err := o.Open(buf); err != nil {
			b.Fatal(err)
		}
	}
}
