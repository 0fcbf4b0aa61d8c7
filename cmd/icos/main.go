// Command icos works with IBM Cloud Object Storage from a terminal, and serves
// a local one to try things against. Run icos --help to begin.
package main

import (
	"os"

	"github.com/icos-go/icos/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
