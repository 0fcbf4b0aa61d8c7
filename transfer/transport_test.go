package transfer_test

import (
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/transfer"
	"github.com/icos-go/icos/transfer/transfertest"
)

// TestTransport runs the suite over multipart uploads and ranges.
func TestTransport(t *testing.T) {
	transfertest.Run(t, func(*testing.T, *icos.Client) transfer.Transport { return nil })
}
