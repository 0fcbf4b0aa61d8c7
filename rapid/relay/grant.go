package relay

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/icos-go/icos/rapid"
)

// grantLife is how soon a session has to begin after its grant. The client is
// about to begin it, so this allows for little more than a slow path.
const grantLife = 30 * time.Second

// serveGrant is POST /v1/grants.
func (s *Server) serveGrant(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		s.refuse(w, r, "", overloaded("the relay is about to end", time.Second), nil)
		return
	}
	now := time.Now()
	caller, err := s.gate.caller(r.Context(), r, now)
	if err != nil {
		s.refuse(w, r, "", denialOf(err), err)
		return
	}
	if wait, ok := s.grants.take(caller, now); !ok {
		s.refuse(w, r, caller, tooOften("too many grants in a short time", wait), nil)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		s.refuse(w, r, caller, invalid("the request is too long or broken"), err)
		return
	}
	var req grantRequest
	if err := json.Unmarshal(body, &req); err != nil || req.Destination == "" {
		s.refuse(w, r, caller, invalid(`the request is not {"destination":"host:port"}`), nil)
		return
	}
	to, err := s.list.check(req.Destination)
	if err != nil {
		s.refuse(w, r, caller, denial{status: http.StatusForbidden, code: codeDestination, message: err.Error()}, nil)
		return
	}
	leave, ok := s.guests.enter(caller)
	if !ok {
		s.refuse(w, r, caller, tooOften("the caller has as many sessions as it may have", 5*time.Second), nil)
		return
	}
	v := &visit{caller: caller, up: newLimit(s.cfg.GrantRate), down: newLimit(s.cfg.GrantRate), leave: leave}
	g, err := s.cfg.Listener.Grant(rapid.GrantOptions{
		Rate:     s.cfg.GrantRate,
		Life:     grantLife,
		Policies: s.cfg.Policies,
		Allow: func(destination string) error {
			_, err := s.list.check(destination)
			return err
		},
		Tag: v,
	})
	if err != nil {
		leave()
	}
	switch {
	case errors.Is(err, rapid.ErrBusy):
		s.refuse(w, r, caller, overloaded("the relay has as many sessions as it takes", 5*time.Second), nil)
		return
	case err != nil:
		s.refuse(w, r, caller, overloaded("the relay cannot make a grant", 5*time.Second), err)
		return
	}
	s.expect(v, g.ID)
	s.counts.granted.Add(1)
	s.log.Info("grant", "caller", caller, "from", r.RemoteAddr, "destination", to.String(), "session", g.ID.String())
	s.answer(w, http.StatusOK, g)
}

// A denial is why there is no grant, and what to answer.
type denial struct {
	status  int
	code    string
	message string
	wait    time.Duration // until it is worth trying again; 0 if it is not, or not known
}

func invalid(message string) denial {
	return denial{status: http.StatusBadRequest, code: codeInvalid, message: message}
}

func overloaded(message string, wait time.Duration) denial {
	return denial{status: http.StatusServiceUnavailable, code: codeBusy, message: message, wait: wait}
}

func tooOften(message string, wait time.Duration) denial {
	return denial{status: http.StatusTooManyRequests, code: codeBusy, message: message, wait: wait}
}

// denialOf is what to answer to a caller who is not known for reason err.
func denialOf(err error) denial {
	if many, ok := errors.AsType[*errTooManyFailures](err); ok {
		return tooOften(err.Error(), many.wait)
	}
	if errors.Is(err, errKeys) { // what exactly is for the log
		return overloaded(errKeys.Error(), keysPause)
	}
	d := denial{status: http.StatusUnauthorized, code: codeDenied, message: err.Error()}
	if _, ok := errors.AsType[*errTokenTime](err); ok {
		d.code = codeClock
	}
	return d
}

// refuse answers with an error. What the log is told of one who is refused is
// bounded; why, if not nil, is told to it rather than to the caller.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, caller string, d denial, why error) {
	s.counts.refused(d.code)
	if d.wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(d.wait.Seconds()))))
	}
	if d.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="icos relay"`)
	}
	if _, ok := s.quiet.take(d.code+" "+network(r.RemoteAddr), time.Now()); ok {
		text := d.message
		if why != nil {
			text = why.Error()
		}
		s.log.Warn("refused", "code", d.code, "why", oneLine(text), "caller", caller, "from", r.RemoteAddr)
	}
	s.answer(w, d.status, refusal{Error: refusalBody{Code: d.code, Message: d.message}})
}

// serveHealth is GET /v1/health, which needs no token and tells nothing else.
func (s *Server) serveHealth(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		w.Header().Set("Retry-After", "1")
		s.answer(w, http.StatusServiceUnavailable, refusal{Error: refusalBody{Code: codeBusy, Message: "the relay is about to end"}})
		return
	}
	s.answer(w, http.StatusOK, map[string]any{"v": 1, "status": "ok"})
}

func (s *Server) answer(w http.ResponseWriter, status int, v any) {
	doc, err := json.Marshal(v)
	if err != nil {
		s.log.Error("encode an answer", "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(doc)+1))
	h.Set("Cache-Control", "no-store") // a grant is a secret
	w.WriteHeader(status)
	if _, err := w.Write(append(doc, '\n')); err != nil {
		s.log.Debug("send an answer", "error", err)
	}
}
