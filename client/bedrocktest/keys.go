package bedrocktest

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"rawbedrock/sigv4"
)

// ReadKeys reads the keys that a Server is to accept, in whichever form they
// are at hand: a shared credentials file with one or more profiles, lines
// NAME=VALUE as in a shell (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
// AWS_SESSION_TOKEN, AWS_BEARER_TOKEN_BEDROCK), the CSV file that AWS's console
// gives, or lines "ID SECRET" or "ID:SECRET". Other names are skipped.
//
// Errors tell the line's number, never its content.
func ReadKeys(r io.Reader) (keys []sigv4.Credentials, apiKeys []string, err error) {
	lines := bufio.NewScanner(io.LimitReader(r, 1<<20))
	var c sigv4.Credentials
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		begins := strings.HasPrefix(line, "[")
		name, value, setting := setting(line)
		if begins || setting && name == "aws_access_key_id" && c.AccessKeyID != "" {
			if keys, err = appendKey(keys, c); err != nil {
				return nil, nil, fmt.Errorf("before line %d: %w", n, err)
			}
			c = sigv4.Credentials{}
		}
		switch {
		case line == "", begins, line[0] == '#', line[0] == ';', strings.HasPrefix(strings.ToLower(line), "access key id,"):
		case setting && name == "aws_bearer_token_bedrock":
			apiKeys = append(apiKeys, value)
		case setting:
			take(&c, name, value)
		default:
			pair := pairForm().FindStringSubmatch(line)
			if pair == nil {
				return nil, nil, fmt.Errorf("line %d is neither NAME=VALUE nor an access key id and its secret", n)
			}
			keys = append(keys, sigv4.Credentials{AccessKeyID: pair[1], SecretAccessKey: pair[2]})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, nil, err
	}
	if keys, err = appendKey(keys, c); err != nil {
		return nil, nil, err
	}
	if len(keys)+len(apiKeys) == 0 {
		return nil, nil, fmt.Errorf("no key is in it")
	}
	return keys, apiKeys, nil
}

var (
	settingForm = lazy(`^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$`)
	pairForm    = lazy(`^([A-Za-z0-9_]{4,128})\s*[,:\s]\s*(\S+)$`)
)

// setting reads a line NAME=VALUE, its value in quotes or not.
func setting(line string) (name, value string, ok bool) {
	parts := settingForm().FindStringSubmatch(line)
	if parts == nil {
		return "", "", false
	}
	value = parts[2]
	if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		value = value[1 : n-1]
	}
	return strings.ToLower(parts[1]), value, true
}

func take(c *sigv4.Credentials, name, value string) {
	switch name {
	case "aws_access_key_id":
		c.AccessKeyID = value
	case "aws_secret_access_key":
		c.SecretAccessKey = value
	case "aws_session_token":
		c.SessionToken = value
	}
}

// appendKey adds a key that is whole; none at all is fine, half of one not.
func appendKey(keys []sigv4.Credentials, c sigv4.Credentials) ([]sigv4.Credentials, error) {
	switch {
	case c.HasKeys():
		return append(keys, c), nil
	case c.AccessKeyID != "":
		return nil, fmt.Errorf("an access key id has no secret")
	case c.SecretAccessKey != "":
		return nil, fmt.Errorf("a secret has no access key id")
	}
	return keys, nil
}
