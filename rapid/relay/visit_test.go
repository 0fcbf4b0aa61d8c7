package relay

import (
	"context"
	"testing"
	"time"

	"github.com/icos-go/icos/rapid"
)

// TestSessionsWithoutStreams has a caller begin a session and open no stream in it,
// until its grant would have expired. The session counts all the same, until it ends.
func TestSessionsWithoutStreams(t *testing.T) {
	l, err := rapid.Listen("udp", "127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tok, err := NewToken("test", "0123456789abcdef0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewServer(Config{Listener: l, Tokens: []Token{tok}, Upstreams: []string{"a.example:443"}})
	if err != nil {
		t.Fatal(err)
	}
	left := 0
	v := &visit{leave: func() { left++ }}
	var id rapid.ID
	d := &rapid.Dialer{Grants: rapid.GranterFunc(func(context.Context, string, string) (*rapid.Grant, error) {
		g, err := l.Grant(rapid.GrantOptions{Tag: v})
		if err == nil {
			id = g.ID
		}
		return g, err
	})}
	defer d.Close()
	if _, err := d.Session(t.Context(), "a.example:443"); err != nil {
		t.Fatal(err)
	}
	s.unheard(v, id)
	if left != 0 {
		t.Error("a session that lives does not count any more")
	}
	d.Close()
	for s.lives(id) { // the listener hears of it in a moment
		time.Sleep(time.Millisecond)
	}
	s.unheard(v, id)
	if left != 1 {
		t.Errorf("a session that has ended was given up %d times, want 1", left)
	}
}
