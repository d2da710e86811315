package main

import (
	"context"
	"fmt"
	"strings"
)

// asForms are the values of 'cassette show --as', and how each begins a line
// that is no part of the request.
var asForms = map[string]string{"curl": "# ", "http": "### ", "boto3": "# ", "go": "// "}

// as prints recorded requests as what makes them again. curl and http are
// signed with today's credentials, or name an API key when there are none;
// programs find credentials of their own.
func (s *showFlags) as(ctx context.Context, e env, args []string) error {
	all, err := s.read(e, args)
	if err != nil {
		return err
	}
	if s.form == "go" && len(all) > 1 {
		return usagef("--as go is one program for one request, and there are %d: -n N chooses one", len(all))
	}
	for n, r := range all {
		d, err := s.unsent(ctx, e, &r)
		if err != nil {
			return err
		}
		if len(all) > 1 {
			fmt.Fprintf(e.stdout, "%s%s%s\n", strings.Repeat("\n", min(n, 1)), asForms[s.form], title(r.number, r.request.Op.Name, r.request.Labels, r.Line))
		}
		if err := d.write(e, e.stdout, s.form); err != nil {
			return err
		}
	}
	return nil
}

// unsent is the request as it would be sent.
func (s *showFlags) unsent(ctx context.Context, e env, r *recorded) (*dryRun, error) {
	conn, err := r.here(e, s.connection)
	if err != nil {
		return nil, err
	}
	if isProgram(s.form) && conn.auth == "auto" && !conn.mock {
		conn.auth = "none"
	}
	made, err := r.rehearse(ctx, e, conn)
	if err == nil || !nothingFound(err) || conn.auth != "auto" {
		return made, err
	}
	conn.auth = "none"
	if made, err = r.rehearse(ctx, e, conn); err == nil {
		fmt.Fprintln(e.stderr, "note: no credentials were found: the request is for an API key in AWS_BEARER_TOKEN_BEDROCK")
		made.request.Header.Set("Authorization", "Bearer ")
	}
	return made, err
}

// rehearse makes the request by a connection that sends nothing.
func (r *recorded) rehearse(ctx context.Context, e env, c connection) (*dryRun, error) {
	s, err := c.open(e, true)
	if err != nil {
		return nil, err
	}
	err = r.call(ctx, s)
	s.close(e, &err)
	if s.dry.request == nil {
		return nil, err
	}
	return s.dry, nil
}
