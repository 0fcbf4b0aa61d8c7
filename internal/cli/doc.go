// Package cli is the icos command: one file per verb, and beside them the few
// things that verbs share — how a location is written (location.go), how
// results leave (output.go), what a failure exits with (exit.go), and what a
// terminal is shown while bytes move (progress.go).
//
// Data goes to standard output and everything else to standard error. Nothing
// here calls os.Exit or reads a global: [Main] is handed all it touches, so the
// scripts in testdata/script run whole commands inside the test process.
package cli
