package flaky

import (
	"bytes"
	"maps"
	"slices"
	"time"
)

// A Part is one part of one multipart upload; or an object that was put at once,
// if it has no UploadID, and the Number 0.
type Part struct {
	Bucket, Key, UploadID string
	Number                int
}

// PartCount is what became of a part.
type PartCount struct {
	Received     int   // requests that sent it, or had it copied, whatever became of them
	Stored       int   // requests that were carried out
	Acknowledged int   // requests of which the client was told so
	Bytes        int64 // of body that arrived, over all requests
}

// A Range is one GET of an object's data that was answered with some.
type Range struct {
	Bucket, Key string
	Offset      int64 // of the first byte
	Length      int64 // bytes promised; -1 if it was not said
	Sent        int64 // bytes handed to the connection
}

// SliceTime is how much time one Slice covers.
const SliceTime = 10 * time.Millisecond

// A Slice is the traffic of a SliceTime.
type Slice struct {
	Start   time.Time
	In, Out int64 // bytes of bodies received and sent
}

func (h *Handler) moved(c *call, in, out int64) {
	if in == 0 && out == 0 {
		return
	}
	start := time.Now().Truncate(SliceTime)
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.resets != h.resets {
		return
	}
	if n := len(h.slices); n == 0 || out >= 0 && !h.slices[n-1].Start.Equal(start) {
		h.slices = append(h.slices, Slice{Start: start})
	}
	last := &h.slices[len(h.slices)-1]
	last.In += in
	last.Out += out
	if c.part != nil {
		count := h.parts[*c.part]
		count.Bytes += in
		h.parts[*c.part] = count
	}
}

func (h *Handler) answering(c *call, r *Range) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.resets == h.resets {
		h.ranges = append(h.ranges, r)
	}
}

func (h *Handler) sent(r *Range, n int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.Sent += n
}

// carriedOut counts a request that succeeded, as its answer says.
func (h *Handler) carriedOut(c *call, answer []byte, told bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case c.part != nil && c.resets != h.resets:
	case c.part != nil:
		count := h.parts[*c.part]
		count.Stored++
		if told {
			count.Acknowledged++
		}
		h.parts[*c.part] = count
	case c.creates:
		if id := between(answer, "<UploadId>", "</UploadId>"); id != "" {
			h.uploads[id] = true
		}
	case c.ends != "" && !bytes.Contains(answer, []byte("<Error>")):
		delete(h.uploads, c.ends)
	}
}

func between(b []byte, open, end string) string {
	_, b, found := bytes.Cut(b, []byte(open))
	b, _, closed := bytes.Cut(b, []byte(end))
	if !found || !closed {
		return ""
	}
	return string(b)
}

// Parts returns the parts seen so far.
func (h *Handler) Parts() map[Part]PartCount {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.parts)
}

// Ranges returns the GETs of objects that were answered with data, in the order
// in which the answers began.
func (h *Handler) Ranges() []Range {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]Range, len(h.ranges))
	for i, r := range h.ranges {
		all[i] = *r
	}
	return all
}

// Traffic returns the slices in which something moved, in order.
func (h *Handler) Traffic() []Slice {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.slices)
}

// InFlight returns how many requests are being served.
func (h *Handler) InFlight() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.running
}

// MaxInFlight returns the most there have been at once.
func (h *Handler) MaxInFlight() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.most
}

// Requests returns how many there have been, those that failed included.
func (h *Handler) Requests() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.requests
}

// Uploads returns how many multipart uploads are open, as far as this Handler
// has seen them begin and end.
func (h *Handler) Uploads() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.uploads)
}

// Reset sets the counters to zero: those of parts, ranges, traffic and
// requests. A request that is in flight does not count any more, however long
// the server takes to hear that its client has left. What is in flight and
// which uploads are open is known still.
func (h *Handler) Reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.parts, h.ranges, h.slices, h.requests, h.most = map[Part]PartCount{}, nil, nil, 0, h.running
	h.resets++
}
