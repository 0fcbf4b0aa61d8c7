package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/rapid"
	"github.com/icos-go/icos/rapid/relay"
)

func newRelay(a *app) *cobra.Command {
	r := relayCommand{app: a, memory: 2 << 30}
	cmd := &cobra.Command{
		Use:   "relay --upstream HOST:PORT --token-file FILE [--tls | --tls-cert FILE --tls-key FILE]",
		Short: "Carry fast transfers to a bucket's endpoint",
		Long: `Accept rapid sessions, which fill long and lossy paths as TCP does not, and
forward them to the endpoints of buckets. Run it near those: in their region, or
anywhere with a good path to them. The bytes stay encrypted end to end; the
relay needs no keys of a bucket and cannot read what it carries.

It connects to its --upstream and to nothing else. Each is HOST:PORT, or
*.DOMAIN:PORT for every name below a domain. A name that leads to this machine,
its link or a metadata service is refused, unless that address is an --upstream.

Callers show a token of --token-file, which has a name and a token on each line
and may be changed while the relay runs, or an IAM token of an --iam-account or
--iam-id. They ask for sessions over HTTPS on the TCP port of --listen, and the
sessions come in on the UDP port of the same number: open both in firewalls.

The certificate is --tls-cert with --tls-key, which are read again when they
change, or with --tls one of a CA made by the relay. GET /metrics has numbers
for Prometheus, for this machine and for holders of a token.

SIGINT or SIGTERM ends it: no new sessions, and --drain for those there are. A
second one ends it at once. It needs no privilege.`,
		Example: `  icos relay token laptop --token-file relay.tokens
  icos relay --token-file relay.tokens --tls --name relay.example \
      --upstream s3.eu-de.cloud-object-storage.appdomain.cloud:443
  icos relay --iam-account 5d5a… --tls-cert cert.pem --tls-key key.pem \
      --upstream '*.cloud-object-storage.appdomain.cloud:443' --rate 2Gbit`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&r.listen, "listen", ":33001", "address of the TCP and of the UDP port")
	f.StringArrayVar(&r.upstreams, "upstream", nil, "`HOST:PORT` that may be reached, or *.DOMAIN:PORT; may be repeated (required)")
	f.StringVar(&r.tokenFile, "token-file", "", "`FILE` of names and tokens of callers; \"icos relay token\" adds one")
	f.StringArrayVar(&r.issuer.Accounts, "iam-account", nil, "IBM Cloud account `ID` whose IAM tokens are accepted; may be repeated")
	f.StringArrayVar(&r.issuer.IDs, "iam-id", nil, "IAM identity `ID` whose tokens are accepted, such as iam-ServiceId-…; may be repeated")
	f.StringVar(&r.issuer.URL, "iam-issuer", relay.IBMIssuer, "`URL` of the issuer of IAM tokens")
	f.StringVar(&r.issuer.KeysURL, "iam-keys", "", "`URL` of the issuer's public keys (default: the issuer's, with /keys)")
	f.StringVar(&r.certFile, "tls-cert", "", "`FILE` of the certificate with its chain, in PEM")
	f.StringVar(&r.keyFile, "tls-key", "", "`FILE` of the certificate's key, in PEM")
	f.BoolVar(&r.ownCA, "tls", false, "use a certificate of a CA made in --dir")
	f.StringArrayVar(&r.names, "name", nil, "host name or address that clients use, for the certificate; may be repeated")
	f.StringVar(&r.dir, "dir", "", "directory that holds the CA of --tls (default: relay in icos's state directory)")
	f.StringArrayVar(&r.advertise, "advertise", nil, "UDP `HOST:PORT` that clients are sent to, if not the host they asked on; may be repeated")
	f.Var(&r.rate, "rate", "most that all sessions together carry, in each direction")
	f.Var(&r.grantRate, "session-rate", "most that one session carries, in each direction")
	f.StringSliceVar(&r.policies, "policy", nil, "rate policies that clients may use: fixed, high, fair, low (default: all)")
	f.IntVar(&r.sessions, "max-sessions", 256, "sessions at a time")
	f.IntVar(&r.perCaller, "caller-sessions", 64, "sessions of one caller at a time")
	f.IntVar(&r.streams, "max-streams", 4096, "streams of all sessions at a time")
	f.IntVar(&r.grants, "grants-per-minute", 120, "sessions that one caller may begin in a minute")
	f.Var(&r.memory, "memory", "most that all sessions keep in memory")
	f.DurationVar(&r.idle, "idle-timeout", 5*time.Minute, "end a stream on which nothing moves for so long")
	f.DurationVar(&r.drain, "drain", 30*time.Second, "how long streams may go on when the relay is told to end")
	cmd.AddCommand(newRelayToken(a))
	return cmd
}

type relayCommand struct {
	*app
	listen            string
	upstreams         []string
	tokenFile         string
	issuer            relay.Issuer
	certFile, keyFile string
	ownCA             bool
	names             []string
	dir               string
	advertise         []string
	rate, grantRate   linkRateFlag
	policies          []string
	sessions, streams int
	grants, perCaller int
	memory            sizeFlag
	idle, drain       time.Duration
}

// setupError is why a relay cannot start, and what to do about it.
type setupError struct {
	err error
	how string
}

func (e *setupError) Error() string { return e.err.Error() }
func (e *setupError) Unwrap() error { return e.err }

func (r *relayCommand) run(ctx context.Context) error {
	if err := r.check(); err != nil {
		return &usageError{err}
	}
	log := r.logger()
	tokens, err := r.tokens()
	if err != nil {
		return err
	}
	certs, err := r.certificates()
	if err != nil {
		return err
	}
	ln, sessions, err := r.open(log)
	if err != nil {
		return err
	}
	srv, err := relay.NewServer(r.config(sessions, certs, tokens, log))
	if err != nil {
		err = &usageError{err} // it looks at the flags only
	} else {
		err = r.announce(ln.Addr(), certs, len(tokens))
	}
	if err != nil {
		return errors.Join(err, ln.Close(), sessions.Close())
	}
	reloading, stop := context.WithCancel(context.WithoutCancel(ctx))
	reloaded := make(chan struct{})
	go func() {
		defer close(reloaded)
		r.reload(reloading, srv, certs, log)
	}()
	err = srv.Serve(ctx, ln)
	stop()
	<-reloaded
	return err
}

// check refuses what cannot be meant, before anything is opened.
func (r *relayCommand) check() error {
	switch {
	case len(r.upstreams) == 0:
		return errors.New("no --upstream: name at least one HOST:PORT that may be reached, such as s3.eu-de.cloud-object-storage.appdomain.cloud:443")
	case r.tokenFile == "" && len(r.issuer.Accounts) == 0 && len(r.issuer.IDs) == 0:
		return errors.New("nobody could use the relay: name a --token-file (icos relay token NAME --token-file FILE makes one), an --iam-account or an --iam-id")
	case (r.certFile == "") != (r.keyFile == ""):
		return errors.New("--tls-cert and --tls-key go together")
	case r.certFile != "" && r.ownCA:
		return errors.New("--tls makes a certificate, and --tls-cert brings one: choose one of them")
	case r.certFile == "" && !r.ownCA && !loopbackAddr(r.listen):
		return fmt.Errorf("--listen %s can be reached from other machines: add --tls-cert and --tls-key, or --tls, since tokens are not sent over plain http", r.listen)
	case r.sessions < 1 || r.streams < 1 || r.grants < 1 || r.perCaller < 1:
		return errors.New("--max-sessions, --caller-sessions, --max-streams and --grants-per-minute must be at least 1")
	case r.idle <= 0 || r.drain < 0:
		return errors.New("--idle-timeout must be more than 0, and --drain not less")
	}
	for _, name := range r.policies {
		if _, err := rapid.ParsePolicy(name); err != nil {
			return err
		}
	}
	for _, a := range r.advertise {
		if _, _, err := net.SplitHostPort(a); err != nil {
			return fmt.Errorf("--advertise %s is not HOST:PORT", a)
		}
	}
	return nil
}

func (r *relayCommand) logger() *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.LevelInfo}
	switch {
	case r.flags.debug:
		o.Level = slog.LevelDebug
	case r.flags.quiet:
		o.Level = slog.LevelWarn
	}
	if r.flags.json {
		return slog.New(slog.NewJSONHandler(r.stderr, o))
	}
	return slog.New(slog.NewTextHandler(r.stderr, o))
}

func (r *relayCommand) config(l *rapid.Listener, certs *certificates, tokens []relay.Token, log *slog.Logger) relay.Config {
	cfg := relay.Config{
		Listener:          l,
		Upstreams:         r.upstreams,
		Tokens:            tokens,
		Rate:              int64(r.rate),
		GrantRate:         int64(r.grantRate),
		GrantsPerMinute:   r.grants,
		SessionsPerCaller: r.perCaller,
		MaxStreams:        r.streams,
		IdleTimeout:       r.idle,
		Drain:             r.drain,
		Logger:            log,
	}
	if r.drain == 0 {
		cfg.Drain = -1
	}
	if certs != nil {
		cfg.TLS = &tls.Config{
			MinVersion:     tls.VersionTLS12,
			NextProtos:     []string{"http/1.1"},
			GetCertificate: certs.get,
		}
	}
	for _, name := range r.policies {
		cfg.Policies = append(cfg.Policies, rapid.Policy(strings.ToLower(name)))
	}
	if len(r.issuer.Accounts) > 0 || len(r.issuer.IDs) > 0 {
		cfg.Issuers = []relay.Issuer{r.issuer}
	}
	return cfg
}

// open listens for grants and for sessions.
func (r *relayCommand) open(log *slog.Logger) (net.Listener, *rapid.Listener, error) {
	off, err := r.offloadOff()
	if err != nil {
		return nil, nil, &usageError{err}
	}
	o := &rapid.ListenOptions{
		MaxSessions:    r.sessions,
		Memory:         int64(r.memory),
		Rate:           int64(r.rate),
		Advertise:      r.advertise,
		DisableOffload: off,
		Logger:         log,
	}
	ln, sessions, err := listenBoth(r.listen, o)
	if err != nil {
		return nil, nil, &setupError{err, "--listen chooses another address, whose TCP and UDP port are both free; is a relay running already?"}
	}
	return ln, sessions, nil
}

// samePort is the address listen with the port of at.
func samePort(listen string, at net.Addr) string {
	host, _, err := net.SplitHostPort(listen)
	_, port, err2 := net.SplitHostPort(at.String())
	if err != nil || err2 != nil {
		return listen
	}
	return net.JoinHostPort(host, port)
}

// announce prints what to set at the clients: data, since scripts read it, and so
// on standard output. No token is in it, as standard output of a service is a log.
func (r *relayCommand) announce(at net.Addr, certs *certificates, tokens int) error {
	scheme, ca := "http", ""
	if certs != nil {
		scheme, ca = "https", certs.ca
	}
	url := scheme + "://" + r.publicAddr(at)
	if r.flags.json {
		return r.emit(record{Type: "relaying", URL: url, Value: ca})
	}
	var out strings.Builder
	fmt.Fprintf(&out, "Relaying on %s: TCP for grants, UDP for sessions\n\n", at)
	for _, u := range r.upstreams {
		fmt.Fprintf(&out, "  %-11s %s\n", "upstream", u)
	}
	if tokens > 0 {
		fmt.Fprintf(&out, "  %-11s %d in %s\n", "tokens", tokens, r.tokenFile)
	}
	for _, id := range append(r.issuer.Accounts, r.issuer.IDs...) {
		fmt.Fprintf(&out, "  %-11s %s\n", "IAM", id)
	}
	for _, a := range r.advertise {
		fmt.Fprintf(&out, "  %-11s %s\n", "UDP at", a)
	}
	fmt.Fprintf(&out, "\nAt the client:\n\n  export ICOS_RELAY=%s\n", url)
	if tokens > 0 {
		fmt.Fprintf(&out, "  export ICOS_RELAY_TOKEN=…    # one of %s\n", shellQuote(r.tokenFile))
	}
	if ca != "" {
		fmt.Fprintf(&out, "  export SSL_CERT_FILE=%s    # a copy of it, beside the authorities already trusted\n", shellQuote(ca))
	}
	fmt.Fprintf(&out, "  icos bench path cos://BUCKET    # is it faster than HTTPS?\n\n")
	return r.printf("%s", out.String())
}

// publicAddr is how clients reach the TCP port.
func (r *relayCommand) publicAddr(at net.Addr) string {
	names := r.names
	if len(names) == 0 && len(r.advertise) > 0 {
		if host, _, err := net.SplitHostPort(r.advertise[0]); err == nil {
			names = []string{host}
		}
	}
	if tcp, ok := at.(*net.TCPAddr); ok && len(names) == 0 && tcp.IP.IsUnspecified() {
		if host, err := os.Hostname(); err == nil {
			names = []string{host}
		}
	}
	return publicAddr(at, names)
}

// stateDirOf is where the CA of --tls is.
func (r *relayCommand) stateDirOf() (string, error) {
	if r.dir != "" {
		return r.dir, nil
	}
	if dir := r.stateDir(); dir != "" {
		return filepath.Join(dir, "relay"), nil
	}
	return "", &usageError{errors.New("there is no home directory for the CA of --tls: name a directory with --dir")}
}
