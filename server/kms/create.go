package kms

import (
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxName        = 90  // characters
	maxDescription = 240 // characters
	maxAlias       = 90  // characters
	maxAliases     = 5
	maxTags        = 30
	maxTag         = 30   // characters
	maxStandard    = 7500 // bytes of a standard key
)

func (q *request) create() error {
	var body createBody
	if err := q.mustBody(&body); err != nil {
		return err
	}
	in, err := body.single()
	if err != nil {
		return err
	}
	if err := in.check(q); err != nil {
		return err
	}
	var made *key
	err = q.change(func(rec *record, now time.Time) error {
		if err := freeAliases(rec, q.instance, in.Aliases); err != nil {
			return err
		}
		id := newUUID()
		material := in.Payload
		if len(material) == 0 {
			material = randomBytes(32)
		}
		made = &key{
			ID: id, Instance: q.instance, Name: in.Name, Description: in.Description, Aliases: in.Aliases, Tags: in.Tags,
			State: Active, Extractable: in.Extractable, Imported: len(in.Payload) > 0, Created: now, CreatedBy: q.who.ID, Updated: now,
			Expires: in.Expires.UTC(), Versions: []version{newVersion(id, material, now)},
		}
		rec.Keys = append(rec.Keys, made)
		return nil
	})
	if err != nil {
		return err
	}
	q.log.Info("made a key", "instance", q.instance, "key", made.ID, "extractable", made.Extractable, "by", q.who.ID)
	rec := q.state.Load().rec
	q.w.Header().Set("Location", basePath+"keys/"+made.ID)
	if q.prefers("minimal") {
		return q.keys(http.StatusCreated, keyResource{Type: typeKey, ID: made.ID, Name: made.Name, CRN: rec.crn(made)})
	}
	return q.keys(http.StatusCreated, rec.resource(made, q.now))
}

// single returns the one resource of a body.
func (b *createBody) single() (*createResource, error) {
	switch {
	case len(b.Resources) == 0:
		return nil, errBadBody("it has no resources")
	case b.Metadata != nil && b.Metadata.Total != len(b.Resources):
		return nil, &apiError{
			status: http.StatusBadRequest, code: "COLLECTION_TOTAL_MISMATCH_ERR", message: "Collection total does not match number of resources",
		}
	case len(b.Resources) > 1:
		return nil, errBadBody("only one resource is allowed")
	}
	return &b.Resources[0], nil
}

// check refuses a key that cannot be.
func (c *createResource) check(q *request) error {
	switch {
	case c.Type != "" && c.Type != typeKey:
		return errField("type", "must be "+typeKey)
	case c.Name == "" || utf8.RuneCountInString(c.Name) > maxName:
		return errField("name", "must have 1 to 90 characters")
	case utf8.RuneCountInString(c.Description) > maxDescription:
		return errField("description", "must have at most 240 characters")
	case len(c.Aliases) > maxAliases:
		return errField("aliases", "must have at most 5 entries")
	case len(c.Tags) > maxTags || slices.ContainsFunc(c.Tags, func(s string) bool { return s == "" || utf8.RuneCountInString(s) > maxTag }):
		return errField("tags", "must have at most 30 entries of 1 to 30 characters")
	case !c.Expires.IsZero() && !c.Expires.After(q.now):
		return errField("expirationDate", "must be in the future")
	case c.EncryptedNonce != "":
		return errField("encryptedNonce", "belongs to import tokens, which the local service does not have: send the payload in base64 without it")
	}
	for _, alias := range c.Aliases {
		if err := checkAlias(alias); err != nil {
			return err
		}
	}
	return checkMaterial(c.Payload, c.Extractable, "payload")
}

// checkMaterial refuses the material of a key, if there is one, that cannot be used.
func checkMaterial(b []byte, extractable bool, field string) error {
	switch n := len(b); {
	case n == 0:
		return nil
	case extractable && n > maxStandard:
		return errField(field, "must have at most 7500 bytes")
	case !extractable && n != 16 && n != 24 && n != 32:
		return errField(field, "must have 16, 24 or 32 bytes, in base64")
	case !slices.ContainsFunc(b, func(c byte) bool { return c != 0 }):
		return errField(field, "must not be zero")
	}
	return nil
}

// checkAlias refuses what is no alias. One that looks like an id would be taken for one.
func checkAlias(alias string) error {
	valid := len(alias) >= 2 && len(alias) <= maxAlias && strings.Trim(alias, aliasAlphabet) == ""
	if !valid || len(alias) == 36 && strings.Count(alias, "-") == 4 {
		return errField("aliases", "must have 2 to 90 letters, digits, hyphens and underscores, and not look like a key id")
	}
	return nil
}

const aliasAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

// freeAliases refuses aliases that keys of the instance have.
func freeAliases(rec *record, instance string, aliases []string) error {
	for i, alias := range aliases {
		taken := slices.Contains(aliases[:i], alias) || slices.ContainsFunc(rec.Keys, func(k *key) bool {
			return k.Instance == instance && slices.Contains(k.Aliases, alias)
		})
		if taken {
			return &apiError{
				status: http.StatusConflict, code: "KEY_ALIAS_NOT_UNIQUE_ERR", message: "One or more aliases are already associated with a key",
				field: "aliases",
			}
		}
	}
	return nil
}

type aliasResource struct {
	KeyID     string    `json:"keyId"`
	Alias     string    `json:"alias"`
	CreatedBy string    `json:"createdBy"`
	Created   time.Time `json:"creationDate"`
}

func (q *request) createAlias(k *key, alias string) error {
	if err := checkAlias(alias); err != nil {
		return err
	}
	err := q.changeKey(k, func(rec *record, k *key, now time.Time) error {
		if len(k.Aliases) == maxAliases {
			return errField("aliases", "must have at most 5 entries")
		}
		if err := freeAliases(rec, q.instance, []string{alias}); err != nil {
			return err
		}
		k.Aliases = append(k.Aliases, alias)
		return nil
	})
	if err != nil {
		return err
	}
	q.answer(http.StatusCreated, typeAlias, collect(typeAlias, []aliasResource{{k.ID, alias, q.who.ID, q.now}}))
	return nil
}

func (q *request) deleteAlias(k *key, alias string) error {
	err := q.changeKey(k, func(_ *record, k *key, _ time.Time) error {
		i := slices.Index(k.Aliases, alias)
		if i < 0 {
			return errNoKey()
		}
		k.Aliases = slices.Delete(k.Aliases, i, i+1)
		return nil
	})
	if err != nil {
		return err
	}
	return q.noContent()
}
