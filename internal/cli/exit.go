package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/aspera"
	"github.com/icos-go/icos/auth"
	"github.com/icos-go/icos/iam"
	"github.com/icos-go/icos/internal/control"
	"github.com/icos-go/icos/keyprotect"
	"github.com/icos-go/icos/rapid/relay"
	"github.com/icos-go/icos/resourceconfig"
	"github.com/icos-go/icos/server/admin"
	"github.com/icos-go/icos/transfer"
)

// What icos exits with. Scripts may rely on these; docs/guide/command.md lists
// them. Where rclone has a code for the same thing the number is rclone's.
const (
	exitOK          = 0
	exitSomeFailed  = 1  // some objects failed, others may be done
	exitUsage       = 2  // the command line is wrong
	exitNoBucket    = 3  // bucket not found
	exitNoObject    = 4  // object, file or directory not found
	exitTemporary   = 5  // a retry may work
	exitPermission  = 6  // who you are, or what you may do
	exitFatal       = 7  // anything else
	exitLimit       = 8  // more would be removed than was allowed
	exitIntegrity   = 11 // bytes differ from what they should be
	exitDifferent   = 12 // icos diff found differences
	exitInterrupted = 130
	exitTerminated  = 143
)

const exitHelp = `Exit codes: 0 done, 1 some objects failed, 2 wrong usage, 3 no such bucket,
4 no such object, file or directory, 5 temporary (a retry may work),
6 credentials or permission, 7 other failure, 11 bytes differ, 130 interrupted.`

// exitHelpMoving is exitHelp for the verbs that move trees and can be resumed.
const exitHelpMoving = `Exit codes: 0 done, 1 some objects failed, 2 wrong usage, 3 no such bucket,
4 no such object, file or directory, 5 temporary (a retry may work),
6 credentials or permission, 7 other failure, 8 more would be removed than is
allowed, 11 bytes differ, 130 interrupted, 143 terminated (both can be resumed).`

// usageError is a command line that cannot be meant.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// someFailed ends a command of many objects of which some failed. Each failure
// has been reported when it happened, so this is only the count.
type someFailed struct{ failed, total int }

func (e *someFailed) Error() string {
	return plural(e.failed, "object") + " of " + count(e.total) + " failed"
}

// guardError refuses to remove more than was allowed.
type guardError struct {
	what string // what would be removed
	why  string // why that is refused
	hint string // which flag allows it
}

func (e *guardError) Error() string { return e.what + ": " + e.why }

// missing is something that is not there and is no object.
type missing struct{ what string }

func (e *missing) Error() string        { return e.what }
func (e *missing) Is(target error) bool { return target == fs.ErrNotExist }

// errMismatch says that bytes read back are not the bytes written.
var errMismatch = errors.New("bytes differ")

// exitCode maps err to what icos exits with.
func exitCode(err error) int {
	var (
		usage *usageError
		sig   *signalError
		guard *guardError
		some  *someFailed
		lines *linesFailed
		diff  *differences
		vague *someUnsure
		serr  *icos.Error
		login *auth.IAMError
		kerr  *keyprotect.Error
		perr  *iam.Error
		rerr  *resourceconfig.Error
		aerr  *admin.Error
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &sig):
		return sig.exitCode()
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &guard):
		return exitLimit
	case errors.As(err, &some), errors.As(err, &lines), errors.As(err, &vague):
		return exitSomeFailed
	case errors.As(err, &diff):
		return exitDifferent
	case errors.Is(err, errMismatch), errors.Is(err, icos.ErrChecksum):
		return exitIntegrity
	case errors.Is(err, auth.ErrNoCredentials), errors.Is(err, aspera.ErrCredentials), errors.Is(err, fs.ErrPermission):
		return exitPermission
	case errors.As(err, &login):
		if login.StatusCode >= http.StatusInternalServerError || login.StatusCode == http.StatusTooManyRequests {
			return exitTemporary
		}
		return exitPermission
	case errors.As(err, &serr):
		return serviceExitCode(serr)
	case errors.As(err, &kerr) && kerr.StatusCode != http.StatusNotFound && kerr.StatusCode != http.StatusGone:
		if kerr.StatusCode >= http.StatusInternalServerError && kerr.StatusCode != http.StatusNotImplemented || kerr.StatusCode == http.StatusTooManyRequests {
			return exitTemporary
		}
		return exitFatal
	case errors.As(err, &perr):
		return restExitCode(perr.StatusCode, perr.Code)
	case errors.As(err, &rerr):
		return restExitCode(rerr.StatusCode, rerr.Code)
	case errors.As(err, &aerr):
		return adminExitCode(aerr)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, control.ErrNoJob):
		return exitNoObject
	case errors.Is(err, relay.ErrDenied):
		return exitPermission
	case errors.Is(err, relay.ErrBusy):
		return exitTemporary
	case ofNetwork(err), errors.Is(err, io.ErrUnexpectedEOF):
		return exitTemporary
	}
	return exitFatal
}

func adminExitCode(e *admin.Error) int {
	switch e.StatusCode {
	case http.StatusBadRequest:
		return exitUsage
	case http.StatusUnauthorized, http.StatusForbidden:
		return exitPermission
	case http.StatusNotFound:
		return exitNoObject
	}
	return exitFatal
}

func restExitCode(status int, code string) int {
	switch {
	case status == http.StatusNotFound && code == "NoSuchBucket":
		return exitNoBucket
	case status == http.StatusNotFound:
		return exitNoObject
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return exitPermission
	case status == http.StatusTooManyRequests, status >= http.StatusInternalServerError && status != http.StatusNotImplemented:
		return exitTemporary
	}
	return exitFatal
}

func serviceExitCode(e *icos.Error) int {
	switch {
	case e.StatusCode == http.StatusNotFound && (strings.Contains(e.Code, "Configuration") || e.Code == "NoSuchTagSet"):
		return exitNoObject // what the bucket, which is there, does not have
	case e.Code == "NoSuchBucket", e.StatusCode == http.StatusNotFound && e.Key == "":
		return exitNoBucket
	case e.StatusCode == http.StatusNotFound:
		return exitNoObject
	case e.Code == "BadDigest":
		return exitIntegrity
	case e.StatusCode == http.StatusTooManyRequests, e.StatusCode >= http.StatusInternalServerError && e.StatusCode != http.StatusNotImplemented:
		return exitTemporary
	}
	return exitFatal
}

// ofNetwork reports whether err comes from the network. What the operating
// system says of a file has the methods of a net.Error too.
func ofNetwork(err error) bool {
	var nerr net.Error
	if !errors.As(err, &nerr) {
		return false
	}
	_, file := nerr.(syscall.Errno)
	return !file
}

// needsVersions reports whether e refuses what only a bucket with versions can have.
func needsVersions(e *icos.Error) bool {
	return e.StatusCode/100 == 4 && strings.HasPrefix(e.Message, "Versioning must be 'Enabled'")
}

// hint says what to do about err, which may depend on what was given.
func (a *app) hint(err error) string {
	if h := a.keyHint(err); h != "" {
		return h
	}
	return hint(err)
}

// hint says what to do about err, where the command knows more than the
// library whose error it is: flags and other verbs.
func hint(err error) string {
	var (
		doctored *unwell
		listen   *net.OpError
		guard    *guardError
		stopped  *stoppedError
		service  *icos.Error
		key      *keyprotect.Error
		setup    *setupError
		plain    tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &stopped):
		return stopped.how
	case errors.As(err, &setup):
		return setup.how
	case errors.As(err, &guard):
		return guard.hint
	case errors.As(err, &doctored):
		return "" // each check has said it already
	case errors.As(err, &listen) && listen.Op == "listen" && strings.HasPrefix(listen.Net, "udp"):
		return "--no-rapid leaves UDP alone, and --addr chooses another port"
	case errors.As(err, &listen) && listen.Op == "listen":
		return "--addr chooses another address, and port 0 any free one"
	case errors.As(err, &service) && service.StatusCode == http.StatusNotFound && strings.ContainsAny(service.Key, "*?"):
		return "wildcards in keys are not expanded: -r with --include 'PATTERN' selects, and icos find lists"
	case errors.As(err, &service) && service.StatusCode == http.StatusNotFound && service.Op == "HeadObject":
		return "the service does not say whether it is the object or the bucket: icos ls cos://" + service.Bucket + " shows what there is"
	case errors.As(err, &service) && service.Code == "InvalidObjectState":
		return "the object is archived: icos restore --days N has it copied back for so many days"
	case errors.As(err, &service) && service.Code == "QuotaExceeded":
		return "icos quota cos://" + service.Bucket + " shows how much the bucket may hold"
	case errors.As(err, &service) && needsVersions(service):
		return "icos versions on cos://" + service.Bucket + " has the bucket keep versions"
	case errors.As(err, &key) && key.StatusCode == http.StatusNotFound:
		return "icos kms ls lists the keys: the last part of a CRN is the id, which is asked for here, or an alias; a name will not do"
	case errors.As(err, &service) && service.Code == "PreconditionFailed" && errors.Is(err, fs.ErrExist):
		return "there is an object of that name, and --no-clobber leaves it alone"
	case errors.Is(err, transfer.ErrBusy):
		return "icos jobs shows what it does, and icos top steers it"
	case errors.Is(err, icos.ErrNoEndpoint):
		return "--endpoint URL or --location us-south-standard says where; ICOS_ENDPOINT and ICOS_LOCATION do for good"
	case errors.Is(err, aspera.ErrCredentials):
		return "set ICOS_API_KEY, or ICOS_RELAY and ICOS_RELAY_TOKEN to go through a relay; --accelerate=https takes any credentials"
	case errors.Is(err, auth.ErrNoCredentials):
		return "icos serve --dir ./data starts a local COS and makes credentials for it; --anonymous sends none"
	case errors.As(err, &plain):
		return "the endpoint does not speak https: http:// is for a service on this machine"
	case ofNetwork(err) && !errors.Is(err, context.Canceled):
		return "icos doctor checks the way to the service, step by step"
	}
	return ""
}
