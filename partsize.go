package icos

// Limits of the service on multipart uploads.
const (
	minPartSize = 5 << 20 // bytes; the last part may be smaller
	maxPartSize = 5 << 30 // bytes; also of an upload in one piece
	maxParts    = 10_000
)

// Defaults of [PutOptions], the same as those of IBM's Python SDK except for the
// concurrency, which is 10 there, and for parts that are held in memory. The
// garbage collector may let the heap become twice what is in use, so four buffers
// of 8 MiB could take 64 MiB.
const (
	defaultPartSize       = 8 << 20
	defaultStreamPartSize = 5 << 20
	defaultThreshold      = 8 << 20
	defaultConcurrency    = 4
)

// partSizeFor returns the size of the parts of an upload of size bytes: want,
// doubled until maxParts are enough, and within the limits of the service.
func partSizeFor(size, want int64) int64 {
	part := want
	for (size+part-1)/part > maxParts {
		part *= 2
	}
	return min(max(part, minPartSize), maxPartSize)
}

// growEvery is the number of parts after which the parts of a stream of unknown
// length double in size, for as long as the memory allows.
const growEvery = 256

// streamPartSize returns the size of part number n (from 1) of a stream of
// unknown length, whose first part has size first, if one part may be as large
// as limit.
func streamPartSize(n int, first, limit int64) int64 {
	part := first
	for range (n - 1) / growEvery {
		if part*2 > limit || part*2 > maxPartSize {
			break
		}
		part *= 2
	}
	return part
}
