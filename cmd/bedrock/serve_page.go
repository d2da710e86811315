package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"time"
)

// web holds the page: one file of each kind, as they are served.
//
//go:embed web
var web embed.FS

// pagePolicy lets the page use its own files and this service, nothing else.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// asset is a file of the page. None holds a secret: the page must be there to
// ask for the token.
type asset struct {
	contentType, tag string
	data             []byte
}

func loadAsset(name, contentType string) asset {
	data, err := web.ReadFile("web/" + name)
	if err != nil {
		panic(err) // it is part of the program
	}
	sum := sha256.Sum256(data)
	return asset{contentType, `"` + hex.EncodeToString(sum[:8]) + `"`, data}
}

var (
	indexFile  = loadAsset("index.html", "text/html; charset=utf-8")
	styleFile  = loadAsset("style.css", "text/css; charset=utf-8")
	scriptFile = loadAsset("app.js", "text/javascript; charset=utf-8")
)

func (a asset) head(h http.Header) {
	h.Set("Content-Type", a.contentType)
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

func (a asset) serve(v *visit) error {
	a.head(v.Header())
	v.Header().Set("Cache-Control", "no-cache")
	v.Header().Set("ETag", a.tag)
	http.ServeContent(v, v.r, "", time.Time{}, bytes.NewReader(a.data))
	return nil
}

// serveIndex sends the page. Where a token is needed it asks for it; that none
// came with this request is what the status says.
func serveIndex(v *visit) error {
	status, data := http.StatusOK, indexFile.data
	if v.door.closed {
		data = bytes.Replace(data, []byte(`data-token=""`), []byte(`data-token="required"`), 1)
		if !v.door.knows(v.r.Header) {
			status = http.StatusUnauthorized
			v.Header().Set("WWW-Authenticate", bearerChallenge)
		}
	}
	indexFile.head(v.Header())
	v.WriteHeader(status)
	_, err := v.Write(data)
	return err
}
