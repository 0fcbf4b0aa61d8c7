package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
)

func newHead(a *app) *cobra.Command {
	var lines int64
	var size sizeFlag
	var one oneObject
	cmd := &cobra.Command{
		Use:   "head cos://BUCKET/KEY...",
		Short: "Write the beginning of objects to standard output",
		Long: `Write the first lines of objects to standard output, or with -c the first bytes.
No more is asked of the service than is likely to be needed, however large an
object is. Several objects have their names in front.

` + customerKeyHelp + `

` + exitHelp,
		Example: `  icos head cos://my-bucket/access.log
  icos head -n 100 cos://my-bucket/access.log
  icos head -c 512 cos://my-bucket/disk.img | xxd`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case lines < 0:
				return &usageError{fmt.Errorf("--lines %d: it cannot be negative", lines)}
			case cmd.Flags().Changed("lines") && cmd.Flags().Changed("bytes"):
				return &usageError{errors.New("--lines and --bytes do not go together")}
			}
			h := &header{app: a, lines: lines, bytes: -1}
			if cmd.Flags().Changed("bytes") {
				h.bytes = int64(size)
			}
			n := 0
			return a.eachRead(cmd.Context(), args, &one, func(ctx context.Context, obj *icos.Object, at location) error {
				n++
				if err := h.title(at, n, len(args)); err != nil {
					return err
				}
				if err := h.run(ctx, obj); err != nil {
					return fmt.Errorf("head %s: %w", at, err)
				}
				return nil
			})
		},
	}
	cmd.Flags().Int64VarP(&lines, "lines", "n", 10, "how many lines to write")
	cmd.Flags().VarP(&size, "bytes", "c", "how many bytes to write, instead of lines")
	one.addFlags(cmd)
	return cmd
}

// header is one run of head.
type header struct {
	*app
	lines int64
	bytes int64 // -1: lines count
}

// title names the object, when there are several.
func (h *header) title(at location, n, of int) error {
	if of == 1 {
		return nil
	}
	gap := ""
	if n > 1 {
		gap = "\n"
	}
	return h.printf("%s==> %s <==\n", gap, printable(at.String()))
}

// Ranges that are read in search of lines, in bytes. The first is enough for ten
// lines of nearly everything; each one after it is four times as long.
const (
	firstRange = 16 << 10
	lastRange  = 16 << 20
)

// run reads ranges rather than breaking off a read of the whole: a connection
// that is broken off is lost, and has brought bytes that nobody wanted.
func (h *header) run(ctx context.Context, obj *icos.Object) error {
	if h.bytes == 0 || h.bytes < 0 && h.lines == 0 {
		_, err := obj.Stat(ctx) // an object that is not there is an error all the same
		return err
	}
	if h.bytes > 0 {
		_, _, err := copyRange(ctx, obj, h.stdout, icos.GetOptions{Length: h.bytes})
		return err
	}
	limited := &lineWriter{w: h.stdout, left: h.lines}
	o := icos.GetOptions{Length: firstRange}
	for {
		n, info, err := copyRange(ctx, obj, limited, o)
		if err != nil || limited.left == 0 {
			return err
		}
		o.Offset += n
		if n < o.Length || info.Size >= 0 && o.Offset >= info.Size {
			return nil
		}
		o.Length = min(o.Length*4, lastRange)
		o.IfMatch = info.ETag // lines of two versions do not make a file
	}
}

// lineWriter passes on so many lines, and takes the rest without a word.
type lineWriter struct {
	w    io.Writer
	left int64
}

func (l *lineWriter) Write(b []byte) (int, error) {
	end := 0
	for l.left > 0 && end < len(b) {
		i := bytes.IndexByte(b[end:], '\n')
		if i < 0 {
			end = len(b)
			break
		}
		end += i + 1
		l.left--
	}
	if n, err := l.w.Write(b[:end]); err != nil {
		return n, err
	}
	return len(b), nil
}
