package icostest

import (
	"github.com/icos-go/icos/server/fault"
	"github.com/icos-go/icos/server/journal"
)

// rememberedRequests is how many requests a Server remembers.
const rememberedRequests = 4096

// Faults returns what has requests fail, to add and to remove rules while a
// test runs.
func (s *Server) Faults() *fault.Injector { return s.cos.Faults() }

// Requests returns the requests that were answered so far, the oldest first, and
// 4096 at most. Secrets in them are redacted.
func (s *Server) Requests() []journal.Entry { return s.cos.Journal().After(0, 0) }

// Journal returns the log that Requests reads, to wait for a request or to
// forget those so far.
func (s *Server) Journal() *journal.Log { return s.cos.Journal() }
