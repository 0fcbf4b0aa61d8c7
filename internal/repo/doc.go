// Package repo tests the repository itself: who may import whom, which
// dependencies are allowed and why, that every package explains itself, and
// that texts and links hold. It exports nothing; run it with go test.
package repo
