package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer"
)

// Variables that hold the keys of the user's own. A command line can be read by everybody on the machine, so keys are not given there.
const (
	keyVariable       = "ICOS_SSE_C_KEY"
	sourceKeyVariable = "ICOS_SSE_C_SOURCE_KEY"
)

// customerKeys are the keys of the user's own that objects are encrypted with (SSE-C), and the flags that name them.
type customerKeys struct {
	file, sourceFile string

	own    icos.CustomerKey // of what is read or written; of a copy, of the target
	source icos.CustomerKey // of the source of a copy
}

func (k *customerKeys) addFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&k.file, "sse-c-key-file", "", "encrypt, or decrypt, with a key of yours: `FILE` holds 32 bytes, or those in hex or base64 (SSE-C)")
}

// addFlags is addFlag for commands that copy.
func (k *customerKeys) addFlags(cmd *cobra.Command) {
	k.addFlag(cmd)
	cmd.Flags().StringVar(&k.sourceFile, "source-sse-c-key-file", "", "of a copy inside the store: the key in `FILE` that the source is encrypted with")
}

// customerKeyHelp is what the help of each command with these flags says of them.
const customerKeyHelp = `--sse-c-key-file names a file with a key of yours that an object is, or shall be,
encrypted with; ICOS_SSE_C_KEY holds the key itself, and the flag goes before it. The
service keeps no key: an object whose key is lost is lost.`

// sourceKeyHelp is customerKeyHelp for commands that copy.
const sourceKeyHelp = customerKeyHelp + ` Of a copy inside the store
it is the key of the copy; --source-sse-c-key-file or ICOS_SSE_C_SOURCE_KEY has that of
the source.`

// given reports whether there is any key.
func (k *customerKeys) given(a *app) bool {
	return k.file != "" || k.sourceFile != "" || a.getenv(keyVariable) != "" || a.getenv(sourceKeyVariable) != ""
}

// load reads the keys that flags and environment name. Copies says that what is copied stays inside the store.
func (k *customerKeys) load(a *app, copies bool) error {
	if k.sourceFile != "" && !copies {
		return &usageError{errors.New("--source-sse-c-key-file is for copies inside the store: --sse-c-key-file names the key of what is read or written")}
	}
	var err error
	if k.own, err = a.customerKey("--sse-c-key-file", k.file, keyVariable); err != nil {
		return err
	}
	if copies {
		k.source, err = a.customerKey("--source-sse-c-key-file", k.sourceFile, sourceKeyVariable)
	}
	a.keyed = a.keyed || !k.own.IsZero() || !k.source.IsZero()
	return err
}

// ofSource is the key of what is copied to dst.
func (k *customerKeys) ofSource(dst location) icos.CustomerKey {
	if dst.remote {
		return k.source
	}
	return k.own
}

// oneObject is the flags of commands that read objects.
type oneObject struct {
	version string // of the only object
	keys    customerKeys
}

func (o *oneObject) addFlags(cmd *cobra.Command) {
	addVersion(cmd, &o.version)
	o.keys.addFlag(cmd)
}

// load checks what was given for the objects at.
func (o *oneObject) load(a *app, at []location) error {
	if o.version != "" && (len(at) > 1 || at[0].key == "") {
		return &usageError{errors.New("--version is that of one object: name one")}
	}
	return o.keys.load(a, false)
}

// of is the object at l, or a handle without a key of a bucket.
func (o *oneObject) of(client *icos.Client, l location) *icos.Object {
	return client.Bucket(l.bucket).Object(l.key).Version(o.version).WithKey(o.keys.own)
}

// maxKeyFile bounds what is read of a file with a key, in bytes.
const maxKeyFile = 4 << 10

// customerKey reads the key in a file or, if that is not named, in a variable; the zero key if there is neither.
func (a *app) customerKey(flag, file, variable string) (icos.CustomerKey, error) {
	if file == "" {
		text := a.getenv(variable)
		if text == "" {
			return icos.CustomerKey{}, nil
		}
		key, err := parseCustomerKey([]byte(text))
		if err != nil {
			return icos.CustomerKey{}, &usageError{fmt.Errorf("%s: %w", variable, err)}
		}
		return key, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return icos.CustomerKey{}, fmt.Errorf("%s: %w", flag, err)
	}
	defer f.Close() // of something read
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o004 != 0 && runtime.GOOS != "windows" {
		a.notef("icos: everyone on this machine can read %[1]s: chmod 600 %[1]s\n", printable(file))
	}
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return icos.CustomerKey{}, fmt.Errorf("%s: %w", flag, err)
	}
	key, err := parseCustomerKey(b)
	if err != nil {
		return icos.CustomerKey{}, &usageError{fmt.Errorf("%s %s: %w", flag, printable(file), err)}
	}
	return key, nil
}

// errKey says what a key is. It tells nothing of what was found.
var errKey = errors.New("this is no key: write 32 bytes, or those as 64 hexadecimal digits or in base64 (openssl rand -out FILE 32 makes a key)")

// parseCustomerKey reads 32 bytes, or those in hexadecimal or in base64.
func parseCustomerKey(b []byte) (icos.CustomerKey, error) {
	if len(b) == 32 {
		return icos.NewCustomerKey(b)
	}
	text := string(bytes.TrimSpace(b))
	if key, err := hex.DecodeString(text); err == nil && len(key) == 32 {
		return icos.NewCustomerKey(key)
	}
	if key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "=")); err == nil && len(key) == 32 {
		return icos.NewCustomerKey(key)
	}
	return icos.CustomerKey{}, errKey
}

// keyHint says what to do about an error that may be about keys of the user's own. The service answers a HEAD without a word,
// so that this can be no more than likely.
func (a *app) keyHint(err error) string {
	if errors.Is(err, transfer.ErrCustomerKey) {
		return "--sse-c-key-file, or " + keyVariable + ", gives the key that it was begun with; icos jobs rm gives up what was sent, to begin anew"
	}
	e, ok := errors.AsType[*icos.Error](err)
	if !ok || e.Key == "" {
		return ""
	}
	about := e.Op == "HeadObject" || strings.Contains(strings.ToLower(e.Message), "encryption")
	switch {
	case e.StatusCode == http.StatusBadRequest && about && !a.keyed && e.Op == "CopyObject":
		return "if the source is encrypted with a key of yours (SSE-C), --source-sse-c-key-file FILE gives it"
	case e.StatusCode == http.StatusBadRequest && about && !a.keyed && e.Op == "HeadObject":
		return "if the object is encrypted with a key of yours (SSE-C), --sse-c-key-file FILE gives it, or --source-sse-c-key-file to copy it inside the store"
	case e.StatusCode == http.StatusBadRequest && about && !a.keyed:
		return "if the object is encrypted with a key of yours (SSE-C), --sse-c-key-file FILE gives it"
	case e.StatusCode == http.StatusBadRequest && about:
		return "maybe the object is not encrypted with a key of yours, or the source of a copy is, whose key --source-sse-c-key-file gives"
	case e.StatusCode == http.StatusForbidden && about && a.keyed:
		return "maybe the object is encrypted with another key than was given"
	}
	return ""
}
