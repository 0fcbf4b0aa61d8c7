package cli

import (
	"encoding/json"
	"fmt"
)

// emitLine writes one line of data of --json that is no record: something whose
// fields have names of their own.
func (a *app) emitLine(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}
