package store

import (
	"encoding/binary"
	"fmt"
)

// Kinds of rows: the first byte of every database key.
const (
	rowMeta      = 'a' // the store itself: one row
	rowBytes     = 'b' // b<id>: the bytes of a small body
	rowFile      = 'f' // f<id>: a file of that id has an owner
	rowManifest  = 'm' // m<id>: the parts of a completed upload
	rowBucket    = 'n' // n<name>: a bucket
	rowObject    = 'o' // o<bucket id><key>: the current object of a key
	rowPart      = 'p' // p<upload id><number>: a part of an upload in progress
	rowSalt      = 'r' // r<run>: salt of the keys of bodies that the run seals
	rowShare     = 's' // s<id>: how many objects beyond the first share a body; absent for none
	rowTombstone = 't' // t<id>: bytes that nothing refers to any more, to be freed
	rowUpload    = 'u' // u<bucket id><escaped key><upload id>: an upload in progress
	rowShelved   = 'v' // v<bucket id><escaped key><descending sequence>: a noncurrent version, or a delete marker
)

// id names a bucket, a body or an upload. Ids ascend within a run of the store and from run to run and are never used twice.
type id uint64

// idKey is the key of the row of that kind for i. Big endian, so that rows lie in the order of their ids.
func idKey(kind byte, i id) []byte {
	return binary.BigEndian.AppendUint64([]byte{kind}, uint64(i))
}

// parseIDKey takes a key of idKey apart.
func parseIDKey(key []byte) (id, error) {
	if len(key) != 9 {
		return 0, fmt.Errorf("row key of %d bytes: %w", len(key), errCorrupt)
	}
	return id(binary.BigEndian.Uint64(key[1:])), nil
}

func bucketKey(name string) []byte { return append([]byte{rowBucket}, name...) }

// appendObjectKey appends the row key of an object. Nothing follows the object's key, so it stands as it is and byte order of
// rows is byte order of keys.
func appendObjectKey(dst []byte, bucket id, key string) []byte {
	dst = append(dst, rowObject)
	dst = binary.BigEndian.AppendUint64(dst, uint64(bucket))
	return append(dst, key...)
}

// objectKeyPrefix is the length of what comes before the object's key in appendObjectKey.
const objectKeyPrefix = 9

func partKey(upload id, number int) []byte {
	return binary.BigEndian.AppendUint16(idKey(rowPart, upload), uint16(number))
}

// appendUploadPrefix appends the part of an upload's row key that all uploads of keys beginning with prefix share.
func appendUploadPrefix(dst []byte, bucket id, prefix string) []byte {
	return appendSeriesPrefix(dst, rowUpload, bucket, prefix)
}

func uploadKey(bucket id, key string, upload id) []byte {
	return seriesKey(rowUpload, bucket, key, upload)
}

// parseUploadKey takes a key of uploadKey apart.
func parseUploadKey(row []byte) (key string, upload id, err error) { return parseSeriesKey(row) }

// appendVersionPrefix appends the part of a version's row key that all versions of keys beginning with prefix share.
func appendVersionPrefix(dst []byte, bucket id, prefix string) []byte {
	return appendSeriesPrefix(dst, rowShelved, bucket, prefix)
}

// versionKey is the row key of a version, of which newer ones come first.
func versionKey(bucket id, key string, seq id) []byte {
	return seriesKey(rowShelved, bucket, key, ^seq)
}

// parseVersionKey takes a key of versionKey apart.
func parseVersionKey(row []byte) (key string, seq id, err error) {
	key, i, err := parseSeriesKey(row)
	return key, ^i, err
}

// A series is the rows of one kind that one object key has, by number.

func appendSeriesPrefix(dst []byte, kind byte, bucket id, prefix string) []byte {
	dst = append(dst, kind)
	dst = binary.BigEndian.AppendUint64(dst, uint64(bucket))
	return appendEscaped(dst, prefix)
}

// seriesKeyEnd closes the object key in a row key. It sorts before every escaped byte, so that the series of a key comes before
// that of a longer one.
var seriesKeyEnd = [2]byte{0, 1}

func seriesKey(kind byte, bucket id, key string, number id) []byte {
	dst := appendSeriesPrefix(make([]byte, 0, 19+len(key)), kind, bucket, key)
	dst = append(dst, seriesKeyEnd[:]...)
	return binary.BigEndian.AppendUint64(dst, uint64(number))
}

func parseSeriesKey(row []byte) (key string, number id, err error) {
	if len(row) < 19 || [2]byte(row[len(row)-10:len(row)-8]) != seriesKeyEnd {
		return "", 0, fmt.Errorf("row key of %d bytes: %w", len(row), errCorrupt)
	}
	key, err = unescape(row[9 : len(row)-10])
	return key, id(binary.BigEndian.Uint64(row[len(row)-8:])), err
}

// appendEscaped writes s so that something may follow it without changing the order: a zero byte becomes 00 FF, so 00 01 can end
// the string.
func appendEscaped(dst []byte, s string) []byte {
	for i := range len(s) {
		dst = append(dst, s[i])
		if s[i] == 0 {
			dst = append(dst, 0xff)
		}
	}
	return dst
}

func unescape(b []byte) (string, error) {
	s := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		s = append(s, b[i])
		if b[i] == 0 {
			if i++; i == len(b) || b[i] != 0xff {
				return "", fmt.Errorf("escaped key: %w", errCorrupt)
			}
		}
	}
	return string(s), nil
}

// prefixEnd returns the first key after all that begin with prefix, nil if there is none. It may reuse prefix's array.
func prefixEnd(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			prefix[i]++
			return prefix[:i+1]
		}
	}
	return nil
}
