package cosblob

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/blob/drivertest"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
)

// TestConformance has gocloud.dev say whether this is a driver.
func TestConformance(t *testing.T) {
	drivertest.RunConformanceTests(t, newHarness, []drivertest.AsTest{asIcos{}})
}

// harness is a bucket of a local COS, and one that does not exist.
type harness struct{ cos *icostest.Server }

func newHarness(ctx context.Context, t *testing.T) (drivertest.Harness, error) {
	cos := icostest.NewServer(t)
	return &harness{cos}, cos.HMACClient().Bucket("conformance").Create(ctx, nil)
}

func (h *harness) MakeDriver(context.Context) (driver.Bucket, error) {
	return openBucket(h.cos.HMACClient(), "conformance"), nil
}

func (h *harness) MakeDriverForNonexistentBucket(context.Context) (driver.Bucket, error) {
	return openBucket(h.cos.HMACClient(), "no-such-bucket"), nil
}

func (h *harness) HTTPClient() *http.Client         { return http.DefaultClient }
func (h *harness) SupportsCopy() bool               { return true }
func (h *harness) SupportsNonSlashDelimiters() bool { return true }
func (h *harness) Close()                           {}

// asIcos gets at what is below gocloud.dev's types.
type asIcos struct{}

func (asIcos) Name() string { return "icos" }

// wants fails if a type cannot be had, or is not what it should be.
func wants[T any](as func(any) bool, right func(T) bool) error {
	var v T
	if !as(&v) {
		return errors.New("cannot be had")
	}
	if !right(v) {
		return errors.New("is another one")
	}
	return nil
}

func (asIcos) BucketCheck(b *blob.Bucket) error {
	return wants(b.As, func(b *icos.Bucket) bool { return b.Name() == "conformance" })
}

func (asIcos) ErrorCheck(b *blob.Bucket, err error) error {
	return wants(func(i any) bool { return b.ErrorAs(err, i) }, func(e *icos.Error) bool { return e.StatusCode == http.StatusNotFound })
}

func (asIcos) BeforeRead(as func(any) bool) error {
	return wants(as, func(o *icos.GetOptions) bool { return o != nil })
}

func (asIcos) BeforeWrite(as func(any) bool) error {
	return wants(as, func(o *icos.PutOptions) bool {
		o.ContentLanguage = "nah"
		return true
	})
}

func (asIcos) BeforeCopy(as func(any) bool) error {
	return wants(as, func(o *icos.CopyOptions) bool { return o != nil })
}

func (asIcos) BeforeDelete(as func(any) bool) error {
	return wants(as, func(o **icos.Object) bool { return (*o).Bucket().Name() == "conformance" })
}

func (asIcos) BeforeList(as func(any) bool) error {
	return wants(as, func(o *icos.ListOptions) bool { return o != nil })
}

func (asIcos) BeforeSign(as func(any) bool) error {
	return wants(as, func(o *icos.PresignOptions) bool { return o != nil })
}

func (asIcos) AttributesCheck(attrs *blob.Attributes) error {
	return wants(attrs.As, func(info icos.ObjectInfo) bool { return info.ContentLanguage == "nah" })
}

func (asIcos) ReaderCheck(r *blob.Reader) error {
	return wants(r.As, func(r *icos.Reader) bool { return r.Info().ETag != "" })
}

func (asIcos) ListObjectCheck(o *blob.ListObject) error {
	if o.IsDir {
		return nil
	}
	return wants(o.As, func(info icos.ObjectInfo) bool { return info.ETag != "" })
}
