package sigv4

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// secretMistakes are other spellings of a secret, and what they are.
func secretMistakes(c Credentials) [][2]string {
	secret := c.SecretAccessKey
	plain, _ := url.QueryUnescape(secret)
	decoded, _ := base64.StdEncoding.DecodeString(secret)
	return [][2]string{
		{secret + "\n", "with a line break behind it (a trailing newline)"},
		{secret + "\r\n", "with a line break behind it (CRLF, a trailing newline)"},
		{secret + "\r", "with a carriage return behind it (half of a CRLF line break)"},
		{secret + " ", "with a blank behind it"}, {" " + secret, "with a blank before it"}, {"\n" + secret, "with a line break before it"},
		{secret + "\t", "with a tab behind it"}, {secret + "\x00", "with a zero byte behind it"},
		{strings.TrimSpace(secret), "without the white space around it"},
		{`"` + secret + `"`, "in quotation marks"}, {"'" + secret + "'", "in quotation marks"}, {strings.Trim(secret, `"'`), "without its quotation marks"},
		{"\ufeff" + secret, "behind a byte order mark"},
		{strings.ReplaceAll(secret, "+", " "), `with "+" taken for a blank`},
		{url.QueryEscape(secret), "percent-encoded"}, {url.PathEscape(secret), "percent-encoded"}, {plain, "percent-decoded"}, {strings.ReplaceAll(secret, "/", `\/`), `with "/" escaped`},
		{strings.ReplaceAll(secret, "/", ""), `without its "/"`}, {strings.ReplaceAll(secret, "+", ""), `without its "+"`},
		{strings.ToLower(secret), "in lower case"}, {strings.ToUpper(secret), "in upper case"},
		{secret[:len(secret)-1], "without its last character"}, {secret[1:], "without its first character"},
		{secret + ",", "with a comma behind it"}, {secret + ";", "with a semicolon behind it"},
		{" " + secret + " ", "with blanks around it"}, {secret + `"`, "with a quotation mark behind it"}, {"“" + secret + "”", "in quotation marks"},
		{secret + `\n`, `with "\n" behind it as two characters (a trailing newline)`}, {secret + "\u00a0", "with a blank that does not break behind it"}, {secret + "\u200b", "with a character of no width behind it"},
		{"=" + secret, `with "=" before it`}, {"AWS_SECRET_ACCESS_KEY=" + secret, "with the name of its variable before it"}, {"aws_secret_access_key=" + secret, "with the name of its setting before it"},
		{secret + secret, "twice"}, {"AWS4" + secret, `with "AWS4" twice before it`}, {base64.StdEncoding.EncodeToString([]byte(secret)), "in base64"}, {string(decoded), "decoded as base64"},
		{"", "that is empty"}, {c.AccessKeyID, "that is the access key id"}, {c.SessionToken, "that is the session token"},
	}
}

// chain narrows a key step by step.
func chain(first string, steps ...string) []byte {
	key := []byte(first)
	for _, step := range steps {
		sum := mac(key, []byte(step))
		key = sum[:]
	}
	return key
}

// hexChain does it with hexadecimal digits for bytes.
func hexChain(first string, steps ...string) []byte {
	for _, step := range steps {
		first = hex.EncodeToString(chain(first, step))
	}
	return []byte(first)
}

// swappedChain takes each step for the key of the next.
func swappedChain(first string, steps ...string) []byte {
	key := []byte(first)
	for _, step := range steps {
		key = chain(step, string(key))
	}
	return key
}

// keyMistakes are wrong signing keys.
func (x *examination) keyMistakes(right attempt) (all []attempt) {
	c, secret := x.claim, x.Credentials.SecretAccessKey
	for _, m := range secretMistakes(x.Credentials) {
		if m[0] != secret {
			key := Signer{Region: c.region, Service: c.service}.deriveKey(m[0], c.day)
			all = append(all, right.with(key[:], "secret", "It was signed with a secret access key "+m[1]+".", fixSecret))
		}
	}
	wrong := func(how string, key []byte) {
		all = append(all, right.with(key, "signing key", "The signing key is derived wrongly: "+how+".",
			"Derive it as HMAC(HMAC(HMAC(HMAC(\"AWS4\" + secret, day), region), service), \"aws4_request\"), on raw bytes, the day as YYYYMMDD."))
	}
	step := map[string]string{"day": c.day, "region": c.region, "service": c.service, `"aws4_request"`: terminator}
	for _, names := range someInAnyOrder([]string{"day", "region", "service", `"aws4_request"`}) {
		var steps []string
		for _, name := range names {
			steps = append(steps, step[name])
		}
		wrong("the steps are "+strings.Join(names, ", "), chain("AWS4"+secret, steps...))
	}
	wrong("\"AWS4\" does not stand before the secret", chain(secret, c.day, c.region, c.service, terminator))
	wrong("\"aws4\" stands in lower case before the secret", chain("aws4"+secret, c.day, c.region, c.service, terminator))
	wrong("the whole time stands where the day belongs", chain("AWS4"+secret, c.date, c.region, c.service, terminator))
	wrong("the day has dashes", chain("AWS4"+secret, c.time.Format(time.DateOnly), c.region, c.service, terminator))
	wrong("its last step is \"aws4request\"", chain("AWS4"+secret, c.day, c.region, c.service, "aws4request"))
	wrong("no key is derived: the secret itself is the key", []byte(secret))
	wrong("no key is derived: the secret itself is the key", []byte("AWS4"+secret))
	wrong("HMAC's key and message are swapped", swappedChain("AWS4"+secret, c.day, c.region, c.service, terminator))
	wrong("each step goes on with hexadecimal digits instead of bytes", hexChain("AWS4"+secret, c.day, c.region, c.service, terminator))
	wrong("the key is in hexadecimal digits", []byte(hex.EncodeToString(right.key)))
	return all
}

// someInAnyOrder are the lists that can be made of some of the words, or of all
// in another order.
func someInAnyOrder(words []string) (all [][]string) {
	for mask := 1; mask < 1<<len(words); mask++ {
		var some []string
		for i, w := range words {
			if mask>>i&1 == 1 {
				some = append(some, w)
			}
		}
		all = append(all, permutations(some)...)
	}
	return slices.DeleteFunc(all, func(p []string) bool { return slices.Equal(p, words) })
}

func permutations(parts []string) (all [][]string) {
	if len(parts) <= 1 {
		return [][]string{parts}
	}
	for i := range parts {
		rest := slices.Delete(slices.Clone(parts), i, i+1)
		for _, p := range permutations(rest) {
			all = append(all, append([]string{parts[i]}, p...))
		}
	}
	return all
}

// with is a with another key.
func (a attempt) with(key []byte, culprit, why, fix string) attempt {
	a.key, a.cause = key, Cause{culprit, why, fix}
	return a
}

// scopeMistakes sign for another region, service or day than the request says,
// in the key, the string to sign or both.
func (x *examination) scopeMistakes(right attempt) (all []attempt) {
	c := x.claim
	try := func(day, region, service, culprit, said, was, fix string) {
		key := Signer{Region: region, Service: service}.deriveKey(x.Credentials.SecretAccessKey, day)
		cause := Cause{culprit, "The " + culprit + " in the credential scope is " + strconv.Quote(printable(said)) + ", it was signed with " + strconv.Quote(printable(was)) + ".", fix}
		for _, a := range []attempt{
			{scope: scopeOf(day, region, service), key: key[:]}, {scope: right.scope, key: key[:]}, {scope: scopeOf(day, region, service), key: right.key},
		} {
			a.algorithm, a.date, a.cause = right.algorithm, right.date, cause
			all = append(all, a)
		}
	}
	for _, region := range append([]string{x.Region, "", strings.ToUpper(c.region), "aws-global", "us-east-1"}, x.Regions...) {
		if region != c.region {
			try(c.day, region, c.service, "region", c.region, region, fixRegion)
		}
	}
	for _, service := range append([]string{x.Service, "", strings.ToUpper(c.service), "execute-api", "s3", "sts", "iam", "lambda", "es"}, x.Services...) {
		if service != c.service {
			try(c.day, c.region, service, "service", c.service, service, "Use one and the same signing name of the service everywhere.")
		}
	}
	if day, err := time.Parse("20060102", c.day); err == nil {
		for _, days := range []int{-1, 1} {
			other := day.AddDate(0, 0, days).Format("20060102")
			try(other, c.region, c.service, "date", c.day, other, "Take the time once, in UTC, for X-Amz-Date, the string to sign and the signing key.")
		}
	}
	return all
}

// dateMistakes sign another time than X-Amz-Date: two looks at the clock, or
// local time.
func (x *examination) dateMistakes(right attempt) (all []attempt) {
	right.rare = true
	try := func(date, how string) {
		right.date = date
		right.cause = Cause{"date", "The string to sign has " + how + " where X-Amz-Date says " + printable(x.claim.date) + ".",
			"Take the time once, in UTC, and use it for X-Amz-Date and the string to sign alike."}
		all = append(all, right)
	}
	t := x.claim.time
	for s := 1; s <= 300; s++ {
		d := time.Duration(s) * time.Second
		try(t.Add(d).Format(TimeFormat), "a time "+d.String()+" later")
		try(t.Add(-d).Format(TimeFormat), "a time "+d.String()+" earlier")
	}
	for h := -14 * 2; h <= 14*2; h++ {
		if d := time.Duration(h) * 30 * time.Minute; h != 0 {
			try(t.Add(d).Format(TimeFormat), "a time "+d.String()+" off, a local one perhaps,")
		}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.RFC1123, "Mon, 02 Jan 2006 15:04:05 GMT", "20060102T150405", "20060102", "20060102T150405.000Z"} {
		try(t.Format(layout), "the date in another form ("+layout+")")
	}
	return all
}

// shapeMistakes are strings to sign of another make.
func shapeMistakes(right attempt, accessKeyID string) []attempt {
	const fix = "The string to sign is four lines joined with line feeds, nothing behind the last: AWS4-HMAC-SHA256, X-Amz-Date, the scope, and the SHA-256 of the canonical request in lower case hex."
	say := func(how string, set func(a *attempt)) attempt {
		a := right
		a.cause = Cause{"string to sign", "The string to sign is wrong: " + how + ".", fix}
		set(&a)
		return a
	}
	replace := func(from, to string) func(*attempt) {
		return func(a *attempt) { a.toSign = func(s string) string { return strings.ReplaceAll(s, from, to) } }
	}
	hash := func(f func(canonical string) string) func(*attempt) { return func(a *attempt) { a.hash = f } }
	return []attempt{
		say("its lines end in CRLF", replace("\n", "\r\n")),
		say("its lines are joined with blanks", replace("\n", " ")),
		say(`"\n" stands in it as two characters`, replace("\n", `\n`)),
		say("a line break follows its last line (a trailing newline)", func(a *attempt) { a.toSign = func(s string) string { return s + "\n" } }),
		say("the hash of the canonical request is in upper case", hash(func(c string) string { return strings.ToUpper(HashPayload([]byte(c))) })),
		say("the canonical request itself stands where its hash belongs", hash(func(c string) string { return c })),
		say("the hash of the canonical request is in raw bytes", hash(func(c string) string { sum := sha256.Sum256([]byte(c)); return string(sum[:]) })),
		say("the canonical request is hashed twice", hash(func(c string) string { return HashPayload([]byte(HashPayload([]byte(c)))) })),
		say("the hash of the canonical request is in base64", hash(func(c string) string {
			sum := sha256.Sum256([]byte(c))
			return base64.StdEncoding.EncodeToString(sum[:])
		})),
		say("the hash of the canonical request is a SHA-1", hash(func(c string) string { sum := sha1.Sum([]byte(c)); return hex.EncodeToString(sum[:]) })),
		say("the payload hash stands where that of the canonical request belongs", hash(func(c string) string { return c[strings.LastIndexByte(c, '\n')+1:] })),
		say("the scope stands before the time", func(a *attempt) { a.date, a.scope = a.scope, a.date }),
		say("the access key id stands before the scope", func(a *attempt) { a.scope = accessKeyID + "/" + a.scope }),
		say("the algorithm is missing", func(a *attempt) { a.toSign = func(s string) string { _, s, _ = strings.Cut(s, "\n"); return s } }),
		say("another algorithm is named", func(a *attempt) { a.algorithm = "AWS4-HMAC-SHA1" }),
		say("another algorithm is named", func(a *attempt) { a.algorithm = "HMAC-SHA256" }),
		say("the scope lacks aws4_request", func(a *attempt) { a.scope = strings.TrimSuffix(a.scope, "/"+terminator) }),
		say("the scope begins with a slash", func(a *attempt) { a.scope = "/" + a.scope }),
		say("the date line is missing", func(a *attempt) { a.toSign = func(s string) string { return strings.Replace(s, a.date+"\n", "", 1) } }),
		say("the day stands where the time belongs", func(a *attempt) { a.date = a.date[:8] }),
	}
}
