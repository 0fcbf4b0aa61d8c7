// Package wireform turns what programs say about an object into what requests say.
package wireform

import (
	"maps"
	"slices"
	"time"

	"github.com/icos-go/icos/s3"
)

// Tags are the tags of a map, in the order of their keys.
func Tags(m map[string]string) []s3.Tag {
	if len(m) == 0 {
		return nil
	}
	tags := make([]s3.Tag, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		tags = append(tags, s3.Tag{Key: key, Value: m[key]})
	}
	return tags
}

// Seconds is a retention period in seconds, rounded up, or nil if it is zero. The periods that are none,
// [s3.RetentionIndefinite] and [s3.RetentionPermanent], stay what they are.
func Seconds(d time.Duration) *int64 {
	switch {
	case d == 0:
		return nil
	case d < 0:
		return new(int64(d))
	}
	n := int64(d / time.Second)
	if d%time.Second > 0 {
		n++
	}
	return &n
}

// LegalHold is the value of x-amz-object-lock-legal-hold: OFF is what an object has that does not say.
func LegalHold(on bool) string {
	if on {
		return "ON"
	}
	return ""
}

// Encryption is the value of x-amz-server-side-encryption for a key of the service.
func Encryption(on bool) string {
	if on {
		return "AES256"
	}
	return ""
}
