package iam

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
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

// CreateKeyOptions say what a new key can do. A nil *CreateKeyOptions means the zero value.
type CreateKeyOptions struct {
	Role Role // in all of the instance; if empty, nothing until a policy says so
	HMAC bool // with HMAC keys beside the API key
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

// CreateKey makes a service credential for an instance, given as CRN or id: a service ID with an API key. It is not repeated when its
// answer is lost, since that would make two. o may be nil.
func (c *Client) CreateKey(ctx context.Context, instance, name string, o *CreateKeyOptions) (*Key, error) {
	if o == nil {
		o = &CreateKeyOptions{}
	}
	r := &rest.Request{Op: "create key", About: name, Method: http.MethodPost, Path: keysPath}
	if _, id, err := splitCRN(service, instance); err != nil || id == "" || name == "" {
		return nil, c.keys.Errorf(r, "it needs a name, and the CRN or the id of a COS instance, not %q", instance)
	}
	body := map[string]any{"name": name, "source": instance, "parameters": map[string]any{"HMAC": o.HMAC}}
	if o.Role != "" {
		body["role"] = o.Role.CRN()
	}
	r.Body = body
	var out keyDocument
	if _, err := c.keys.Do(ctx, r, &out); err != nil {
		return nil, err
	}
	return out.key(), nil
}

// Keys lists the credentials of an instance, given as CRN or id; with "", of all instances that the caller manages. It makes one
// request for each page, as the loop gets there. An error comes last.
func (c *Client) Keys(ctx context.Context, instance string) iter.Seq2[*Key, error] {
	return func(yield func(*Key, error) bool) {
		_, id, err := splitCRN(service, instance)
		if err != nil {
			yield(nil, fmt.Errorf("iam: list keys: %w", err))
			return
		}
		query := url.Values{}
		if id != "" {
			query.Set("resource_id", id)
		}
		for {
			var page keyPage
			r := &rest.Request{Op: "list keys", Method: http.MethodGet, Path: keysPath, Query: query}
			if _, err := c.keys.Do(ctx, r, &page); err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Resources {
				k := page.Resources[i].key()
				if id != "" && !strings.Contains(k.Instance, ":"+id+":") {
					continue // a service that knows another filter than ours
				}
				if !yield(k, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			next, err := url.Parse(page.Next)
			if err != nil || next.RawQuery == query.Encode() {
				yield(nil, c.keys.Errorf(r, "the service says there is more but not how to go on"))
				return
			}
			query = next.Query() // the rest of the URL must not lead the token elsewhere
		}
	}
}

// keyPage is a page of keys in the JSON of the Resource Controller.
type keyPage struct {
	Next      string        `json:"next_url"`
	Resources []keyDocument `json:"resources"`
}

// Key returns the credential with the given ID or CRN.
func (c *Client) Key(ctx context.Context, id string) (*Key, error) {
	var out keyDocument
	if _, err := c.keys.Do(ctx, one("get key", http.MethodGet, keysPath, id), &out); err != nil {
		return nil, err
	}
	return out.key(), nil
}

// DeleteKey removes the credential with the given ID or CRN, with its service ID. Tokens it still holds stop working.
func (c *Client) DeleteKey(ctx context.Context, id string) error {
	return remove(ctx, c.keys, one("delete key", http.MethodDelete, keysPath, id))
}

// one is a request about one thing with an id.
func one(op, method, path, id string) *rest.Request {
	return &rest.Request{Op: op, About: id, Method: method, Path: path + "/" + url.PathEscape(id), Repeatable: true}
}

// remove makes a request that removes something. If an attempt was not answered and the next one hears that there is no such thing,
// it was the first that removed it.
func remove(ctx context.Context, c *rest.Client, r *rest.Request) error {
	if strings.HasSuffix(r.Path, "/") {
		return c.Errorf(r, "no id")
	}
	_, err := c.Do(ctx, r, nil)
	if r.Unsure() && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
