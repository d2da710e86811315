package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"text/tabwriter"

	"rawbedrock/client"
	"rawbedrock/client/operation"
)

const modelsLong = `Lists the foundation models of the region with the ids that they can be called
by from there: the model's own id, or the inference profiles that contain it.
The first column is what to give to --model; in brackets stands a model that
cannot be called from this region. PATTERN is a part of an id or name, or one
with * and ? for the whole of an id.

With -o json, an array of what AWS lists of each model, with "callIds" (the
best first), "apis" and "profiles"; with -o jsonl, one model a line.

Examples:
  bedrock models --mock
  bedrock models -r us-east-1 claude
  bedrock models --provider amazon --callable
  bedrock models --profiles 'global.*'
  bedrock models -o json --query '#.callIds.0'
`

type modelsFlags struct {
	connection
	profiles, callable      bool
	provider, output, query string
	dryRun                  string
}

func modelsCommand() command {
	return command{
		name: "models", args: "[PATTERN]", short: "the models that can be called here, and by which ids", long: modelsLong,
		setup: func(fs *flag.FlagSet) func(context.Context, env, []string) error {
			var c modelsFlags
			c.connection.register(fs)
			fs.BoolVar(&c.profiles, "profiles", false, "list the inference profiles instead, with their destination regions")
			fs.BoolVar(&c.callable, "callable", false, "only models that this account can call from here: asks AWS about each (GetFoundationModelAvailability)")
			fs.StringVar(&c.provider, "provider", "", "only models of the provider with this `name`, or a part of it")
			choice(fs, &c.output, "output", "text", "`form` of the list: text, json (an array) or jsonl (one a line)", "text", "json", "jsonl")
			alias(fs, "o", "output")
			fs.StringVar(&c.query, "query", "", "print only what stands at this gjson `path` of the array, or of each line of jsonl")
			dryRunFlag(fs, &c.dryRun, "the request for the list")
			return func(ctx context.Context, e env, args []string) error { return c.run(ctx, e, args) }
		},
	}
}

func (c *modelsFlags) run(ctx context.Context, e env, args []string) (err error) {
	if len(args) > 1 {
		return usagef("one pattern, not %d arguments: put it in quotes", len(args))
	}
	if c.profiles && c.callable {
		return usagef("--profiles lists only what can be called from here: leave --callable out")
	}
	pattern := strings.Join(args, "")
	fits, err := matcher(pattern)
	if err != nil {
		return err
	}
	c.traceJSON = isJSONForm(c.output)
	s, err := c.connection.open(e, c.dryRun != "")
	if err != nil {
		return err
	}
	defer s.close(e, &err)
	if s.dry != nil {
		return c.show(ctx, e, s)
	}
	listed, listErr := s.Models(ctx) // a part of the list may come beside the error
	if listErr != nil && len(listed) == 0 {
		return listErr
	}
	var n int
	if c.profiles {
		n, err = c.printProfiles(e.stdout, listed, fits)
	} else {
		n, err = c.printModels(ctx, e, s.Client, listed, fits)
	}
	switch {
	case err != nil:
		return err
	case listErr != nil:
		return listErr
	case n == 0 && len(listed) > 0:
		return defectf("none of the %d models that %s lists fits", len(listed), s.Region())
	}
	return nil
}

// show prints the request for the list instead of sending it.
func (c *modelsFlags) show(ctx context.Context, e env, s *session) error {
	list := operation.ListFoundationModels
	if c.profiles {
		list = operation.ListInferenceProfiles
	}
	if _, err := s.Do(ctx, client.Request{Op: list}); s.dry.request == nil {
		return err
	}
	return s.dry.write(e, e.stdout, c.dryRun)
}

// matcher tells which names a pattern fits.
func matcher(pattern string) (func(names ...string) bool, error) {
	pattern = strings.ToLower(pattern)
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, usagef("the pattern %q: %w", pattern, err)
	}
	whole := strings.ContainsAny(pattern, "*?[")
	return func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			name = strings.ToLower(name)
			if whole {
				ok, _ := path.Match(pattern, name)
				return ok
			}
			return strings.Contains(name, pattern)
		})
	}, nil
}

func (c *modelsFlags) printModels(ctx context.Context, e env, cl *client.Client, listed []client.Model, fits func(...string) bool) (int, error) {
	models := []client.Model{}
	for _, m := range listed {
		names := append([]string{m.ModelID, m.ModelName, m.ProviderName}, m.CallIDs...)
		if fits(names...) && c.fromProvider(m) && (!c.callable || len(m.CallIDs) > 0) {
			models = append(models, m)
		}
	}
	if c.callable {
		if err := cl.CheckAccess(ctx, models); err != nil && ctx.Err() != nil {
			return 0, err
		} else if err != nil {
			fmt.Fprintf(e.stderr, "note: whether the account may use them is not known of all: %v\n", err)
		}
		models = slices.DeleteFunc(models, func(m client.Model) bool { return m.Access != nil && m.Access.Missing() != "" })
	}
	if c.output != "text" || c.query != "" {
		return len(models), printList(e.stdout, c.output, c.query, models)
	}
	rows := [][]string{{"CALL BY", "OR BY", "APIS", "STREAMS", "IN", "OUT", "LIFECYCLE"}}
	for _, m := range models {
		rows = append(rows, modelRow(m))
	}
	return len(models), printTable(e.stdout, rows)
}

func (c *modelsFlags) fromProvider(m client.Model) bool {
	provider, _, _ := strings.Cut(m.ModelID, ".")
	want := strings.ToLower(c.provider)
	return strings.Contains(strings.ToLower(m.ProviderName), want) || strings.Contains(provider, want)
}

func modelRow(m client.Model) []string {
	id, others, streams, lifecycle := "("+m.ModelID+")", "", "", ""
	if len(m.CallIDs) > 0 {
		id, others = m.CallIDs[0], otherIDs(m)
	}
	if m.ResponseStreamingSupported {
		streams = "yes"
	} else if cannotStream(&m) {
		streams = "no"
	}
	if l := m.ModelLifecycle; l != nil {
		if lifecycle = strings.ToLower(l.Status); !l.EndOfLifeTime.IsZero() {
			lifecycle += " until " + l.EndOfLifeTime.Format("2006-01-02")
		}
	}
	return []string{id, others, strings.Join(m.APIs, ","), streams, modalities(m.InputModalities), modalities(m.OutputModalities), lifecycle}
}

// otherIDs names the other ids that a model can be called by: an inference
// profile by its prefix, those of the account by their number.
func otherIDs(m client.Model) string {
	var all []string
	own := 0
	for _, id := range m.CallIDs[1:] {
		if prefix, ok := strings.CutSuffix(id, m.ModelID); ok {
			all = append(all, prefix)
		} else if strings.HasPrefix(id, "arn:") {
			own++
		} else {
			all = append(all, id)
		}
	}
	if own > 0 {
		all = append(all, fmt.Sprintf("%d of your own", own))
	}
	return strings.Join(all, " ")
}

func modalities(list []string) string { return strings.ToLower(strings.Join(list, ",")) }

func (c *modelsFlags) printProfiles(w io.Writer, listed []client.Model, fits func(...string) bool) (int, error) {
	profiles := []client.InferenceProfile{}
	seen := map[string]bool{}
	for _, m := range listed {
		for _, p := range m.Profiles {
			names := append(p.ModelIDs(), p.InferenceProfileID, p.InferenceProfileName, p.InferenceProfileARN)
			if !seen[p.InferenceProfileARN] && c.fromProvider(m) && fits(names...) {
				seen[p.InferenceProfileARN] = true
				profiles = append(profiles, p)
			}
		}
	}
	if c.output != "text" || c.query != "" {
		return len(profiles), printList(w, c.output, c.query, profiles)
	}
	rows := [][]string{{"CALL BY", "TYPE", "MODEL", "DESTINATIONS"}}
	for _, p := range profiles {
		rows = append(rows, []string{p.CallID(), strings.ReplaceAll(strings.ToLower(p.Type), "_", " "), strings.Join(p.ModelIDs(), ","), strings.Join(destinations(p), ",")})
	}
	return len(profiles), printTable(w, rows)
}

// anywhere stands for the regions of a global profile, which AWS chooses.
const anywhere = "anywhere"

// destinations are the regions that a profile sends calls to.
func destinations(p client.InferenceProfile) []string {
	var regions []string
	for _, m := range p.Models {
		if parts := strings.SplitN(m.ModelARN, ":", 6); len(parts) == 6 {
			if parts[3] == "" {
				parts[3] = anywhere
			}
			if !slices.Contains(regions, parts[3]) {
				regions = append(regions, parts[3])
			}
		}
	}
	return regions
}

// printList writes values of the client as a JSON array or as lines.
func printList[T any](w io.Writer, form, query string, list []T) error {
	data, err := client.Marshal(list)
	if err != nil {
		return err
	}
	lines := [][]byte{data}
	if form == "jsonl" {
		lines = nil
		for _, v := range list {
			line, err := client.Marshal(v)
			if err != nil {
				return err
			}
			lines = append(lines, line)
		}
	}
	found := query == "" || len(lines) == 0
	for _, line := range lines {
		if query != "" {
			value, ok := pick(line, query, form)
			if !ok {
				continue
			}
			line, found = []byte(value), true
		}
		if _, err := fmt.Fprintf(w, "%s\n", line); err != nil {
			return err
		}
	}
	if !found {
		return usagef("--query %s: the list holds nothing there (-o json shows it whole)", query)
	}
	return nil
}

// printTable writes rows, the first of which is the head, in columns of their
// own width. A head alone is not written.
func printTable(w io.Writer, rows [][]string) error {
	if len(rows) < 2 {
		return nil
	}
	var b bytes.Buffer
	tab := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if row[i] = strings.Map(visible, cell); cell == "" {
				row[i] = "-"
			}
		}
		fmt.Fprintln(tab, strings.Join(row, "\t"))
	}
	tab.Flush()
	_, err := w.Write(b.Bytes())
	return err
}
