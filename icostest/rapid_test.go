package icostest_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/aspera"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/internal/netsim"
	"github.com/icos-go/icos/rapid"
)

func TestRapid(t *testing.T) {
	cos := icostest.NewServer(t, &icostest.Options{Rapid: true})
	bucket := cos.Client().Bucket("fast")
	if err := bucket.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	m, err := aspera.NewManager(cos.Client(), aspera.Config{Engine: aspera.Rapid})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	dir := t.TempDir()
	up, down := filepath.Join(dir, "up"), filepath.Join(dir, "down")
	want := bytes.Repeat([]byte("icos"), 1<<20)
	if err := os.WriteFile(up, want, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.Upload(t.Context(), up, bucket.Object("k")).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.Download(t.Context(), bucket.Object("k"), down).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(down); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes came back, %v, want the %d that were sent", len(got), err, len(want))
	}
	if got := cos.Rapid().Totals(); got.Received < int64(len(want)) || got.Sent < int64(len(want)) {
		t.Errorf("the sessions carried %+v", got)
	}
}

func TestRapidConn(t *testing.T) {
	n := netsim.New(netsim.Link{Rate: 100e6, Delay: 5 * time.Millisecond, Loss: 0.02, Seed: 1})
	defer n.Close()
	conn, err := n.Listen(netsim.B, ":33001")
	if err != nil {
		t.Fatal(err)
	}
	cos := icostest.NewServer(t, &icostest.Options{RapidConn: conn})
	d := &rapid.Dialer{
		Grants: rapid.GranterFunc(func(context.Context, string, string) (*rapid.Grant, error) {
			return cos.Rapid().Grant(rapid.GrantOptions{})
		}),
		ListenPacket: func(context.Context, string, string) (net.PacketConn, error) { return n.Listen(netsim.A, "") },
	}
	defer d.Close()
	transport := &http.Transport{DialContext: d.DialContext}
	defer transport.CloseIdleConnections()
	cfg := cos.Config()
	cfg.HTTPClient = &http.Client{Transport: transport}
	client, err := icos.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	bucket := client.Bucket("far")
	if err := bucket.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte("icos"), 100_000)
	if _, err := bucket.Object("k").Put(t.Context(), bytes.NewReader(want), nil); err != nil {
		t.Fatal(err)
	}
	if got := n.Stats(netsim.A); got == (netsim.Stats{}) {
		t.Error("nothing travelled in the simulated network")
	}
}

func TestNoRapidUnlessAskedFor(t *testing.T) {
	if l := icostest.NewServer(t).Rapid(); l != nil {
		t.Errorf("a server that was not asked to takes rapid sessions at %v", l.Addr())
	}
}
