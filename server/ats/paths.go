package ats

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/icos-go/icos/server/store"
)

// checkPaths refuses paths that no object can have, what the caller may not do, and downloads of what is not there. The other side of a path is a file of
// the client's, which is none of our business.
func (j *job) checkPaths(ctx context.Context, t *transferRequest) error {
	if len(t.Paths) == 0 {
		return badRequest("paths is missing or empty.")
	}
	named := t.Paths[0].Destination != ""
	for _, p := range t.Paths {
		if (p.Destination != "") != named {
			return badRequest("Either all paths have a destination or none has.")
		}
		key, err := j.key(t, p)
		if err != nil {
			return err
		}
		if j.direction == upload {
			if err := j.mayUpload(key); err != nil {
				return err
			}
			continue
		}
		there, err := j.found(ctx, key)
		if err != nil {
			return err
		}
		if !there {
			return &apiError{
				Code: http.StatusNotFound, Reason: "File or directory not found",
				UserMessage: "There is no object " + strconv.Quote(key) + " and none below it.",
			}
		}
	}
	return nil
}

// key returns the key, or the prefix of keys, that a path means. A slash at the beginning is the bucket's root.
func (j *job) key(t *transferRequest, p transferPath) (string, error) {
	root, path := t.SourceRoot, p.Source
	if j.direction == upload {
		root, path = t.DestinationRoot, p.Destination
		if path == "" { // then a file keeps its name
			path = p.Source[strings.LastIndexByte(p.Source, '/')+1:]
		}
	} else if path == "" {
		return "", badRequest("A path to download has no source.")
	}
	key := strings.TrimLeft(path, "/")
	if root = strings.Trim(root, "/"); root != "" {
		key = root + "/" + key
	}
	switch {
	case len(key) > store.MaxKeyLength:
		return "", badRequest("A path is longer than the " + strconv.Itoa(store.MaxKeyLength) + " bytes that a key has room for.")
	case strings.IndexByte(key, 0) >= 0:
		return "", badRequest("A path holds a zero byte.")
	case hasSegment(key, ".."), hasSegment(key, "."):
		return "", badRequest("A path has a segment that is . or .., which transfers do not follow.")
	}
	return key, nil
}

// hasSegment reports whether one of the names between the slashes of path is name.
func hasSegment(path, name string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == name {
			return true
		}
	}
	return false
}

// hasDir reports whether path lies below dir.
func hasDir(path, dir string) bool {
	return len(path) > len(dir) && path[len(dir)] == '/' && path[:len(dir)] == dir
}
