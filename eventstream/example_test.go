package eventstream_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"rawbedrock/eventstream"
)

func stream() []byte {
	var b []byte
	for _, word := range []string{"Hello", "world"} {
		b, _ = eventstream.Append(b, eventstream.Message{
			Headers: eventstream.Headers{
				{Name: ":event-type", Value: eventstream.String("word")},
				{Name: ":message-type", Value: eventstream.String("event")},
			},
			Payload: []byte(`{"text":"` + word + `"}`),
		})
	}
	return b
}

func ExampleDecoder_All() {
	body := bytes.NewReader(stream()) // an HTTP response's, for example
	for m, err := range eventstream.NewDecoder(body).All() {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s %s\n", m.Headers.Text(":event-type"), m.Payload)
	}
	// Output:
	// word {"text":"Hello"}
	// word {"text":"world"}
}

func ExampleDecoder_Decode() {
	d := eventstream.NewDecoder(bytes.NewReader(stream()))
	var kept []eventstream.Message
	for {
		m, err := d.Decode()
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		kept = append(kept, m.Clone()) // m itself ends with the next Decode
	}
	fmt.Printf("%d messages in %d bytes\n", len(kept), d.Offset())
	// Output: 2 messages in 146 bytes
}

func ExampleTruncatedError() {
	cut := stream()[:100]
	for _, err := range eventstream.NewDecoder(bytes.NewReader(cut)).All() {
		if e, ok := errors.AsType[*eventstream.TruncatedError](err); ok {
			fmt.Println(e.Want-e.Have, "bytes missing:", errors.Is(err, io.ErrUnexpectedEOF))
		}
	}
	// Output: 46 bytes missing: true
}

func ExampleFormatError() {
	broken := stream()
	broken[135] ^= 1 // in the payload of the second message
	for _, err := range eventstream.NewDecoder(bytes.NewReader(broken)).All() {
		if e, ok := errors.AsType[*eventstream.FormatError](err); ok {
			fmt.Println("at", e.Offset, errors.Is(err, eventstream.ErrMessageChecksum))
			fmt.Println(err)
		}
	}
	// Output:
	// at 73 true
	// eventstream: message at offset 73: message checksum mismatch: expected 0x966e95d7, found 0x30199e63
}

func ExampleAppend() {
	frame, err := eventstream.Append(nil, eventstream.Message{Payload: []byte("hi")})
	fmt.Printf("%x %v\n", frame, err)

	_, err = eventstream.Append(nil, eventstream.Message{
		Headers: eventstream.Headers{{Name: strings.Repeat("n", 300)}},
	})
	fmt.Println(err)
	// Output:
	// 00000012000000007f021b8b686954a7f415 <nil>
	// eventstream: malformed header: the name of header 1 has 300 bytes, at most 255 are allowed
}

func ExampleHeaders_Get() {
	h := eventstream.Headers{{Name: ":date", Value: eventstream.Timestamp(time.UnixMilli(1700000000000))}}
	if v, ok := h.Get(":date"); ok && v.Kind() == eventstream.KindTimestamp {
		fmt.Println(v.Kind(), v.Time())
	}
	fmt.Printf("%q\n", h.Text(":date")) // not a string
	// Output:
	// timestamp 2023-11-14 22:13:20 +0000 UTC
	// ""
}

func ExampleValue() {
	fmt.Println(eventstream.Bool(false), eventstream.Short(-2), eventstream.Bytes([]byte("hi")))
	one := eventstream.Integer(1)
	fmt.Println(one == eventstream.Integer(1), one == eventstream.Long(1))
	// Output:
	// false -2 aGk=
	// true false
}

func ExampleAppendJSON() {
	m := eventstream.Message{
		Headers: eventstream.Headers{{Name: ":event-type", Value: eventstream.String("word")}},
		Payload: []byte(`{"text":"Hello"}`),
	}
	line := eventstream.AppendJSON(nil, m)
	fmt.Printf("%s\n", line)

	// Members of one's own go in front.
	fmt.Printf(`{"offset":0,%s`+"\n", line[1:])
	// Output:
	// {"headers":[{"name":":event-type","type":"string","value":"word"}],"payload":{"text":"Hello"}}
	// {"offset":0,"headers":[{"name":":event-type","type":"string","value":"word"}],"payload":{"text":"Hello"}}
}

func ExampleParseJSON() {
	m, err := eventstream.ParseJSON([]byte(`{"offset":0,"headers":[],"payload":{"text":"Hello"}}`), "offset")
	fmt.Printf("%s %v\n", m.Payload, err)

	_, err = eventstream.ParseJSON([]byte(`{"headers":[{"name":"n","type":"byte","value":200}],"payload":1}`))
	fmt.Println(err)
	// Output:
	// {"text":"Hello"} <nil>
	// eventstream: header 1: "value" 200 does not fit type byte, a signed number of 8 bits
}

func ExampleLint() {
	captured := stream()
	captured[20] ^= 1 // a bit that flipped in the first of two messages
	defects, sound := eventstream.Lint(captured)
	for _, d := range defects {
		fmt.Println(d)
	}
	fmt.Println(sound, "sound")
	// Output:
	// message at offset 0: message checksum mismatch at byte 20: expected 0xba5ba508, found 0x35038a1b; byte 20 is 0x75, with 0x74 the checksum would be right
	// 1 sound
}
