// Package lifecycle decides what becomes of objects as time passes, and does it.
//
// [Rules] is the lifecycle configuration of a bucket. Its methods are pure: they say when an object expires, when a new one is
// archived and when a stale upload is aborted. A [Sweeper] goes over all buckets and removes what is due.
//
// Archiving needs no sweep. An object is told when it is written where it goes and when, as COS has it: later changes of the rules
// do not concern it. Whether it lies in the archive is then a matter of the clock alone; see [Stage].
package lifecycle
