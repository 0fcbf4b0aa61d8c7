package kms

import (
	"net/http"
	"time"
)

// get shows a key, with the payload of a standard key.
func (q *request) get(k *key) error {
	out := q.ix.rec.resource(k, q.now)
	if k.Extractable {
		if !q.has(writer) {
			return errUnauthorized()
		}
		out.Payload = k.current().Material
	}
	return q.keys(http.StatusOK, out)
}

func (q *request) getMetadata(k *key) error {
	return q.keys(http.StatusOK, q.ix.rec.resource(k, q.now))
}

// listVersions shows the versions of a key, the newest first.
func (q *request) listVersions(k *key) error {
	if k.Extractable {
		return errNotRoot()
	}
	values := q.r.URL.Query()
	offset, limit, err := window(values)
	if err != nil {
		return err
	}
	var list []versionResource
	for i := len(k.Versions) - 1 - offset; i >= 0 && len(list) < limit; i-- {
		list = append(list, versionResource{k.Versions[i].ID, k.Versions[i].Created})
	}
	out := collect(typeVersion, list)
	if values.Get("totalCount") == "true" {
		n := len(k.Versions)
		out.Metadata.Count = &n
	}
	q.answer(http.StatusOK, typeVersion, out)
	return nil
}

type registrationResource struct {
	KeyID      string          `json:"keyId"`
	Resource   string          `json:"resourceCrn"`
	CreatedBy  string          `json:"createdBy"`
	Created    time.Time       `json:"creationDate"`
	Updated    time.Time       `json:"lastUpdated"`
	Prevent    bool            `json:"preventKeyDeletion"`
	KeyVersion versionResource `json:"keyVersion"`
}

// registered lists what a key protects.
func (q *request) registered(k *key) ([]Registration, error) {
	if k.Extractable {
		return nil, nil
	}
	return q.registrations(q.r.Context(), q.ix.rec.crn(k))
}

func (q *request) listRegistrations(k *key) error {
	list, err := q.registrationsOf(nil, k)
	if err != nil {
		return err
	}
	q.answer(http.StatusOK, typeRegistration, collect(typeRegistration, list))
	return nil
}

func (q *request) listAllRegistrations() error {
	var list []registrationResource
	for _, k := range q.ix.rec.Keys {
		if k.Instance != q.instance {
			continue
		}
		var err error
		if list, err = q.registrationsOf(list, k); err != nil {
			return err
		}
	}
	q.answer(http.StatusOK, typeRegistration, collect(typeRegistration, list))
	return nil
}

// registrationsOf appends what a key protects to list.
func (q *request) registrationsOf(list []registrationResource, k *key) ([]registrationResource, error) {
	registrations, err := q.registered(k)
	if err != nil {
		return nil, err
	}
	v := k.current()
	for _, r := range registrations {
		list = append(list, registrationResource{
			KeyID: k.ID, Resource: r.Resource, CreatedBy: r.CreatedBy, Created: r.Created, Updated: r.Created, Prevent: r.Prevent,
			KeyVersion: versionResource{v.ID, v.Created},
		})
	}
	return list, nil
}
