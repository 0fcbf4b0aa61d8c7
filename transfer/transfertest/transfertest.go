// Package transfertest checks that a [transfer.Transport] does what a
// [transfer.Manager] needs of it.
//
// A Transport's own test calls [Run], against a local COS that can be made to
// fail:
//
//	func TestTransport(t *testing.T) {
//		transfertest.Run(t, func(t *testing.T, c *icos.Client) transfer.Transport {
//			return mine.NewTransport(c)
//		})
//	}
package transfertest

import (
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
	"github.com/icos-go/icos/transfer"
)

// Run runs every check as a subtest. It calls newTransport for each Manager it
// makes, with the client of that Manager; nil is the Transport that Managers use
// by themselves. It takes some seconds, and needs the memory of two objects of
// 24 MiB.
func Run(t *testing.T, newTransport func(t *testing.T, c *icos.Client) transfer.Transport) {
	RunManager(t, nil, func(t *testing.T, c *icos.Client, o transfer.Options) (*transfer.Manager, error) {
		o.Transport = newTransport(t, c)
		return transfer.NewManager(c, &o)
	})
}

// RunManager runs every check as a subtest, with Managers that are made by
// newManager: of a Client of the local COS and with options that must be kept to. The
// COS is one with the given options, which may be nil, except for Wrap.
func RunManager(t *testing.T, cos *icostest.Options, newManager func(t *testing.T, c *icos.Client, o transfer.Options) (*transfer.Manager, error)) {
	for _, check := range []struct {
		name string
		run  func(*rig)
	}{
		{"sizes", checkSizes},
		{"overwriting", checkOverwriting},
		{"missing source", checkMissing},
		{"observer", checkObserver},

		{"upload goes on", checkUploadGoesOn},
		{"download goes on", checkDownloadGoesOn},
		{"changed file starts over", checkChangedFile},
		{"changed object starts over", checkChangedObject},
		{"file shrinks on the way", checkShrinkingFile},
		{"damaged partial file", checkDamagedPartial},

		{"pause", checkPause},
		{"cancel", checkCancel},
		{"end of context", checkContext},
		{"rate", checkRate},

		{"corrupt upload", checkCorruptUpload},
		{"corrupt download", checkCorruptDownload},
		{"faults", checkFaults},
	} {
		t.Run(check.name, func(t *testing.T) { check.run(newRig(t, cos, newManager)) })
	}
}
