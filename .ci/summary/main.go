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

func main() {
	passed, failed, vectorTests, vectorCases := 0, 0, 0, 0
	skips := map[string]int{}
	output := map[string]*strings.Builder{}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Println(in.Text()) // a build failure speaks plainly
			continue
		}
		key := e.Package + " " + e.Test
		if output[key] == nil {
			output[key] = &strings.Builder{}
		}
		switch e.Action {
		case "output", "build-output":
			output[key].WriteString(e.Output)
		case "pass":
			if m := cases.FindAllStringSubmatch(output[key].String(), -1); e.Test != "" && m != nil {
				vectorTests++
				for _, c := range m {
					n, _ := strconv.Atoi(c[1])
					vectorCases += n
				}
			}
			if e.Test != "" {
				passed++
			} else {
				fmt.Print(output[key])
			}
		case "fail", "build-fail":
			failed++
			fmt.Printf("FAIL %s\n%s", key, output[key])
		case "skip":
			if e.Test != "" {
				skips[reason(output[key].String())]++
			}
		}
	}
	skipped := 0
	for _, why := range slices.Sorted(maps.Keys(skips)) {
		fmt.Printf("skipped %d: %s\n", skips[why], why)
		skipped += skips[why]
	}
	fmt.Printf("vectors: %d tests ran over %d cases\n", vectorTests, vectorCases)
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	if failed > 0 || passed == 0 {
		os.Exit(1)
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
