// Package flow has the parts of a transport that know bytes and packet numbers
// but no packets: sets of ranges, buffers for sending and receiving, the
// record of what was sent with the detection of what was lost, the record of
// what came with the decision when to acknowledge, the estimate of the round
// trip time, and flow-control windows.
//
// Nothing here allocates per packet, and no step takes longer the more is in
// flight, apart from logarithms and from memory moves over a few cache lines.
// No type is safe for concurrent use. Times are durations since a common
// moment.
package flow
