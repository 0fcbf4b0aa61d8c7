package multipart

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/s3"
	"github.com/icos-go/icos/transfer/internal/pace"
)

// An Ahead is the beginning of an object that was asked for while it was not known yet what the object is. Over
// a path that is long and fast, the round trip of asking would take longer than many an object. A nil one has nothing.
type Ahead struct {
	part  int64
	parts []early // the first of the object
	asked sync.WaitGroup
}

// An early is one part that was asked for.
type early struct {
	cancel context.CancelFunc
	answer chan *s3.GetObjectResponse // has room for one; closed when it is there, or will not come
}

// Ahead asks for the beginning of an object, in parts of partSize bytes, or as the Tuner chooses if that is zero, if the path is
// one where that pays; otherwise it returns nil. These requests do not pass the Gate, since nobody knows yet whether they are of use. The
// caller must Close it.
func (e *Env) Ahead(ctx context.Context, from *icos.Object, meter *pace.Meter, partSize int64) *Ahead {
	n, part := e.Tuner.Ahead()
	if n == 0 {
		return nil
	}
	if partSize > 0 {
		n, part = 1, partSize
	}
	stall := e.Stall
	if stall == 0 {
		stall = e.Tuner.Stall()
	}
	a := &Ahead{part: part, parts: make([]early, n)}
	for i := range a.parts {
		p := &a.parts[i]
		p.answer = make(chan *s3.GetObjectResponse, 1)
		var own context.Context
		own, p.cancel = context.WithCancel(meter.Trace(ctx, part, stall))
		a.asked.Go(func() {
			defer close(p.answer)
			if resp, err := ask(own, from, int64(i)*part, part); err == nil { // otherwise Download sees what is wrong
				p.answer <- resp
			}
		})
	}
	return a
}

// ask fetches some bytes of an object, whatever it is.
func ask(ctx context.Context, from *icos.Object, offset, length int64) (*s3.GetObjectResponse, error) {
	wire, err := from.Bucket().S3(ctx)
	if err != nil {
		return nil, err
	}
	return wire.GetObject(ctx, &s3.GetObjectRequest{
		Bucket: from.Bucket().Name(), Key: from.Key(), VersionID: from.VersionID(), CustomerKey: from.CustomerKey(),
		Range: fmt.Sprintf("bytes=%d-%d", offset, offset+length-1), Unverified: true,
	})
}

// take returns the answer with these bytes of the object that info describes, if they were asked for and have come. It is given only once,
// and ends with ctx. The caller closes its body.
func (a *Ahead) take(ctx context.Context, info *icos.ObjectInfo, offset, length int64) *s3.GetObjectResponse {
	if a == nil || offset%a.part != 0 || offset/a.part >= int64(len(a.parts)) || length != min(a.part, info.Size-offset) {
		return nil
	}
	p := &a.parts[offset/a.part]
	select {
	case resp := <-p.answer: // nil if there is none, or if it was taken
		if resp == nil {
			return nil
		}
		if resp.StatusCode != http.StatusPartialContent || resp.ETag != info.ETag || resp.ContentLength != length {
			resp.Body.Close() // of something read
			return nil
		}
		context.AfterFunc(ctx, p.cancel)
		return resp
	case <-ctx.Done():
		return nil
	}
}

// Close ends what was not taken, and waits for that.
func (a *Ahead) Close() {
	if a == nil {
		return
	}
	for i := range a.parts {
		a.parts[i].cancel()
	}
	a.asked.Wait()
	for i := range a.parts {
		if resp := <-a.parts[i].answer; resp != nil {
			resp.Body.Close() // of something read
		}
	}
}
