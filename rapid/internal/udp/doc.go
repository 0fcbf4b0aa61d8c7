// Package udp reads and writes datagrams in batches: with segmentation and
// coalescing by the kernel where there is such a thing and it works (Linux:
// UDP_SEGMENT and UDP_GRO), one by one elsewhere and over any
// [net.PacketConn]. A program that sends datagrams of 1,400 bytes one system
// call at a time is held to about 1 Gbit/s; in batches it does ten times that.
package udp
