package wire_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/icos-go/icos/rapid/internal/wire"
)

// vectors are packets that must come out of a given key, id, direction, number
// and payload, bit by bit; docs/rapid.md appendix A shows the same.
var vectors = []struct {
	direction wire.Direction
	pn        uint64
	payload   string
	packet    string
}{
	{wire.ClientToServer, 0, "01", "400123456789abcdef0000000000000000358ebf1285f84e7a1ad169dbfbbcd14010"},
	{wire.ServerToClient, 0, "01", "400123456789abcdef0000000000000000af23c34583d3fb2fb143e88bc9e50be429"},
	{wire.ClientToServer, 1<<22 - 1, "0b0000026869", "400123456789abcdef00000000003fffff737f75d3e980c668b0243cf975bb6d3267a9532e89c5"},
	{wire.ClientToServer, 1 << 22, "0b0000026869", "400123456789abcdef0000000000400000926507c3499cc1baf0c179043c9df84efa4efc7715e4"},
	{wire.ServerToClient, 3<<22 + 5, "18000462796521", "400123456789abcdef0000000000c00005bb7fa9edb653eb7f112ae3eb3e66138a80e899d3a2abbf"},
}

const vectorID = wire.ID(0x0123456789abcdef)

func vectorKey() (key [32]byte) {
	for i := range key {
		key[i] = byte(i)
	}
	return key
}

func TestPacketsAreThoseOfTheDocument(t *testing.T) {
	appendix := strings.Join(strings.Fields(readDoc(t)), "")
	for _, v := range vectors {
		payload, err := hex.DecodeString(v.payload)
		if err != nil {
			t.Fatal(err)
		}
		packet := append(make([]byte, wire.HeaderLen), payload...)
		sealed := wire.NewSealer(vectorKey(), v.direction).Seal(packet, vectorID, v.pn)
		if got := hex.EncodeToString(sealed); got != v.packet {
			t.Errorf("direction %d packet %d: sealed\n%s, want\n%s", v.direction, v.pn, got, v.packet)
		}
		if !strings.Contains(appendix, v.packet) {
			t.Errorf("direction %d packet %d: not in docs/rapid.md, appendix A", v.direction, v.pn)
		}

		o := wire.NewOpener(vectorKey(), v.direction)
		// An opener has to come by way of the epochs between.
		for e := uint64(1); e < v.pn>>22; e++ {
			step := wire.NewSealer(vectorKey(), v.direction).Seal(wire.AppendPing(make([]byte, wire.HeaderLen)), vectorID, e<<22)
			if _, _, err := o.Open(step); err != nil {
				t.Fatalf("epoch %d: %v", e, err)
			}
		}
		pn, got, err := o.Open(sealed)
		if err != nil || pn != v.pn || !bytes.Equal(got, payload) {
			t.Errorf("direction %d packet %d: opened as %d %x, %v", v.direction, v.pn, pn, got, err)
		}
	}
}

// readDoc returns the protocol's description, which tests hold the code to.
func readDoc(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile("../../../docs/rapid.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}
