package store

import "errors"

// Errors callers ask about with errors.Is. A method may wrap them with the step that met them.
var (
	// ErrNoSuchBucket says that no bucket has that name.
	ErrNoSuchBucket = errors.New("no such bucket")
	// ErrBucketExists says that the bucket name is taken.
	ErrBucketExists = errors.New("bucket already exists")
	// ErrBucketNotEmpty says that the bucket still holds objects.
	ErrBucketNotEmpty = errors.New("bucket is not empty")
	// ErrNoSuchKey says that the bucket has no object with that key.
	ErrNoSuchKey = errors.New("no such key")
	// ErrNoSuchUpload says that the upload was never begun, was aborted, or was completed.
	ErrNoSuchUpload = errors.New("no such upload")
	// ErrInvalidPart says that a part named on completion was not uploaded, or has another ETag or checksum.
	ErrInvalidPart = errors.New("invalid part")
	// ErrInvalidPartOrder says that the parts named on completion were not in ascending order of number.
	ErrInvalidPartOrder = errors.New("parts are not in ascending order")
	// ErrPartTooSmall says that a part other than the last is under the minimum size.
	ErrPartTooSmall = errors.New("part too small")
	// ErrInvalidPartNumber says that a part number is outside 1 to MaxParts.
	ErrInvalidPartNumber = errors.New("part number out of range")
	// ErrInvalidRange says that a range to copy does not lie inside the source object.
	ErrInvalidRange = errors.New("range not satisfiable")
	// ErrTooLarge says that a completed object would be over MaxObjectSize.
	ErrTooLarge = errors.New("object too large")
	// ErrQuota says that a write would have a bucket hold more than its quota.
	ErrQuota = errors.New("bucket has no room by its quota")
	// ErrInvalidKey says that a key is empty or longer than MaxKeyLength bytes.
	ErrInvalidKey = errors.New("invalid key")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("store is closed")
	// ErrFailed says that the disk refused a write that the store can not do without (the write-ahead log, say), so that it
	// takes no writes until it is opened again. What was acknowledged before is safe, and reads go on.
	ErrFailed = errors.New("store takes no writes since a disk error; free space or repair the disk, then start again")
	// ErrInUse says that another process holds the data directory.
	ErrInUse = errors.New("data directory in use")
	// ErrNewerLayout says that the data directory was written by a newer version of this package.
	ErrNewerLayout = errors.New("data directory has a newer layout")
)
