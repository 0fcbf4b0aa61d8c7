package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/internal/durable"
	"github.com/icos-go/icos/server/iam"
)

func newServe(a *app) *cobra.Command {
	s := serve{app: a}
	cmd := &cobra.Command{
		Use:   "serve --dir DATA",
		Short: "Serve a local COS that keeps its data",
		Long: `Serve COS, IAM, Key Protect and the transfer service on one address, with all data
under one directory. What has been acknowledged survives a crash of the program or of
the machine.

The first start makes a service instance with an API key and HMAC keys, and a root
key in Key Protect; every start writes the keys and the names of both instances to
DATA/cos_credentials in the form that IBM's SDKs and icos read; point
COS_CREDENTIALS_FILE at it. The address is loopback only unless
--addr says otherwise, and then --tls is needed, since tokens and keys are not
sent over plain http to other machines; --name is the name that these use, which
the certificate must hold.

Clients with --accelerate come in over UDP, on the port of the same number: open
both in firewalls. They need what every other client needs, and a grant that only
the transfer service gives. --no-rapid leaves UDP alone, and ICOS_RAPID_GSO=off
keeps the kernel from cutting and joining packets, for network drivers that do it
wrong.

Buckets made with a root key keep their objects encrypted under it, and --encrypt
encrypts all other objects with a key in DATA/kms: keep backups of that apart.

--admin opens a second address at which icos admin has requests fail by rules, moves
the clock of objects, shows what is asked, and takes snapshots. Its token is in
DATA/admin_token, another one each time.

It is for development and tests. SIGINT or SIGTERM ends it cleanly.`,
		Example: `  icos serve --dir ./data
  icos serve --dir ./data --tls --name cos.lan --addr :9443
  icos serve --dir ./data --admin 127.0.0.1:9001`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&s.dir, "dir", "", "directory that holds all data (required)")
	f.StringVar(&s.addr, "addr", "127.0.0.1:9000", "address to listen on; port 0 means any free one")
	f.BoolVar(&s.tls, "tls", false, "serve https with a certificate of a local CA, made in DATA/tls")
	f.StringSliceVar(&s.names, "name", nil, "host name clients use, for the certificate and for BUCKET.NAME addresses; may be repeated")
	f.BoolVar(&s.noRapid, "no-rapid", false, "accept no rapid sessions over UDP")
	f.StringVar(&s.admin, "admin", "", "`ADDRESS` of an API for icos admin, such as 127.0.0.1:9001 (default: none)")
	f.Var((*spanFlag)(&s.nameHold), "hold-names", "`SPAN` for which the name of a deleted bucket cannot be taken; COS says 5m")
	f.StringVar(&s.region, "region", "us-south", "region this COS plays")
	f.BoolVar(&s.encrypt, "encrypt", false, "encrypt every object on the disk with a key in DATA/kms, unless it is under another key")
	return cmd
}

type serve struct {
	*app
	dir     string
	addr    string
	tls     bool
	names   []string
	region  string
	noRapid bool
	encrypt bool
	admin   string

	nameHold time.Duration
}

func (s *serve) run(ctx context.Context) error {
	if s.dir == "" {
		return &usageError{errors.New("--dir is missing: name the directory that holds the data, such as --dir ./data")}
	}
	if info, err := os.Stat(s.dir); err == nil && !info.IsDir() {
		return &usageError{fmt.Errorf("--dir %s is a file: name a directory, which need not exist", s.dir)}
	}
	noOffload, err := s.offloadOff()
	if err != nil {
		return &usageError{err}
	}
	level := slog.LevelWarn
	if s.flags.debug {
		level = slog.LevelDebug
	}
	cos, err := openLocalCOS(&localOptions{
		dir: s.dir, addr: s.addr, tls: s.tls, names: s.names, region: s.region, rapid: !s.noRapid, noOffload: noOffload, encrypt: s.encrypt, admin: s.admin, nameHold: s.nameHold,
		logger: slog.New(slog.NewTextHandler(s.stderr, &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		return err
	}
	file := filepath.Join(s.dir, "cos_credentials")
	if err := writeCredential(file, cos.credential); err != nil {
		return errors.Join(err, cos.close())
	}
	if cos.admin != nil {
		if err := cos.admin.write(s.dir); err != nil {
			return errors.Join(err, cos.close())
		}
	}
	cos.serve() // only now: whoever finds the port open finds the file too
	if err := s.announce(cos, file); err != nil {
		return errors.Join(err, cos.close())
	}
	select {
	case <-ctx.Done():
		s.notef("\nicos: stopping\n")
		return cos.close()
	case <-cos.ended:
		return cos.close()
	}
}

// announce prints what a person needs to use the server: data, since scripts
// read it, and so on standard output.
func (s *serve) announce(cos *localCOS, file string) error {
	c := cos.credential
	if abs, err := filepath.Abs(file); err == nil {
		file = abs
	}
	if s.flags.json {
		r := record{Type: "serving", URL: cos.url, Value: file, UDP: cos.udp}
		if cos.admin != nil {
			r.Admin = cos.admin.url
		}
		return s.emit(r)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "Serving COS and IAM on %s, data in %s\n\n", cos.url, s.dir)
	rapid := "off, so that --accelerate has nothing to use"
	if cos.udp != "" {
		rapid = "on UDP " + cos.udp + ", for --accelerate"
	}
	admin := ""
	if cos.admin != nil {
		admin = cos.admin.url + ", for icos admin"
	}
	for _, row := range [][2]string{
		{"endpoint", cos.url},
		{"IAM", c.AuthEndpoint},
		{"rapid", rapid},
		{"admin", admin},
		{"instance", c.ResourceInstanceID},
		{"API key", c.APIKey},
		{"access key", c.HMACKeys.AccessKeyID},
		{"secret key", c.HMACKeys.SecretAccessKey},
		{"Key Protect", c.KMSInstance},
		{"CA", cos.ca},
	} {
		if row[1] != "" {
			fmt.Fprintf(&out, "  %-11s %s\n", row[0], row[1])
		}
	}
	fmt.Fprintf(&out, "\nFor icos, and for IBM's SDKs with the endpoint above:\n\n  export COS_CREDENTIALS_FILE=%s\n", shellQuote(file))
	if cos.ca != "" {
		fmt.Fprintf(&out, "  export SSL_CERT_FILE=%[1]s AWS_CA_BUNDLE=%[1]s NODE_EXTRA_CA_CERTS=%[1]s\n", shellQuote(cos.ca))
	}
	fmt.Fprintf(&out, "\nFor the aws CLI and other S3 tools:\n\n  export AWS_ENDPOINT_URL=%s AWS_REGION=%s\n  export AWS_ACCESS_KEY_ID=%s\n  export AWS_SECRET_ACCESS_KEY=%s\n\n",
		cos.url, s.region, c.HMACKeys.AccessKeyID, c.HMACKeys.SecretAccessKey)
	return s.printf("%s", out.String())
}

// shellQuote writes s as one word of a POSIX shell.
func shellQuote(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-:+@%,") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// writeCredential replaces file with c, readable by its owner only.
func writeCredential(file string, c iam.ServiceCredential) error {
	doc, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("write credentials: %w", err)
	}
	if err := durable.WriteFile(file, append(doc, '\n')); err != nil {
		return fmt.Errorf("write credentials: %w", err)
	}
	return nil
}
