package tree

import "io/fs"

// The type and permission bits of a Unix mode, which metadata carries whatever
// the system.
const (
	unixType     = 0o170000
	unixRegular  = 0o100000
	unixDir      = 0o040000
	unixSymlink  = 0o120000
	unixFIFO     = 0o010000
	unixSocket   = 0o140000
	unixDevice   = 0o060000
	unixCharDev  = 0o020000
	unixSetuid   = 0o4000
	unixSetgid   = 0o2000
	unixSticky   = 0o1000
	unixPerm     = 0o777
	unixModeBits = unixType | unixSetuid | unixSetgid | unixSticky | unixPerm
)

// fileMode converts a mode of Unix.
func fileMode(m uint32) fs.FileMode {
	mode := fs.FileMode(m & unixPerm)
	switch m & unixType {
	case unixRegular:
	case unixDir:
		mode |= fs.ModeDir
	case unixSymlink:
		mode |= fs.ModeSymlink
	case unixFIFO:
		mode |= fs.ModeNamedPipe
	case unixSocket:
		mode |= fs.ModeSocket
	case unixDevice:
		mode |= fs.ModeDevice
	case unixCharDev:
		mode |= fs.ModeDevice | fs.ModeCharDevice
	default:
		mode |= fs.ModeIrregular
	}
	if m&unixSetuid != 0 {
		mode |= fs.ModeSetuid
	}
	if m&unixSetgid != 0 {
		mode |= fs.ModeSetgid
	}
	if m&unixSticky != 0 {
		mode |= fs.ModeSticky
	}
	return mode
}

// unixMode converts to a mode of Unix: the type of a file, directory or link,
// and the permissions.
func unixMode(mode fs.FileMode) uint32 {
	m := uint32(mode.Perm())
	switch mode.Type() {
	case fs.ModeDir:
		m |= unixDir
	case fs.ModeSymlink:
		m |= unixSymlink
	default:
		m |= unixRegular
	}
	return m
}
