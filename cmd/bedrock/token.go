package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"rawbedrock/sigv4/credentials"
)

func tokenCommand() command {
	return command{
		name: "token", short: "make a Bedrock API key, or read what one says",
		sub: []command{
			{
				name: "mint", short: "make a short-term Bedrock API key from AWS credentials, offline",
				long: mintHelp, setup: setupMint,
			},
			{
				name: "inspect", args: "[-]", short: "tell what a Bedrock API key says about itself, offline",
				long: inspectHelp, setup: setupInspect,
			},
		},
	}
}

const mintHelp = `Prints a key for AWS_BEARER_TOKEN_BEDROCK, or for programs that speak OpenAI's or
Anthropic's protocol. It is signed here, Bedrock is not asked; finding the
credentials may use the network, as 'bedrock auth' tells. The key is good in one
region, for 12 hours or as long as temporary credentials last. Whoever has it can
call Bedrock in your name.

Examples:
  export AWS_BEARER_TOKEN_BEDROCK=$(bedrock token mint --region us-east-1)
  OPENAI_API_KEY=$(bedrock token mint -r us-west-2 --expires 1h) python app.py
  bedrock token mint -o json
`

const inspectHelp = `Tells kind, region, access key id and times of the key that stands in
AWS_BEARER_TOKEN_BEDROCK, or that comes on standard input with '-'. It is read
here, nothing is sent, and the signature is not checked. A key is never an
argument: everybody on the machine can see those.

Long-term keys (ABSK...) are opaque: only AWS knows their region and end.

Examples:
  bedrock token inspect
  pbpaste | bedrock token inspect -
  bedrock token mint | bedrock token inspect - -o json
`

// mint holds the flags of 'token mint'.
type mint struct {
	identity
	expires time.Duration
	at      time.Time
	output  string
}

func setupMint(fs *flag.FlagSet) func(context.Context, env, []string) error {
	m := &mint{expires: credentials.MaxKeyLife}
	m.register(fs)
	fs.Func("expires", "`life` of the key, from 1s to 12h; 12h unless given", func(s string) (err error) {
		if m.expires, err = time.ParseDuration(s); err != nil || m.expires < time.Second || m.expires > credentials.MaxKeyLife || m.expires%time.Second != 0 {
			return fmt.Errorf("want a duration of whole seconds from 1s to 12h, such as 90m")
		}
		return nil
	})
	timeFlag(fs, &m.at)
	choice(fs, &m.output, "output", "text", "`form` of the answer: text (the key) or json", "text", "json")
	alias(fs, "o", "output")
	return m.run
}

func (m *mint) run(ctx context.Context, e env, args []string) error {
	if len(args) > 0 {
		return usagef("this command takes no argument") // nor is one quoted: it may be a key
	}
	token, err := m.token(ctx, e)
	if err != nil {
		return err
	}
	if short := m.expires - token.Expires.Sub(token.Issued); short > 0 {
		fmt.Fprintf(e.stderr, "bedrock: token mint: the key ends with the credentials, at %s\n", token.Expires.Format(time.RFC3339))
	}
	if m.output == "json" {
		return printJSON(e.stdout, struct {
			Token string `json:"token"`
			keyJSON
		}{token.Key.Reveal(), newKeyJSON(token.KeyInfo)})
	}
	_, err = fmt.Fprintln(e.stdout, token.Key.Reveal())
	return err
}

func (m *mint) token(ctx context.Context, e env) (credentials.Token, error) {
	region, found, err := m.resolve(ctx, e)
	if err != nil {
		return credentials.Token{}, err
	}
	if m.at.IsZero() {
		m.at = time.Now()
	}
	token, err := credentials.Mint(found, region, m.expires, m.at)
	if err != nil {
		return credentials.Token{}, setupf("%w", err)
	}
	return token, nil
}

func setupInspect(fs *flag.FlagSet) func(context.Context, env, []string) error {
	var output string
	choice(fs, &output, "output", "text", "`form` of the answer: text or json", "text", "json")
	alias(fs, "o", "output")
	return func(ctx context.Context, e env, args []string) error {
		key, err := givenKey(ctx, e, args)
		if err != nil {
			return err
		}
		info, err := credentials.Inspect(key)
		if err != nil {
			return usagef("%w", err)
		}
		now := time.Now()
		if output == "json" {
			answer := newKeyJSON(info)
			if !info.Expires.IsZero() {
				answer.Expired = new(info.ExpiredAt(now))
			}
			return printJSON(e.stdout, answer)
		}
		_, err = io.WriteString(e.stdout, describeKey(info, now))
		return err
	}
}

const maxKey = 1 << 20

// givenKey finds the key to read. No error quotes an argument.
func givenKey(ctx context.Context, e env, args []string) (key string, err error) {
	switch {
	case len(args) == 1 && args[0] == "-":
		err = interruptible(ctx, func() error {
			data, err := io.ReadAll(io.LimitReader(e.stdin, maxKey+1))
			if key = string(data); len(data) > maxKey {
				return usagef("what stands on standard input is too long for a key")
			}
			return err
		})
		return key, err
	case len(args) > 0:
		return "", usagef("a key is never an argument, where others can see it: put it into AWS_BEARER_TOKEN_BEDROCK, or give '-' and send it on standard input")
	}
	if key = e.getenv("AWS_BEARER_TOKEN_BEDROCK"); strings.TrimSpace(key) == "" {
		return "", usagef("no key: AWS_BEARER_TOKEN_BEDROCK is not set; '-' reads one from standard input")
	}
	return key, nil
}

// keyJSON is what a key says, for programs. What it does not say is left out.
type keyJSON struct {
	Kind        string    `json:"kind"`
	Region      string    `json:"region,omitzero"`
	AccessKeyID string    `json:"accessKeyId,omitzero"`
	Session     bool      `json:"session,omitzero"`
	Issued      time.Time `json:"issued,omitzero"`
	Expires     time.Time `json:"expires,omitzero"`
	Expired     *bool     `json:"expired,omitzero"`
}

func newKeyJSON(k credentials.KeyInfo) keyJSON {
	return keyJSON{Kind: k.Kind, Region: k.Region, AccessKeyID: k.AccessKeyID, Session: k.Session, Issued: k.Issued, Expires: k.Expires}
}

// describeKey is what a key says, for people, and what it cannot say.
func describeKey(k credentials.KeyInfo, now time.Time) string {
	switch k.Kind {
	case credentials.LongTerm:
		return "kind           long-term\n" +
			"It is opaque: AWS alone knows its region, its user and when it ends.\n"
	case credentials.Unknown:
		return "kind           unknown\n" +
			"It begins neither as a short-term (bedrock-api-key-) nor as a long-term (ABSK) Bedrock API key.\n"
	}
	left := k.Expires.Sub(now).Round(time.Second)
	state := "in " + left.String()
	if k.ExpiredAt(now) {
		state = "EXPIRED " + (-left).String() + " ago"
	}
	text := fmt.Sprintf("kind           %s\nregion         %s (no other)\naccess key id  %s\nissued         %s\nexpires        %s (%s)\n",
		k.Kind, k.Region, k.AccessKeyID, k.Issued.Format(time.RFC3339), k.Expires.Format(time.RFC3339), state)
	if k.Session {
		text += "It was made from temporary credentials and ends with them, which may be earlier.\n"
	}
	return text
}
