//go:build !race

package rapid_test

const underRace = false
