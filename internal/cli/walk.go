package cli

import (
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"
	"time"
)

// localFile is a regular file found by walkFiles.
type localFile struct {
	path string // as the operating system names it
	rel  string // slash-separated, relative to the walk's root

	size    int64
	modTime time.Time
}

// walkFiles yields the regular files under dir in lexical order. Links and
// special files are yielded with an error that says so, because leaving them
// out in silence would look like having copied them.
func walkFiles(dir string) iter.Seq2[localFile, error] {
	return func(yield func(localFile, error) bool) {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			rel, relErr := filepath.Rel(dir, path)
			if relErr != nil {
				return relErr
			}
			f := localFile{path: path, rel: filepath.ToSlash(rel)}
			switch {
			case err != nil && path == dir:
				return err
			case err != nil:
				// An unreadable directory: tell, and walk on past it.
			case entry.IsDir():
				return nil
			case !entry.Type().IsRegular():
				err = fmt.Errorf("%s: not a regular file (%s), skipped", path, entry.Type())
			default:
				var info fs.FileInfo
				if info, err = entry.Info(); err == nil {
					f.size, f.modTime = info.Size(), info.ModTime()
				}
			}
			if !yield(f, err) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(localFile{path: dir}, err)
		}
	}
}
