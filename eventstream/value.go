package eventstream

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"
)

// Kind is the kind of a header value, numbered as on the wire.
type Kind uint8

// The ten kinds.
const (
	KindTrue      Kind = iota // no bytes
	KindFalse                 // no bytes
	KindByte                  // int8
	KindShort                 // int16
	KindInteger               // int32
	KindLong                  // int64
	KindBytes                 // up to 65,535 bytes
	KindString                // UTF-8 by the specification, up to 65,535 bytes
	KindTimestamp             // int64, milliseconds since 1970-01-01 UTC
	KindUUID                  // 16 bytes
)

// kinds holds, for each kind, its name and the bytes of its value on the wire
// (those of bytes and string begin with a length instead).
var kinds = [...]struct {
	name string
	size int
}{
	{"true", 0}, {"false", 0}, {"byte", 1}, {"short", 2}, {"integer", 4}, {"long", 8},
	{"bytes", -1}, {"string", -1}, {"timestamp", 8}, {"uuid", 16},
}

// String returns the kind's name in lower case: "true", "byte", "uuid".
func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k].name
	}
	return "kind " + strconv.Itoa(int(k))
}

// Value is a header value of one of the ten kinds. Values are immutable, share
// no memory with a Decoder and compare with ==. The zero Value is true, as kind
// 0 is on the wire.
type Value struct {
	kind Kind
	num  int64  // byte to long; milliseconds of a timestamp
	text string // bytes, string, uuid
}

// Bool returns a value of kind true or false.
func Bool(b bool) Value {
	if b {
		return Value{kind: KindTrue}
	}
	return Value{kind: KindFalse}
}

// Byte returns a value of kind byte.
func Byte(n int8) Value { return Value{kind: KindByte, num: int64(n)} }

// Short returns a value of kind short.
func Short(n int16) Value { return Value{kind: KindShort, num: int64(n)} }

// Integer returns a value of kind integer.
func Integer(n int32) Value { return Value{kind: KindInteger, num: int64(n)} }

// Long returns a value of kind long.
func Long(n int64) Value { return Value{kind: KindLong, num: n} }

// Bytes returns a value of kind bytes that holds a copy of b. Append refuses
// more than 65,535.
func Bytes(b []byte) Value { return Value{kind: KindBytes, text: string(b)} }

// String returns a value of kind string. Append refuses more than 65,535 bytes.
func String(s string) Value { return Value{kind: KindString, text: s} }

// Timestamp returns a value of kind timestamp; what is finer than a millisecond
// is cut off.
func Timestamp(t time.Time) Value { return Value{kind: KindTimestamp, num: t.UnixMilli()} }

// UUID returns a value of kind uuid.
func UUID(u [16]byte) Value { return Value{kind: KindUUID, text: string(u[:])} }

// Kind returns the value's kind.
func (v Value) Kind() Kind { return v.kind }

// Bool returns whether v is true. It panics unless v is of kind true or false.
func (v Value) Bool() bool {
	v.must("Bool", v.kind <= KindFalse)
	return v.kind == KindTrue
}

// Int64 returns the number. It panics unless v is of kind byte, short, integer
// or long.
func (v Value) Int64() int64 {
	v.must("Int64", v.kind >= KindByte && v.kind <= KindLong)
	return v.num
}

// Bytes returns a copy of the bytes. It panics unless v is of kind bytes.
func (v Value) Bytes() []byte {
	v.must("Bytes", v.kind == KindBytes)
	return []byte(v.text)
}

// Time returns the timestamp in UTC. It panics unless v is of kind timestamp.
func (v Value) Time() time.Time {
	v.must("Time", v.kind == KindTimestamp)
	return time.UnixMilli(v.num).UTC()
}

// UUID returns the sixteen bytes. It panics unless v is of kind uuid.
func (v Value) UUID() [16]byte {
	v.must("UUID", v.kind == KindUUID)
	return [16]byte([]byte(v.text))
}

func (v Value) must(method string, ok bool) {
	if !ok {
		panic("eventstream: Value." + method + " of a value of kind " + v.kind.String())
	}
}

// String returns a string as it is and every other kind as text: numbers in
// decimal, bytes in base64, a timestamp as RFC 3339, a uuid as 8-4-4-4-12.
// Unlike the other accessors it never panics.
func (v Value) String() string {
	switch v.kind {
	case KindTrue, KindFalse:
		return v.kind.String()
	case KindString:
		return v.text
	case KindBytes:
		return base64.StdEncoding.EncodeToString([]byte(v.text))
	case KindTimestamp:
		return v.Time().Format(time.RFC3339Nano)
	case KindUUID:
		return formatUUID(v.text)
	default:
		return strconv.FormatInt(v.num, 10)
	}
}

func formatUUID(u string) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// parseUUID reads the form 8-4-4-4-12, in either case.
func parseUUID(s string) (u [16]byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return u, false
	}
	n, err := hex.Decode(u[:], []byte(s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:]))
	return u, err == nil && n == 16
}
