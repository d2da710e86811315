package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// open returns where the answer goes: stdout, or the file of --out, which is
// made before the call so that an answer is never paid for and lost. What
// stood in it stays until the answer begins.
func (a *answerFlags) open(e env) (io.Writer, error) {
	if a.out == "" {
		return e.stdout, nil
	}
	mode := os.O_WRONLY | os.O_CREATE
	if !a.force {
		mode |= os.O_EXCL
	}
	f, err := os.OpenFile(a.out, mode, 0o666)
	if errors.Is(err, os.ErrExist) {
		return nil, usagef("--out %s: the file exists; --force replaces it", a.out)
	}
	if err != nil {
		return nil, usagef("--out: %w", err)
	}
	return &outFile{File: f}, nil
}

// toTerminal tells whether an answer will be shown to a person as it is.
func (a *answerFlags) toTerminal(e env) bool {
	return a.output == "text" && a.query == "" && a.out == "" && a.dryRun == "" && isTerminal(e.stdout)
}

// files writes images as they are: the first where the answer goes, the others
// beside the file of --out, under names that no file has.
func (a *answerFlags) files(p *printer, files [][]byte) error {
	if len(files) == 0 {
		return nil
	}
	p.file = true
	if _, err := p.Write(files[0]); err != nil {
		return err
	}
	if len(files) > 1 && a.out == "" {
		p.more = append(p.more, fmt.Sprintf("this is the first of %d images: --out FILE keeps them all", len(files)))
		return nil
	}
	ext := filepath.Ext(a.out)
	n := 2
	for _, data := range files[1:] {
		name, err := writeNew(strings.TrimSuffix(a.out, ext), &n, ext, data)
		if err != nil {
			return err
		}
		p.more = append(p.more, "another image is in "+name)
	}
	return nil
}

// writeNew writes a file with the first free number from *n on in its name.
func writeNew(base string, n *int, ext string, data []byte) (name string, err error) {
	for ; ; *n++ {
		name = fmt.Sprintf("%s-%d%s", base, *n, ext)
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = f.Write(data)
		return name, errors.Join(err, f.Close())
	}
}

// done closes the file of --out and removes it when nothing came.
func (a *answerFlags) done(out io.Writer, n int64) error {
	f, ok := out.(*outFile)
	if !ok {
		return nil
	}
	err := f.Close()
	if n == 0 && !a.force {
		os.Remove(a.out)
	}
	return err
}

// outFile drops its old content at the first write.
type outFile struct {
	*os.File
	begun bool
}

func (f *outFile) Write(b []byte) (int, error) {
	if !f.begun {
		f.begun = true
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			if err := f.Truncate(0); err != nil {
				return 0, err
			}
		}
	}
	return f.File.Write(b)
}

// WriteString would go around Write.
func (f *outFile) WriteString(s string) (int, error) { return f.Write([]byte(s)) }
