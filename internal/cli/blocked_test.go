package cli_test

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/internal/cli"
)

// deaf is a socket that hears nothing of what is sent to it, as behind a firewall.
type deaf struct{ net.PacketConn }

func (d deaf) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		if _, _, err := d.PacketConn.ReadFrom(b); err != nil {
			return 0, nil, err
		}
	}
}

// Where UDP is blocked, objects come through all the same, and the command says how.
func TestBlockedUDP(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := icostest.NewServer(t, &icostest.Options{RapidConn: deaf{conn}})
	if err := srv.Client().Bucket("walled").Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	want := cli.Pattern("3000000")
	if err := os.WriteFile(filepath.Join(home, "f"), want, 0o600); err != nil {
		t.Fatal(err)
	}
	out := output(t, command(t, srv, home, home, "cp", "--accelerate", "f", "cos://walled/"))
	if !regexp.MustCompile(`(?s)bytes travel over HTTPS: .*UDP.*copied 1 object, [^\n]* by https\n`).MatchString(out) {
		t.Errorf("icos cp says:\n%s", out)
	}
	got, err := readAll(t.Context(), srv.Client().Bucket("walled").Object("f"))
	if err != nil || string(got) != string(want) {
		t.Errorf("the object has other bytes than the file, or cannot be read: %v", err)
	}
}
