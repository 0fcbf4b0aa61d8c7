package wire_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/icos-go/icos/rapid/internal/wire"
)

const testID = wire.ID(0x00c0ffee00c0ffee)

var testKey = [32]byte{0: 1, 31: 2}

// seal returns packet pn with 100 bytes of frames.
func seal(t testing.TB, d wire.Direction, pn uint64) []byte {
	t.Helper()
	b := wire.AppendPing(make([]byte, wire.HeaderLen))
	return wire.NewSealer(testKey, d).Seal(wire.AppendPadding(b, 99), testID, pn)
}

func TestOpenGivesBackWhatWasSealed(t *testing.T) {
	s := wire.NewSealer(testKey, wire.ServerToClient)
	o := wire.NewOpener(testKey, wire.ServerToClient)
	rng := rand.New(rand.NewPCG(1, 2))
	for i, size := range []int{1, 2, 15, 16, 17, 1200, 1472, 9000, 65000} {
		payload := make([]byte, size)
		for j := range payload {
			payload[j] = byte(rng.Uint32())
		}
		buf := make([]byte, wire.HeaderLen+size, size+wire.Overhead)
		copy(buf[wire.HeaderLen:], payload)
		pn := uint64(i * i)
		sealed := s.Seal(buf, testID, pn)
		if &sealed[0] != &buf[0] || len(sealed) != size+wire.Overhead {
			t.Fatalf("%d bytes: sealed into %d bytes elsewhere", size, len(sealed))
		}
		got, opened, err := o.Open(sealed)
		if err != nil || got != pn || !bytes.Equal(opened, payload) {
			t.Errorf("%d bytes: opened as packet %d, %v", size, got, err)
		}
		if &opened[0] != &sealed[wire.HeaderLen] {
			t.Errorf("%d bytes: opened elsewhere", size)
		}
	}
}

// TestOpenRefuses covers docs/rapid.md R4.1, R5.2 and R5.5.
func TestOpenRefuses(t *testing.T) {
	good := seal(t, wire.ClientToServer, 77)
	open := func(b []byte) error {
		o := wire.NewOpener(testKey, wire.ClientToServer)
		_, payload, err := o.Open(bytes.Clone(b))
		if err != nil && payload != nil {
			t.Error("payload beside an error")
		}
		if _, _, again := o.Open(bytes.Clone(good)); again != nil {
			t.Errorf("after a refusal the true packet is refused: %v", again)
		}
		return err
	}
	for n := range good {
		want := wire.ErrForged
		if n < wire.MinPacket {
			want = wire.ErrPacket
		}
		if err := open(good[:n]); !errors.Is(err, want) {
			t.Errorf("first %d bytes: %v, want %v", n, err, want)
		}
	}
	for bit := range 8 * len(good) {
		b := bytes.Clone(good)
		b[bit/8] ^= 1 << (bit % 8)
		want := wire.ErrForged
		switch {
		case bit < 8:
			want = wire.ErrPacket
		case bit >= 9*8 && bit < 14*8, bit >= 14*8 && bit < 15*8 && bit%8 == 7:
			want = wire.ErrEpoch // the number has become 2^23 or more
		}
		if err := open(b); !errors.Is(err, want) {
			t.Errorf("bit %d inverted: %v, want %v", bit, err, want)
		}
	}
	if err := open(append(bytes.Clone(good), 0)); !errors.Is(err, wire.ErrForged) {
		t.Errorf("a byte more: %v", err)
	}
	if err := open(seal(t, wire.ServerToClient, 77)); !errors.Is(err, wire.ErrForged) {
		t.Errorf("packet of the other direction: %v", err)
	}
	other := testKey
	other[5] ^= 1
	foreign := wire.NewSealer(other, wire.ClientToServer).Seal(make([]byte, 50), testID, 77)
	if err := open(foreign); !errors.Is(err, wire.ErrForged) {
		t.Errorf("packet of another grant: %v", err)
	}
}

func TestSealRefusesToRepeatItself(t *testing.T) {
	s := wire.NewSealer(testKey, wire.ClientToServer)
	s.Seal(make([]byte, 50), testID, 5)
	mustPanic(t, "the same number", func() { s.Seal(make([]byte, 50), testID, 5) })
	mustPanic(t, "a lower number", func() { s.Seal(make([]byte, 50), testID, 4) })
	mustPanic(t, "a number too great", func() { s.Seal(make([]byte, 50), testID, wire.MaxPacketNumber+1) })
	s.Seal(make([]byte, 50), testID, 6)
}

const epoch = 1 << 22

// TestKeysChangeUnderReordering covers docs/rapid.md §5.3: packets of two
// epochs arrive mixed and all open; those of an epoch whose key was erased, or
// that is still far, do not.
func TestKeysChangeUnderReordering(t *testing.T) {
	s := wire.NewSealer(testKey, wire.ClientToServer)
	packets := map[uint64][]byte{}
	for _, pn := range []uint64{
		0, 1, epoch - 3, epoch - 2, epoch - 1, epoch, epoch + 1, epoch + wire.ReplayWindow - 1, epoch + wire.ReplayWindow,
		2*epoch - 1, 2 * epoch, 2*epoch + 1, 3 * epoch,
	} {
		packets[pn] = s.Seal(wire.AppendPing(make([]byte, wire.HeaderLen)), testID, pn)
	}
	o := wire.NewOpener(testKey, wire.ClientToServer)
	for _, step := range []struct {
		pn   uint64
		want error
		held []uint64
	}{
		{1, nil, []uint64{0, 1}},
		{2 * epoch, wire.ErrEpoch, []uint64{0, 1}},
		{epoch, nil, []uint64{0, 1, 2}}, // the first of the new epoch overtakes
		{epoch - 3, nil, []uint64{0, 1, 2}},
		{3 * epoch, wire.ErrEpoch, []uint64{0, 1, 2}},
		{epoch + 1, nil, []uint64{0, 1, 2}},
		{epoch - 1, nil, []uint64{0, 1, 2}},
		{epoch + wire.ReplayWindow - 1, nil, []uint64{0, 1, 2}},
		{epoch - 2, nil, []uint64{0, 1, 2}},
		{epoch + wire.ReplayWindow, nil, []uint64{1, 2}}, // the window has shut epoch 0 out
		{0, wire.ErrEpoch, []uint64{1, 2}},
		{2*epoch + 1, nil, []uint64{1, 2, 3}},
		{2*epoch - 1, nil, []uint64{1, 2, 3}},
		{1, wire.ErrEpoch, []uint64{1, 2, 3}},
		{3 * epoch, nil, []uint64{2, 3, 4}},
		{2 * epoch, nil, []uint64{2, 3, 4}},
		{epoch, wire.ErrEpoch, []uint64{2, 3, 4}},
	} {
		pn, _, err := o.Open(bytes.Clone(packets[step.pn]))
		if !errors.Is(err, step.want) || err == nil && pn != step.pn {
			t.Errorf("packet %#x: opened as %#x, %v; want %v", step.pn, pn, err, step.want)
		}
		if held := o.Epochs(); !slices.Equal(held, step.held) {
			t.Errorf("after packet %#x: keys of epochs %v, want %v", step.pn, held, step.held)
		}
	}
}

func TestForgedPacketsMoveNoKeys(t *testing.T) {
	o := wire.NewOpener(testKey, wire.ClientToServer)
	forged := bytes.Clone(seal(t, wire.ClientToServer, epoch))
	forged[40] ^= 1
	if _, _, err := o.Open(forged); !errors.Is(err, wire.ErrForged) {
		t.Errorf("forged packet of the next epoch: %v", err)
	}
	if held := o.Epochs(); !slices.Equal(held, []uint64{0, 1}) {
		t.Errorf("keys of epochs %v, want 0 and 1", held)
	}
	if o.Forged() != 1 {
		t.Errorf("Forged = %d, want 1", o.Forged())
	}
	if _, _, err := o.Open(seal(t, wire.ClientToServer, 3)); err != nil {
		t.Errorf("packet of epoch 0: %v", err)
	}
}

func TestOpenStopsAtTheIntegrityLimit(t *testing.T) {
	o := wire.NewOpener(testKey, wire.ClientToServer)
	o.SetForged(wire.MaxForged - 1)
	if _, _, err := o.Open(seal(t, wire.ClientToServer, 1)); err != nil {
		t.Fatal(err)
	}
	o.SetForged(wire.MaxForged)
	if _, _, err := o.Open(seal(t, wire.ClientToServer, 2)); !errors.Is(err, wire.ErrExhausted) {
		t.Errorf("beyond the limit: %v, want %v", err, wire.ErrExhausted)
	}
}

func TestPacketsAllocateNothing(t *testing.T) {
	s := wire.NewSealer(testKey, wire.ClientToServer)
	o := wire.NewOpener(testKey, wire.ClientToServer)
	var replay wire.Replay
	buf := make([]byte, 1452)
	pn := uint64(0)
	if n := testing.AllocsPerRun(1000, func() {
		packet := s.Seal(buf[:len(buf)-wire.TagLen], testID, pn)
		got, _, err := o.Open(packet)
		if err != nil || replay.Seen(got) {
			t.Fatalf("packet %d: %v", pn, err)
		}
		pn++
	}); n != 0 {
		t.Errorf("sealing and opening allocate %v times a packet", n)
	}

	forged := bytes.Clone(seal(t, wire.ServerToClient, 1))
	far := bytes.Clone(forged)
	far[9] = 0x20
	if n := testing.AllocsPerRun(1000, func() {
		for _, b := range [][]byte{forged, far, forged[:20]} {
			if _, _, err := o.Open(b); err == nil {
				t.Fatal("forged packet opened")
			}
		}
	}); n != 0 {
		t.Errorf("refusing allocates %v times", n)
	}
}

// FuzzOpen gives an opener what is no packet of its own: it must refuse all,
// keep its keys, and still take the true packet.
func FuzzOpen(f *testing.F) {
	good := seal(f, wire.ClientToServer, 1)
	f.Add(good[:wire.MinPacket])
	f.Add(seal(f, wire.ServerToClient, 1))
	f.Add(seal(f, wire.ServerToClient, epoch))
	f.Add(append(bytes.Clone(good), 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		o := wire.NewOpener(testKey, wire.ClientToServer)
		same := len(b) >= wire.MinPacket && bytes.Equal(b, good)
		pn, payload, err := o.Open(bytes.Clone(b))
		if (err == nil) != same {
			t.Fatalf("Open = %d, %x, %v", pn, payload, err)
		}
		if held := o.Epochs(); !slices.Equal(held, []uint64{0, 1}) {
			t.Fatalf("keys of epochs %v", held)
		}
		if id, ok := wire.PeekID(b); ok && (len(b) < wire.MinPacket || id.String() == "") {
			t.Fatal("id of what is no packet")
		}
		if pn, _, err := o.Open(bytes.Clone(good)); err != nil || pn != 1 {
			t.Fatalf("true packet: %d, %v", pn, err)
		}
	})
}
