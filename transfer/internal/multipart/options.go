package multipart

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/icos-go/icos"
)

// optionsDigest names what an object is stored with beside its bytes, so that an upload is not gone on with
// that was begun with something else.
func optionsDigest(o *icos.PutOptions) string {
	lock := o.Lock
	lock.Until = lock.Until.UTC()
	text, err := json.Marshal(struct { // maps are in the order of their keys
		Type, Cache, Disposition, Encoding, Language string
		Expires                                      time.Time
		Metadata                                     map[string]string
		ACL                                          icos.CannedACL
		Tags                                         map[string]string `json:",omitempty"`
		Lock                                         icos.Lock         `json:",omitzero"`
		Encrypt                                      bool              `json:",omitempty"`
	}{
		o.ContentType, o.CacheControl, o.ContentDisposition, o.ContentEncoding, o.ContentLanguage,
		o.Expires.UTC(), o.Metadata, o.ACL, o.Tags, lock, o.Encrypt,
	})
	if err != nil { // a time with a year of five digits
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
