package kms

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// restoreWindow is how long after its deletion a key can be restored.
const restoreWindow = 30 * 24 * time.Hour

// delete destroys a key: its state changes and its material is erased.
func (q *request) delete(k *key) error {
	force := false
	if text := q.r.URL.Query().Get("force"); text != "" {
		var err error
		if force, err = strconv.ParseBool(text); err != nil {
			return errQuery("force", "must be true or false")
		}
	}
	registrations, err := q.registered(k)
	if err != nil {
		return err
	}
	switch {
	case k.State == Destroyed:
		return errDeleted()
	case force && slices.ContainsFunc(registrations, func(r Registration) bool { return r.Prevent }):
		return &apiError{
			status: http.StatusConflict, code: "PREV_KEY_DEL_ERR",
			message: "The key cannot be deleted because it's protecting a cloud resource that has a retention policy",
		}
	case !force && len(registrations) > 0:
		return &apiError{
			status: http.StatusConflict, code: "PROTECTED_RESOURCE_ERR", message: "Key is protecting one or more cloud resources",
			field: "force", query: true,
		}
	}
	err = q.changeKey(k, func(_ *record, k *key, now time.Time) error {
		if k.State == Destroyed {
			return errDeleted()
		}
		k.State, k.Deleted, k.DeletedBy = Destroyed, now, q.who.ID
		for i := range k.Versions {
			k.Versions[i].Material = nil
		}
		return nil
	})
	if err != nil {
		return err
	}
	if q.prefers("representation") {
		ix := q.state.Load()
		return q.keys(http.StatusOK, ix.rec.resource(ix.keys[k.ID], q.now))
	}
	return q.noContent()
}

// restorable reports whether the owner of a deleted key can bring it back.
func (k *key) restorable(now time.Time) bool {
	return k.State == Destroyed && k.Imported && now.Before(k.Deleted.Add(restoreWindow)) && (k.Expires.IsZero() || now.Before(k.Expires))
}

// restore brings an imported key back with the material that its current version had. Earlier versions stay lost.
func (q *request) restore(k *key) error {
	var body createBody
	found, err := q.body(&body)
	if err != nil {
		return err
	}
	var payload []byte
	if found {
		in, err := body.single()
		if err != nil {
			return err
		}
		payload = in.Payload
	}
	err = q.changeKey(k, func(_ *record, k *key, now time.Time) error {
		if err := k.mayRestore(now, payload); err != nil {
			return err
		}
		k.current().Material = payload
		k.State, k.Deleted, k.DeletedBy = Active, time.Time{}, ""
		return nil
	})
	if err != nil {
		return err
	}
	ix := q.state.Load()
	return q.keys(http.StatusCreated, ix.rec.resource(ix.keys[k.ID], q.now))
}

func (k *key) mayRestore(now time.Time, payload []byte) error {
	bad := func(status int, code, message string) error {
		return &apiError{status: status, code: code, message: message}
	}
	switch {
	case k.State != Destroyed:
		return errState()
	case !k.Imported:
		return bad(http.StatusBadRequest, "KEY_IMPT_REQ_ERR", "Only imported keys can be restored.")
	case !k.Expires.IsZero() && !now.Before(k.Expires):
		return bad(http.StatusBadRequest, "KEY_EXPIRED_ERR", "The action could not be performed on the key because the key is expired")
	case !now.Before(k.Deleted.Add(restoreWindow)):
		return bad(http.StatusConflict, "KEY_RESTORE_EXPIRED", "Key restoration has expired")
	case len(payload) == 0:
		return bad(http.StatusBadRequest, "KEY_PAYLOAD_REQ_ERR", "The key material that the key was imported with is needed to restore it")
	case subtle.ConstantTimeCompare(checkOf(k.ID, payload), k.current().Check) != 1:
		return errField("payload", "is not the key material that the key had")
	}
	return nil
}
