package credentials

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"rawbedrock/sigv4"
)

// Process runs a command that prints credentials as JSON: the setting
// credential_process, see "Sourcing credentials with an external process" in
// the AWS SDKs and Tools Reference Guide.
//
// The command runs in the shell, as in aws-sdk-go-v2 (botocore splits it into
// words without one), with the environment of this program. Unlike there it
// gets no standard input, which belongs to the program, and what it writes to
// standard error is dropped, since tools print secrets there; one that has to
// ask the user opens the terminal itself.
type Process struct {
	Command string
	Timeout time.Duration // 0: one minute
}

// processReply is the JSON on standard output.
type processReply struct {
	Version         int
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      *string // RFC 3339; absent: the credentials do not expire
}

// Retrieve runs the command. A non-zero exit, output that is not the JSON
// described there, and a command that is not done in time are errors; none of
// them repeats the command or its output.
func (p Process) Retrieve(ctx context.Context) (sigv4.Credentials, error) {
	fail := func(reason string) (sigv4.Credentials, error) {
		return sigv4.Credentials{}, &Error{Source: sourceProcess, Reason: reason, Hint: "run the command of credential_process by hand to see why"}
	}
	if p.Command == "" {
		return sigv4.Credentials{}, notSet(sourceProcess, "no command")
	}
	out, err := p.run(ctx)
	if ctx.Err() != nil && err != nil { // the caller left
		return sigv4.Credentials{}, &Error{Source: sourceProcess, Reason: "running the command", Err: err}
	}
	if err != nil {
		return fail(err.Error())
	}
	var r processReply
	if json.Unmarshal(out, &r) != nil {
		return fail("the command printed something else than the JSON of a credential process")
	}
	switch {
	case r.Version != 1:
		return fail(fmt.Sprintf("the output has Version %d, want 1", r.Version))
	case r.AccessKeyID == "":
		return fail("AccessKeyId is missing in the output")
	case r.SecretAccessKey == "":
		return fail("SecretAccessKey is missing in the output")
	}
	c := sigv4.Credentials{AccessKeyID: r.AccessKeyID, SecretAccessKey: r.SecretAccessKey, SessionToken: r.SessionToken, Source: sourceProcess}
	if r.Expiration != nil {
		if c.Expires, err = parseTime(*r.Expiration); err != nil {
			return fail("Expiration in the output is not an RFC 3339 time")
		}
	}
	return c, nil
}

// run gives the standard output of the command.
func (p Process) run(ctx context.Context) ([]byte, error) {
	limit := p.Timeout
	if limit == 0 {
		limit = time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the command did not end within %v", limit))
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", p.Command)
	if runtime.GOOS == "windows" {
		cmd = exec.CommandContext(ctx, "cmd.exe", "/C", p.Command)
	}
	out := &capped{}
	cmd.Stdout = out
	cmd.WaitDelay = time.Second // an agent that the command left running may hold the pipe open
	err := cmd.Run()
	switch exit, isExit := errors.AsType[*exec.ExitError](err); {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case out.over:
		return nil, errors.New("the command printed more than 1 MiB")
	case isExit && exit.ExitCode() == 127:
		return nil, errors.New("the command was not found")
	case isExit:
		return nil, fmt.Errorf("the command failed: %v", exit.ProcessState)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay): // which follows success
		return nil, fmt.Errorf("the shell did not start: %s", causeText(err))
	}
	return out.buf.Bytes(), nil
}

// capped collects at most maxReply bytes. (It has the buffer as a field: io.Copy
// would go round Write through a promoted ReadFrom.)
type capped struct {
	buf  bytes.Buffer
	over bool
}

func (c *capped) Write(p []byte) (int, error) {
	if c.buf.Len()+len(p) > maxReply {
		c.over = true
		return 0, errors.New("too much output")
	}
	return c.buf.Write(p)
}
