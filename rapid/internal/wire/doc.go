// Package wire is the rapid protocol's packets and frames as bytes: it seals
// and opens packets, drives the keys from one packet to the next, refuses
// replays, and writes and parses frames. docs/rapid.md is the normative
// description; comments here name its sections.
//
// The package knows no socket, no clock and no session. Nothing in it
// allocates per packet: a [Sealer] and an [Opener] work in the caller's
// buffer, and [Parse] walks a payload in place.
//
// A packet is built by leaving [HeaderLen] bytes, appending frames, and
// sealing:
//
//	b := append(buf[:0], make([]byte, wire.HeaderLen)...)
//	b = wire.AppendPing(b)
//	b = sealer.Seal(b, id, pn)
//
// and read by opening, checking for a replay, and parsing:
//
//	pn, payload, err := opener.Open(datagram)
//	if err != nil || replay.Seen(pn) { drop }
//	for p := wire.Parse(payload); p.Next(); { switch f := &p.Frame; f.Type { … } }
package wire
