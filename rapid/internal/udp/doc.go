// Package udp reads and writes datagrams in batches: with segmentation and
// coalescing by the kernel where there is such a thing and it works (Linux),
// one by one elsewhere and over any net.PacketConn.
package udp
