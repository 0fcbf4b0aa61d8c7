package flaky

import "time"

// A Part is one part of one multipart upload.
type Part struct {
	Bucket, Key, UploadID string
	Number                int
}

// PartCount is what became of a part.
type PartCount struct {
	Received int   // requests that sent it, whatever became of them
	Stored   int   // requests that were carried out and acknowledged
	Bytes    int64 // of body that arrived, over all requests
}

// A Range is one GET of an object's data that was answered.
type Range struct {
	Bucket, Key string
	Offset      int64 // of the first byte sent
	Length      int64 // bytes promised
	Sent        int64 // bytes handed to the connection
}

// A Slice is the traffic of 10 ms.
type Slice struct {
	Start   time.Time
	In, Out int64 // bytes of bodies received and sent
}

// Parts returns the parts seen so far.
func (h *Handler) Parts() map[Part]PartCount { return nil }

// Ranges returns the answers to GETs of objects, in the order in which they
// began.
func (h *Handler) Ranges() []Range { return nil }

// Traffic returns the slices in which something moved, in order.
func (h *Handler) Traffic() []Slice { return nil }

// InFlight returns how many requests are being served.
func (h *Handler) InFlight() int { return 0 }

// MaxInFlight returns the most there have been at once.
func (h *Handler) MaxInFlight() int { return 0 }

// Requests returns how many there have been, those that failed included.
func (h *Handler) Requests() int64 { return 0 }

// Uploads returns how many multipart uploads are open, as far as this Handler
// has seen them begin and end.
func (h *Handler) Uploads() int { return 0 }

// Reset sets all counters to zero, except those of what is going on now.
func (h *Handler) Reset() {}
