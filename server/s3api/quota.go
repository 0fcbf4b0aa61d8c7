package s3api

import (
	"io"

	"github.com/icos-go/icos/server/store"
)

// admitSize refuses a write of n bytes that the quota of the bucket has no room for; n is -1 if nobody knows yet, and then there
// must be room for anything at all. What an overwrite frees is not counted, as it may stay as a version. Of writes that go on at
// the same time all may be admitted: which of them has room is decided when they are stored, by store.ErrQuota.
//
// IBM says that no objects can be added once the quota is reached, and not which error says so; the code is the one that other
// stores have for it.
func (c *call) admitSize(n int64) error {
	if c.info.Quota == 0 {
		return nil
	}
	_, used, err := c.store.Usage(c.r.Context(), c.info.Name)
	if err != nil {
		return err
	}
	if used+max(n, 1) <= c.info.Quota || n == 0 && used < c.info.Quota {
		return nil
	}
	return newError(codeQuotaExceeded)
}

// fitting returns body, which fails where it exceeds the quota of the bucket if nobody knows its length yet, as that of a form's file.
func (c *call) fitting(body io.Reader) (io.Reader, error) {
	if c.info.Quota == 0 || c.auth.Length >= 0 {
		return body, nil
	}
	_, used, err := c.store.Usage(c.r.Context(), c.info.Name)
	return &bodyReader{r: body, left: c.info.Quota - used, tooLarge: codeQuotaExceeded}, err
}

// admitParts is admitSize for the object that an upload becomes.
func (c *call) admitParts(parts []store.Part) error {
	var n int64
	for i := range parts {
		n += parts[i].Size
	}
	return c.admitSize(n)
}
