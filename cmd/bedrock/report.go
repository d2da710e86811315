package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"rawbedrock/client"
)

// The exit codes, all of them.
const (
	exitOK          = 0
	exitRefused     = 1   // Bedrock or the network said no; a checked file has a defect
	exitUsage       = 2   // the command line or an input file is wrong
	exitSetup       = 3   // no usable credentials or region
	exitBroken      = 4   // the stream broke after output began
	exitInterrupted = 130 // SIGINT
)

// exitError is an error that knows its exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usagef is an error of the command line or of an input: exit 2.
func usagef(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// setupf is an error of finding credentials or a region: exit 3.
func setupf(format string, args ...any) error {
	return &exitError{exitSetup, fmt.Errorf(format, args...)}
}

// defectf is a defect that a checking command found, or a refusal: exit 1.
func defectf(format string, args ...any) error {
	return &exitError{exitRefused, fmt.Errorf(format, args...)}
}

// exitCode maps an error to the exit code. It is the one place that does.
func exitCode(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return exitInterrupted
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	if nothingFound(err) {
		return exitSetup
	}
	return exitRefused
}

// nothingFound tells whether credentials or a region are missing, rather than
// broken.
func nothingFound(err error) bool {
	return errors.Is(err, client.ErrNoCredentials) || errors.Is(err, client.ErrNoRegion)
}

// whereLooked is the hint of exit 3.
const whereLooked = `looked for a region in --region, AWS_REGION, AWS_DEFAULT_REGION and the profile's region;
  for credentials in AWS_BEARER_TOKEN_BEDROCK, AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, --secrets,
  the profile (--profile, AWS_PROFILE) in ~/.aws/config and ~/.aws/credentials, web identity, container, instance.
  'bedrock auth' tells what became of each; --mock needs none of them`

// report writes the error to stderr, once, and returns the exit code. A reader
// of stdout that went away (| head) is not worth a word.
func report(ctx context.Context, e env, path string, err error) int {
	code := exitCode(ctx, err)
	if err == nil || errors.Is(err, syscall.EPIPE) {
		return code
	}
	if path != "" {
		path += ": "
	}
	refused, ok := errors.AsType[*client.Error](err)
	keepFailed(e, err)
	switch {
	case code == exitInterrupted:
		fmt.Fprintf(e.stderr, "bedrock: %sinterrupted\n", path)
	case ok && code == exitSetup:
		fmt.Fprintf(e.stderr, "bedrock: %s%v\n", path, refused.Err)
	case ok:
		fmt.Fprintln(e.stderr, refused.Detail())
	default:
		fmt.Fprintf(e.stderr, "bedrock: %s%s\n", path, strings.TrimPrefix(err.Error(), "bedrock: "))
	}
	switch {
	case code == exitSetup && nothingFound(err):
		fmt.Fprintf(e.stderr, "hint: %s\n", whereLooked)
	case code == exitUsage && path != "":
		fmt.Fprintf(e.stderr, "hint: 'bedrock %s -h' shows the flags and examples\n", strings.TrimSuffix(path, ": "))
	}
	return code
}
