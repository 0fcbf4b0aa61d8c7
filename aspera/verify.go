package aspera

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/s3"
)

// verify compares a file that ascp has read or written with the checksum that the
// service keeps of the object. It returns false if there is none, or only one of
// checksums of parts.
func verify(f io.ReaderAt, info *icos.ObjectInfo) (verified bool, err error) {
	sum := info.Checksum
	h := sum.Algorithm.New()
	if sum.Value == "" || sum.Type == s3.Composite || strings.Contains(sum.Value, "-") || h == nil {
		return false, nil
	}
	if _, err := io.Copy(h, io.NewSectionReader(f, 0, info.Size)); err != nil {
		return false, fmt.Errorf("read file again: %w", err)
	}
	if got := base64.StdEncoding.EncodeToString(h.Sum(nil)); got != sum.Value {
		return false, fmt.Errorf("%w: the file has %s %s, the object has %s", icos.ErrChecksum, sum.Algorithm, got, sum.Value)
	}
	return true, nil
}
