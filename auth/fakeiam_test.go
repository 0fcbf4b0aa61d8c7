package auth_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/icos-go/icos/auth"
)

// A fakeIAM is a token endpoint without a socket, so that it can live in a synctest
// bubble. answer is called once per request, with its form and its number from 1.
type fakeIAM struct {
	// nil is a connection that broke, hang is no answer ever.
	answer func(n int, form url.Values) *http.Response

	mu       sync.Mutex
	requests []*http.Request // guarded by mu
	forms    []url.Values    // guarded by mu
}

func (f *fakeIAM) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.requests = append(f.requests, r)
	f.forms = append(f.forms, form)
	n := len(f.forms)
	f.mu.Unlock()
	resp := f.answer(n, form)
	if resp == hang {
		<-r.Context().Done()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if resp == nil {
		return nil, io.ErrUnexpectedEOF
	}
	resp.Request = r
	return resp, nil
}

var hang = new(http.Response)

func (f *fakeIAM) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.forms)
}

// grants lists the grant types of all requests, shortened.
func (f *fakeIAM) grants() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []string
	for _, form := range f.forms {
		grant := form.Get("grant_type")
		list = append(list, grant[strings.LastIndexByte(grant, ':')+1:])
	}
	return strings.Join(list, " ")
}

func (f *fakeIAM) credentials(key string) *auth.IAMCredentials {
	return auth.IAM(key, &auth.IAMOptions{HTTPClient: &http.Client{Transport: f}})
}

func answer(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header), Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// granted answers with token number n, good for an hour.
func granted(n int) *http.Response {
	return answer(200, fmt.Sprintf(
		`{"access_token":"token-%d","refresh_token":"refresh-%d","token_type":"Bearer","expires_in":3600,"expiration":1,"scope":"ibm openid"}`, n, n))
}

const keyNotFound = `{"context":{"requestId":"req-1"},"errorCode":"BXNIM0415E","errorMessage":"Provided API key could not be found."}`
