package main

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// row is a line of the table: a benchmark, and which of its numbers are shown.
type row struct {
	work, bench string
	ours        string // the sub-benchmark; "": rawbedrock
	unit        string // "": ns/op
	second      string // another unit to show; "": allocs/op
	per         float64
}

var rows = []row{
	{work: "sign 1 KB, key known", bench: "Sign"},
	{work: "sign 1 KB, new key", bench: "SignCold"},
	{work: "presign", bench: "Presign"},
	{work: "decode a frame of 150 bytes", bench: "Decode150B"},
	{work: "decode a frame of 1 MiB", bench: "Decode1MiB"},
	{work: "encode a frame of 150 bytes", bench: "Encode150B"},
	{work: "text of a delta of 150 bytes", bench: "DeltaText"},
	{work: "typed stream event, in memory", bench: "StreamEvent", ours: "rawbedrock-typed", per: 1004},
	{work: "Converse 1 KB in memory, raw", bench: "Converse1KB"},
	{work: "Converse 1 KB in memory, typed", bench: "Converse1KB", ours: "rawbedrock-typed"},
	{work: "Converse 100 KB in memory, raw", bench: "Converse100KB"},
	{work: "Converse 100 KB in memory, typed", bench: "Converse100KB", ours: "rawbedrock-typed"},
	{work: "CPU a call, loopback, 256 at once", bench: "Loopback256", unit: "cpu-ns/op"},
	{work: "the same, default transports", bench: "Loopback256Default", unit: "cpu-ns/op"},
	{work: "first event, loopback", bench: "FirstEvent"},
	{work: "CPU a typed event, loopback", bench: "StreamLoopback", ours: "rawbedrock-typed", unit: "cpu-ns/event", second: "none"},
	{work: "one of 1,000 open streams", bench: "OpenStreams1000", ours: "rawbedrock-typed", unit: "B/stream", second: "goroutines/stream"},
	{work: "one of 5,000 open streams", bench: "OpenStreams5000", ours: "rawbedrock-typed", unit: "B/stream", second: "goroutines/stream"},
	{work: "one-call program, stripped", bench: "Start", unit: "binary-B", second: "modules"},
	{work: "process start to first byte", bench: "Start", unit: "start-ns/op", second: "none"},
}

// results are what every round measured, by benchmark and sub-benchmark.
type results map[string]map[string][]map[string]float64

func parse(output []byte) (head string, r results) {
	r = results{}
	for s := bufio.NewScanner(bytes.NewReader(output)); s.Scan(); {
		line := s.Text()
		if head == "" && strings.HasPrefix(line, "# ") {
			head = line[2:]
		}
		f := strings.Fields(line)
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		bench, peer, _ := strings.Cut(strings.TrimPrefix(f[0], "Benchmark"), "/")
		if i := strings.LastIndexByte(peer, '-'); i >= 0 { // of GOMAXPROCS
			peer = peer[:i]
		}
		values := map[string]float64{}
		for i := 2; i+1 < len(f); i += 2 {
			values[f[i+1]], _ = strconv.ParseFloat(f[i], 64)
		}
		if r[bench] == nil {
			r[bench] = map[string][]map[string]float64{}
		}
		r[bench][peer] = append(r[bench][peer], values)
	}
	return head, r
}

const sdk = "aws-sdk-go-v2"

// write prints the table of what the benchmarks said.
func write(w io.Writer, output []byte) {
	head, all := parse(output)
	fmt.Fprintf(w, "%s. Medians; after the comma, allocations.\n\n", head)
	fmt.Fprintf(w, "| work | floor | rawbedrock | %s | others | ours / SDK |\n| --- | --- | --- | --- | --- | --- |\n", sdk)
	for _, r := range rows {
		var floor, own, theirs string
		var others []string
		peers := all[r.bench]
		ours, unit := cmp.Or(r.ours, "rawbedrock"), cmp.Or(r.unit, "ns/op")
		for _, peer := range slices.Sorted(maps.Keys(peers)) {
			if _, ok := peers[peer][0][unit]; !ok {
				continue
			}
			text := r.cell(peers[peer], unit)
			switch {
			case peer == ours:
				own = text
			case peer == sdk:
				theirs = text
			case peer == "floor", peer == "net/http":
				floor = text
			case !strings.HasPrefix(peer, "rawbedrock"):
				others = append(others, strings.TrimPrefix(peer, sdk+"-")+" "+text)
			}
		}
		ratio := ""
		if theirs != "" {
			ratio = fmt.Sprintf("%.2g", median(over(peers[ours], peers[sdk], unit)))
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", r.work, floor, own, theirs, strings.Join(others, "; "), ratio)
	}
}

// over are the ratios of two peers, round by round.
func over(a, b []map[string]float64, unit string) (ratios []float64) {
	for i := range min(len(a), len(b)) {
		ratios = append(ratios, a[i][unit]/b[i][unit])
	}
	return ratios
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// cell shows the medians of a peer.
func (r row) cell(rounds []map[string]float64, unit string) string {
	of := func(unit string) float64 {
		var values []float64
		for _, m := range rounds {
			values = append(values, m[unit])
		}
		return median(values) / max(r.per, 1)
	}
	text := quantity(of(unit), unit)
	switch r.second {
	case "":
		text += fmt.Sprintf(", %.0f", of("allocs/op"))
	case "none":
	default:
		name, _, _ := strings.Cut(r.second, "/")
		text += fmt.Sprintf(", %.0f %s", of(r.second), name)
	}
	return text
}

// quantity writes nanoseconds or bytes in a unit that fits.
func quantity(n float64, unit string) string {
	units, step := []string{"ns", "µs", "ms", "s"}, 1000.0
	if strings.Contains(unit, "B") {
		units = []string{"B", "KB", "MB", "GB"}
	}
	i := 0
	for ; n >= step && i < len(units)-1; i++ {
		n /= step
	}
	return fmt.Sprintf("%.3g %s", n, units[i])
}
