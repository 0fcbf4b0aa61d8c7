package cli

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/icos-go/icos/internal/durable"
	"github.com/icos-go/icos/server/admin"
)

// journalSize is how many requests a server with an admin API remembers.
const journalSize = 10_000

// Files of the data directory through which icos admin finds the API. The token
// is another one each time.
const (
	adminTokenFile = "admin_token"
	adminURLFile   = "admin_url"
)

// adminAPI is the admin API of a localCOS.
type adminAPI struct {
	url   string
	token string
	ln    net.Listener
	http  *http.Server
}

// listenAdmin opens the address of the admin API. Nobody is answered before
// start.
func listenAdmin(o *localOptions) (*adminAPI, error) {
	if !o.tls && !loopbackAddr(o.admin) {
		return nil, &usageError{fmt.Errorf("--admin %s can be reached from other machines: add --tls, since the admin token is not sent over plain http", o.admin)}
	}
	ln, err := net.Listen("tcp", o.admin)
	if err != nil {
		return nil, fmt.Errorf("listen for the admin API: %w", err)
	}
	return &adminAPI{url: "http://" + ln.Addr().String(), token: admin.NewToken(), ln: ln}, nil
}

// secure has the API served over TLS.
func (a *adminAPI) secure(cfg *tls.Config, names []string) {
	a.url = "https://" + publicAddr(a.ln.Addr(), names)
	a.ln = tls.NewListener(a.ln, cfg)
}

// start answers callers until close.
func (a *adminAPI) start(cos admin.Server, names []string, log *slog.Logger) {
	a.http = &http.Server{
		Handler:           admin.New(admin.Config{Server: cos, Token: a.token, Hosts: names, Logger: log}),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := a.http.Serve(a.ln); !errors.Is(err, http.ErrServerClosed) {
			log.Error("admin API", "err", err)
		}
	}()
}

// write leaves the address and the token in the data directory.
func (a *adminAPI) write(dir string) error {
	for name, value := range map[string]string{adminTokenFile: a.token, adminURLFile: a.url} {
		if err := durable.WriteFile(filepath.Join(dir, name), []byte(value+"\n")); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

func (a *adminAPI) close() error {
	if a == nil {
		return nil
	}
	if a.http == nil {
		return a.ln.Close()
	}
	return a.http.Close()
}
