// Package cosblob has programs that use gocloud.dev/blob keep their blobs in IBM
// Cloud Object Storage.
//
// [OpenBucket] makes a *blob.Bucket of a bucket of an icos client:
//
//	bucket := cosblob.OpenBucket(client, "reports")
//	defer bucket.Close()
//
// # URLs
//
// Importing the package is enough for blob.OpenBucket to open cos://BUCKET, with
// the configuration that icos.LoadConfig finds. Parameters of the URL override it:
// endpoint, location (as eu-de) and instance. gocloud.dev has parameters for every
// kind of bucket, such as prefix. To have URLs opened with another client, register
// a [URLOpener] on a blob.URLMux.
//
// # Escaping
//
// Control characters in keys, and the slash of ../, are written as __0x2f__, because
// proxies and other tools change or refuse them. Names and values of metadata are
// escaped as in a URL. Both are as gocloud.dev's driver for S3 does it, so that the
// two can share a bucket.
//
// # As
//
// These types can be had with the As functions of gocloud.dev:
//
//   - Bucket: *icos.Bucket
//   - Error: *icos.Error
//   - ListObject: icos.ObjectInfo; a directory has none
//   - ListOptions.BeforeList: *icos.ListOptions
//   - Reader: *icos.Reader; a Reader of no bytes has none
//   - ReaderOptions.BeforeRead: *icos.GetOptions
//   - Attributes: icos.ObjectInfo
//   - WriterOptions.BeforeWrite: *icos.PutOptions
//   - CopyOptions.BeforeCopy: *icos.CopyOptions
//   - DeleteOptions.BeforeDelete: **icos.Object, to replace it by one of its versions
//   - SignedURLOptions.BeforeSign: *icos.PresignOptions
package cosblob
