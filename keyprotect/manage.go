package keyprotect

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// CreateOptions are what a new key has besides its name. A nil *CreateOptions means the zero value: a root key.
type CreateOptions struct {
	Standard    bool // a standard key, which can be read, instead of a root key
	Description string
	Aliases     []string // at most 5
	Tags        []string
	Expires     time.Time // if zero, never
}

type createWire struct {
	Metadata  pageMetadata     `json:"metadata"`
	Resources []createResource `json:"resources"`
}

type createResource struct {
	Type        string    `json:"type,omitempty"`
	Name        string    `json:"name,omitempty"`
	Description string    `json:"description,omitempty"`
	Aliases     []string  `json:"aliases,omitempty"`
	Tags        []string  `json:"tags,omitempty"`
	Extractable bool      `json:"extractable"`
	Payload     []byte    `json:"payload,omitempty"`
	Expires     time.Time `json:"expirationDate,omitzero"`
}

// Create makes a key of 256 random bits in the service. It is not repeated when its answer is lost, since that would make two.
// o may be nil.
func (c *Client) Create(ctx context.Context, name string, o *CreateOptions) (*Key, error) {
	return c.create(ctx, "create key", name, nil, o)
}

// Import makes a key of material that the caller has: 16, 24 or 32 bytes for a root key. Only an imported key can be restored after it
// was deleted. o may be nil.
func (c *Client) Import(ctx context.Context, name string, material Secret, o *CreateOptions) (*Key, error) {
	if len(material) == 0 {
		return nil, errors.New("keyprotect: import key: no material; Create has the service make it")
	}
	return c.create(ctx, "import key", name, material, o)
}

func (c *Client) create(ctx context.Context, op, name string, material Secret, o *CreateOptions) (*Key, error) {
	if o == nil {
		o = &CreateOptions{}
	}
	x := &call{op: op, method: "POST", path: []string{"keys"}, prefer: "representation", kind: typeKey}
	x.body = &createWire{pageMetadata{typeKey, 1}, []createResource{{
		Type: typeKey, Name: name, Description: o.Description, Aliases: o.Aliases, Tags: o.Tags, Extractable: o.Standard,
		Payload: material, Expires: o.Expires,
	}}}
	return c.one(ctx, x)
}

// Get describes a key. A key that there is not gives an error that is fs.ErrNotExist; a deleted one is described.
func (c *Client) Get(ctx context.Context, id string) (*Key, error) {
	return c.one(ctx, &call{op: "get key", key: id, method: "GET", path: []string{"keys", id, "metadata"}, twice: true})
}

// Payload returns the material of a standard key.
func (c *Client) Payload(ctx context.Context, id string) (Secret, error) {
	x := &call{op: "get payload", key: id, method: "GET", path: []string{"keys", id}, twice: true}
	w, err := c.resource(ctx, x)
	if err != nil {
		return nil, err
	}
	if len(w.Payload) == 0 {
		return nil, c.errorf(x, "the key has no payload to read: it is a root key, or was deleted")
	}
	return w.Payload, nil
}

// Rotate gives a root key new material: made by the service, or, for an imported key, the one given. What it has wrapped can still
// be unwrapped. It is not repeated when its answer is lost.
func (c *Client) Rotate(ctx context.Context, id string, material Secret) error {
	x := &call{op: "rotate", key: id, method: "POST", path: []string{"keys", id, "actions", "rotate"}, kind: typeAction}
	if len(material) > 0 {
		x.body = &actionWire{Payload: material}
	}
	_, err := c.do(ctx, x, nil)
	return err
}

// Disable suspends a root key: what is encrypted under it cannot be read until Enable.
func (c *Client) Disable(ctx context.Context, id string) error {
	return c.turn(ctx, "disable", id, Suspended)
}

// Enable ends what Disable began.
func (c *Client) Enable(ctx context.Context, id string) error {
	return c.turn(ctx, "enable", id, Active)
}

// turn changes the state of a key. After an attempt of unknown outcome, to hear that the key is not in a state for it means that it
// worked, if the key is in the state it was to get.
func (c *Client) turn(ctx context.Context, action, id string, want State) error {
	x := &call{op: action, key: id, method: "POST", path: []string{"keys", id, "actions", action}, kind: typeAction, twice: true}
	_, err := c.do(ctx, x, nil)
	if e, ok := errors.AsType[*Error](err); ok && x.unsure && e.Has("KEY_ACTION_INVALID_STATE_ERR") {
		if k, getErr := c.Get(ctx, id); getErr == nil && k.State == want {
			return nil
		}
	}
	return err
}

// DeleteOptions say how Delete goes about it. A nil *DeleteOptions means the zero value.
type DeleteOptions struct {
	Force bool // even if resources are registered with the key; their contents are lost then
}

// Delete destroys a key, and with it what is encrypted under it. o may be nil.
func (c *Client) Delete(ctx context.Context, id string, o *DeleteOptions) error {
	x := &call{op: "delete key", key: id, method: "DELETE", path: []string{"keys", id}, twice: true}
	if o != nil && o.Force {
		x.query = url.Values{"force": {"true"}}
	}
	_, err := c.do(ctx, x, nil)
	if e, ok := errors.AsType[*Error](err); ok && x.unsure && e.StatusCode == http.StatusGone {
		return nil // the attempt that was not answered did it
	}
	return err
}

// Restore brings a deleted key back within 30 days. An imported key may have to be given its material again.
func (c *Client) Restore(ctx context.Context, id string, material Secret) (*Key, error) {
	x := &call{op: "restore key", key: id, method: "POST", path: []string{"keys", id, "restore"}, prefer: "representation", kind: typeKey}
	if len(material) > 0 {
		x.body = &createWire{pageMetadata{typeKey, 1}, []createResource{{Payload: material}}}
	}
	return c.one(ctx, x)
}

// one makes a call whose answer is one key.
func (c *Client) one(ctx context.Context, x *call) (*Key, error) {
	w, err := c.resource(ctx, x)
	if err != nil {
		return nil, err
	}
	return w.key(), nil
}

func (c *Client) resource(ctx context.Context, x *call) (*keyWire, error) {
	var p page[keyWire]
	if _, err := c.do(ctx, x, &p); err != nil {
		return nil, err
	}
	if len(p.Resources) != 1 {
		return nil, c.errorf(x, "the answer is not one key")
	}
	return &p.Resources[0], nil
}
