package s3api

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const codeInvalidPolicy code = "InvalidPolicyDocument"

// policy is what whoever signed it lets others upload by a form.
type policy struct {
	expires    time.Time
	conditions []condition
	sized      bool  // there is a content-length-range
	min, max   int64 // bytes of the file, where it is
}

// condition is on one field of a form.
type condition struct {
	prefix bool // the field begins with value, and need not be it
	field  string
	value  string
}

func invalidPolicy(why string) error {
	return &apiError{code: codeInvalidPolicy, status: http.StatusBadRequest, message: "Invalid Policy: " + why}
}

func againstPolicy(why string) error {
	return newErrorMessage(codeAccessDenied, "Invalid according to Policy: "+why)
}

// parsePolicy reads a policy document.
func parsePolicy(document []byte) (*policy, error) {
	var doc struct {
		Expiration string            `json:"expiration"`
		Conditions []json.RawMessage `json:"conditions"`
	}
	d := json.NewDecoder(bytes.NewReader(document))
	if d.Decode(&doc) != nil {
		return nil, invalidPolicy("Invalid JSON.")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, invalidPolicy("Invalid JSON: there is more after the document.")
	}
	var p policy
	var err error
	if p.expires, err = time.Parse(time.RFC3339, doc.Expiration); err != nil {
		return nil, invalidPolicy("Policy missing expiration, or it is not a date in ISO 8601.")
	}
	if doc.Conditions == nil {
		return nil, invalidPolicy("Policy missing conditions.")
	}
	for _, raw := range doc.Conditions {
		if err := p.add(raw); err != nil {
			return nil, err
		}
	}
	return &p, nil
}

// add reads a condition: {"field": "value"}, ["eq" or "starts-with", "$field", "value"] or ["content-length-range", min, max].
func (p *policy) add(raw json.RawMessage) error {
	var exact map[string]string
	if json.Unmarshal(raw, &exact) == nil && exact != nil {
		for field, value := range exact {
			p.conditions = append(p.conditions, condition{field: strings.ToLower(field), value: value})
		}
		return nil
	}
	var list []any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&list) != nil || len(list) != 3 {
		return invalidPolicy("Invalid Condition: " + string(raw))
	}
	op, _ := list[0].(string)
	switch op = strings.ToLower(op); op {
	case "content-length-range":
		lo, loOK := number(list[1])
		hi, hiOK := number(list[2])
		if !loOK || !hiOK || lo < 0 || hi < lo {
			return invalidPolicy("Invalid content-length-range: " + string(raw))
		}
		if !p.sized {
			p.sized, p.min, p.max = true, lo, hi
		}
		p.min, p.max = max(p.min, lo), min(p.max, hi) // all must hold
		return nil
	case "eq", "starts-with":
		field, fieldOK := list[1].(string)
		value, valueOK := list[2].(string)
		name, found := strings.CutPrefix(field, "$")
		if !fieldOK || !valueOK || !found || name == "" {
			return invalidPolicy("Invalid Condition: " + string(raw))
		}
		p.conditions = append(p.conditions, condition{op == "starts-with", strings.ToLower(name), value})
		return nil
	}
	return invalidPolicy("Invalid Condition: unknown operation in " + string(raw))
}

// number reads a count of bytes, which some programs write as a string.
func number(v any) (int64, bool) {
	var text string
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// check holds a form against the policy: every condition is met, and no field is left that none is about. The bucket counts as a field,
// so that the form cannot be sent to another one.
func (p *policy) check(form *postForm, now time.Time) error {
	if !now.Before(p.expires) {
		return againstPolicy("Policy expired.")
	}
	about := map[string]bool{}
	for _, c := range p.conditions {
		about[c.field] = true
		got := form.get(c.field)
		if c.prefix && !strings.HasPrefix(got, c.value) || !c.prefix && got != c.value {
			op := "eq"
			if c.prefix {
				op = "starts-with"
			}
			return againstPolicy("Policy Condition failed: [" + strconv.Quote(op) + ", " + strconv.Quote("$"+c.field) + ", " + strconv.Quote(c.value) + "]")
		}
	}
	for name := range form.fields {
		switch name {
		case "policy", "signature", "awsaccesskeyid", "x-amz-signature":
			continue
		}
		if !about[name] && !strings.HasPrefix(name, "x-ignore-") {
			return againstPolicy("Extra input fields: " + name)
		}
	}
	return nil
}
