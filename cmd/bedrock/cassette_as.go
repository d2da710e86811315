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
		d, err := s.make(ctx, e, &r)
		if err != nil {
			return err
		}
		if len(all) > 1 {
			fmt.Fprintf(e.stdout, "%s%s%s\n", strings.Repeat("\n", min(n, 1)), asForms[s.form], r.title())
		}
		if err := d.write(e, e.stdout, s.form); err != nil {
			return err
		}
	}
	return nil
}

// make is the request as it would be sent.
func (s *showFlags) make(ctx context.Context, e env, r *recorded) (*dryRun, error) {
	conn, err := r.here(e, s.connection)
	if err != nil {
		return nil, err
	}
	program := s.form == "go" || s.form == "boto3"
	if program && conn.auth == "auto" && !conn.mock {
		conn.auth = "none"
	}
	made, err := conn.make(ctx, e, r)
	if err == nil || !nothingFound(err) || conn.auth != "auto" {
		return made, err
	}
	conn.auth = "none"
	if made, err = conn.make(ctx, e, r); err == nil {
		fmt.Fprintln(e.stderr, "note: no credentials were found: the request is for an API key in AWS_BEARER_TOKEN_BEDROCK")
		made.request.Header.Set("Authorization", "Bearer ")
	}
	return made, err
}

func (c connection) make(ctx context.Context, e env, r *recorded) (*dryRun, error) {
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
