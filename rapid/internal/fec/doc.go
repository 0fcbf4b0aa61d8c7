// Package fec computes sums of the pieces of a group, from which pieces that
// were lost can be computed again: docs/rapid.md §9.5 says which.
//
// Each piece is in a few of the rows, chosen as if at random, so that a row
// costs little to compute, and nearly any rows, a few more than there are
// pieces missing, determine these. They are found by elimination over GF(2).
package fec
