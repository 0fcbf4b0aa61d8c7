package multipart

// Limits of the service on multipart uploads.
const (
	minPartSize = 5 << 20 // bytes; the last part may be smaller
	maxPartSize = 5 << 30 // bytes; also of an upload in one piece
	maxParts    = 10_000
	maxCopySize = 5_000_000_000 // bytes of an object copied with one request
)

// Defaults, in bytes.
const (
	defaultUploadThreshold   = 8 << 20
	defaultDownloadThreshold = 16 << 20
	defaultStreamPartSize    = 5 << 20
	defaultCopyPartSize      = 256 << 20
)

// partSizeFor returns the size of the parts of an object of size bytes: want,
// doubled until maxParts are enough, and within the limits of the service.
func partSizeFor(size, want int64) int64 {
	part := max(want, minPartSize)
	for count(size, part) > maxParts {
		part *= 2
	}
	return min(part, maxPartSize)
}

// count returns how many parts of a size an object has. One without a byte has one.
func count(size, part int64) int { return int(max((size+part-1)/part, 1)) }

// A grid divides an object into pieces of one size, except for the last.
type grid struct{ size, step int64 }

// count returns the number of pieces.
func (g grid) count() int { return count(g.size, g.step) }

// span returns where piece i begins, counted from 0, and how long it is.
func (g grid) span(i int) (offset, length int64) {
	offset = int64(i) * g.step
	return offset, min(g.step, g.size-offset)
}
