package s3api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/icos-go/icos/server/store"
)

func (c *call) getObject() error {
	version, err := c.namedVersion()
	if err != nil {
		return err
	}
	r, err := c.store.OpenVersion(c.r.Context(), c.bucket, c.key, version)
	if err != nil {
		return c.hidden(err)
	}
	defer r.Close()
	v, err := c.view(r.Object(), r)
	if err != nil {
		return err
	}
	if v.status != http.StatusNotModified {
		if err := c.readable(r.Object()); err != nil {
			return err
		}
	}
	c.writeView(v)
	if v.status == http.StatusNotModified {
		return nil
	}
	return c.send(r, v.byteRange)
}

// headObjects are for HEAD, of whose memory an Object would be a third.
var headObjects = sync.Pool{New: func() any { return new(store.Object) }}

func (c *call) headObject() error {
	version, err := c.namedVersion()
	if err != nil {
		return err
	}
	if c.query.has("partNumber") { // where the part lies takes opening the object
		r, err := c.store.OpenVersion(c.r.Context(), c.bucket, c.key, version)
		if err != nil {
			return c.hidden(err)
		}
		defer r.Close()
		v, err := c.view(r.Object(), r)
		if err != nil {
			return err
		}
		c.writeView(v)
		return nil
	}
	o := headObjects.Get().(*store.Object)
	defer func() {
		*o = store.Object{}
		headObjects.Put(o)
	}()
	if *o, err = c.store.StatVersion(c.r.Context(), c.bucket, c.key, version); err != nil {
		return c.hidden(err)
	}
	v, err := c.view(o, nil)
	if err != nil {
		return err
	}
	c.writeView(v)
	return nil
}

// view is what a GET or HEAD shows of an object.
type view struct {
	byteRange
	object    *store.Object
	status    int // 200, 206 or 304
	parts     int // x-amz-mp-parts-count, if the request named a part of several
	checksum  store.Checksum
	overrides []string
}

// view decides what the request sees of an object: whether it may, whether its preconditions hold, and which bytes. r may be
// nil if the request names no part.
func (c *call) view(o *store.Object, r *store.Reader) (view, error) {
	v := view{object: o, status: http.StatusOK, byteRange: byteRange{0, o.Size}}
	if !c.mayObject(o, needRead) {
		return v, newError(codeAccessDenied)
	}
	if err := c.unseal(c.bucket, o, r, customerPrefix); err != nil {
		return v, err
	}
	var err error
	if v.overrides, err = c.overrides(); err != nil {
		return v, err
	}
	h := c.r.Header
	conditions := parseConditions(h, "")
	switch conditions.evaluate(o) {
	case failed:
		return v, newError(codePreconditionFailed)
	case notModified:
		v.status = http.StatusNotModified
		return v, nil
	}
	if strings.EqualFold(h.Get("X-Amz-Checksum-Mode"), "ENABLED") {
		v.checksum = o.Checksum
	}
	rangeHeader := h.Get("Range")
	if c.query.has("partNumber") {
		if rangeHeader != "" {
			return v, invalidRequest("Cannot specify both Range header and partNumber query parameter")
		}
		return v, v.part(c.query.get("partNumber"), r.Parts())
	}
	if rangeHeader == "" || !ifRange(h, o) {
		return v, nil
	}
	rng, whole, err := parseRange(rangeHeader, o.Size)
	if err != nil || whole {
		return v, err
	}
	v.byteRange, v.status = rng, http.StatusPartialContent
	// The checksum is of the object; with a part of it, clients would take it for that of what they got.
	v.checksum = store.Checksum{}
	return v, nil
}

// part narrows the view to one part of a completed upload. An object put in one piece is its own part 1.
func (v *view) part(number string, parts []store.Part) error {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > store.MaxParts {
		return invalidArgument("Part number must be an integer between 1 and 10000, inclusive")
	}
	wanted := v.checksum.Algorithm != ""
	if len(parts) == 0 {
		if n > 1 {
			return &apiError{code: "InvalidPartNumber", status: http.StatusRequestedRangeNotSatisfiable, message: "The requested partnumber is not satisfiable"}
		}
	} else {
		// Part numbers of an upload may have gaps; in the object they count from 1.
		if n > len(parts) {
			return &apiError{code: "InvalidPartNumber", status: http.StatusRequestedRangeNotSatisfiable, message: "The requested partnumber is not satisfiable"}
		}
		var off int64
		for i := range parts[:n-1] {
			off += parts[i].Size
		}
		v.byteRange = byteRange{off, parts[n-1].Size}
		v.parts = len(parts)
		v.checksum = store.Checksum{}
		if wanted {
			v.checksum = parts[n-1].Checksum
		}
	}
	if v.object.Size > 0 {
		v.status = http.StatusPartialContent
	}
	return nil
}

// writeView writes the head of the answer.
func (c *call) writeView(v view) {
	c.setObjectHeaders(v.object)
	h := c.w.Header()
	if v.status == http.StatusNotModified {
		delete(h, "Content-Type")
		c.writeHeader(v.status)
		return
	}
	h["Content-Length"] = c.value(strconv.FormatInt(v.n, 10))
	if v.status == http.StatusPartialContent {
		h["Content-Range"] = []string{contentRange(v.byteRange, v.object.Size)}
	}
	if v.parts > 0 {
		h["X-Amz-Mp-Parts-Count"] = []string{strconv.Itoa(v.parts)}
	}
	setChecksum(h, v.checksum)
	for pair := range slices.Chunk(v.overrides, 2) {
		h[pair[0]] = []string{pair[1]}
	}
	c.writeHeader(v.status)
}
