// Command throughline turns design pages into a traceable threat record.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program: what end-to-end tests call too. It returns the exit code: 0 when it did what was asked, 1 when what
// it looked for was found wanting, 2 when it could not do it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if code, ok := exitCode(err); ok {
		return code
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		fmt.Fprintln(stderr, "throughline: interrupted")
		return 130 // as shells have it: 128 and the number of SIGINT
	}
	fmt.Fprintln(stderr, "throughline:", err)
	return 2
}
