package kms

import (
	"errors"
	"fmt"

	"github.com/icos-go/icos/internal/durable"
)

// Snapshot writes the keys that there are now to dir, for a Service that begins with them. It is made if missing, and only its owner
// may read it. Copying the files of Config.Dir instead may take keys along that are being erased, or the zeros that erase them.
func (s *Service) Snapshot(dir string) error {
	if dir == "" {
		return errors.New("kms: snapshot: no directory")
	}
	if err := durable.MkdirAll(dir); err != nil {
		return fmt.Errorf("kms: snapshot: make directory: %w", err)
	}
	if err := writeState(dir, s.state.Load().rec); err != nil {
		return fmt.Errorf("kms: snapshot: %w", err)
	}
	return nil
}
