// Command table runs the benchmarks of this module in rounds, so that every
// round meets all peers under the same load, and prints their medians as a
// Markdown table. Run it in testdata/interop; what the benchmarks said is kept
// in testdata/bench.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 5, "how often every benchmark runs")
	benchtime := flag.String("benchtime", "300ms", "how long, each time")
	from := flag.String("from", "", "print the table of this kept output instead of running anything")
	flag.Parse()
	if err := run(*rounds, *benchtime, *from); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func run(rounds int, benchtime, from string) error {
	if from != "" {
		kept, err := os.ReadFile(from)
		if err == nil {
			write(os.Stdout, kept)
		}
		return err
	}
	out := filepath.Join("..", "bench", "interop-"+time.Now().UTC().Format(time.DateOnly)+".txt")
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer f.Close()
	var kept bytes.Buffer
	if err := measure(io.MultiWriter(f, &kept), rounds, benchtime); err != nil {
		return err
	}
	write(os.Stdout, kept.Bytes())
	return f.Close()
}

// measure builds the benchmarks once and runs all of them, round by round.
func measure(w io.Writer, rounds int, benchtime string) error {
	dir, err := os.MkdirTemp("", "table")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bin := filepath.Join(dir, "interop.test")
	if out, err := exec.Command("go", "test", "-c", "-o", bin, ".").CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	versions, err := versions()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "# %s, %s %s/%s, %d cores; %s\n", time.Now().UTC().Format(time.DateOnly), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), versions)
	for i := range rounds {
		fmt.Fprintf(w, "# round %d\n", i+1)
		fmt.Fprintf(os.Stderr, "round %d of %d\n", i+1, rounds)
		cmd := exec.Command(bin, "-test.run=^$", "-test.bench=.", "-test.benchmem", "-test.timeout=30m", "-test.benchtime="+benchtime)
		cmd.Stdout, cmd.Stderr = w, os.Stderr
		if err := cmd.Run(); err != nil {
			return err
		}
	}
	return nil
}

// versions are those of the peers, "name version" each.
func versions() (string, error) {
	peers := []string{
		"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/service/bedrockruntime",
		"github.com/anthropics/anthropic-sdk-go", "github.com/openai/openai-go/v3", "github.com/minio/minio-go/v7",
	}
	out, err := exec.Command("go", append([]string{"list", "-m", "-f", "{{.Path}} {{.Version}}"}, peers...)...).Output()
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i, l := range lines {
		path, version, _ := strings.Cut(l, " ")
		path = strings.TrimSuffix(strings.TrimSuffix(path, "/v3"), "/v7")
		lines[i] = path[strings.LastIndexByte(path, '/')+1:] + " " + strings.TrimPrefix(version, "v")
	}
	return strings.Join(lines, ", "), nil
}
