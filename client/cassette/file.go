package cassette

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// Extension is that of a cassette's file.
const Extension = ".cassette"

// Read reads the cassette in a file.
func Read(file string) ([]Interaction, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cassette: %w", err)
	}
	interactions, err := Parse(data)
	if e, ok := errors.AsType[*FormatError](err); ok {
		e.Path = file
	}
	return interactions, err
}

// list returns the file that path is, or the cassettes below the directory.
func list(path string) (files []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(name, Extension) {
			files = append(files, name)
		}
		return err
	})
	if err == nil && files == nil {
		err = fmt.Errorf("there is no file *%s in %s", Extension, path)
	}
	return files, err
}

// write is what tests replace to fill the disk.
var write = func(f *os.File, data []byte) (int, error) { return f.Write(data) }

// save writes a file whole or not at all: under another name first, which then
// takes the place of the old one.
func save(path string, data []byte) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	f, err := createBeside(path)
	if err != nil {
		return err
	}
	_, err = write(f, data)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// createBeside makes a new file in the directory of path, with its permissions
// when it is there.
func createBeside(path string) (*os.File, error) {
	name := fmt.Sprintf(".cassette-%016x.tmp", rand.Uint64())
	f, err := os.OpenFile(filepath.Join(filepath.Dir(path), name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil {
		f.Chmod(info.Mode().Perm())
	}
	return f, nil
}

// checkWritable tells before the first request, which may be paid for, whether
// its answer could be kept.
func checkWritable(path string) error {
	if info, err := os.Stat(path); err == nil {
		if !info.Mode().IsRegular() {
			return errors.New("not a regular file")
		}
		old, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		old.Close()
	}
	f, err := createBeside(path)
	if err != nil {
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = fmt.Errorf("a file cannot be made in %s: %w", filepath.Dir(path), e.Err)
		}
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}
