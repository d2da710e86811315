package credentials

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// secretNames are the names that ReadSecrets knows.
var secretNames = []string{
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_BEARER_TOKEN_BEDROCK", "AWS_REGION", "AWS_URL",
}

const maxSecrets = 1 << 20

// ReadSecrets reads a secrets file, flat TOML (KEY = "value") or dotenv
// (KEY=value, export KEY='value'), with comments after #. It returns what the
// file says of AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN,
// AWS_BEARER_TOKEN_BEDROCK, AWS_REGION and AWS_URL (the endpoint); empty values
// count as absent and other names are skipped, since such a file may hold other
// programs' secrets too. "$" is an ordinary character: nothing is expanded.
//
// A line that cannot be read, a name given twice, half of a key pair, and a file
// that holds only other names are errors. They tell the line's number, never its
// content.
func ReadSecrets(r io.Reader) (map[string]string, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSecrets+1))
	if err != nil {
		return nil, fmt.Errorf("credentials: %w", err)
	}
	if len(data) > maxSecrets {
		return nil, errors.New("credentials: the secrets file is larger than 1 MiB")
	}
	secrets, lines := map[string]string{}, map[string]int{}
	n, foreign := 0, false
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		n++
		name, value, err := readSecret(line)
		if err == nil && lines[name] > 0 {
			err = fmt.Errorf("%s was given before, in line %d", name, lines[name])
		}
		if err != nil {
			return nil, fmt.Errorf("credentials: line %d: %w", n, err)
		}
		switch {
		case name == "":
		case !slices.Contains(secretNames, name):
			foreign = true
		default:
			lines[name] = n
			if value != "" {
				secrets[name] = value
			}
		}
	}
	if foreign && len(lines) == 0 {
		return nil, fmt.Errorf("credentials: the file names none of %s", strings.Join(secretNames, ", "))
	}
	if err := checkPair(secrets); err != nil {
		return nil, err
	}
	return secrets, nil
}

func checkPair(secrets map[string]string) error {
	has := func(name string) bool { return secrets[name] != "" }
	switch {
	case has("AWS_ACCESS_KEY_ID") && !has("AWS_SECRET_ACCESS_KEY"):
		return errors.New("credentials: the file has AWS_ACCESS_KEY_ID but no AWS_SECRET_ACCESS_KEY")
	case has("AWS_SECRET_ACCESS_KEY") && !has("AWS_ACCESS_KEY_ID"):
		return errors.New("credentials: the file has AWS_SECRET_ACCESS_KEY but no AWS_ACCESS_KEY_ID")
	case has("AWS_SESSION_TOKEN") && !has("AWS_ACCESS_KEY_ID"):
		return errors.New("credentials: the file has AWS_SESSION_TOKEN but no AWS_ACCESS_KEY_ID")
	}
	return nil
}

// readSecret reads one line; name is "" when there is nothing on it.
func readSecret(line string) (name, value string, err error) {
	if !utf8.ValidString(line) {
		return "", "", errors.New("it is not UTF-8 text")
	}
	line = strings.TrimSpace(line)
	switch {
	case line == "" || line[0] == '#':
		return "", "", nil
	case line[0] == '[':
		return "", "", errors.New("sections are not read: write NAME = \"value\" lines only")
	}
	name, rest, ok := strings.Cut(line, "=")
	name = strings.TrimSpace(name)
	if after, found := strings.CutPrefix(name, "export"); found && strings.TrimLeft(after, " \t") != after {
		name = strings.TrimSpace(after)
	}
	name = unquote(name)
	if !ok || name == "" || strings.ContainsFunc(name, notInName) {
		return "", "", errors.New("expected NAME=value or NAME = \"value\"")
	}
	if !slices.Contains(secretNames, name) {
		return name, "", nil
	}
	value, rest, err = cutValue(strings.TrimSpace(rest))
	switch {
	case err != nil:
		return "", "", err
	case rest != "" && rest[0] != '#':
		return "", "", errors.New("there is something after the closing quote")
	case strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return "", "", fmt.Errorf("the value of %s holds a space, a control or a non-ASCII character", name)
	}
	return name, value, nil
}

func notInName(r rune) bool {
	return r != '_' && r != '-' && r != '.' && !('0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z')
}

// cutValue returns a value without its quotes and escapes, and what follows it.
func cutValue(text string) (value, rest string, err error) {
	switch {
	case strings.HasPrefix(text, `"""`) || strings.HasPrefix(text, "'''"):
		return "", "", errors.New("values of several lines are not read")
	case strings.HasPrefix(text, "'"):
		value, rest, ok := strings.Cut(text[1:], "'")
		if !ok {
			return "", "", errors.New("the closing ' is missing")
		}
		return value, strings.TrimSpace(rest), nil
	case strings.HasPrefix(text, `"`):
		return cutDoubleQuoted(text[1:])
	case strings.HasPrefix(text, "#"):
		return "", "", nil
	}
	return strings.TrimSpace(trimSecretComment(text)), "", nil
}

// trimSecretComment cuts at a # that follows white space.
func trimSecretComment(text string) string {
	for i := 1; i < len(text); i++ {
		if text[i] == '#' && (text[i-1] == ' ' || text[i-1] == '\t') {
			return text[:i]
		}
	}
	return text
}

// cutDoubleQuoted undoes the escapes that TOML and JSON share.
func cutDoubleQuoted(text string) (value, rest string, err error) {
	var b strings.Builder
	for text != "" && text[0] != '"' {
		r, _, tail, err := strconv.UnquoteChar(text, '"')
		if err != nil {
			return "", "", errors.New("a \\ does not begin an escape: write \\\\ or use single quotes")
		}
		b.WriteRune(r)
		text = tail
	}
	if text == "" {
		return "", "", errors.New("the closing \" is missing")
	}
	return b.String(), strings.TrimSpace(text[1:]), nil
}
