// Package tree is the local side of a transfer. Walk finds what there is to
// send, in the byte order of keys and in bounded memory however large a
// directory is; Root writes what was fetched, and lets no key and no link in the
// destination lead a write outside of it; Attributes and ReadAttributes keep
// times, modes and links in an object's metadata, under the names rclone uses.
package tree
