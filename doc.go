// Package icos is a client for IBM Cloud Object Storage, and for any store that
// speaks the S3 protocol.
//
// # Clients
//
// A [Client] is made from a [Config], which a program fills in by itself or
// takes from the environment with [LoadConfig]:
//
//	client, err := icos.NewClient(icos.Config{
//		Endpoint:    "https://s3.us-south.cloud-object-storage.appdomain.cloud",
//		Credentials: auth.IAM(apiKey, nil),
//		InstanceID:  instanceID,
//	})
//
// Making a client does no I/O. Endpoint may be left out: it follows from
// Location, or from the place where a bucket turns out to be.
//
// # Buckets and objects
//
// [Client.Bucket] and [Bucket.Object] return handles. Handles are names, not
// things: making one does no I/O and nothing needs to exist. Methods that take
// a [context.Context] reach the network.
//
//	obj := client.Bucket("reports").Object("2026/11.csv")
//	_, err := obj.Put(ctx, file, nil)
//	r, err := obj.Get(ctx, nil)
//
// [Object.Put] takes any [io.Reader], and divides what is large into parts sent
// side by side. [Object.Get] returns a [Reader] that survives broken
// connections and never mixes two versions of an object. [Object.ReaderAt]
// opens the inside of a remote archive, and [Bucket.FS] is a bucket as a
// [io/fs.FS].
//
// # Lists
//
// What comes in any number is an iterator of values and errors. The error, if
// there is one, comes last:
//
//	for obj, err := range bucket.Objects(ctx, nil) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(obj.Key, obj.Size)
//	}
//
// # Settings
//
// What a bucket or an object has is read by a noun and replaced by Set with the
// same noun: [Bucket.ACL], [Bucket.CORS], [Bucket.Lifecycle], [Bucket.Replication],
// [Bucket.Tags], [Bucket.Versioning], [Bucket.Website] and
// [Bucket.PublicAccessBlock]; [Object.ACL] and [Object.Tags].
//
// COS has two ways to keep what is stored from being changed. A retention policy is
// IBM's: a bucket without versioning has one by [Bucket.SetProtection], and then
// [Object.Retention], [Object.ExtendRetention] and [Object.AddHold] are about its
// objects. Object lock is that of S3: a bucket with versioning has it by
// [Bucket.SetObjectLock], and then [Object.SetLock] and [Object.SetLockHold] are
// about versions.
//
// Old versions are listed by [Bucket.Versions] and reached by [Object.Version].
// What lies in an archive is read again after [Object.RestoreArchived] and
// [Object.WaitRestored].
//
// # Errors
//
// The questions callers ask are those of package [io/fs]:
// errors.Is(err, fs.ErrNotExist), fs.ErrExist and fs.ErrPermission. Besides there
// are [ErrArchived], [ErrChanged], [ErrChecksum] and [ErrNoEndpoint]. What the
// service said in its own words is in [Error].
//
// A bucket that has no rules or tags of a kind is not an error: the list is empty.
// What a bucket is or is not, a website or one with object lock, is
// fs.ErrNotExist if it is not.
//
// # Options
//
// Calls take a pointer to an options struct last; nil means the defaults. All
// methods of [Client], [Bucket] and [Object] may be called concurrently.
//
// Package [github.com/icos-go/icos/s3] is the layer below, with one method for
// each operation of the wire; most programs do not need it.
package icos
