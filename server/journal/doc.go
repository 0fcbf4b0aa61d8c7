// Package journal remembers the last requests that a server was sent, for
// tests and for people who look for what a program does. Secrets never get into
// it: of credentials and signatures only the kind is kept.
package journal
