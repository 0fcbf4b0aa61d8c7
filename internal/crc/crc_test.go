package crc_test

import (
	"bytes"
	"hash/crc32"
	"math/rand/v2"
	"testing"

	"github.com/minio/crc64nvme"

	"github.com/icos-go/icos/internal/crc"
)

var algorithms = []crc.Algorithm{crc.CRC32, crc.CRC32C, crc.CRC64NVME}

// sum is the CRC by an implementation that is not ours.
func sum(a crc.Algorithm, p []byte) uint64 {
	switch a {
	case crc.CRC32:
		return uint64(crc32.ChecksumIEEE(p))
	case crc.CRC32C:
		return uint64(crc32.Checksum(p, crc32.MakeTable(crc32.Castagnoli)))
	default:
		return crc64nvme.Checksum(p)
	}
}

func TestCombineIsTheSumOfTheConcatenation(t *testing.T) {
	data := make([]byte, 1<<20+17)
	rand.NewChaCha8([32]byte{1}).Read(data)
	for _, a := range algorithms {
		c := crc.NewCombiner(a)
		for _, first := range []int{0, 1, 3, 4096, 1 << 19, len(data) - 1, len(data)} {
			for _, second := range []int{0, 1, 2, 7, 8, 255, 65537, len(data) - first} {
				if first+second > len(data) {
					continue
				}
				p, q := data[:first], data[first:first+second]
				want := sum(a, data[:first+second])
				if got := a.Combine(sum(a, p), sum(a, q), int64(second)); got != want {
					t.Errorf("%v of %d+%d bytes: Combine = %#x, want %#x", a, first, second, got, want)
				}
				if got := c.Combine(sum(a, p), sum(a, q), int64(second)); got != want {
					t.Errorf("%v of %d+%d bytes: Combiner = %#x, want %#x", a, first, second, got, want)
				}
			}
		}
	}
}

// A length past any test's memory: combining a terabyte of zeros is the same
// whether it is done at once or doubled up to there.
func TestCombineLongRuns(t *testing.T) {
	for _, a := range algorithms {
		zeros, length := sum(a, make([]byte, 1<<10)), int64(1<<10)
		for length < 1<<40 {
			zeros, length = a.Combine(zeros, zeros, length), 2*length
		}
		prefix := sum(a, []byte("prefix"))
		want := prefix
		for quarter, rest := zerosOf(a, 1<<38), 4; rest > 0; rest-- {
			want = a.Combine(want, quarter, 1<<38)
		}
		if got := crc.NewCombiner(a).Combine(prefix, zeros, length); got != want {
			t.Errorf("%v: at once %#x, by quarters %#x", a, got, want)
		}
	}
}

func zerosOf(a crc.Algorithm, length int64) uint64 {
	var crc uint64
	unit, unitLength := sum(a, []byte{0}), int64(1)
	for ; length > 0; length >>= 1 {
		if length&1 != 0 {
			crc = a.Combine(crc, unit, unitLength)
		}
		unit, unitLength = a.Combine(unit, unit, unitLength), 2*unitLength
	}
	return crc
}

func TestParse(t *testing.T) {
	for _, a := range algorithms {
		if got, ok := crc.Parse(a.String()); got != a || !ok {
			t.Errorf("Parse(%q) = %v, %v", a.String(), got, ok)
		}
	}
	if got, ok := crc.Parse("crc64nvme"); got != crc.CRC64NVME || !ok {
		t.Errorf("Parse of lower case = %v, %v", got, ok)
	}
	if got, ok := crc.Parse("SHA256"); ok {
		t.Errorf("Parse(SHA256) = %v", got)
	}
	for _, tt := range []struct {
		a    crc.Algorithm
		want int
	}{{crc.CRC32, 4}, {crc.CRC32C, 4}, {crc.CRC64NVME, 8}} {
		if got := tt.a.Size(); got != tt.want {
			t.Errorf("%v.Size() = %d, want %d", tt.a, got, tt.want)
		}
	}
}

func FuzzCombine(f *testing.F) {
	f.Add([]byte("123456789"), 4, 1)
	f.Add([]byte{}, 0, 0)
	f.Add(bytes.Repeat([]byte{0xff}, 300), 256, 44)
	f.Fuzz(func(t *testing.T, data []byte, i, j int) {
		if i < 0 || j < i || j > len(data) {
			t.Skip()
		}
		for _, a := range algorithms {
			c := crc.NewCombiner(a)
			got := sum(a, data[:i])
			got = c.Combine(got, sum(a, data[i:j]), int64(j-i))
			got = c.Combine(got, sum(a, data[j:]), int64(len(data)-j))
			if want := sum(a, data); got != want {
				t.Errorf("%v of %d+%d+%d bytes = %#x, want %#x", a, i, j-i, len(data)-j, got, want)
			}
		}
	})
}

// BenchmarkCombiner is an object of 10,000 equal parts.
func BenchmarkCombiner(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		c := crc.NewCombiner(crc.CRC64NVME)
		var crc uint64
		for range 10_000 {
			crc = c.Combine(crc, 0x123456789abcdef0, 8<<20)
		}
	}
}

func BenchmarkCombine(b *testing.B) {
	for b.Loop() {
		crc.CRC64NVME.Combine(0xfedcba9876543210, 0x123456789abcdef0, 8<<20)
	}
}
