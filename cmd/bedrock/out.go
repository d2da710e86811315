package main

import (
	"errors"
	"io"
	"os"
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
