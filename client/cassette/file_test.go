package cassette

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// What cannot be written is said before the request is paid for, or after it
// with the answer still given; the old file stays whole.
func TestCannotWrite(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "main.go")
	os.WriteFile(garbage, []byte("package main\n"), 0o644)
	for path, want := range map[string]string{
		filepath.Join(dir, "missing", "x.cassette"): "a file cannot be made in",
		"":      "no file is named",
		dir:     "not a regular file",
		garbage: "not a cassette",
	} {
		if _, err := Open(path, Options{Mode: Record}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	if readFile(t, garbage) != "package main\n" {
		t.Error("a file that is no cassette was changed")
	}
	if _, err := Open(filepath.Join(dir, "x.cassette"), Options{Mode: Passthrough + 1}); err == nil || !strings.Contains(err.Error(), "mode 4 is none of") {
		t.Errorf("unknown mode: %v", err)
	}
}

func TestDiskFull(t *testing.T) {
	path := tempFile(t)
	c := mustOpen(t, path, Options{Mode: Record})
	mustDo(t, c.Wrap(answer(200, nil, "1")), newRequest(t, "GET", "http://h/1", ""))
	before := readFile(t, path)
	write = func(f *os.File, data []byte) (int, error) {
		n, _ := f.Write(data[:len(data)/2])
		return n, &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	t.Cleanup(func() { write = func(f *os.File, data []byte) (int, error) { return f.Write(data) } })
	if _, body := mustDo(t, c.Wrap(answer(200, nil, "2")), newRequest(t, "GET", "http://h/2", "")); string(body) != "2" {
		t.Errorf("the answer is %q", body)
	}
	if err := c.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Close: %v", err)
	}
	if _, _, err := do(t, c.Wrap(noNetwork(t)), newRequest(t, "GET", "http://h/3", "")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("the next request: %v", err)
	}
	if readFile(t, path) != before {
		t.Error("the old file changed")
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
}

// A link stays one, and permissions stay.
func TestReplacesTheFileOnly(t *testing.T) {
	path := tempFile(t)
	link := filepath.Join(t.TempDir(), "link.cassette")
	save(path, Append(nil, nil))
	os.Chmod(path, 0o600)
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	c := mustOpen(t, link, Options{Mode: Record})
	mustDo(t, c.Wrap(answer(200, nil, "1")), newRequest(t, "GET", "http://h/", ""))
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became %v %v", info.Mode(), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || !strings.Contains(readFile(t, path), "> GET") {
		t.Errorf("the file: %v %v", info.Mode(), err)
	}
}

func TestNothingToReplay(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "no.cassette"), Options{}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "nothing to replay") {
		t.Errorf("no file: %v", err)
	}
	if _, err := Open(t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), "there is no file *.cassette") {
		t.Errorf("an empty directory: %v", err)
	}
}

// A directory is replayed as one cassette.
func TestReplayDirectory(t *testing.T) {
	dir := t.TempDir()
	os.MkdirAll(filepath.Join(dir, "sub"), 0o755)
	for _, name := range []string{"a", "sub/b"} {
		c := mustOpen(t, filepath.Join(dir, name+Extension), Options{Mode: Record})
		mustDo(t, c.Wrap(answer(200, nil, name)), newRequest(t, "GET", "http://h/"+name, ""))
	}
	os.WriteFile(filepath.Join(dir, "README.md"), []byte("no cassette"), 0o644)
	c := mustOpen(t, dir, Options{})
	for _, name := range []string{"sub/b", "a"} {
		if _, body := mustDo(t, c, newRequest(t, "GET", "http://h/"+name, "")); string(body) != name {
			t.Errorf("%s: %s", name, body)
		}
	}
}
