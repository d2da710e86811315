package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

func (p *probeFlags) report(e env, model string, cells []cell) error {
	answered := 0
	for _, c := range cells {
		if c.err == nil {
			answered++
		}
	}
	var err error
	switch p.output {
	case "json":
		err = printJSON(e.stdout, struct {
			Model    string `json:"model"`
			Answered int    `json:"answered"`
			Calls    []cell `json:"calls"`
		}{model, answered, cells})
	case "markdown":
		err = printMarkdown(e.stdout, cells)
	default:
		err = printCells(e.stdout, cells)
	}
	if err == nil && answered == 0 {
		err = noneAnswered(cells)
	}
	return err
}

// noneAnswered is exit 3 when not one call could be signed, else 1.
func noneAnswered(cells []cell) error {
	for _, c := range cells {
		if !nothingFound(c.err) {
			return defectf("none of %d calls was answered", len(cells))
		}
	}
	return cells[0].err
}

var probeHead = []string{"REGION", "API", "AUTH", "STATUS", "CODE", "LATENCY"}

func (c cell) row() []string {
	status, latency := "-", "-"
	if c.Status != 0 {
		status, latency = fmt.Sprint(c.Status), took(time.Duration(c.LatencyMs*1e6))
	}
	return []string{c.Region, c.API, c.Auth, status, c.Code, latency}
}

// printCells writes the table, and below it each refusal once with its places
// and what to do.
func printCells(w io.Writer, cells []cell) error {
	rows := [][]string{probeHead}
	for _, c := range cells {
		rows = append(rows, c.row())
	}
	if err := printTable(w, rows); err != nil {
		return err
	}
	var b strings.Builder
	for _, r := range refusals(cells) {
		fmt.Fprintf(&b, "\n%s: %s\n", r.places(), r.text)
		if r.hint != "" {
			fmt.Fprintf(&b, "  hint: %s\n", r.hint)
		}
	}
	_, err := io.WriteString(w, strings.Map(visible, b.String()))
	return err
}

// refused is one error and where it came from.
type refused struct {
	text, hint string
	ways       []string            // "converse sigv4", in their order
	regions    map[string][]string // by way
}

func (r refused) places() string {
	var all []string
	for _, way := range r.ways {
		all = append(all, way+" in "+strings.Join(r.regions[way], ", "))
	}
	return strings.Join(all, "; ")
}

// refusals are the errors, each once, in the order in which they came.
func refusals(cells []cell) []refused {
	var all []refused
	for _, c := range cells {
		if c.err == nil {
			continue
		}
		text := strings.Trim(c.Code+": "+c.Message, ": ")
		i := slices.IndexFunc(all, func(r refused) bool { return r.text == text })
		if i < 0 {
			all = append(all, refused{text: text, hint: c.hint, regions: map[string][]string{}})
			i = len(all) - 1
		}
		way := c.API + " " + c.Auth
		if all[i].regions[way] == nil {
			all[i].ways = append(all[i].ways, way)
		}
		all[i].regions[way] = append(all[i].regions[way], c.Region)
	}
	return all
}

func printMarkdown(w io.Writer, cells []cell) error {
	var b strings.Builder
	line := func(row []string) {
		for i, text := range row {
			row[i] = strings.NewReplacer("|", `\|`, "\n", " ").Replace(cmp.Or(text, "-"))
		}
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	line(append(slices.Clone(probeHead), "MESSAGE"))
	b.WriteString("|" + strings.Repeat(" --- |", len(probeHead)+1) + "\n")
	for _, c := range cells {
		line(append(c.row(), c.Message))
	}
	_, err := io.WriteString(w, strings.Map(visible, b.String()))
	return err
}
