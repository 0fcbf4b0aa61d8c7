package ats

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/store"
)

// receiver is the client ID of this service at IAM: delegated tokens are for it, or refused.
const receiver = "aspera_ats"

// headerCredentials carries the right to the storage behind the access key.
const headerCredentials = "X-Aspera-Storage-Credentials"

// bucket returns the bucket whose access key the request proves. Every failure looks the same, and takes the same time
// whether or not there is such a bucket.
func (s *Service) bucket(r *http.Request) (store.Bucket, error) {
	wrong := refuse(http.StatusUnauthorized, "The access key or its secret is wrong.")
	id, secret, ok := r.BasicAuth()
	if !ok {
		return store.Bucket{}, refuse(http.StatusUnauthorized, "HTTP Basic authentication with an access key is needed.")
	}
	name, ok := iam.AsperaBucket(id)
	if !ok {
		return store.Bucket{}, wrong
	}
	b, err := s.store.Bucket(r.Context(), name)
	missing := errors.Is(err, store.ErrNoSuchBucket)
	if err != nil && !missing {
		return store.Bucket{}, err
	}
	key, err := s.iam.AsperaKey(name, b.Instance, b.Created)
	if err != nil {
		return store.Bucket{}, err
	}
	if !key.Equal(iam.AsperaKey{ID: id, Secret: secret}) || missing {
		return store.Bucket{}, wrong
	}
	switch {
	case !b.LetsIn(r.RemoteAddr):
		return store.Bucket{}, refuse(http.StatusForbidden, "The firewall of the bucket does not let this address in.")
	case b.Protection.Enabled: // as the S3 API says to who asks for the access key
		return store.Bucket{}, refuse(http.StatusForbidden, "A bucket with a retention policy cannot be used with Aspera.")
	}
	return b, nil
}

// credentials are storage credentials: who the owner of the storage takes the service for.
type credentials struct {
	Type  string `json:"type"`
	Token struct {
		DelegatedRefreshToken string `json:"delegated_refresh_token"`
	} `json:"token"`
}

// principal returns who gave the service the delegated token in the request's header.
func (s *Service) principal(r *http.Request) (iam.Principal, error) {
	values := r.Header.Values(headerCredentials)
	if len(values) != 1 {
		return iam.Principal{}, refuse(http.StatusUnauthorized, "The header "+headerCredentials+" is needed, once.")
	}
	return s.verify([]byte(values[0]))
}

// verify returns who is behind credentials.
func (s *Service) verify(doc []byte) (iam.Principal, error) {
	var c credentials
	if err := json.Unmarshal(doc, &c); err != nil || c.Type != "token" || c.Token.DelegatedRefreshToken == "" {
		return iam.Principal{}, badRequest(`Storage credentials are {"type":"token","token":{"delegated_refresh_token":"…"}}.`)
	}
	p, err := s.iam.VerifyDelegated(c.Token.DelegatedRefreshToken, receiver, s.now())
	switch {
	case errors.Is(err, iam.ErrReceiver):
		return iam.Principal{}, refuse(http.StatusUnauthorized, "Failed to authenticate: wrong client id, the delegated refresh token is not for "+receiver+".")
	case err != nil:
		return iam.Principal{}, refuse(http.StatusUnauthorized, "Failed to authenticate: the delegated refresh token is not valid or has expired.")
	}
	return p, nil
}

// info answers what the service is. The members are those that clients of the Node API look at.
func (s *Service) info(r *http.Request) (any, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil, refuse(http.StatusMethodNotAllowed, "GET is the only method here.")
	}
	b, err := s.bucket(r)
	if err != nil {
		return nil, err
	}
	user, _, _ := r.BasicAuth()
	return &infoDocument{
		Application: "node", CurrentTime: s.now().UTC().Format("2006-01-02T15:04:05Z"), Version: "icos",
		AccessKey: infoKey{ID: user}, Storage: infoStorage{Type: "ibm-s3", Bucket: b.Name},
	}, nil
}

type infoDocument struct {
	Application string      `json:"application"`
	CurrentTime string      `json:"current_time"`
	Version     string      `json:"version"`
	AccessKey   infoKey     `json:"access_key"`
	Storage     infoStorage `json:"storage"`
}

type infoKey struct {
	ID string `json:"id"`
}

type infoStorage struct {
	Type   string `json:"type"`
	Bucket string `json:"bucket"`
}

// found reports whether there is anything to download under a path: an object, or something below it. The empty path is the bucket.
// Who may neither read the object nor list what is there does not learn whether there is any.
func (j *job) found(ctx context.Context, key string) (bool, error) {
	prefix := key
	if key != "" && key[len(key)-1] != '/' {
		o, err := j.store.Stat(ctx, j.bucket.Name, key)
		switch {
		case err == nil && j.access.MayGet(j.who, &j.bucket, &o):
			return true, nil
		case err == nil && j.access.MayList(j.who, &j.bucket, key):
			return false, denied() // that it is there is no secret
		case err != nil && !errors.Is(err, store.ErrNoSuchKey):
			return false, err
		}
		prefix += "/"
	}
	if !j.access.MayList(j.who, &j.bucket, prefix) {
		return false, denied()
	}
	if key == "" {
		return true, nil
	}
	page, err := j.store.List(ctx, j.bucket.Name, store.ListOptions{Prefix: prefix, Max: 1})
	return len(page.Objects) > 0, err
}

// mayUpload refuses to write what the caller may not. Nobody knows yet whether a path is a file or a directory of the client's, which
// ends up below it.
func (j *job) mayUpload(key string) error {
	if j.access.MayPut(j.who, &j.bucket, key) || j.access.MayPut(j.who, &j.bucket, strings.TrimRight(key, "/")+"/") {
		return nil
	}
	return denied()
}

func denied() *apiError {
	return refuse(http.StatusForbidden, "The identity behind the delegated refresh token may not use the bucket in this way.")
}
