// Package cassette records HTTP exchanges to a text file and replays them. It
// fits under any http.Client, streams while it records, and takes secrets out
// before anything is written.
//
//	c, err := cassette.Open("testdata/hello.cassette", cassette.Options{Mode: cassette.Record})
//	httpClient := &http.Client{Transport: c}
//	…
//	err = c.Close()
//
// In tests ForTest finds the file by the test's name. Under package client it
// is given as client.WithRecorder(c.Wrap): above the signer, so that it never
// meets a secret of ours, and below the retries, so that it meets every
// attempt.
//
// # The file
//
// A cassette can be read, and a change to an answer is a line in a diff:
//
//	rawbedrock cassette 1
//
//	> POST https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.nova-2-lite-v1%3A0/converse-stream
//	Content-Type: application/json
//	json
//		{
//		  "messages": …
//		}
//
//	< 200 +0.35
//	Content-Type: application/vnd.amazon.eventstream
//	frames
//		+0.36 messageStart {"role":"assistant","p":"abcd"}
//		+0.39 contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"Hi"},"p":"ab"}
//
// After the format's number come interactions: the request line, headers sorted
// by name, a body; the status and when it came, headers, a body. Times are
// seconds since the request was sent. A header whose value a line cannot show
// is written NAME= "quoted as in Go". A body begins with its kind; each of its
// lines is indented by a tab:
//
//	json     indented; on the wire it is compact. "json spaced" is with a space
//	         after each comma and colon, "newline" behind it with a line end
//	frames   an AWS event stream, a message a line: time, event type, payload;
//	         !TYPE is an exception. TYPE/bytes has the JSON that is base64 in the
//	         payload's member "bytes", TYPE/text the text. A message with other
//	         headers than Bedrock's three is in the JSON form of package
//	         eventstream
//	sse      server-sent events, one a line, its own lines joined by ␊;
//	         "sse crlf" when they end in CR LF
//	text     UTF-8 as it is, without control characters
//	base64   everything else
//
// "? " before an event, in base64 for frames, is what is left of a stream that
// breaks. A body that ended before its end is followed by "cut", when and why;
// a replay then fails with a CutError. Any kind is used only if it gives back
// the very bytes, so a replay is what was on the wire but for what was redacted.
// Behind a kind without times stands when the body was complete, if that was
// later than the headers.
//
// The file is replaced whole after each interaction, under its name only when
// it is complete: a process that is killed leaves what was there before.
//
// # Matching
//
// A request is answered by the first interaction, not used yet, of the same
// method, path, query and body. Headers do not count, nor does the host unless
// there are several answers, nor a signature's query members, the order of keys
// and white space in JSON, or whether a colon in the path is escaped. Account
// ids match their pseudonyms, and REDACTED matches anything. A request without
// an answer is an UnmatchedError that shows the nearest recorded one.
package cassette
