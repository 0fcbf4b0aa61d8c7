package rapid_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/icos-go/icos/internal/netsim"
	"github.com/icos-go/icos/rapid"
)

func TestPathStats(t *testing.T) {
	link := netsim.Link{Rate: 50e6, Delay: 40 * time.Millisecond, Loss: 0.02, Seed: 7}
	inBubble(t, link, nil, func(t *testing.T, w *world) {
		w.serve(t)
		if err := put(t.Context(), w.client(t), "http://example.com", 4<<20); err != nil {
			t.Fatal(err)
		}
		conn, err := w.dialer.DialContext(t.Context(), "tcp", "example.com:80")
		if err != nil {
			t.Fatal(err)
		}
		c := conn.(*rapid.Conn)
		rtt, minRTT, sent, lost, err := c.PathStats()
		if err != nil || minRTT < 80*time.Millisecond || minRTT > 90*time.Millisecond || rtt < minRTT {
			t.Errorf("round trips of %v and at least %v, %v, want at least 80ms", rtt, minRTT, err)
		}
		if share := float64(lost) / float64(sent); sent < 4<<20/1500 || share < 0.005 || share > 0.05 {
			t.Errorf("%d of %d packets were lost, want 2 %%", lost, sent)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if _, _, _, _, err := c.PathStats(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("PathStats of a closed Conn: %v, want %v", err, net.ErrClosed)
		}
	})
}
