// Command bedrock calls Amazon Bedrock over its REST interface and shows what
// travels: it signs, sends, streams, records, replays and explains.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt kills
	os.Exit(run(ctx, env{os.Stdin, os.Stdout, os.Stderr, os.Getenv}, os.Args[1:]))
}
