package auth_test

import (
	"io/fs"
)

// An environment is variables by name.
type environment map[string]string

func (e environment) get(name string) string { return e[name] }

// files are texts by name.
type files map[string]string

func (f files) read(name string) ([]byte, error) {
	text, ok := f[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return []byte(text), nil
}
