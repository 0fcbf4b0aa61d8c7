package kms

import (
	"net/http"
	"time"
)

const (
	maxAAD       = 126 // entries
	maxAADLength = 255 // bytes of one
	maxPlaintext = 32 << 10
)

// usable refuses an action on a key that is not a root key, was deleted, or is in none of the states.
func (q *request) usable(k *key, states ...State) error {
	if k.Extractable {
		return errNotRoot()
	}
	now := k.at(q.now)
	if now == Destroyed {
		return errDeleted()
	}
	for _, s := range states {
		if now == s {
			return nil
		}
	}
	return errState()
}

// actionBody reads the document of an action.
func (q *request) actionBody(needed bool) (*actionBody, error) {
	var body actionBody
	found, err := q.body(&body)
	switch {
	case err != nil:
		return nil, err
	case !found && needed:
		return nil, errNoBody()
	case len(body.AAD) > maxAAD:
		return nil, errField("aad", "must have at most 126 entries")
	case len(body.Plaintext) > maxPlaintext:
		return nil, errField("plaintext", "is too long")
	case needed && body.Ciphertext == "":
		return nil, errField("ciphertext", "is missing")
	}
	for _, s := range body.AAD {
		if len(s) > maxAADLength {
			return nil, errField("aad", "must have entries of at most 255 bytes")
		}
	}
	return &body, nil
}

func (q *request) wrap(k *key) error {
	if err := q.usable(k, Active); err != nil {
		return err
	}
	in, err := q.actionBody(false)
	if err != nil {
		return err
	}
	out := actionBody{KeyVersion: &versionResource{ID: k.current().ID}}
	plaintext := in.Plaintext
	if len(plaintext) == 0 {
		plaintext = randomBytes(32)
		out.Plaintext = plaintext
	}
	if out.Ciphertext, err = k.wrap(plaintext, in.AAD); err != nil {
		return err
	}
	q.answer(http.StatusOK, typeAction, &out)
	return nil
}

// open reads an action on a ciphertext, and returns what that holds and the version of the key that it was made with.
func (q *request) open(k *key) (in *actionBody, plaintext []byte, v *version, err error) {
	if err := q.usable(k, Active, Deactivated); err != nil {
		return nil, nil, nil, err
	}
	if in, err = q.actionBody(true); err != nil {
		return nil, nil, nil, err
	}
	plaintext, v, err = k.unwrap(in.Ciphertext, in.AAD)
	return in, plaintext, v, err
}

func (q *request) unwrap(k *key) error {
	in, plaintext, v, err := q.open(k)
	if err != nil {
		return err
	}
	out := actionBody{Plaintext: plaintext, KeyVersion: &versionResource{ID: v.ID}}
	if now := k.current(); now.ID != v.ID && now.Material != nil {
		if out.Ciphertext, err = k.wrap(plaintext, in.AAD); err != nil {
			return err
		}
		out.Rewrapped = &versionResource{ID: now.ID}
	}
	q.answer(http.StatusOK, typeAction, &out)
	return nil
}

func (q *request) rewrap(k *key) error {
	in, plaintext, v, err := q.open(k)
	if err != nil {
		return err
	}
	out := actionBody{KeyVersion: &versionResource{ID: v.ID}, Rewrapped: &versionResource{ID: k.current().ID}}
	if out.Ciphertext, err = k.wrap(plaintext, in.AAD); err != nil {
		return err
	}
	q.answer(http.StatusOK, typeAction, &out)
	return nil
}

// rotate gives a key new material. What the old wrapped can still be unwrapped.
func (q *request) rotate(k *key) error {
	if err := q.usable(k, Active, Deactivated); err != nil {
		return err
	}
	var in actionBody
	if _, err := q.body(&in); err != nil {
		return err
	}
	switch {
	case k.Imported && len(in.Payload) == 0:
		return &apiError{
			status: http.StatusBadRequest, code: "KEY_PAYLOAD_REQ_ERR",
			message: "This root key was created with user-supplied key material: new key material is needed to rotate it", field: "payload",
		}
	case !k.Imported && len(in.Payload) > 0:
		return errField("payload", "is for root keys that were imported")
	}
	if err := checkMaterial(in.Payload, false, "payload"); err != nil {
		return err
	}
	material := in.Payload
	if len(material) == 0 {
		material = randomBytes(32)
	}
	err := q.changeKey(k, func(_ *record, k *key, now time.Time) error {
		if err := q.usable(k, Active, Deactivated); err != nil {
			return err
		}
		k.Versions = append(k.Versions, newVersion(k.ID, material, now))
		k.Rotated = now
		return nil
	})
	if err != nil {
		return err
	}
	return q.noContent()
}

func (q *request) disable(k *key) error { return q.setState(k, Active, Suspended) }

func (q *request) enable(k *key) error { return q.setState(k, Suspended, Active) }

func (q *request) setState(k *key, from, to State) error {
	err := q.changeKey(k, func(_ *record, k *key, _ time.Time) error {
		if err := q.usable(k, from); err != nil {
			return err
		}
		k.State = to
		return nil
	})
	if err != nil {
		return err
	}
	return q.noContent()
}

// changeKey changes a key durably. edit sees it as it is now, which may differ from what the request found.
func (q *request) changeKey(k *key, edit func(rec *record, k *key, now time.Time) error) error {
	err := q.change(func(rec *record, now time.Time) error {
		changed := rec.edit(k.ID)
		if changed == nil {
			return errNoKey()
		}
		if err := edit(rec, changed, now); err != nil {
			return err
		}
		changed.Updated = now
		return nil
	})
	if err == nil {
		q.log.Info("changed a key", "operation", q.operation, "instance", q.instance, "key", k.ID, "by", q.who.ID)
	}
	return err
}
