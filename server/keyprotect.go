package server

import (
	"context"
	"fmt"

	"github.com/icos-go/icos/server/iam"
	"github.com/icos-go/icos/server/kms"
	"github.com/icos-go/icos/server/store"
)

// registrations lists the buckets under a root key. They are read from the store, where a bucket and its key are written at once, so
// that the two cannot differ.
func registrations(st *store.Store, ids *iam.Service) func(context.Context, string) ([]kms.Registration, error) {
	return func(ctx context.Context, crn string) ([]kms.Registration, error) {
		buckets, _, err := st.Buckets(ctx, "", "", "", 0)
		if err != nil {
			return nil, fmt.Errorf("list buckets under a root key: %w", err)
		}
		var list []kms.Registration
		for i := range buckets {
			b := &buckets[i]
			if b.RootKey != crn {
				continue
			}
			in, _ := ids.Instance(b.Instance)
			list = append(list, kms.Registration{
				// The CRN of a bucket is that of its instance, with the two last fields.
				Resource:  in.CRN[:max(len(in.CRN)-1, 0)] + "bucket:" + b.Name,
				CreatedBy: in.CRN,
				Created:   b.Created,
				Prevent:   b.ObjectLock.Enabled || b.Protection.Enabled,
			})
		}
		return list, nil
	}
}

// KMS returns the key management service, for tests and administration. After Restore it is another
// one, and this one must not be used any more.
func (s *Server) KMS() *kms.Service { return s.state.Load().kms }
