package credentials

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// tokenFile is a file of a login that the AWS CLI keeps: JSON of which only
// some members are ours to know. It is written back with the others as they
// were.
type tokenFile struct {
	path   string
	fields map[string]json.RawMessage
}

// errNoLogin says that there is no such file: nobody has logged in.
var errNoLogin = errors.New("there is no cached login")

func readTokenFile(path string) (*tokenFile, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w (%s)", errNoLogin, path)
	}
	if err != nil {
		return nil, err
	}
	f := &tokenFile{path: path}
	if json.Unmarshal(data, &f.fields) != nil || f.fields == nil {
		return nil, fmt.Errorf("%s is not a JSON object", path)
	}
	return f, nil
}

// text is a member that is a string, "" when it is absent or something else.
func (f *tokenFile) text(name string) string {
	var s string
	if json.Unmarshal(f.fields[name], &s) != nil {
		return ""
	}
	return s
}

// set replaces a member.
func (f *tokenFile) set(name string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	f.fields[name] = data
	return nil
}

// write replaces the file at once, with the mode it had: readers see the old
// or the new one, never a part.
func (f *tokenFile) write() error {
	data, err := json.Marshal(f.fields)
	if err != nil {
		return err
	}
	path, err := filepath.EvalSymlinks(f.path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // nothing is left there after the rename
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Chmod(info.Mode().Perm())
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
