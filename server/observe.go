package server

import (
	"net/http"

	"github.com/icos-go/icos/server/fault"
	"github.com/icos-go/icos/server/journal"
)

// Faults returns what has requests fail on purpose. Without rules none does.
func (s *Server) Faults() *fault.Injector { return &s.faults }

// Journal returns the log of requests; nil without Config.Journal.
func (s *Server) Journal() *journal.Log { return s.journal }

// serveBeside serves a request to a service beside the S3 API, under the fault
// rules and with an entry in the journal. The S3 API does both itself, since it
// knows more about a request.
func (s *Server) serveBeside(name string, h http.Handler, w http.ResponseWriter, r *http.Request) {
	var watch *journal.Watch
	if s.journal != nil {
		w, r, watch = s.journal.Begin(w, r)
		watch.Entry().Operation = name
		defer watch.End()
	}
	strike := s.faults.Strike(fault.Target{Operation: name})
	if strike == nil {
		h.ServeHTTP(w, r)
		return
	}
	if watch != nil {
		watch.Entry().Rule = strike.Rule
	}
	if strike.Begin(w, r) != nil {
		return // the client has gone
	}
	if status, code := strike.Refusal(); status != 0 {
		http.Error(w, code+": a fault rule of this server has the request fail", status)
		return
	}
	w, r, end := strike.Wrap(w, r)
	h.ServeHTTP(w, r)
	end()
}
