package auth

import (
	"io"
	"os"
)

// maxFile bounds the credential files that are read.
const maxFile = 1 << 20

// readBounded is os.ReadFile for a file that ought to be small: it returns at most
// one byte more than maxFile, by which the caller knows.
func readBounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}
