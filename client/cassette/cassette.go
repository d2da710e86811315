package cassette

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
)

// Mode is what a Cassette does with a request.
type Mode int

const (
	// Replay answers from the file and touches no network.
	Replay Mode = iota
	// Record sends every request on. What it records of a request takes the
	// place of what the file had for an equal one; the rest of the file stays.
	Record
	// RecordMissing answers from the file and sends on, and records, what is
	// not there.
	RecordMissing
	// Passthrough sends every request on and records nothing.
	Passthrough
)

// Options say how a cassette is used. The zero value replays: each recorded
// answer once, at full speed.
type Options struct {
	Mode      Mode
	Repeat    bool // replay: once the answers to a request are used up, give the last one again
	Pace      Pace // replay
	Redaction Redaction

	fresh bool // Record: forget what the file had
}

// Cassette is a file of interactions in use: an http.RoundTripper, or with
// Wrap a layer of one. It is safe for concurrent use.
type Cassette struct {
	path string
	o    Options

	mu       sync.Mutex
	entries  []*entry // in the order of their requests
	redactor *redactor
	known    int   // what the redactor had learned when all entries were redacted
	requests int   // begun in this session
	open     int   // of those, answers that have not ended
	err      error // the first failure to record
}

// entry is an interaction in use.
type entry struct {
	Interaction
	question question
	file     string // it was read from
	order    int    // of its request within the session; 0: it was in the file
	used     bool
	text     []byte // as written
}

// Open opens a cassette. To Replay, path may be a directory: all files
// *.cassette below it then count as one. To record, a missing file will be
// made with the first interaction, and one that is there must be a cassette;
// that it can be written is checked here.
func Open(path string, o Options) (*Cassette, error) {
	c := &Cassette{path: path, o: o, redactor: newRedactor(o.redaction())}
	switch {
	case o.Mode < Replay || o.Mode > Passthrough:
		return nil, fmt.Errorf("cassette: mode %d is none of Replay, Record, RecordMissing and Passthrough", o.Mode)
	case o.Mode == Passthrough:
		return c, nil
	case path == "":
		return nil, errors.New("cassette: no file is named")
	}
	if o.Mode != Replay {
		if err := checkWritable(path); err != nil {
			return nil, fmt.Errorf("cassette: cannot record to %s: %w", path, err)
		}
	}
	files, err := list(path)
	if errors.Is(err, os.ErrNotExist) && o.Mode != Replay {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cassette: nothing to replay: %w", err)
	}
	for _, file := range files {
		if err := c.load(file); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// redaction is what applies in this mode: a replay has no use for this
// process's credentials.
func (o Options) redaction() Redaction {
	if o.Mode == Replay {
		o.Redaction.Getenv = func(string) string { return "" }
	}
	return o.Redaction
}

// load reads a file. To record, its interactions are redacted like new ones,
// for the whole file will be written again.
func (c *Cassette) load(file string) error {
	interactions, err := Read(file)
	if err != nil || c.o.fresh {
		return err
	}
	for _, i := range interactions {
		e := &entry{Interaction: i, file: file}
		if c.o.Mode != Replay {
			c.redactor.issued = max(c.redactor.issued, lastPseudonym(i.append(nil)))
			c.redactor.interaction(&e.Interaction)
		}
		e.question = ask(c.redactor.secretless(e.Request))
		c.entries = append(c.entries, e)
	}
	return nil
}

// Wrap returns a layer over next, http.DefaultTransport when it is nil. Next
// gets the requests that are sent on.
func (c *Cassette) Wrap(next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return layer{c, next}
}

// RoundTrip is that of Wrap(nil).
func (c *Cassette) RoundTrip(req *http.Request) (*http.Response, error) {
	return c.Wrap(nil).RoundTrip(req)
}

// Hide names secrets, of eight bytes or longer, to take out of what is recorded
// from now on, and of what was: the file is written again when this Cassette
// has recorded to it. Close tells when that fails.
func (c *Cassette) Hide(secrets ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range secrets {
		c.redactor.hide("secret of the caller", s)
	}
	if c.redactor.learned > c.known && slices.ContainsFunc(c.entries, func(e *entry) bool { return e.order > 0 }) {
		c.failed(c.write())
	}
}

// Interactions returns what is on the cassette, in order.
func (c *Cassette) Interactions() []Interaction {
	return c.pick(func(*entry) bool { return true })
}

// Unused returns the interactions that no request has asked for.
func (c *Cassette) Unused() []Interaction {
	return c.pick(func(e *entry) bool { return !e.used && e.order == 0 })
}

func (c *Cassette) pick(keep func(*entry) bool) (picked []Interaction) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.entries {
		if keep(e) {
			picked = append(picked, e.Interaction)
		}
	}
	return picked
}

// Close returns the first failure to record: a file that could not be written,
// or an answer that nobody read to its end or closed. The file is complete
// before, after each interaction.
func (c *Cassette) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.err
	if c.open > 0 {
		err = errors.Join(err, fmt.Errorf("cassette: %d answers were neither read to their end nor closed, and are not recorded", c.open))
	}
	return err
}

// store puts a finished interaction on the cassette and writes the file.
func (c *Cassette) store(i Interaction, order int, signatures []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	c.failed(c.add(i, order, signatures))
}

// failed keeps the first failure to record.
func (c *Cassette) failed(err error) {
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("cassette: not recorded to %s: %w", c.path, err)
	}
}

func (c *Cassette) add(i Interaction, order int, signatures []string) error {
	if err := i.undress(c.redactor.none); err != nil {
		return err
	}
	c.redactor.interaction(&i, signatures...)
	if err := i.check(); err != nil {
		return err
	}
	e := &entry{Interaction: i, question: ask(&i.Request), order: order}
	if c.o.Mode == Record {
		c.entries = slices.DeleteFunc(c.entries, func(o *entry) bool {
			return o.order == 0 && fits(o.question.text, e.question.text) == fitsWhole
		})
	}
	at := slices.IndexFunc(c.entries, func(o *entry) bool { return o.order > order })
	if at < 0 {
		at = len(c.entries)
	}
	c.entries = slices.Insert(c.entries, at, e)
	return c.write()
}

// write writes the file, with nothing in it that the redactor knows by now.
func (c *Cassette) write() error {
	if c.redactor.learned > c.known {
		c.redactAgain()
	}
	text := []byte(magic + "\n")
	for _, e := range c.entries {
		if e.text == nil {
			e.text = e.append(nil)
		}
		text = append(text, e.text...)
	}
	return save(c.path, text)
}

// redactAgain goes over what was recorded before the redactor knew better. It
// changes copies, for a replay or the caller may be reading.
func (c *Cassette) redactAgain() {
	c.known = c.redactor.learned
	for _, e := range c.entries {
		e.Request.Header, e.Response.Header = e.Request.Header.Clone(), e.Response.Header.Clone()
		c.redactor.interaction(&e.Interaction)
		e.question, e.text = ask(&e.Request), nil
	}
}

// undress takes compression off, and a request's or an answer's odd spellings.
func (i *Interaction) undress(none bool) (err error) {
	q, p := &i.Request, &i.Response
	q.Header, p.Header = canonicalHeader(q.Header), canonicalHeader(p.Header)
	if none {
		return nil
	}
	if q.Header, q.Body, err = plain(q.Header, q.Body); err != nil {
		return err
	}
	size := len(p.Body)
	if p.Header, p.Body, err = plain(p.Header, p.Body); err == nil && len(p.Body) != size {
		p.Arrivals = []Arrival{{len(p.Body), p.last()}}
	}
	return err
}

func canonicalHeader(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		name = http.CanonicalHeaderKey(name)
		out[name] = append(out[name], values...)
	}
	return out
}

// lastPseudonym is the highest number of one in a text.
func lastPseudonym(text []byte) (highest int) {
	s := string(text)
	for from := 0; ; {
		i := strings.Index(s[from:], "000000")
		if i < 0 {
			return highest
		}
		i += from
		from = i + 1
		if end := i + accountLen; isWhole(s, i, end) {
			n := 0
			fmt.Sscanf(s[i:end], "%d", &n)
			highest = max(highest, n)
		}
	}
}
