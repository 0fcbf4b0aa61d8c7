// Package fault makes a server fail on purpose, by rules, so that clients can
// be tested against failures that a healthy server never shows them.
//
// An [Injector] holds the rules. For each request the server asks it for a
// [Strike], which says what goes wrong: an error answer, a delay, an answer cut
// short, a connection reset before or after the request was carried out, a bit
// flipped on the way. Chance is pseudo-random: the same rules under the same
// seed strike the same requests, counted in the order in which they come. With no
// rules, asking costs one atomic load.
package fault
