package icostest

import "testing"

// Snapshot writes what the server holds to dir, which must not exist or be
// empty, for Restore and for Options.Snapshot.
func (s *Server) Snapshot(t testing.TB, dir string) {
	t.Helper()
	if err := s.cos.Snapshot(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
}

// Restore takes the server back to a snapshot of it. The URL stays, and so do
// clients, which repeat what was asked meanwhile. See server.Server.Restore for
// what else stays.
func (s *Server) Restore(t testing.TB, dir string) {
	t.Helper()
	if err := s.cos.Restore(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
}
