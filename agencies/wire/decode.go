package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

// Decode reads one JSON value and nothing after it, keeping numbers exact
// (json.Number) wherever the target is untyped.
func Decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// DecodeObject reads a JSON object whose integers become int64.
func DecodeObject(data []byte) (map[string]any, error) {
	var m map[string]any
	if err := Decode(data, &m); err != nil {
		return nil, err
	}
	return Integers(m), nil
}

// Integers replaces every json.Number inside m, in place: integers by int64,
// other numbers (and integers beyond int64) by float64.
func Integers(m map[string]any) map[string]any {
	for k, v := range m {
		m[k] = number(v)
	}
	return m
}

func number(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return i
		}
		f, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return f
	case map[string]any:
		return Integers(v)
	case []any:
		for i := range v {
			v[i] = number(v[i])
		}
		return v
	}
	return v
}
