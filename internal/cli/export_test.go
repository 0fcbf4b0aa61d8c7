package cli

import (
	"io"
	"strconv"
)

// Pattern returns size bytes of the demo's made-up content.
func Pattern(size string) []byte {
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil {
		panic("cli: " + err.Error())
	}
	b, err := io.ReadAll(newPattern(n))
	if err != nil {
		panic("cli: " + err.Error())
	}
	return b
}

// Reflow and Distance are what helps people who read help, and who mistype.
var (
	Reflow   = reflow
	Distance = distance
)
