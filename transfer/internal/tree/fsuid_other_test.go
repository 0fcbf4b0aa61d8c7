//go:build unix && !linux

package tree_test

func setFSUID(int) error { return nil }
