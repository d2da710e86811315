package eventstream

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestHeadersLookup(t *testing.T) {
	h := Headers{{"a", String("x")}, {"A", Bool(true)}, {"b", Long(7)}}
	for name, want := range map[string]string{"a": "x", "A": "", "b": "", "c": ""} {
		if got := h.Text(name); got != want {
			t.Errorf("Text(%q) is %q, want %q", name, got, want)
		}
	}
	if v, ok := h.Get("b"); !ok || v.Int64() != 7 {
		t.Errorf("b is %v, %v", v, ok)
	}
	if v, ok := h.Get("c"); ok || v != (Value{}) {
		t.Errorf("c is %v, %v", v, ok)
	}
}

func TestValues(t *testing.T) {
	uuid := [16]byte{0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3, 0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0x00}
	at := time.Date(2024, 2, 29, 12, 0, 0, 123_999_999, time.FixedZone("", 3600))
	tests := []struct {
		v    Value
		kind Kind
		name string
		text string
		get  any // what the accessor of the kind returns
	}{
		{Bool(true), 0, "true", "true", true},
		{Bool(false), 1, "false", "false", false},
		{Byte(-128), 2, "byte", "-128", int64(-128)},
		{Short(32767), 3, "short", "32767", int64(32767)},
		{Integer(-1 << 31), 4, "integer", "-2147483648", int64(-1 << 31)},
		{Long(1<<63 - 1), 5, "long", "9223372036854775807", int64(1<<63 - 1)},
		{Bytes([]byte{0, 255}), 6, "bytes", "AP8=", "\x00\xff"},
		{String("a b"), 7, "string", "a b", "a b"},
		{Timestamp(at), 8, "timestamp", "2024-02-29T11:00:00.123Z", at.Truncate(time.Millisecond).UTC()},
		{UUID(uuid), 9, "uuid", "123e4567-e89b-12d3-a456-426614174000", uuid},
	}
	for _, tt := range tests {
		if tt.v.Kind() != tt.kind || tt.kind.String() != tt.name || tt.v.String() != tt.text {
			t.Errorf("%s: kind %d %v, text %s", tt.name, tt.v.Kind(), tt.v.Kind(), tt.v)
		}
		var got []any
		for _, get := range []func() any{
			func() any { return tt.v.Bool() },
			func() any { return tt.v.Int64() },
			func() any { return string(tt.v.Bytes()) },
			func() any { return tt.v.Time() },
			func() any { return tt.v.UUID() },
		} {
			if v, ok := try(get); ok {
				got = append(got, v)
			}
		}
		want := []any{tt.get}
		if tt.kind == KindString {
			want = nil // String is its accessor
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: the accessors that do not panic return %v, want %v", tt.name, got, want)
		}
	}
	if got := Kind(10).String(); got != "kind 10" {
		t.Errorf("Kind(10) is %s", got)
	}
}

// try returns what get returns, or false when it panics with the package's words.
func try(get func() any) (v any, ok bool) {
	defer func() {
		if s, is := recover().(string); is && strings.HasPrefix(s, "eventstream: Value.") {
			ok = false
		}
	}()
	return get(), true
}

func TestValuesShareNoMemory(t *testing.T) {
	b := []byte("abc")
	v := Bytes(b)
	b[0] = 'x'
	v.Bytes()[1] = 'x'
	if v != Bytes([]byte("abc")) {
		t.Errorf("the value changed to %q", v.Bytes())
	}
}

func TestAppendRefuses(t *testing.T) {
	long := func(n int) string { return strings.Repeat("n", n) }
	with := func(name string, v Value) Message { return Message{Headers: Headers{{"ok", Bool(true)}, {name, v}}} }
	many := Message{Headers: Headers{{"x", String(long(65535))}, {"y", String(long(65528))}}} // one byte too many
	tests := []struct {
		name string
		m    Message
		is   error
		text string
	}{
		{"empty name", with("", Bool(true)), ErrHeader, "eventstream: malformed header: the name of header 2 is empty"},
		{"long name", with(long(256), Bool(true)), ErrHeader, "eventstream: malformed header: the name of header 2 has 256 bytes, at most 255 are allowed"},
		{"long string", with("a", String(long(65536))), ErrHeader, `eventstream: malformed header: the value of header "a" has 65536 bytes, at most 65535 are allowed`},
		{"long bytes", with("a", Bytes(make([]byte, 65536))), ErrHeader, `eventstream: malformed header: the value of header "a" has 65536 bytes, at most 65535 are allowed`},
		{"many headers", many, ErrLength, "eventstream: impossible length: the headers take more than 131072 bytes"},
		{"long payload", Message{Payload: make([]byte, MaxPayload+1)}, ErrLength, "eventstream: impossible length: the payload has 25165825 bytes, at most 25165824 are allowed"},
	}
	for _, tt := range tests {
		dst := append(make([]byte, 0, 1024), "before"...)
		got, err := Append(dst, tt.m)
		if !errors.Is(err, tt.is) || err.Error() != tt.text {
			t.Errorf("%s: error %v, want %s", tt.name, err, tt.text)
		}
		if string(got) != "before" || string(dst[:20]) != "before"+strings.Repeat("\x00", 14) {
			t.Errorf("%s: dst is %q, its memory %q", tt.name, got, dst[:20])
		}
	}
	for _, m := range []Message{with(long(255), String(long(65535))), with("a", Bytes(make([]byte, 65535)))} {
		if _, err := Append(nil, m); err != nil {
			t.Errorf("at the limit: %v", err)
		}
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	dst := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(10, func() { Append(dst, allKinds) }); n != 0 {
		t.Errorf("%v allocations into a buffer with room, want 0", n)
	}
}
