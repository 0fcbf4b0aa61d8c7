package s3api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
)

// macSize is the number of bytes of the code in a continuation token.
const macSize = 16

// newToken makes the continuation token of a page that ended at next. It holds the position, so that the server keeps nothing
// between pages and a token outlives a restart, and a code over it, so that one that was altered or belongs to another bucket
// is refused. The code guards against mistakes only: a position is no secret, start-after takes any.
func (c *call) newToken(next string) string {
	b := make([]byte, 0, macSize+len(next))
	b = append(b, c.tokenMAC(next)...)
	b = append(b, next...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseToken returns the position in a token that newToken made for this bucket.
func (c *call) parseToken(token string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil && len(b) > macSize {
		next := string(b[macSize:])
		if hmac.Equal(b[:macSize], c.tokenMAC(next)) {
			return next, nil
		}
	}
	return "", invalidArgument("The continuation token provided is incorrect")
}

func (c *call) tokenMAC(next string) []byte {
	mac := hmac.New(sha256.New, []byte("continuation-token/1 "+c.bucket+" "+strconv.FormatInt(c.info.Created.UnixNano(), 10)))
	mac.Write([]byte(next))
	return mac.Sum(nil)[:macSize]
}
