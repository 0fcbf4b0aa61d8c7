package transfer_test

import (
	"errors"
	"testing"

	"github.com/icos-go/icos/transfer"
)

// TestObserversSteer has observers call back, each from within a call.
func TestObserversSteer(t *testing.T) {
	pauses := 0
	for name, steer := range map[string]func(*transfer.Transfer){
		"pause": func(tr *transfer.Transfer) {
			if pauses++; pauses <= 20 {
				_ = tr.Pause()
				_ = tr.Resume()
			}
		},
		"cancel":   func(tr *transfer.Transfer) { tr.Cancel() },
		"rate":     func(tr *transfer.Transfer) { tr.SetRate(1 << 40); tr.SetRate(0) },
		"progress": func(tr *transfer.Transfer) { _ = tr.Progress(); _ = tr.Active(); _ = tr.Report() },
	} {
		t.Run(name, func(t *testing.T) {
			b := bucket(t, nil)
			dir := t.TempDir()
			files := map[string]string{}
			for i := range 300 {
				files[string(rune('a'+i%26))+"/"+string(rune('0'+i/26))] = "content"
			}
			write(t, dir, files)
			m := manager(t, b.Client(), nil)
			done := 0
			o := transfer.Observer{
				Queued:   steer,
				Progress: func(tr *transfer.Transfer, _ transfer.Progress) { steer(tr) },
				Item:     func(tr *transfer.Transfer, _ transfer.Item) { steer(tr) },
				Done:     func(tr *transfer.Transfer, _ error) { steer(tr); done++ },
			}
			for _, start := range []func() *transfer.Transfer{
				func() *transfer.Transfer { return m.UploadDir(t.Context(), dir, b, "", o) },
				func() *transfer.Transfer { return m.Upload(t.Context(), file(t, 1, 1000), b.Object("one"), o) },
			} {
				pauses = 0
				tr := start()
				err := tr.Wait(t.Context())
				if err != nil && !(name == "cancel" && errors.Is(err, transfer.ErrCanceled)) {
					t.Errorf("%s: %v", tr, err)
				}
			}
			if done != 2 {
				t.Errorf("Done was called %d times", done)
			}
		})
	}
}
