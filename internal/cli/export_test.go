package cli

import (
	"context"
	"io"
	"strconv"
)

// Pattern returns size bytes of the demo's made-up content.
func Pattern(size string) []byte {
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil {
		panic("cli: " + err.Error())
	}
	b, err := io.ReadAll(newPattern(n))
	if err != nil {
		panic("cli: " + err.Error())
	}
	return b
}

// Reflow and Distance are what helps people who read help, and who mistype.
var (
	Reflow   = reflow
	Distance = distance
)

// Waiting calls f for each way in which a command waits for somebody to type, on standard input in.
func Waiting(ctx context.Context, in io.Reader, f func(what string, err error)) {
	a := func() *app { return &app{ctx: ctx, stdin: in, stdout: io.Discard, stderr: io.Discard} }
	var doc map[string]any
	f("document", a().readDocument("-", &doc))
	_, err := (&selection{filesFrom: "-"}).filter(a().typedInput)
	f("list of files", err)
	_, err = (&kmsCommand{app: a()}).readInput("-")
	f("key", err)
	_, err = a().input().ReadString('\n')
	f("answer", err)
}
