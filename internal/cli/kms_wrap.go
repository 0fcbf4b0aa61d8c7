package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/internal/durable"
	"github.com/icos-go/icos/keyprotect"
)

// maxSecret bounds what is read as key material, in bytes.
const maxSecret = 64 << 10

// readInput reads a small file, or standard input for a hyphen.
func (k *kmsCommand) readInput(name string) ([]byte, error) {
	var src io.Reader
	if name == "-" {
		src = k.typedInput()
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close() // of something read
		src = f
	}
	b, err := io.ReadAll(io.LimitReader(src, maxSecret+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", name, err)
	case len(b) > maxSecret:
		return nil, fmt.Errorf("read %s: more than %d bytes, which no key has", name, maxSecret)
	case len(b) == 0:
		return nil, fmt.Errorf("read %s: it is empty", name)
	}
	return b, nil
}

// readSecret reads key material: base64 if it is that, else the bytes as they are. 16, 24 and 32 bytes are a key as it is.
func (k *kmsCommand) readSecret(name string) (keyprotect.Secret, error) {
	b, err := k.readInput(name)
	if err != nil {
		return nil, err
	}
	switch len(b) {
	case 16, 24, 32:
		return b, nil
	}
	if s, err := keyprotect.ParseSecret(string(bytes.TrimSpace(b))); err == nil {
		return s, nil
	}
	return b, nil
}

func (k *kmsCommand) wrap() *cobra.Command {
	var aad []string
	var fresh string
	cmd := &cobra.Command{
		Use:   "wrap KEY [FILE|-]",
		Short: "Encrypt a key of yours under a root key",
		Long: `Encrypt a key of yours, which a file or standard input holds as it is or in base64, under
a root key, and print the ciphertext. With --new FILE and without an input, Key
Protect makes a key of 32 bytes, which is written to FILE in base64, readable by you
alone. --aad binds the ciphertext to a text that unwrap must be given again.

` + exitHelp,
		Example: `  icos kms wrap root-key --new data.key --aad invoices > data.key.wrapped`,
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var plaintext keyprotect.Secret
			switch {
			case (len(args) == 2) == (fresh != ""):
				return &usageError{errors.New("name the FILE with the key, - for standard input, or a file for a --new key")}
			case len(args) == 2:
				var err error
				if plaintext, err = k.readSecret(args[1]); err != nil {
					return err
				}
			}
			client, err := k.client()
			if err != nil {
				return err
			}
			w, err := client.Wrap(cmd.Context(), args[0], plaintext, aad...)
			if err != nil {
				return err
			}
			if fresh != "" {
				if err := durable.WriteFile(fresh, []byte(w.Plaintext.Base64()+"\n")); err != nil {
					return fmt.Errorf("write the new key: %w", err)
				}
			}
			if k.flags.json {
				return k.emit(record{Type: "wrapped", ID: args[0], Value: w.Ciphertext, Target: fresh})
			}
			return k.printf("%s\n", w.Ciphertext)
		},
	}
	cmd.Flags().StringArrayVar(&aad, "aad", nil, "`TEXT` to bind the ciphertext to; may be repeated")
	cmd.Flags().StringVar(&fresh, "new", "", "have a key made and write it to `FILE`")
	return cmd
}

func (k *kmsCommand) unwrap() *cobra.Command {
	var aad []string
	var out string
	cmd := &cobra.Command{
		Use:   "unwrap KEY FILE|-",
		Short: "Decrypt what wrap encrypted",
		Long: `Decrypt the ciphertext in a file or on standard input and print the key in base64, or
write it to --out, readable by you alone. When the root key was rotated since, the
ciphertext under its new version is written to --rewrap, to be kept in place of the
old one.

` + exitHelp,
		Example: `  icos kms unwrap root-key data.key.wrapped --aad invoices --out data.key`,
		Args:    cobra.ExactArgs(2),
	}
	var rewrap string
	cmd.Flags().StringArrayVar(&aad, "aad", nil, "`TEXT` that the ciphertext is bound to; may be repeated")
	cmd.Flags().StringVar(&out, "out", "", "write the key to `FILE`")
	cmd.Flags().StringVar(&rewrap, "rewrap", "", "write a new ciphertext to `FILE`, if there is one")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		b, err := k.readInput(args[1])
		if err != nil {
			return err
		}
		client, err := k.client()
		if err != nil {
			return err
		}
		u, err := client.Unwrap(cmd.Context(), args[0], strings.TrimSpace(string(b)), aad...)
		if err != nil {
			return err
		}
		if rewrap != "" && u.Rewrapped != nil {
			if err := durable.WriteFile(rewrap, []byte(u.Rewrapped.Ciphertext+"\n")); err != nil {
				return fmt.Errorf("write the new ciphertext: %w", err)
			}
		}
		if out != "" {
			if err := durable.WriteFile(out, []byte(u.Plaintext.Base64()+"\n")); err != nil {
				return fmt.Errorf("write the key: %w", err)
			}
			if k.flags.json {
				return k.emit(record{Type: "unwrapped", ID: args[0], Target: out})
			}
			return nil
		}
		if k.flags.json {
			return k.emit(record{Type: "unwrapped", ID: args[0], Value: u.Plaintext.Base64()})
		}
		return k.printf("%s\n", u.Plaintext.Base64())
	}
	return cmd
}
