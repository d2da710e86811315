package main

import (
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	const output = `# 2026-01-02, go1
# round 1
BenchmarkSign/floor-2  	 10	 1700 ns/op	 0 B/op	 0 allocs/op
BenchmarkSign/rawbedrock-2  	 10	 3000 ns/op	 800 B/op	 4 allocs/op
BenchmarkSign/aws-sdk-go-v2-2  	 10	 6000 ns/op	 900 B/op	 45 allocs/op
# round 2
BenchmarkSign/rawbedrock-2  	 10	 9000 ns/op	 800 B/op	 4 allocs/op
BenchmarkSign/aws-sdk-go-v2-2  	 10	 18000 ns/op	 900 B/op	 45 allocs/op
BenchmarkSign/minio-go-2  	 10	 16000 ns/op	 900 B/op	 94 allocs/op
BenchmarkStart/rawbedrock-2 	 1	 5 ns/op	 7500000 binary-B	 5.000 modules	 2000000 start-ns/op
BenchmarkStart/aws-sdk-go-v2-2 	 1	 5 ns/op	 10000000 binary-B	 16.00 modules	 4000000 start-ns/op
`
	var b strings.Builder
	write(&b, []byte(output))
	for _, want := range []string{
		"2026-01-02, go1.",
		"| sign 1 KB, key known | 1.7 µs, 0 | 9 µs, 4 | 18 µs, 45 | minio-go 16 µs, 94 | 0.5 |",
		"| one-call program, stripped |  | 7.5 MB, 5 modules | 10 MB, 16 modules |  | 0.75 |",
		"| presign |  |  |  |  |  |",
		"| process start to first byte |  | 2 ms | 4 ms |  | 0.5 |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
