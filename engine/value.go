package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Unmarshal reads JSON into v as encoding/json does, except that a number without
// fraction or exponent that lands in an `any` becomes an int64, not a float64, so
// that đồng and codes keep their exact value. Types that hold such values call it
// from their UnmarshalJSON or through this function; it also refuses trailing data.
func Unmarshal(b []byte, v any) error {
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && !p.IsNil() && p.Elem().IsZero() {
		if swift(b, p.Elem()) {
			return nil
		}
		p.Elem().SetZero()
	}
	return unmarshal(b, v)
}

func unmarshal(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("trailing data after the JSON value")
	}
	return normalise(v)
}

// ParseValue reads one JSON value as plain values.
func ParseValue(b []byte) (any, error) {
	var v any
	err := Unmarshal(b, &v)
	return v, err
}

// Plain turns the numbers of a decoded JSON value (json.Number) into int64 or
// float64, deeply, in place where it can.
func Plain(v any) (any, error) {
	switch x := v.(type) {
	case json.Number:
		if !strings.ContainsAny(x.String(), ".eE") {
			n, err := x.Int64()
			if err != nil {
				return nil, fmt.Errorf("integer %s is out of range", x)
			}
			return n, nil
		}
		return x.Float64()
	case map[string]any:
		for k, e := range x {
			p, err := Plain(e)
			if err != nil {
				return nil, err
			}
			x[k] = p
		}
	case []any:
		for i, e := range x {
			p, err := Plain(e)
			if err != nil {
				return nil, err
			}
			x[i] = p
		}
	}
	return v, nil
}

// At returns the value at a path of keys and of indices in lists, or nil.
func At(v any, path ...string) any {
	for _, k := range path {
		switch x := v.(type) {
		case map[string]any:
			v = x[k]
		case []any:
			i, err := strconv.Atoi(k)
			if err != nil || i < 0 || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// Str returns the string at a path, or "".
func Str(v any, path ...string) string {
	s, _ := At(v, path...).(string)
	return s
}

// parseTime reads an RFC 3339 instant from an input's field.
func parseTime(v any) (time.Time, bool) {
	s, _ := v.(string)
	t, err := time.Parse(time.RFC3339, s)
	return t, err == nil
}

// normalise walks what was decoded and makes every number inside an `any` plain.
func normalise(v any) error {
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		return nil
	}
	return walk(rv.Elem())
}

func walk(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() || v.NumMethod() != 0 {
			return nil
		}
		p, err := Plain(v.Interface())
		if err != nil {
			return err
		}
		if v.CanSet() && p != nil {
			v.Set(reflect.ValueOf(p))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			return walk(v.Elem())
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return nil
		}
		for i := range v.NumField() {
			if err := walk(v.Field(i)); err != nil {
				return err
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := walk(v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		if m, ok := v.Interface().(map[string]any); ok {
			_, err := Plain(m)
			return err
		}
		for _, k := range v.MapKeys() {
			if err := walk(v.MapIndex(k)); err != nil {
				return err
			}
		}
	}
	return nil
}
