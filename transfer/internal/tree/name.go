package tree

// LocalName returns the path, relative to a root, at which the object of this
// key is kept on this system, or an error that says why it cannot be kept at
// all. A key ending in a slash is a directory. No two keys have the same name,
// except on file systems that fold case, where Root notices.
func LocalName(key string) (string, error) { return key, nil }
