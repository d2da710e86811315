package bedrocktest

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

// formats are strings that satisfy the formats that tools ask for.
var formats = map[string]string{
	"date": "2026-01-01", "time": "12:00:00Z", "date-time": "2026-01-01T12:00:00Z", "duration": "PT1S",
	"email": "mock@example.com", "hostname": "mock.example.com", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1",
	"uri": "https://example.com/mock", "url": "https://example.com/mock", "uuid": "00000000-0000-4000-8000-000000000000",
}

func text(s object, path, key string) (any, error) {
	v := "mock " + key
	if key == "mock" {
		v = "mock"
	}
	if f := s.text("format"); f != "" {
		if v = formats[f]; v == "" {
			return nil, fmt.Errorf("%s: the format %q is not supported", path, f)
		}
	}
	if least, ok := s.number("minLength"); ok && len([]rune(v)) < least {
		if s.has("format") || least > 1<<16 {
			return nil, fmt.Errorf("%s: no string fits minLength", path)
		}
		v += strings.Repeat(".", least-len([]rune(v)))
	}
	if most, ok := s.number("maxLength"); ok && len([]rune(v)) > most {
		least, _ := s.number("minLength")
		if s.has("format") || most < least || most < 0 {
			return nil, fmt.Errorf("%s: no string fits maxLength", path)
		}
		v = string([]rune(v)[:most])
	}
	return v, nil
}

// number tries the obvious candidates within the bounds.
func number(s object, path, kind string) (any, error) {
	step, stepped := float(s, "multipleOf")
	if !stepped || step <= 0 {
		step = 1
	}
	low, high := math.Inf(-1), math.Inf(1)
	for _, k := range []string{"minimum", "exclusiveMinimum"} {
		if x, ok := float(s, k); ok {
			low = max(low, x)
		}
	}
	for _, k := range []string{"maximum", "exclusiveMaximum"} {
		if x, ok := float(s, k); ok {
			high = min(high, x)
		}
	}
	up, down := math.Ceil(low/step)*step, math.Floor(high/step)*step
	candidates := []float64{step, up, up + step, down, down - step}
	if !stepped && kind == "number" {
		candidates = append(candidates, low, high, (low+high)/2)
	}
	for _, v := range candidates {
		if !math.IsInf(v, 0) && inBounds(s, v) && (kind == "number" || v == math.Trunc(v)) {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%s: no %s fits the bounds", path, kind)
}

func inBounds(s object, v float64) bool {
	low, hasLow := float(s, "minimum")
	high, hasHigh := float(s, "maximum")
	above, hasAbove := float(s, "exclusiveMinimum")
	below, hasBelow := float(s, "exclusiveMaximum")
	return !(hasLow && v < low || hasHigh && v > high || hasAbove && v <= above || hasBelow && v >= below)
}

func float(s object, key string) (float64, bool) {
	j, ok := s[key].(json.Number)
	if !ok {
		return 0, false
	}
	f, err := j.Float64()
	return f, err == nil
}
