// Package mirror compares two trees, each a directory or a bucket, and says what
// has to be done so that the second becomes like the first.
//
// [Local] and [Bucket] list a tree in byte order of its keys. [Plan] walks two
// such lists side by side, as one merges sorted files, and yields an [Action] for
// each key of the source while both go on; memory does not grow with the number
// of keys. What only the target has goes to [Deletes], which gives it away
// after both lists were read to their ends, and not at all if one was not.
//
// The package decides and moves nothing.
package mirror
