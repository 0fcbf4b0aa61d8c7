//go:build race

package rapid_test

// underRace makes tests that count in millions count in thousands.
const underRace = true
