package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a condition. IBM allows ten conditions and one level of nesting.
const (
	maxConditions      = 10
	maxConditionDepth  = 2
	maxConditionValues = 100
	maxConditionValue  = 2048 // bytes
)

// A Condition narrows a policy to some of the objects in its scope. It is a comparison of one attribute, or several conditions of
// which all (and) or one (or) must hold.
//
// A request to list has the attributes prefix and delimiter, which are empty if the request does not name them. One about an
// object has the attribute path, which is its key. Others have none, and no comparison but stringExists holds for what is not
// there: a policy with a condition on path alone does not let its subject list.
type Condition struct {
	Operator   string      // and, or, stringEquals, stringMatch, stringEqualsAnyOf, stringMatchAnyOf, stringExists
	Conditions []Condition // of and and or
	Attribute  string      // path, prefix or delimiter, in a comparison
	// Values is what the attribute is compared with: one, or any number of an AnyOf operator. That of stringExists is "true" or
	// "false". In those of the Match operators * stands for any characters and ? for one.
	Values []string
}

// Below returns the condition that a policy has which is about the objects whose keys begin with prefix: to use those objects, and
// to list under prefix or what begins with it. Bucket-wide actions, such as to change the lifecycle of what others own, are not
// among what it allows.
func Below(prefix string) (*Condition, error) {
	if prefix == "" || strings.ContainsAny(prefix, "*?") || len(prefix) >= maxConditionValue || !utf8.ValidString(prefix) {
		return nil, fmt.Errorf("prefix %q: it must not be empty and must not hold the wildcards * and ?", prefix)
	}
	pattern := []string{prefix + "*"}
	return &Condition{Operator: "or", Conditions: []Condition{
		{Operator: "stringMatch", Attribute: "prefix", Values: pattern},
		{Operator: "stringMatch", Attribute: "path", Values: pattern},
	}}, nil
}

// check refuses a condition that could not be evaluated.
func (c *Condition) check() error {
	n := 0
	return c.checkDepth(0, &n)
}

func (c *Condition) checkDepth(depth int, n *int) error {
	switch c.Operator {
	case "and", "or":
		if depth >= maxConditionDepth {
			return errors.New("conditions are nested more than once")
		}
		if len(c.Conditions) == 0 || c.Attribute != "" {
			return errors.New(`a rule with the operator "` + c.Operator + `" has conditions and no key`)
		}
		for i := range c.Conditions {
			if err := c.Conditions[i].checkDepth(depth+1, n); err != nil {
				return err
			}
		}
		return nil
	case "stringEquals", "stringMatch":
		if len(c.Values) != 1 {
			return errors.New("the operator " + c.Operator + " takes one value")
		}
	case "stringEqualsAnyOf", "stringMatchAnyOf":
		if len(c.Values) == 0 || len(c.Values) > maxConditionValues {
			return fmt.Errorf("the operator %s takes 1 to %d values", c.Operator, maxConditionValues)
		}
	case "stringExists":
		if len(c.Values) != 1 || c.Values[0] != "true" && c.Values[0] != "false" {
			return errors.New("the operator stringExists takes true or false")
		}
	default:
		return fmt.Errorf("the operator %q is not supported", c.Operator)
	}
	if *n++; *n > maxConditions {
		return fmt.Errorf("a rule has more than %d conditions", maxConditions)
	}
	if len(c.Conditions) > 0 {
		return errors.New("a comparison has no conditions of its own")
	}
	if !slices.Contains([]string{"path", "prefix", "delimiter"}, c.Attribute) {
		return fmt.Errorf("there is no attribute %q of COS; there are path, prefix and delimiter", c.Attribute)
	}
	if slices.ContainsFunc(c.Values, func(v string) bool { return len(v) > maxConditionValue }) {
		return fmt.Errorf("a value is longer than %d bytes", maxConditionValue)
	}
	return nil
}

// holds evaluates the condition for an action on r that has the given attributes.
func (c *Condition) holds(has attributes, r *Resource) bool {
	switch c.Operator {
	case "and":
		for i := range c.Conditions {
			if !c.Conditions[i].holds(has, r) {
				return false
			}
		}
		return true
	case "or":
		for i := range c.Conditions {
			if c.Conditions[i].holds(has, r) {
				return true
			}
		}
		return false
	}
	value, exists := "", false
	switch c.Attribute {
	case "path":
		value, exists = r.Path, has == ofObject
	case "prefix":
		value, exists = r.Prefix, has == ofListing
	case "delimiter":
		value, exists = r.Delimiter, has == ofListing
	}
	if c.Operator == "stringExists" {
		return exists == (c.Values[0] == "true")
	}
	if !exists {
		return false
	}
	compare := match
	if strings.HasPrefix(c.Operator, "stringEquals") {
		compare = func(pattern, s string) bool { return pattern == s }
	}
	for _, pattern := range c.Values {
		if compare(pattern, value) {
			return true
		}
	}
	return false
}

// match reports whether s is what pattern describes, in which * stands for any characters and ? for one. It takes time
// proportional to the product of the lengths at worst.
func match(pattern, s string) bool {
	star, resume := -1, 0 // the last * of the pattern, and where in s to go on if it takes one more
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, i
			p++
		case p < len(pattern) && pattern[p] == '?':
			_, n := utf8.DecodeRuneInString(s[i:])
			i += n
			p++
		case p < len(pattern) && pattern[p] == s[i]:
			p++
			i++
		case star >= 0:
			resume++
			p, i = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// conditionJSON is a Condition as IBM writes it: the type of a value depends on the operator.
type conditionJSON struct {
	Operator   string      `json:"operator"`
	Conditions []Condition `json:"conditions,omitempty"`
	Key        string      `json:"key,omitempty"`
	Value      any         `json:"value,omitempty"`
}

const (
	keyBefore = "{{resource.attributes."
	keyAfter  = "}}"
)

// MarshalJSON writes the condition in the form of IBM's policies.
func (c Condition) MarshalJSON() ([]byte, error) {
	out := conditionJSON{Operator: c.Operator, Conditions: c.Conditions}
	if c.Attribute != "" {
		out.Key = keyBefore + c.Attribute + keyAfter
	}
	switch {
	case len(c.Values) == 0:
	case c.Operator == "stringExists":
		out.Value = c.Values[0] == "true"
	case strings.HasSuffix(c.Operator, "AnyOf"):
		out.Value = c.Values
	default:
		out.Value = c.Values[0]
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads IBM's form. A value may also be a list of one, as some tools write it.
func (c *Condition) UnmarshalJSON(b []byte) error {
	var in conditionJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*c = Condition{Operator: in.Operator, Conditions: in.Conditions}
	if in.Key != "" {
		key, found := strings.CutPrefix(in.Key, keyBefore)
		key, closed := strings.CutSuffix(key, keyAfter)
		if !found || !closed {
			return fmt.Errorf("the key %q of a condition is not supported; there are {{resource.attributes.path}}, prefix and delimiter", in.Key)
		}
		c.Attribute = key
	}
	list, ok := in.Value.([]any)
	if !ok && in.Value != nil {
		list = []any{in.Value}
	}
	for _, v := range list {
		switch v := v.(type) {
		case string:
			c.Values = append(c.Values, v)
		case bool:
			c.Values = append(c.Values, fmt.Sprint(v))
		default:
			return errors.New("the value of a condition is a text, true, false, or a list of texts")
		}
	}
	return nil
}
