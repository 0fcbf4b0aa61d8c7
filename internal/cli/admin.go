package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/server/admin"
)

func newAdmin(a *app) *cobra.Command {
	s := &adminCommand{app: a}
	cmd := &cobra.Command{
		Use:   "admin",
		Short: "Steer a local COS: faults, clock, request log, snapshots",
		Long: `Steer an icos serve that was started with --admin: have requests fail by rules, move
the clock of objects, see what is asked of the server, take snapshots, and go back to
them.

The server is found by the files admin_url and admin_token of its data directory,
which --dir names; without it, that in which COS_CREDENTIALS_FILE is.

` + exitHelp,
	}
	cmd.PersistentFlags().StringVar(&s.dir, "dir", "", "data `DIRECTORY` of the server (default: that of COS_CREDENTIALS_FILE)")
	cmd.AddCommand(newAdminFault(s), newAdminClock(s), newAdminLog(s), newAdminSnapshot(s), newAdminRestore(s))
	return cmd
}

// adminCommand is a command that steers a server.
type adminCommand struct {
	*app
	dir string
}

// client returns a client of the server that --dir means.
func (s *adminCommand) client() (*admin.Client, error) {
	dir := s.dir
	if file := s.getenv("COS_CREDENTIALS_FILE"); dir == "" && file != "" {
		dir = filepath.Dir(file)
	}
	if dir == "" {
		return nil, &usageError{errors.New("--dir is missing: name the data directory of the server")}
	}
	var found [2]string
	for i, name := range []string{adminURLFile, adminTokenFile} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: was the server started with --admin, and is %s its data directory?", err, dir)
		}
		if err != nil {
			return nil, fmt.Errorf("find the admin API: %w", err)
		}
		found[i] = strings.TrimSpace(string(b))
	}
	return &admin.Client{URL: found[0], Token: found[1]}, nil
}

// emitValue writes a record whose fields are those of value.
func (s *adminCommand) emitValue(kind string, value any) error {
	fields, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	head := fmt.Sprintf(`{"v":%d,"type":%q`, schemaVersion, kind)
	if rest := fields[1:]; len(rest) > 1 {
		head += ","
	}
	return s.printf("%s%s\n", head, fields[1:])
}

func newAdminClock(s *adminCommand) *cobra.Command {
	show := func(c *admin.Clock) error {
		if s.flags.json {
			return s.emitValue("clock", c)
		}
		return s.printf("%s, %s\n", c.Now.Format(time.RFC3339), offsetWords(c.Offset))
	}
	cmd := &cobra.Command{
		Use:   "clock",
		Short: "Show the clock of objects, or move it",
		Long: `Show the clock by which objects get their dates, and by which retentions end and
lifecycle rules act; or move it, and have done what is due by then. Tokens and
signatures keep the real time.

` + exitHelp,
		Example: `  icos admin clock
  icos admin clock advance 30d
  icos admin clock set 2030-12-31T18:00:00Z`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			now, err := c.Clock(cmd.Context())
			if err != nil {
				return err
			}
			return show(now)
		},
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "advance SPAN",
		Short:   "Move the clock, by 90s, 36h, 30d, 2w or 1y",
		Example: `  icos admin clock advance 30d`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := parseSpan(args[0])
			if err != nil {
				return &usageError{err}
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			now, err := c.Advance(cmd.Context(), d)
			if err != nil {
				return err
			}
			return show(now)
		},
	}, &cobra.Command{
		Use:     "set TIME",
		Short:   "Set the clock to a date, as in 2030-12-31",
		Example: `  icos admin clock set 2030-12-31T18:00:00Z`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var t dateFlag
			if err := t.Set(args[0]); err != nil {
				return &usageError{err}
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			now, err := c.SetClock(cmd.Context(), t.Time)
			if err != nil {
				return err
			}
			return show(now)
		},
	})
	return cmd
}

// offsetWords says how far a clock is from the real time, as time.Duration
// writes it, to the second.
func offsetWords(offset string) string {
	d, err := time.ParseDuration(offset)
	if err != nil {
		return offset + " from the real time" // of a server that writes it otherwise
	}
	switch d = d.Round(time.Second); {
	case d > 0:
		return span(d) + " ahead of the real time"
	case d < 0:
		return span(-d) + " behind the real time"
	}
	return "the real time"
}

// span writes a span of time with days, as people count them.
func span(d time.Duration) string {
	days, rest := d/(24*time.Hour), d%(24*time.Hour)
	switch {
	case days == 0:
		return rest.String()
	case rest == 0:
		return plural(int64(days), "day")
	}
	return plural(int64(days), "day") + " " + rest.String()
}

// parseSpan reads a span of time: what time.ParseDuration knows, and days, weeks
// and years of 365 days.
func parseSpan(s string) (time.Duration, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return d, nil
	}
	if n := len(s); n > 1 {
		unit, known := ageUnits[s[n-1]]
		number, err := strconv.ParseFloat(s[:n-1], 64)
		if d := number * float64(unit); known && err == nil && math.Abs(d) < math.MaxInt64 {
			return time.Duration(d), nil
		}
	}
	return 0, fmt.Errorf("%q is not a span of time: write 90s, 36h, 30d, 2w or 1y", s)
}

func newAdminSnapshot(s *adminCommand) *cobra.Command {
	return &cobra.Command{
		Use:   "snapshot DIRECTORY",
		Short: "Copy all that the server holds, while it runs",
		Long: `Write all that the server holds to a directory, which must not exist or be empty.
icos serve --dir DIRECTORY goes on from there, and so does one on a copy of it,
which is how to begin many tests from the same state. icos admin restore has a
running server go back to it.

` + exitHelp,
		Example: `  icos admin snapshot ./before`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := filepath.Abs(args[0])
			if err != nil {
				return fmt.Errorf("snapshot: %w", err)
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			if err := c.Snapshot(cmd.Context(), dir); err != nil {
				return err
			}
			if s.flags.json {
				return s.emit(record{Type: "snapshot", Directory: dir})
			}
			s.notef("wrote %s\n", dir)
			return nil
		},
	}
}
