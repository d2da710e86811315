package cassette

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// maxPlain bounds what a compressed body may grow to.
const maxPlain = 256 << 20

// plain undoes the compression of a body, in which nobody would find a secret,
// and takes the header off that told of it. A compressed body that is cut short
// gives what there is.
func plain(h http.Header, body []byte) (http.Header, []byte, error) {
	coding := strings.ToLower(strings.TrimSpace(strings.Join(h.Values("Content-Encoding"), ", ")))
	if coding == "" || coding == "identity" || len(body) == 0 {
		return h, body, nil
	}
	var in io.Reader
	var err error
	switch coding {
	case "gzip", "x-gzip":
		in, err = gzip.NewReader(bytes.NewReader(body))
	case "deflate":
		in, err = zlib.NewReader(bytes.NewReader(body))
	default:
		err = errors.New("unknown here")
	}
	var text []byte
	if err == nil {
		text, err = io.ReadAll(io.LimitReader(in, maxPlain+1))
	}
	if len(text) > maxPlain {
		err = fmt.Errorf("over %d bytes", maxPlain)
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return h, body, fmt.Errorf("a body in Content-Encoding %q cannot be searched for secrets: %w; ask for identity, or record without redaction", coding, err)
	}
	h = h.Clone()
	h.Del("Content-Encoding")
	if h.Get("Content-Length") != "" {
		h.Set("Content-Length", strconv.Itoa(len(text)))
	}
	return h, text, nil
}
