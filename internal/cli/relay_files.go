package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/icos-go/icos/internal/durable"
	"github.com/icos-go/icos/rapid/relay"
	"github.com/icos-go/icos/server"
)

// tokens reads the relay's tokens, none if there is no file of them.
func (r *relayCommand) tokens() ([]relay.Token, error) {
	if r.tokenFile == "" {
		return nil, nil
	}
	tokens, err := readTokens(r.tokenFile)
	if err != nil {
		return nil, &setupError{fmt.Errorf("tokens: %w", err), "icos relay token NAME --token-file " + shellQuote(r.tokenFile) + " adds a token"}
	}
	return tokens, nil
}

// readTokens reads a file of tokens, which nobody else may read.
func readTokens(name string) (tokens []relay.Token, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s can be read by others: chmod 600 %[1]s", name)
	}
	if tokens, err = relay.ParseTokens(f); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(tokens) == 0 {
		return nil, fmt.Errorf("%s: %w", name, errNoToken)
	}
	return tokens, nil
}

var errNoToken = errors.New("there is no token in it")

// certificates are what the relay proves itself with, which may be replaced
// while it runs.
type certificates struct {
	ca      string // file of the CA, "" for a certificate of somebody else
	current atomic.Pointer[tls.Certificate]
}

func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load(), nil
}

// certificates reads or makes what is asked for; nil is plain http.
func (r *relayCommand) certificates() (*certificates, error) {
	c := new(certificates)
	switch {
	case r.ownCA:
		dir, err := r.stateDirOf()
		if err != nil {
			return nil, err
		}
		cfg, ca, err := server.TLSConfig(dir, r.names)
		if err != nil {
			return nil, &setupError{err, "--dir names another directory for the CA of --tls"}
		}
		c.ca = ca
		c.current.Store(&cfg.Certificates[0])
		return c, nil
	case r.certFile != "":
		pair, err := tls.LoadX509KeyPair(r.certFile, r.keyFile)
		if err != nil {
			return nil, &setupError{fmt.Errorf("certificate: %w", err), "--tls-cert is the certificate with its chain and --tls-key its key, both in PEM and readable by this user"}
		}
		c.current.Store(&pair)
		return c, nil
	}
	return nil, nil
}

// reloadEvery is how often the files are looked at for changes.
const reloadEvery = 5 * time.Second

// reload reads tokens and certificates again when their files have changed, until
// ctx ends. What cannot be read leaves what there was, and is told.
func (r *relayCommand) reload(ctx context.Context, srv *relay.Server, certs *certificates, log *slog.Logger) {
	tick := time.NewTicker(reloadEvery)
	defer tick.Stop()
	tokens, pair := stampOf(r.tokenFile), stampOf(r.certFile, r.keyFile)
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if s := stampOf(r.tokenFile); s != tokens {
			tokens = s
			r.reloadTokens(srv, log)
		}
		if s := stampOf(r.certFile, r.keyFile); s != pair {
			pair = s
			if fresh, err := tls.LoadX509KeyPair(r.certFile, r.keyFile); err != nil {
				log.Warn("keep the certificate there was", "error", err)
			} else {
				certs.current.Store(&fresh)
				log.Info("read the certificate again", "until", timestamp(fresh.Leaf.NotAfter))
			}
		}
	}
}

// reloadTokens reads the tokens again. That all of them were removed is how they are
// revoked, and counts.
func (r *relayCommand) reloadTokens(srv interface{ SetTokens([]relay.Token) }, log *slog.Logger) {
	fresh, err := readTokens(r.tokenFile)
	if err != nil && !errors.Is(err, errNoToken) {
		log.Warn("keep the tokens there were", "error", err)
		return
	}
	srv.SetTokens(fresh)
	log.Info("read the tokens again", "count", len(fresh))
}

// stamp changes when one of two files does.
type stamp struct {
	times [2]time.Time
	sizes [2]int64
}

func stampOf(names ...string) (s stamp) {
	for i, name := range names {
		if info, err := os.Stat(name); name != "" && err == nil {
			s.times[i], s.sizes[i] = info.ModTime(), info.Size()
		}
	}
	return s
}

func newRelayToken(a *app) *cobra.Command {
	file := ""
	cmd := &cobra.Command{
		Use:   "token NAME --token-file FILE",
		Short: "Make a token for a caller of the relay",
		Long: `Make a random token, add it to FILE under NAME, and print what to set at the
client. A relay that runs with FILE takes it within seconds. To replace a token,
add another, give it to the client, and remove the line of the old one.`,
		Example: `  icos relay token laptop --token-file relay.tokens`,
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if file == "" {
				return &usageError{errors.New("--token-file is missing: name the file to add the token to")}
			}
			secret := relay.NewSecret()
			if err := addToken(file, args[0], secret); err != nil {
				return err
			}
			if a.flags.json {
				return a.emit(record{Type: "token", Name: args[0], Value: secret})
			}
			return a.printf("export ICOS_RELAY_TOKEN=%s\n", secret)
		},
	}
	cmd.Flags().StringVar(&file, "token-file", "", "`FILE` to add the token to (required)")
	return cmd
}

// addToken adds a line to a file of tokens, and makes the file if need be.
func addToken(file, name, secret string) error {
	if _, err := relay.NewToken(name, secret); err != nil {
		return &usageError{err}
	}
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("tokens: %w", err)
	}
	if err == nil {
		tokens, err := readTokens(file)
		if err != nil && !errors.Is(err, errNoToken) {
			return fmt.Errorf("tokens: %w", err)
		}
		for _, t := range tokens {
			if t.Name == name {
				return &usageError{fmt.Errorf("%s has a token named %s: choose another name, or remove its line first", file, name)}
			}
		}
	}
	if len(old) > 0 && old[len(old)-1] != '\n' {
		old = append(old, '\n')
	}
	if err := durable.WriteFile(file, append(old, (name+" "+secret+"\n")...)); err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	return nil
}
