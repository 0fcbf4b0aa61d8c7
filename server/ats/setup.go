package ats

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/store"
)

// Bounds of a setup request.
const (
	maxBody     = 1 << 20 // bytes
	maxRequests = 100     // transfers
	maxPaths    = 10_000  // of all transfers together
	maxGrants   = 16      // of all transfers together; each keeps a place for a session for a while
)

// direction is where the objects go, as a transfer spec says it to the client.
type direction string

const (
	upload   direction = "send"
	download direction = "receive"
)

type setupRequest struct {
	Transfers []struct {
		Request *transferRequest `json:"transfer_request"`
	} `json:"transfer_requests"`
}

// transferRequest asks for one transfer spec. Members that say what only ascp would do are not read.
type transferRequest struct {
	Paths                 []transferPath  `json:"paths"`
	SourceRoot            string          `json:"source_root"`
	DestinationRoot       string          `json:"destination_root"`
	TokenLifeSeconds      int64           `json:"token_life_seconds"`
	Cookie                string          `json:"cookie"`
	Tags                  json.RawMessage `json:"tags"`
	RatePolicy            string          `json:"rate_policy"`
	TargetRateKbps        int64           `json:"target_rate_kbps"`
	MinRateKbps           int64           `json:"min_rate_kbps"`
	MultiSession          int             `json:"multi_session"`
	MultiSessionThreshold int64           `json:"multi_session_threshold"`
}

type transferPath struct {
	Source      string `json:"source,omitempty"`
	Destination string `json:"destination,omitempty"`
}

// setupAnswer has an element for each transfer of the request, in order: a spec, or why there is none. That some have none is
// not an error of HTTP.
type setupAnswer struct {
	Specs []setupElement `json:"transfer_specs"`
}

type setupElement struct {
	Spec  *transferSpec `json:"transfer_spec,omitempty"`
	Error *apiError     `json:"error,omitempty"`
}

// setup answers upload_setup and download_setup.
func (s *Service) setup(w http.ResponseWriter, r *http.Request, d direction) (any, error) {
	if r.Method != http.MethodPost {
		return nil, refuse(http.StatusMethodNotAllowed, "POST is the only method here.")
	}
	b, err := s.bucket(r)
	if err != nil {
		return nil, err
	}
	who, err := s.principal(r)
	if err != nil {
		return nil, err
	}
	req, err := readSetup(w, r)
	if err != nil {
		return nil, err
	}
	job := job{Service: s, r: r, bucket: b, who: who, direction: d}
	answer := setupAnswer{Specs: make([]setupElement, len(req.Transfers))}
	for i, t := range req.Transfers {
		spec, err := job.spec(r.Context(), t.Request)
		if e, ok := errors.AsType[*apiError](err); ok {
			answer.Specs[i].Error = e
			continue
		}
		if err != nil {
			return nil, err
		}
		answer.Specs[i].Spec = spec
	}
	return &answer, nil
}

// readSetup reads the request's document, within bounds.
func readSetup(w http.ResponseWriter, r *http.Request) (*setupRequest, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, refuse(http.StatusRequestEntityTooLarge, "The request is longer than 1 MiB: set up fewer paths at once.")
	}
	if err != nil {
		return nil, badRequest("The request could not be read to its end.")
	}
	var req setupRequest
	if err := json.Unmarshal(body, &req); err != nil {
		return nil, badRequest("The request is not the JSON document of a transfer setup: " + jsonFault(err))
	}
	if n := len(req.Transfers); n == 0 || n > maxRequests {
		return nil, badRequest("transfer_requests has " + strconv.Itoa(n) + " members: it needs 1 to " + strconv.Itoa(maxRequests) + ".")
	}
	paths := 0
	for _, t := range req.Transfers {
		if t.Request == nil {
			return nil, badRequest("A member of transfer_requests has no transfer_request.")
		}
		paths += len(t.Request.Paths)
	}
	if paths > maxPaths {
		return nil, badRequest("The request has " + strconv.Itoa(paths) + " paths: at most " + strconv.Itoa(maxPaths) + " are set up at once.")
	}
	return &req, nil
}

// jsonFault says where a document is wrong without repeating what is in it, which may be a token.
func jsonFault(err error) string {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return e.Field + " is not a " + e.Type.String() + "."
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return "syntax error at byte " + strconv.FormatInt(e.Offset, 10) + "."
	}
	return "it ends early."
}

// job is what the transfers of one request have in common.
type job struct {
	*Service
	r         *http.Request
	bucket    store.Bucket
	who       iam.Principal
	direction direction
	grants    int // given so far
}

// check refuses what cannot be set up. What it refuses is an *apiError.
func (j *job) check(ctx context.Context, t *transferRequest) error {
	if err := t.checkNumbers(); err != nil {
		return err
	}
	if err := j.checkTags(t.Tags); err != nil {
		return err
	}
	return j.checkPaths(ctx, t)
}

func (t *transferRequest) checkNumbers() error {
	switch {
	case t.TokenLifeSeconds < 0 || t.TokenLifeSeconds > maxTokenLife:
		return badRequest("token_life_seconds is between 1 and " + strconv.Itoa(maxTokenLife) + ".")
	case t.TargetRateKbps < 0 || t.MinRateKbps < 0:
		return badRequest("Rates are not negative.")
	case t.MultiSession < 0 || t.MultiSession > maxMultiSession:
		return badRequest("multi_session is between 0 and " + strconv.Itoa(maxMultiSession) + ".")
	case t.MultiSessionThreshold < 0:
		return badRequest("multi_session_threshold is not negative.")
	case len(t.Cookie) > maxCookie:
		return badRequest("cookie is longer than " + strconv.Itoa(maxCookie) + " bytes.")
	}
	switch t.RatePolicy {
	case "", "fixed", "high", "fair", "low":
		return nil
	}
	return badRequest("rate_policy is one of fixed, high, fair and low.")
}

// checkTags checks the storage credentials in the tags, which a transfer server would use: they stand for whoever the header
// stands for.
func (j *job) checkTags(doc json.RawMessage) error {
	if doc == nil {
		return nil
	}
	var tags struct {
		Aspera struct {
			Node struct {
				Credentials json.RawMessage `json:"storage_credentials"`
			} `json:"node"`
		} `json:"aspera"`
	}
	if err := json.Unmarshal(doc, &tags); err != nil {
		return badRequest("tags is not an object with aspera.node.storage_credentials.")
	}
	if tags.Aspera.Node.Credentials == nil {
		return nil
	}
	who, err := j.verify(tags.Aspera.Node.Credentials)
	if err != nil {
		return err
	}
	if who != j.who {
		return refuse(http.StatusForbidden, "The storage credentials in the tags are another's than those in the header.")
	}
	return nil
}
