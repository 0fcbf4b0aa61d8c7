package durable

// SyncDir does nothing: Windows refuses to flush directories, and NTFS keeps a journal of names.
func SyncDir(string) error { return nil }
