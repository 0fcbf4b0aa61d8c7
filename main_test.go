package icos_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/icos-go/icos"
	"github.com/icos-go/icos/icostest"
)

// update rewrites files that are made from the sources; see guide_test.go.
var update = flag.Bool("update", false, "rewrite generated files")

// What the examples use: a local COS, and a client of it.
var (
	cos    *icostest.Server
	client *icos.Client
	ctx    = context.Background()
)

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	cos, err = icostest.Start(&icostest.Options{Rapid: true})
	if err != nil {
		return 0, err
	}
	client = cos.Client()
	code = m.Run()
	return code, cos.Close()
}
