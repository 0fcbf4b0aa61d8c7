// Package session is the protocol machine of rapid (docs/rapid.md): one path
// with one congestion controller each way, and the streams in it. It does no
// input or output, reads no clock, starts no goroutine and takes no lock: its
// owner brings datagrams and the time, and takes datagrams away.
//
//	receiving:  pk, err := s.Decrypt(datagram)   without the lock, one goroutine
//	            s.Handle(now, from, pk)          with it
//	sending:    b := s.Fill(now, buf)            with the lock
//	            s.Seal(b)                        without it
//	            write b.Data to b.To
//	waiting:    until s.Deadline(), a datagram, or a call that wants to send
//	streams:    Open, Accept; Read, Write and the rest on *Stream, which never block
//	            s.Woken() says which of them can go on
//
// Times are durations since a moment of the owner's choice, from a clock that
// does not go back. Sizes are bytes. Except for Decrypt and Seal, no two methods
// of a session and its streams may be called at the same time.
package session
