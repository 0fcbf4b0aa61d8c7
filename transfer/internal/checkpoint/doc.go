// Package checkpoint keeps on disk how far transfers have come, so that another
// process goes on where one was killed.
//
// [Open] opens the directory of checkpoints, a [Store]. [Store.Object] opens
// the checkpoint of one object: a [Header] that says what is being moved and as
// which upload, and a [Piece] for each run of bytes that has arrived.
// [Store.Job] opens that of a tree: one [State] after the other, of which the
// last counts.
//
// Each checkpoint is one small file. It is appended to, a record at a time, and
// every record carries its CRC: what a crash left half written is cut off, and
// what was there before still holds. Records say what has been done, never what
// will be, so a lost one costs work and not data. The file is locked by the
// process that has it open, and the lock ends with that process. It is removed
// when its transfer is done.
package checkpoint
