package iam

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/icos-go/icos/internal/rest"
)

// A Key is a service credential. It prints without its secrets.
type Key struct {
	ID          string // of the resource key
	Name        string
	CRN         string
	Instance    string // CRN of the service instance
	Role        Role   // what it was made with, "" if with none; policies may say otherwise since
	Created     time.Time
	Credentials Credentials
}

// IAMID returns the IAM ID of the service ID behind the key, which is what policies name as their subject. It is empty if the
// service did not tell.
func (k *Key) IAMID() string {
	crn := k.Credentials.ServiceIDCRN
	if i := strings.LastIndexByte(crn, ':'); i >= 0 {
		return "iam-" + crn[i+1:]
	}
	return ""
}

// LogValue hides the secrets in logs, those in JSON too.
func (k Key) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", k.ID), slog.String("name", k.Name), slog.String("role", string(k.Role)), slog.Any("credentials", k.Credentials))
}

// Credentials are the secrets of a key and what belongs to them. Its JSON is what IBM Cloud hands out and what IBM's SDKs read as
// ~/.bluemix/cos_credentials, secrets included; every other way of printing it hides them.
type Credentials struct {
	APIKey          string // empty if the service shows it only once, and that is over
	AccessKeyID     string // of the HMAC keys; empty if there are none
	SecretAccessKey string
	ServiceIDCRN    string
	RoleCRN         string
	InstanceCRN     string

	raw json.RawMessage // as it came
}

type credentialsJSON struct {
	APIKey string `json:"apikey"`
	HMAC   struct {
		AccessKeyID     string `json:"access_key_id"`
		SecretAccessKey string `json:"secret_access_key"`
	} `json:"cos_hmac_keys"`
	ServiceIDCRN string `json:"iam_serviceid_crn"`
	RoleCRN      string `json:"iam_role_crn"`
	InstanceCRN  string `json:"resource_instance_id"`
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Credentials) UnmarshalJSON(b []byte) error {
	var in credentialsJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return errors.New("not a service credential") // err may quote a secret
	}
	*c = Credentials{
		APIKey: in.APIKey, AccessKeyID: in.HMAC.AccessKeyID, SecretAccessKey: in.HMAC.SecretAccessKey,
		ServiceIDCRN: in.ServiceIDCRN, RoleCRN: in.RoleCRN, InstanceCRN: in.InstanceCRN, raw: append(json.RawMessage(nil), b...),
	}
	return nil
}

// MarshalJSON returns the document that the service gave, with the secrets: what to save as a file that only its owner can read.
func (c Credentials) MarshalJSON() ([]byte, error) {
	if c.raw == nil {
		return []byte("null"), nil
	}
	return c.raw, nil
}

// Format prints what the credentials are for and hides the secrets, whatever the verb.
func (c Credentials) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "{"+c.ServiceIDCRN+" "+c.InstanceCRN+" REDACTED}")
}

// LogValue hides the secrets in logs.
func (c Credentials) LogValue() slog.Value {
	return slog.GroupValue(slog.String("service_id", c.ServiceIDCRN), slog.String("secrets", "REDACTED"))
}

// KeyInput says what key to make.
type KeyInput struct {
	// Instance is the service instance, as CRN or id. It is required.
	Instance string
	// Name is for people. It is required.
	Name string
	// Role is what the key may do in all of the instance. If empty, nothing until a policy says so.
	Role Role
	// HMAC makes HMAC keys beside the API key.
	HMAC bool
}

// keyDocument is a key in the JSON of the Resource Controller.
type keyDocument struct {
	GUID        string      `json:"guid"`
	Name        string      `json:"name"`
	CRN         string      `json:"crn"`
	Source      string      `json:"source_crn"`
	Role        string      `json:"role"`
	Created     time.Time   `json:"created_at"`
	Credentials Credentials `json:"credentials"`
}

func (d *keyDocument) key() *Key {
	k := &Key{ID: d.GUID, Name: d.Name, CRN: d.CRN, Instance: d.Source, Created: d.Created, Credentials: d.Credentials}
	if d.Role != "" {
		k.Role = fromCRN(d.Role)
	}
	return k
}

const keysPath = "/v2/resource_keys"

// CreateKey makes a service credential: a service ID with an API key.
func (c *Client) CreateKey(ctx context.Context, in *KeyInput) (*Key, error) {
	body := map[string]any{"name": in.Name, "source": in.Instance, "parameters": map[string]any{"HMAC": in.HMAC}}
	if in.Role != "" {
		body["role"] = in.Role.CRN()
	}
	var out keyDocument
	if _, err := c.keys.Do(ctx, &rest.Request{Op: "create key " + in.Name, Method: http.MethodPost, Path: keysPath, Body: body}, &out); err != nil {
		return nil, err
	}
	return out.key(), nil
}

// Keys lists the credentials of an instance, given as CRN or id; with "", of all instances that the caller manages. It ends with
// the first error.
func (c *Client) Keys(ctx context.Context, instance string) iter.Seq2[*Key, error] {
	return func(yield func(*Key, error) bool) {
		r := &rest.Request{Op: "list keys", Method: http.MethodGet, Path: keysPath, Query: url.Values{}}
		if _, id, err := splitCRN(instance); err != nil {
			yield(nil, err)
			return
		} else if id != "" {
			r.Query.Set("resource_id", id)
		}
		for {
			var page struct {
				Next      string        `json:"next_url"`
				Resources []keyDocument `json:"resources"`
			}
			if _, err := c.keys.Do(ctx, r, &page); err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Resources {
				k := page.Resources[i].key()
				if _, id, err := splitCRN(instance); err == nil && id != "" && !strings.Contains(k.Instance, ":"+id+":") {
					continue // a service that knows another filter than ours
				}
				if !yield(k, nil) {
					return
				}
			}
			next, err := url.Parse(page.Next)
			if page.Next == "" || err != nil {
				return
			}
			r.Query = next.Query() // the rest of the URL must not lead the token elsewhere
		}
	}
}

// Key returns the credential with the given ID or CRN.
func (c *Client) Key(ctx context.Context, id string) (*Key, error) {
	var out keyDocument
	if _, err := c.keys.Do(ctx, &rest.Request{Op: "get key " + id, Method: http.MethodGet, Path: keysPath + "/" + url.PathEscape(id)}, &out); err != nil {
		return nil, err
	}
	return out.key(), nil
}

// DeleteKey removes the credential with the given ID or CRN, with its service ID. Tokens it still holds stop working.
func (c *Client) DeleteKey(ctx context.Context, id string) error {
	_, err := c.keys.Do(ctx, &rest.Request{Op: "delete key " + id, Method: http.MethodDelete, Path: keysPath + "/" + url.PathEscape(id)}, nil)
	return err
}
