package eventstream

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// TestDamageRebuildsVectors makes every broken frame of the vectors that has a
// prelude from what it says.
func TestDamageRebuildsVectors(t *testing.T) {
	for _, v := range vectorCases(t) {
		if v.Expect == "ok" || len(v.Encoded) < minFrame {
			continue
		}
		total, headers := lengths(v.Encoded)
		if total != int64(len(v.Encoded)) || headers > total-minFrame {
			continue
		}
		block, payload := v.Encoded[preludeLen:preludeLen+headers], v.Encoded[preludeLen+headers:total-crcLen]
		line := fmt.Sprintf(`{"damage":{"preludeCrc":%d,"messageCrc":"0x%x","headerBlockBase64":%q}}`,
			binary.BigEndian.Uint32(v.Encoded[8:]), v.Encoded[total-crcLen:], base64.StdEncoding.EncodeToString(block))
		d, err := ParseDamage([]byte(line))
		if err != nil {
			t.Fatalf("%s: %s: %v", v.Name, line, err)
		}
		if got, err := d.Append(nil, Message{Payload: payload}); err != nil || !bytes.Equal(got, v.Encoded) {
			t.Errorf("%s: %x, %v, want %x", v.Name, got, err, v.Encoded)
		}
	}
}

func TestDamage(t *testing.T) {
	m := Message{Headers: Headers{{"a", String("b")}}, Payload: []byte("{}")}
	sound := mustAppend(m)
	for _, tt := range []struct{ damage, defect string }{
		{`{}`, ""},
		{`{"totalLength":15}`, "impossible length at byte 0"},
		{`{"headersLength":"0x80000000"}`, "impossible length at byte 4"},
		{`{"totalLength":4294967295}`, "impossible length at byte 0"},
		{`{"preludeCrc":"0xdeadbeef"}`, "prelude checksum mismatch"},
		{`{"messageCrc":1}`, "message checksum mismatch"},
		{`{"headerBlockBase64":"AWEK"}`, "malformed header at byte 14"},
		{`{"headerBlockBase64":""}`, ""},
		{`{"cut":1}`, "1 bytes missing"},
	} {
		d, err := ParseDamage([]byte(`{"damage":` + tt.damage + `,"headers":[]}`))
		if err != nil {
			t.Fatal(err)
		}
		frame, err := d.Append([]byte("before"), m)
		if err != nil || string(frame[:6]) != "before" {
			t.Fatalf("%s: %x, %v", tt.damage, frame, err)
		}
		defects, _ := Lint(frame[6:])
		if tt.defect == "" && len(defects) > 0 || tt.defect != "" && (len(defects) == 0 || !strings.Contains(defects[0].String(), tt.defect)) {
			t.Errorf("%s: %v", tt.damage, defects)
		}
		if tt.damage == `{}` && !bytes.Equal(frame[6:], sound) {
			t.Errorf("%x, want %x", frame[6:], sound)
		}
	}
	for _, bad := range []string{`{"cut":-1}`, `{"cut":"x"}`, `{"totalLength":4294967296}`, `{"crc":1}`, `[]`, `{"headerBlockBase64":"?"}`, `{"messageCrc":1.5}`} {
		if d, err := ParseDamage([]byte(`{"damage":` + bad + `}`)); err == nil || !strings.HasPrefix(err.Error(), "eventstream: damage: ") {
			t.Errorf("%s: %+v, %v", bad, d, err)
		}
	}
	for _, d := range []Damage{{Cut: 100}, {Cut: -1}} {
		if _, err := d.Append(nil, m); err == nil {
			t.Errorf("%+v: no error", d)
		}
	}
	if _, err := (Damage{}).Append(nil, Message{Headers: Headers{{}}}); err == nil {
		t.Error("a header without a name was encoded")
	}
}
