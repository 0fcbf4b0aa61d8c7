package icos

import "testing"

func TestPartSizeFor(t *testing.T) {
	const mib, gib, tib = 1 << 20, 1 << 30, 1 << 40
	tests := []struct{ size, want, part int64 }{
		{0, 8 * mib, 8 * mib},
		{1 * gib, 8 * mib, 8 * mib},
		{1 * gib, 1 << 10, 5 * mib}, // clamped after doubling
		{80_000 * mib, 8 * mib, 8 * mib},
		{80_000*mib + 1, 8 * mib, 16 * mib},
		{10 * tib, 8 * mib, 2 * gib},
		{1 * gib, 100 * gib, 5 * gib},
	}
	for _, test := range tests {
		got := partSizeFor(test.size, test.want)
		if got != test.part {
			t.Errorf("partSizeFor(%d, %d) = %d, want %d", test.size, test.want, got, test.part)
		}
		if parts := (test.size + got - 1) / got; parts > maxParts {
			t.Errorf("partSizeFor(%d, %d) makes %d parts", test.size, test.want, parts)
		}
	}
}

// A stream of unknown length has room for 180 GiB within the memory that the
// documentation of Put states.
func TestStreamPartSize(t *testing.T) {
	const memory = defaultConcurrency * defaultStreamPartSize
	var sum, last int64
	for n := 1; n <= maxParts; n++ {
		size := streamPartSize(n, defaultStreamPartSize, memory)
		if size < last || size > memory {
			t.Fatalf("part %d has %d bytes after one of %d", n, size, last)
		}
		last = size
		sum += size
	}
	if sum < 180<<30 {
		t.Errorf("a stream can have %d bytes, want 180 GiB", sum)
	}
	if got := streamPartSize(1, defaultStreamPartSize, memory); got != defaultStreamPartSize {
		t.Errorf("the first part has %d bytes", got)
	}
}
