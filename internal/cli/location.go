package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer"
)

// location is one operand: an object, a prefix or a bucket of the store, a
// local path, or a standard stream.
type location struct {
	bucket string // "" for a local path or stream; "" with remote for cos:// alone
	key    string // exactly as written: keys are bytes, and never cleaned
	path   string // local path
	remote bool
	stream bool // "-"
}

// parseLocation reads one operand. It refuses what looks like a slip rather
// than acting on something else than was meant.
func parseLocation(s string) (location, error) {
	switch {
	case s == "":
		return location{}, errors.New("empty location: write cos://BUCKET/KEY, a path, or -")
	case s == "-":
		return location{stream: true}, nil
	}
	for _, scheme := range []string{"cos://", "s3://"} {
		if rest, ok := strings.CutPrefix(s, scheme); ok {
			bucket, key, _ := strings.Cut(rest, "/")
			if bucket == "" && key != "" {
				return location{}, fmt.Errorf("%s names no bucket: write cos://BUCKET/KEY", s)
			}
			return location{bucket: bucket, key: key, remote: true}, nil
		}
	}
	if rest, ok := strings.CutPrefix(s, "file://"); ok {
		return location{path: filepath.FromSlash(rest)}, nil
	}
	if scheme, _, ok := strings.Cut(s, "://"); ok && !strings.ContainsAny(scheme, `/\`) {
		return location{}, fmt.Errorf("%s: unknown scheme %s://; use cos:// or s3://", s, scheme)
	}
	return location{path: s}, nil
}

func (l location) String() string {
	switch {
	case l.stream:
		return "-"
	case l.remote && l.key == "":
		return "cos://" + l.bucket
	case l.remote:
		return "cos://" + l.bucket + "/" + l.key
	}
	return l.path
}

// isPrefix reports whether l can hold several things under it: a bucket, or a
// key that ends in a slash.
func (l location) isPrefix() bool {
	return l.remote && (l.key == "" || strings.HasSuffix(l.key, "/"))
}

// tree is l as the root of a tree: a key that stands for a directory ends in a
// slash.
func (l location) tree() location {
	if l.remote && !l.isPrefix() {
		l.key += "/"
	}
	return l
}

// tree is one side of a transfer of trees, and the key that its objects are encrypted with.
func tree(client *icos.Client, l location, key icos.CustomerKey) transfer.Tree {
	if !l.remote {
		return transfer.Tree{Dir: l.path}
	}
	return transfer.Tree{Bucket: client.Bucket(l.bucket), Prefix: l.tree().key, Key: key}
}

// underPrefix reports whether key is prefix or below it. Both are empty or end
// in a slash.
func underPrefix(key, prefix string) bool { return strings.HasPrefix(key, prefix) }

// parseBucket reads an operand that must be a bucket. A bare name is accepted,
// because there is nothing else it could be.
func parseBucket(s string) (string, error) {
	if !strings.Contains(s, "://") {
		s = "cos://" + s
	}
	l, err := parseLocation(s)
	if err != nil {
		return "", err
	}
	if l.bucket == "" || l.key != "" {
		return "", fmt.Errorf("%s is not a bucket: write cos://BUCKET", s)
	}
	return l.bucket, nil
}

// parseObject reads an operand that must be one object.
func parseObject(s string) (location, error) {
	l, err := parseLocation(s)
	if err != nil {
		return location{}, err
	}
	if !l.remote || l.bucket == "" || l.key == "" {
		return location{}, fmt.Errorf("%s is not an object: write cos://BUCKET/KEY", s)
	}
	return l, nil
}

// parseRemote reads an operand that must be in the store, a bucket or something
// in it. form is how to write what was expected, such as cos://BUCKET/KEY.
func parseRemote(s, form string) (location, error) {
	l, err := parseLocation(s)
	if err != nil {
		return location{}, &usageError{err}
	}
	if !l.remote || l.bucket == "" {
		return location{}, &usageError{fmt.Errorf("%s is not in the store: write %s", s, form)}
	}
	return l, nil
}

// checkTree refuses what cannot hold entries: a stream, and cos:// alone. It also
// refuses a bare word that is no file, since that is likely to be a bucket.
func (l location) checkTree(arg string) error {
	switch {
	case l.stream:
		return errors.New("- holds no tree: write cos://BUCKET/PREFIX or a directory")
	case l.remote && l.bucket == "":
		return errors.New("cos:// alone names no bucket: write cos://BUCKET/PREFIX")
	case !l.remote && !strings.ContainsAny(arg, `./\~`) && !exists(l.path):
		return fmt.Errorf("%s is no local directory: write cos://%[1]s for a bucket", arg)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
