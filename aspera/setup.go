package aspera

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/internal/loopback"
)

// Bounds of one setup.
const (
	setupAttempts = 3
	setupTimeout  = 30 * time.Second // of one attempt
	setupPause    = 500 * time.Millisecond
	maxSetup      = 4 << 20 // bytes of an answer
	maxWords      = 512     // bytes of what the service says in an error
)

// Setup asks the transfer service of a bucket for a transfer spec, which lets its
// holder move what is under paths, and expires. The error is a [SpecError].
func (s *Service) Setup(ctx context.Context, b *icos.Bucket, d Direction, paths ...Path) (*Spec, error) {
	if d != Send && d != Receive {
		return nil, fmt.Errorf("set up transfer: direction %q is neither send nor receive", d)
	}
	for again := false; ; again = true {
		info, err := s.Info(ctx, b)
		if err != nil {
			return nil, err
		}
		token, err := s.delegate.DelegatedToken(ctx)
		if err != nil {
			e := &SpecError{Step: stepToken, Bucket: b.Name(), Err: err}
			if refused, ok := errors.AsType[*auth.IAMError](err); ok {
				e.StatusCode, e.Reason = refused.StatusCode, refused.Code
			}
			return nil, e
		}
		spec, err := s.setup(ctx, b, info, d, token.Value, paths)
		if err != nil && errors.Is(err, fs.ErrPermission) {
			// The key pair may have been replaced since it was asked for.
			s.forget(b, info)
			if !again {
				continue
			}
		}
		return spec, err
	}
}

// setup asks until it is answered, refused, or has been tried often enough.
func (s *Service) setup(ctx context.Context, b *icos.Bucket, info *ConnectionInfo, d Direction, token string, paths []Path) (*Spec, error) {
	credentials := storageCredentials(token)
	header, err := json.Marshal(credentials)
	if err != nil {
		return nil, fmt.Errorf("set up %s: %w", d, err)
	}
	body, err := json.Marshal(setupRequest(paths, credentials))
	if err != nil {
		return nil, fmt.Errorf("set up %s: %w", d, err)
	}
	u := info.Endpoint.JoinPath("files", d.String()+"_setup")
	for attempt := 1; ; attempt++ {
		spec, err := s.post(ctx, u, info, string(header), body)
		if err == nil && spec.Direction == "" {
			spec.Direction = d
		}
		if err == nil && spec.Direction != d {
			err = &SpecError{Err: fmt.Errorf("the transfer service answered with a spec to %s", spec.Direction)}
		}
		if err == nil {
			return spec, nil
		}
		e, ok := errors.AsType[*SpecError](err)
		if !ok {
			e = &SpecError{Err: err}
		}
		e.Step, e.Bucket = "set up "+d.String(), b.Name()
		e.hide(token, string(info.AccessKeySecret))
		if attempt == setupAttempts || !e.passing() || ctx.Err() != nil {
			return nil, e
		}
		pause := setupPause << (attempt - 1)
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
			return nil, e
		}
	}
}

// storageCredentials is what lets the service use the bucket on the caller's behalf.
func storageCredentials(token string) map[string]any {
	return map[string]any{"type": "token", "token": map[string]any{"delegated_refresh_token": token}}
}

func setupRequest(paths []Path, credentials any) map[string]any {
	return map[string]any{"transfer_requests": []any{map[string]any{"transfer_request": map[string]any{
		"paths": paths,
		"tags":  map[string]any{"aspera": map[string]any{"node": map[string]any{"storage_credentials": credentials}}},
	}}}}
}

// post makes one request.
func (s *Service) post(ctx context.Context, u *url.URL, info *ConnectionInfo, credentials string, body []byte) (*Spec, error) {
	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.SetBasicAuth(info.AccessKeyID, string(info.AccessKeySecret))
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Aspera-Storage-Credentials", credentials)
	resp, err := s.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxSetup+1))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if len(answer) > maxSetup {
		return nil, &SpecError{Err: fmt.Errorf("the answer is longer than %d bytes", maxSetup)}
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated {
		return nil, refusal(resp, answer)
	}
	return parseSetup(answer)
}

// An apiError is how the service says no, in the body of an answer of any status.
type apiError struct {
	Code        int    `json:"code"`
	Reason      string `json:"reason"`
	UserMessage string `json:"user_message"`
}

func (e *apiError) specError() *SpecError {
	return &SpecError{StatusCode: e.Code, Reason: e.Reason, UserMessage: e.UserMessage}
}

// refusal makes an error of an answer that is none by its status.
func refusal(r *http.Response, body []byte) *SpecError {
	var doc struct {
		Error *apiError `json:"error"`
	}
	e := &SpecError{}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); strings.HasSuffix(kind, "json") {
		if json.Unmarshal(body, &doc) == nil && doc.Error != nil {
			e = doc.Error.specError()
		}
	}
	e.StatusCode = r.StatusCode // rather than what the body says
	if 300 <= r.StatusCode && r.StatusCode < 400 {
		e.Reason = "redirects are not followed, for secrets would go along"
	}
	return e
}

// parseSetup reads the one spec of an answer, or the error in its place.
func parseSetup(body []byte) (*Spec, error) {
	type failable struct {
		Spec
		Error *apiError `json:"error"`
	}
	var doc struct {
		Error *apiError `json:"error"`
		Specs []struct {
			Spec  *failable `json:"transfer_spec"`
			Error *apiError `json:"error"`
		} `json:"transfer_specs"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		// The text of err may quote the body, which holds a token.
		return nil, &SpecError{Err: errors.New("the answer is not the JSON of a transfer spec")}
	}
	switch {
	case doc.Error != nil:
		return nil, doc.Error.specError()
	case len(doc.Specs) != 1:
		return nil, &SpecError{Err: fmt.Errorf("the answer has %d transfer specs in the place of one", len(doc.Specs))}
	}
	one := &doc.Specs[0]
	switch {
	case one.Error != nil:
		return nil, one.Error.specError()
	case one.Spec == nil:
		return nil, &SpecError{Err: errors.New("the answer has no transfer spec")}
	case one.Spec.Error != nil:
		return nil, one.Spec.Error.specError()
	case one.Spec.RemoteHost == "" && one.Spec.Grant == nil:
		return nil, &SpecError{Err: errors.New("the transfer spec has no remote_host")}
	}
	spec := &one.Spec.Spec
	stripNulls(spec.Tags)
	return spec, nil
}

// stripNulls removes members that are null, at any depth: ascp would take them for
// values.
func stripNulls(m map[string]any) {
	for name, v := range m {
		switch v := v.(type) {
		case nil:
			delete(m, name)
		case map[string]any:
			stripNulls(v)
		}
	}
}

// passing reports whether the same request may succeed later.
func (e *SpecError) passing() bool {
	if e.Err != nil {
		if _, ok := errors.AsType[*tls.CertificateVerificationError](e.Err); ok {
			return false
		}
		_, ok := errors.AsType[*url.Error](e.Err)
		return ok || errors.Is(e.Err, io.ErrUnexpectedEOF)
	}
	return e.StatusCode >= 500 || e.StatusCode == http.StatusTooManyRequests || e.StatusCode == http.StatusRequestTimeout
}

// hide makes the words of the service fit to print: short, without control
// characters, and without our secrets, should it have sent them back.
func (e *SpecError) hide(secrets ...string) {
	for _, text := range []*string{&e.Reason, &e.UserMessage} {
		for _, secret := range secrets {
			if secret != "" {
				*text = strings.ReplaceAll(*text, secret, redacted)
			}
		}
		*text = strings.Map(func(r rune) rune {
			if unicode.IsPrint(r) {
				return r
			}
			return -1
		}, *text)
		if len(*text) > maxWords {
			*text = strings.ToValidUTF8((*text)[:maxWords], "") + "…"
		}
	}
}

// endpoint reads the URL of a transfer service. Secrets go there, so it must be
// https unless it is on this machine.
func endpoint(s string) (*url.URL, error) {
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "":
		return nil, errors.New("the endpoint of the transfer service is not a URL")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("the endpoint of the transfer service at %s has more than a path", u.Host)
	case u.Scheme == "https":
		return u, nil
	case u.Scheme == "http" && loopback.Host(u.Hostname()):
		return u, nil
	}
	return nil, fmt.Errorf("the endpoint of the transfer service is %s://%s: %w", u.Scheme, u.Host, auth.ErrPlaintext)
}

// hostPort puts host into an address that has none, such as ":33001".
func hostPort(address, host string) string {
	h, port, err := net.SplitHostPort(address)
	if err != nil || h != "" {
		return address
	}
	return net.JoinHostPort(host, port)
}
