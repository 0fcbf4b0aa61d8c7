//go:build !unix

package multipart

import "io/fs"

// fileID names a file, whatever its path. It is "", because the system does not say.
func fileID(fs.FileInfo) string { return "" }
