package auth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
)

// icosFile looks at the service credential that our own variable names. Unlike the
// other, it must be there.
func (f *finder) icosFile() (*candidate, error) {
	name := f.env("ICOS_CREDENTIALS_FILE")
	if name.text == "" {
		f.skip(name.source, "not set")
		return nil, nil
	}
	file, err := f.read(f.path(name.text), true)
	if err != nil {
		return nil, err
	}
	if !file.exists {
		return nil, fmt.Errorf("find credentials: %s, named by ICOS_CREDENTIALS_FILE, does not exist", file.name)
	}
	return f.serviceCredential(file)
}

// cosFile looks at the service credential where IBM's SDKs look.
func (f *finder) cosFile() (*candidate, error) {
	name, named := f.path(f.env("COS_CREDENTIALS_FILE").text), true
	if name == "" {
		if f.o.Home == "" {
			f.skip("~/.bluemix/cos_credentials", "the home directory is not known")
			return nil, nil
		}
		name, named = filepath.Join(f.o.Home, ".bluemix", "cos_credentials"), false
	}
	file, err := f.read(name, named)
	if err != nil || !file.exists {
		return nil, err
	}
	return f.serviceCredential(file)
}

// serviceCredential reads the JSON that IBM Cloud issues for an instance.
func (f *finder) serviceCredential(file file) (*candidate, error) {
	doc, err := parseServiceCredential(file.data)
	if err != nil {
		return nil, fmt.Errorf("find credentials: %s: %w", file.name, err)
	}
	at := func(field, text string) value {
		return value{text: text, source: file.name + ": " + field, warning: file.warning}
	}
	c := &candidate{
		instance:     at("resource_instance_id", doc.instance),
		endpoint:     at("endpoint", doc.endpoint),
		endpointsURL: at("endpoints", doc.endpoints),
		authEndpoint: at("iam_auth_endpoint", doc.authEndpoint),
		kmsEndpoint:  at("kms_endpoint", doc.kmsEndpoint),
		kmsInstance:  at("kms_instance", doc.kmsInstance),
	}
	switch {
	case doc.accessKey != "" && doc.apiKey != "" && f.o.PreferAPIKey:
		c.kind = KindAPIKey
		c.apiKey = at("apikey", doc.apiKey)
		f.skip(file.name+": cos_hmac_keys", "the API key beside them is asked for")
	case doc.accessKey != "":
		c.kind = KindHMAC
		c.access = at("cos_hmac_keys.access_key_id", doc.accessKey)
		c.secret = at("cos_hmac_keys.secret_access_key", doc.secretKey)
		if doc.apiKey != "" {
			f.skip(file.name+": apikey", "the HMAC keys beside it come first")
		}
	case doc.apiKey != "":
		c.kind = KindAPIKey
		c.apiKey = at("apikey", doc.apiKey)
	default:
		why := "has neither cos_hmac_keys nor apikey"
		if doc.wrapped {
			why += `; save only the object that is its "credentials"`
		}
		f.skip(file.name, why)
		return nil, nil
	}
	return c, nil
}

// A serviceCredential is what we use of the document.
type serviceCredential struct {
	apiKey, accessKey, secretKey       string
	instance, endpoints, authEndpoint  string
	endpoint, kmsEndpoint, kmsInstance string // our own: a local COS writes them, IBM Cloud does not
	wrapped                            bool
}

// parseServiceCredential is as strict as IBM's SDKs: what is there must make sense.
// Errors name fields and quote nothing.
func parseServiceCredential(b []byte) (serviceCredential, error) {
	var doc serviceCredential
	b = bytes.TrimSpace(bytes.TrimPrefix(b, utf8BOM))
	if len(b) == 0 {
		return doc, fmt.Errorf("the file is empty; save a service credential in it or remove it")
	}
	root, err := parseObject(b)
	if err != nil {
		return doc, fmt.Errorf("%w; save a service credential, one JSON object, as IBM Cloud shows it", err)
	}
	if raw, ok := root["cos_hmac_keys"]; ok {
		keys, err := parseObject(raw)
		if err != nil {
			return doc, fmt.Errorf("cos_hmac_keys: %w", err)
		}
		if doc.accessKey, doc.secretKey, err = hmacKeys(keys); err != nil {
			return doc, err
		}
	}
	if raw, ok := root["apikey"]; ok {
		doc.apiKey, err = parseText(raw)
		if doc.accessKey == "" && (err != nil || doc.apiKey == "") {
			return doc, fmt.Errorf("apikey is empty or not a text")
		}
	}
	for field, into := range map[string]*string{
		"resource_instance_id": &doc.instance, "endpoint": &doc.endpoint,
		"endpoints": &doc.endpoints, "iam_auth_endpoint": &doc.authEndpoint,
		"kms_endpoint": &doc.kmsEndpoint, "kms_instance": &doc.kmsInstance,
	} {
		if raw, ok := root[field]; ok {
			if *into, err = parseText(raw); err != nil {
				return doc, fmt.Errorf("%s is not a text", field)
			}
		}
	}
	_, doc.wrapped = root["credentials"]
	return doc, nil
}

// hmacKeys reads the pair; without an access key there is none.
func hmacKeys(keys map[string]json.RawMessage) (access, secret string, err error) {
	rawAccess, hasAccess := keys["access_key_id"]
	rawSecret, hasSecret := keys["secret_access_key"]
	switch {
	case !hasAccess:
		return "", "", nil
	case !hasSecret:
		return "", "", &PartialError{Source: "cos_hmac_keys.access_key_id", Missing: "cos_hmac_keys.secret_access_key"}
	}
	access, err1 := parseText(rawAccess)
	secret, err2 := parseText(rawSecret)
	if err1 != nil || err2 != nil || access == "" || secret == "" {
		return "", "", fmt.Errorf("a key in cos_hmac_keys is empty or not a text; remove cos_hmac_keys to use the apikey")
	}
	return access, secret, nil
}

func parseObject(raw []byte) (map[string]json.RawMessage, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil || m == nil {
		return nil, fmt.Errorf("not a JSON object")
	}
	return m, nil
}

// parseText reads a JSON string; null is the empty one.
func parseText(raw json.RawMessage) (string, error) {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", fmt.Errorf("not a text")
	}
	return s, nil
}
