package mirror

import "fmt"

// An OrderError says that a list is not in byte order of its keys, or has one twice. To
// join it with another would be to take for missing what merely comes later.
type OrderError struct {
	List          string // "source" or "target"
	Before, After string // After came after Before
}

func (e *OrderError) Error() string {
	return fmt.Sprintf("list %s: %q comes after %q; lists must be in byte order to be compared", e.List, e.After, e.Before)
}
