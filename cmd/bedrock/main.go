// Command bedrock calls Amazon Bedrock over its REST interface and shows what
// travels: it signs, sends, streams, records, replays and explains.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"

	"rawbedrock/sigv4/credentials"
)

func main() {
	log.SetOutput(io.Discard) // net/http's own words, for one on bytes behind an answer's end
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt kills
	os.Exit(run(ctx, env{os.Stdin, os.Stdout, os.Stderr, credentials.Getenv}, os.Args[1:]))
}
