package tree_test

import "syscall"

// setFSUID makes the current thread reach files as another user does.
func setFSUID(uid int) error { return syscall.Setfsuid(uid) }
