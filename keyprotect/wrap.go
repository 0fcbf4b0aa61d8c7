package keyprotect

import "context"

// Wrapped is a key that only a root key can make readable again.
type Wrapped struct {
	Ciphertext string // opaque text, to be kept beside what it encrypts
	Plaintext  Secret // of a key that Wrap made; nil otherwise
	Version    string // id of the version of the root key that it is under now
}

// Unwrapped is what was wrapped.
type Unwrapped struct {
	Plaintext Secret
	Version   string // id of the version of the root key that it was under
	// Rewrapped is the same key under the version that the root key has now, to be kept in place of the old text; nil if that is up to
	// date.
	Rewrapped *Wrapped
}

type actionWire struct {
	Plaintext  []byte      `json:"plaintext,omitempty"`
	Ciphertext string      `json:"ciphertext,omitempty"`
	AAD        []string    `json:"aad,omitempty"`
	Payload    []byte      `json:"payload,omitempty"`
	Version    versionWire `json:"keyVersion,omitzero"`
	Rewrapped  versionWire `json:"rewrappedKeyVersion,omitzero"`
}

// Wrap encrypts a key under a root key. With a nil plaintext the service makes a key of 32 bytes, which Wrapped then has. Only the same
// aad, additional authenticated data of at most 255 bytes each, makes it readable again; it is kept nowhere and is no secret.
func (c *Client) Wrap(ctx context.Context, id string, plaintext Secret, aad ...string) (*Wrapped, error) {
	out, err := c.act(ctx, "wrap", id, &actionWire{Plaintext: plaintext, AAD: aad})
	if err != nil {
		return nil, err
	}
	return &Wrapped{out.Ciphertext, out.Plaintext, out.Version.ID}, nil
}

// Unwrap makes a wrapped key readable again. What was wrapped by another key or with other aad, or was altered, gives an *Error with
// the code UNPROCESSABLE_CIPHERTEXT_ERR.
func (c *Client) Unwrap(ctx context.Context, id, ciphertext string, aad ...string) (*Unwrapped, error) {
	out, err := c.act(ctx, "unwrap", id, &actionWire{Ciphertext: ciphertext, AAD: aad})
	if err != nil {
		return nil, err
	}
	u := &Unwrapped{Plaintext: out.Plaintext, Version: out.Version.ID}
	if out.Ciphertext != "" {
		u.Rewrapped = &Wrapped{Ciphertext: out.Ciphertext, Version: out.Rewrapped.ID}
	}
	return u, nil
}

// Rewrap puts a wrapped key under the version that its root key has now, without making it readable.
func (c *Client) Rewrap(ctx context.Context, id, ciphertext string, aad ...string) (*Wrapped, error) {
	out, err := c.act(ctx, "rewrap", id, &actionWire{Ciphertext: ciphertext, AAD: aad})
	if err != nil {
		return nil, err
	}
	return &Wrapped{Ciphertext: out.Ciphertext, Version: out.Rewrapped.ID}, nil
}

// act makes a call that changes nothing, so that it may be repeated.
func (c *Client) act(ctx context.Context, action, id string, in *actionWire) (*actionWire, error) {
	x := &call{op: action, key: id, method: "POST", path: []string{"keys", id, "actions", action}, kind: typeAction, body: in, twice: true}
	var out actionWire
	if _, err := c.do(ctx, x, &out); err != nil {
		return nil, err
	}
	if out.Ciphertext == "" && len(out.Plaintext) == 0 {
		return nil, c.errorf(x, "the answer holds no key")
	}
	return &out, nil
}
