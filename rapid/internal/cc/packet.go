package cc

// A Packet is what a Controller remembers of a packet in flight. The owner
// embeds it in its own record, so that nothing is allocated for it, and leaves
// its contents alone.
type Packet struct {
	size int32
}
