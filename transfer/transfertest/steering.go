package transfertest

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/icos-go/icos/internal/flaky"
	"github.com/icos-go/icos/transfer"
)

// each runs a check with an upload and with a download of an object of that
// content, and checks at the end what has arrived; nil stands for nothing.
func (r *rig) each(b []byte, check func(w transfer.Work) (arrived []byte)) {
	path, back := r.file("up", b), filepath.Join(r.dir, "down")
	from, to := r.object("from", b), r.bucket.Object("to")
	r.stored(to, check(transfer.Upload{Path: path, To: to}))
	want := check(transfer.Download{From: from, Path: back})
	r.written(back, want)
	if want != nil {
		r.clean(path, back)
	} else {
		r.clean(path)
	}
}

// checkPause pauses a transfer: nothing moves until it is resumed.
func checkPause(r *rig) {
	b := content(1, 4*part)
	r.each(b, func(w transfer.Work) []byte {
		t := r.partway(r.Context(), r.manager(""), w, part)
		if err := t.Pause(); err != nil {
			r.Fatal(err)
		}
		paused := time.Now()
		if s := t.Progress().State; s != transfer.Paused {
			r.Errorf("%T is %v after Pause", w, s)
		}
		// Long enough for what was in the buffers of the connections to arrive,
		// and for what moves in spite of the pause to show.
		<-time.After(200 * time.Millisecond)
		resumed := time.Now()
		if err := t.Resume(); err != nil {
			r.Fatal(err)
		}
		r.must(t)
		var late int64
		for _, s := range r.net.Traffic() {
			if s.Start.After(paused.Add(100*time.Millisecond)) && !s.Start.Add(flaky.SliceTime).After(resumed) {
				late += s.In + s.Out
			}
		}
		if late > 0 {
			r.Errorf("%T: %d bytes moved while it was paused", w, late)
		}
		if got := t.Report().Bytes; got != int64(len(b)) {
			r.Errorf("%T: reports %d bytes, want %d", w, got, len(b))
		}
		return b
	})
}

// checkCancel cancels a transfer: nothing is left of it.
func checkCancel(r *rig) {
	r.each(content(1, 4*part), func(w transfer.Work) []byte {
		t := r.partway(r.Context(), r.manager(r.state), w, part)
		t.Cancel()
		if err := t.Wait(r.Context()); !errors.Is(err, transfer.ErrCanceled) {
			r.Errorf("%T: %v, want that it was canceled", w, err)
		}
		return nil
	})
}

// checkContext ends the context of a transfer that keeps no state: nothing is
// left of it, and the error says why.
func checkContext(r *rig) {
	why := errors.New("had enough")
	r.each(content(1, 4*part), func(w transfer.Work) []byte {
		ctx, cancel := context.WithCancelCause(r.Context())
		defer cancel(nil)
		t := r.partway(ctx, r.manager(""), w, part)
		cancel(why)
		if err := t.Wait(r.Context()); !errors.Is(err, why) {
			r.Errorf("%T: %v, want that its context ended", w, err)
		}
		return nil
	})
}

// checkRate bounds the rate. The burst allowed is a quarter of a second's worth.
func checkRate(r *rig) {
	const rate = 16 << 20
	b := content(1, 2*part)
	r.each(b, func(w transfer.Work) []byte {
		m := r.manager("")
		m.SetRate(rate)
		begun := time.Now()
		r.must(m.Start(r.Context(), w))
		least := time.Duration(float64(len(b)-rate/4) / rate * float64(time.Second))
		if took := time.Since(begun); took < least {
			r.Errorf("%T: %d bytes in %v at a limit of %d bytes/s", w, len(b), took, rate)
		}
		return b
	})
}
