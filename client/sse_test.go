package client

import (
	"io"
	"net"
	"strings"
	"testing"
)

// Lines end with LF, CR or CRLF, however the bytes are cut into packets, and a
// byte order mark may stand before the first (WHATWG HTML, "Server-sent
// events").
func TestSSELines(t *testing.T) {
	const text = "\ufeffevent: a\ndata: {\"n\":1}\n\n: a comment\nid: 7\nretry: 5\ndata:{\"n\":\ndata:2}\n\nevent: dropped\n\ndata: {\"n\":3}\nevent: c\n\ndata: [DONE]\n\n"
	want := []string{`a {"n":1}`, "data {\"n\":\n2}", `c {"n":3}`}
	for _, end := range []string{"\n", "\r", "\r\n"} {
		body := strings.ReplaceAll(text, "\n", end)
		for _, size := range []int{1, 2, 3, 7, len(body)} {
			w := serve(t, func(c net.Conn, _ int) {
				io.WriteString(c, chunked(sseType))
				for rest := body; rest != ""; {
					n := min(size, len(rest))
					io.WriteString(c, httpChunk([]byte(rest[:n])))
					rest = rest[n:]
				}
				io.WriteString(c, "0\r\n\r\n")
			})
			s, err := newClient(t, w.url, WithTimeouts(ample)).Stream(t.Context(), chatStream)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for ev, err := range s.Events() {
				if err != nil {
					t.Fatalf("line end %q, packets of %d: %v", end, size, err)
				}
				got = append(got, ev.Type+" "+string(ev.Payload))
			}
			if strings.Join(got, "|") != strings.Join(want, "|") {
				t.Errorf("line end %q, packets of %d: %q", end, size, got)
			}
		}
	}
}
