package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/auth"
)

func newDoctor(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor [cos://BUCKET]",
		Short: "Check credentials, endpoint and clock, and say what is wrong",
		Long: `Try, in order, what every other command relies on: finding credentials, getting a
token, reaching the endpoint, the clock, listing buckets, and reading BUCKET if
one is named. Each check says what it found and, when it failed, what to do.

` + exitHelp,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			bucket := ""
			if len(args) == 1 {
				var err error
				if bucket, err = parseBucket(args[0]); err != nil {
					return &usageError{err}
				}
			}
			return (&doctor{app: a}).run(cmd.Context(), bucket)
		},
	}
}

// doctor runs its checks in the order in which one depends on the other, and
// ends with the first failure's error.
type doctor struct {
	*app
	failed int
	first  error
}

// unwell ends doctor when checks failed; each has been shown already.
type unwell struct {
	failed int
	first  error
}

func (e *unwell) Error() string { return plural(e.failed, "check") + " failed" }
func (e *unwell) Unwrap() error { return e.first }

// probeTimeout bounds one check. People wait for this command.
const probeTimeout = 15 * time.Second

func (d *doctor) run(ctx context.Context, bucket string) error {
	d.examine(ctx, bucket)
	if d.failed > 0 {
		return &unwell{failed: d.failed, first: d.first}
	}
	return nil
}

func (d *doctor) examine(ctx context.Context, bucket string) {
	cfg, ok := d.credentials()
	if !ok {
		return
	}
	d.token(ctx, cfg.Credentials)
	client, err := icos.NewClient(cfg)
	if err != nil {
		d.fail("client", err, "")
		return
	}
	defer client.Close()
	if cfg.Endpoint != "" {
		d.endpoint(ctx, client.Endpoint())
	} else {
		d.pass("endpoint", "none set: found from each bucket's location")
	}
	d.buckets(ctx, client, cfg)
	if bucket != "" {
		d.bucket(ctx, client.Bucket(bucket))
	}
}

func (d *doctor) credentials() (icos.Config, bool) {
	cfg, err := d.config()
	if err != nil {
		d.fail("credentials", err, "run icos serve --dir ./data for a local COS, or save a service credential as ~/.bluemix/cos_credentials")
		return icos.Config{}, false
	}
	if d.flags.anon {
		d.pass("credentials", "none: anonymous")
		return cfg, true
	}
	found, err := d.find()
	if err != nil {
		d.fail("credentials", err, "")
		return icos.Config{}, false
	}
	from := ""
	for _, s := range found.Sources {
		if s.Value == "REDACTED" { // where the secret is from, the credentials are from
			from = " from " + s.Source
		}
	}
	d.pass("credentials", string(found.Kind)+from)
	for _, s := range found.Sources {
		if s.Warning != "" {
			d.warn("credentials", s.Source+": "+s.Warning)
		}
	}
	return cfg, true
}

// token exchanges the key for a token, which checks the key, IAM's address and
// the way there.
func (d *doctor) token(ctx context.Context, c auth.Credentials) {
	source, ok := c.(auth.TokenSource)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	began := time.Now()
	tok, err := source.Token(ctx)
	if err != nil {
		d.fail("token", err, "check the API key, and that this machine reaches the IAM endpoint")
		return
	}
	msg := fmt.Sprintf("IAM answered in %v", time.Since(began).Round(time.Millisecond))
	if !tok.Expiry.IsZero() {
		msg += fmt.Sprintf(", valid for %v", time.Until(tok.Expiry).Round(time.Minute))
	}
	d.pass("token", msg)
}

// skewLimit is how far a clock may be off before signatures are refused.
const skewLimit = 15 * time.Minute

// endpoint asks the endpoint's root without credentials. Any HTTP answer will
// do: what is wanted is the way there, its certificate, and its clock.
func (d *doctor) endpoint(ctx context.Context, url string) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		d.fail("endpoint", err, "")
		return
	}
	began := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.fail("endpoint", err, endpointHint(err))
		return
	}
	resp.Body.Close()
	took := time.Since(began)
	d.pass("endpoint", fmt.Sprintf("%s answered in %v", url, took.Round(time.Millisecond)))
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		d.warn("clock", "the endpoint sent no date to compare with")
		return
	}
	skew := time.Since(date).Round(time.Second)
	switch {
	case skew.Abs() > skewLimit:
		d.fail("clock", fmt.Errorf("this machine's clock is %v off the service's", skew), "set the clock; signatures older than 15 minutes are refused")
	case skew.Abs() > skewLimit/15+took:
		d.warn("clock", fmt.Sprintf("this machine's clock is %v off the service's", skew))
	default:
		d.pass("clock", "agrees with the service's")
	}
}

func endpointHint(err error) string {
	var (
		dns       *net.DNSError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		header    tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &dns):
		return "check the spelling of the endpoint and this machine's name service; private endpoints resolve only inside IBM Cloud"
	case errors.As(err, &authority):
		return "the certificate is of an authority this machine does not know; for icos serve --tls set SSL_CERT_FILE to the CA file it prints"
	case errors.As(err, &host):
		return "the certificate is for another name; for icos serve --tls add --name"
	case errors.As(err, &header):
		return "the endpoint does not speak TLS; is it http:// rather than https://?"
	}
	return "check that the endpoint is right and that a firewall or proxy lets this machine reach it"
}

func (d *doctor) buckets(ctx context.Context, client *icos.Client, cfg icos.Config) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if d.flags.anon {
		return
	}
	n := 0
	for _, err := range client.Buckets(ctx, nil) {
		if err != nil {
			hint := ""
			if _, iam := cfg.Credentials.(auth.TokenSource); iam && cfg.InstanceID == "" {
				hint = "with an API key the service instance is needed to list buckets: set IBM_SERVICE_INSTANCE_ID or --instance"
			}
			d.fail("buckets", err, hint)
			return
		}
		n++
	}
	d.pass("buckets", plural(n, "bucket")+" can be listed")
}

func (d *doctor) bucket(ctx context.Context, b *icos.Bucket) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	for page, err := range b.Pages(ctx, &icos.ListOptions{PageSize: 1}) {
		if err != nil {
			hint := ""
			if errors.Is(err, fs.ErrPermission) {
				hint = "the credentials work, but their role does not allow reading this bucket"
			}
			d.fail("bucket", err, hint)
			return
		}
		d.pass("bucket", fmt.Sprintf("cos://%s can be read (%s in it)", b.Name(), map[bool]string{true: "something", false: "nothing"}[len(page.Objects) > 0]))
		return
	}
}

func (d *doctor) pass(check, found string) { d.show(check, "ok", found, "") }
func (d *doctor) warn(check, found string) { d.show(check, "warning", found, "") }

func (d *doctor) fail(check string, err error, hint string) {
	d.failed++
	if d.first == nil {
		d.first = err
	}
	d.show(check, "failed", explain(err), hint)
}

func (d *doctor) show(check, status, found, hint string) {
	// The checks are the point; a closed standard output does not change them.
	if d.flags.json {
		_ = d.emit(record{Type: "check", Name: check, Status: status, Message: found, Hint: hint})
		return
	}
	_ = d.printf("%-8s %-12s %s\n", status, check, printableText(found))
	if hint != "" {
		_ = d.printf("%-8s %-12s → %s\n", "", "", hint)
	}
}
