// Package replication copies what is written to a bucket to other buckets of the same store.
//
// [Rules] is the replication configuration of a bucket; its methods are pure. Whoever writes an object asks them where it goes, gives
// it the status [Pending] with the write, and tells a [Replicator] afterwards. The status is in the row of the object, so that a
// replicator that begins after a crash finds again what is left to do.
//
// A replica has the version id, the date and the ETag of the original, and the status [Replica], with which it is never replicated
// itself: two buckets may replicate to each other.
package replication
