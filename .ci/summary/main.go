// Command summary reads "go test -json" and prints what a person wants of it:
// what failed with its output, how many tests ran, how many cases of the
// vectors they covered, and what was skipped for which reason.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// event is one line of test2json.
type event struct {
	Action, Package, Test, Output string
}

var cases = regexp.MustCompile(`vectors: (\d+) cases from (\S+)`)

// tally is what was counted.
type tally struct {
	passed, failed, vectorTests, vectorCases int
	skips                                    map[string]int
	output                                   map[string]*strings.Builder // by package and test
}

func main() {
	t := tally{skips: map[string]int{}, output: map[string]*strings.Builder{}}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Println(in.Text()) // a build failure speaks plainly
			continue
		}
		t.add(e)
	}
	skipped := 0
	for _, why := range slices.Sorted(maps.Keys(t.skips)) {
		fmt.Printf("skipped %d: %s\n", t.skips[why], why)
		skipped += t.skips[why]
	}
	fmt.Printf("vectors: %d tests ran over %d cases\n", t.vectorTests, t.vectorCases)
	fmt.Printf("%d passed, %d failed, %d skipped\n", t.passed, t.failed, skipped)
	if t.failed > 0 || t.passed == 0 {
		os.Exit(1)
	}
}

func (t *tally) add(e event) {
	key := e.Package + " " + e.Test
	if t.output[key] == nil {
		t.output[key] = &strings.Builder{}
	}
	out := t.output[key]
	switch e.Action {
	case "output", "build-output":
		out.WriteString(e.Output)
	case "fail", "build-fail":
		t.failed++
		fmt.Printf("FAIL %s\n%s", key, out)
		if e.Test == "" {
			t.unended(e.Package)
		}
	case "pass":
		if e.Test == "" {
			fmt.Print(out)
			break
		}
		t.passed++
		t.vectors(out.String())
	case "skip":
		if e.Test != "" {
			t.skips[reason(out.String())]++
		}
	}
	if e.Test != "" && (e.Action == "pass" || e.Action == "fail" || e.Action == "skip") {
		delete(t.output, key)
	}
}

// unended prints what the tests said that a panic or a time limit cut short.
func (t *tally) unended(pkg string) {
	for _, key := range slices.Sorted(maps.Keys(t.output)) {
		if test, ok := strings.CutPrefix(key, pkg+" "); ok && test != "" {
			fmt.Printf("NOT ENDED %s\n%s", key, t.output[key])
		}
	}
}

// vectors counts the cases that a test said it had.
func (t *tally) vectors(output string) {
	found := cases.FindAllStringSubmatch(output, -1)
	if found == nil {
		return
	}
	t.vectorTests++
	for _, c := range found {
		n, _ := strconv.Atoi(c[1])
		t.vectorCases += n
	}
}

var place = regexp.MustCompile(`^\s*\S+\.go:\d+: `)

// reason is the line with which a test said why it was skipped.
func reason(output string) string {
	for line := range strings.Lines(output) {
		if place.MatchString(line) {
			return strings.TrimSpace(place.ReplaceAllString(line, ""))
		}
	}
	return "no reason given"
}
