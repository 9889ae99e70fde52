package api

import (
	"bytes"
	"encoding"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"lienthong/engine/calendar"
)

// Answers are written as encoding/json writes them without escaping HTML, byte for
// byte, in one pass: encoding/json reads again whatever a type writes for itself
// (schemas, times), and walks the plain maps of applications by reflection. What
// is rare is left to it. The tests compare every answer that they get with what
// encoding/json makes of it.

// marshal writes an answer and its length.
func marshal(w io.Writer, v any) error {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	b, err := appendJSON((*buf)[:0], v)
	if err != nil {
		return err
	}
	b = append(b, '\n')
	*buf = b
	if len(b) > maxBody { // a rare large answer must not be kept
		*buf = nil
	}
	if h, ok := w.(http.ResponseWriter); ok {
		h.Header().Set("Content-Length", strconv.Itoa(len(b)))
	}
	if marshalled != nil {
		marshalled(v, b)
	}
	_, err = w.Write(b)
	return err
}

var (
	buffers    = sync.Pool{New: func() any { return new([]byte) }}
	marshalled func(v any, b []byte) // tests look at every answer
)

// appendJSON appends a value.
func appendJSON(b []byte, v any) ([]byte, error) {
	switch v := v.(type) { // what the plain values of cases are made of
	case nil:
		return append(b, "null"...), nil
	case string:
		return appendString(b, v)
	case bool:
		return strconv.AppendBool(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case map[string]any:
		return appendObject(b, v)
	case []any:
		return appendList(b, v)
	}
	r := reflect.ValueOf(v)
	return writerOf(r.Type())(b, r)
}

func appendObject(b []byte, m map[string]any) ([]byte, error) {
	if m == nil {
		return append(b, "null"...), nil
	}
	var few [16]string
	names := few[:0]
	for k := range m {
		names = append(names, k)
	}
	slices.Sort(names)
	b = append(b, '{')
	var err error
	for i, k := range names {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendString(b, k); err != nil {
			return b, err
		}
		b = append(b, ':')
		if b, err = appendJSON(b, m[k]); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

func appendList(b []byte, list []any) ([]byte, error) {
	if list == nil {
		return append(b, "null"...), nil
	}
	b = append(b, '[')
	var err error
	for i, x := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendJSON(b, x); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

// appendString appends a string as it is when nothing in it must be escaped.
func appendString(b []byte, s string) ([]byte, error) {
	ascii := true
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c == '"', c == '\\':
			return appendOther(b, s)
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	if !ascii && (!utf8.ValidString(s) || strings.Contains(s, "\u2028") || strings.Contains(s, "\u2029")) {
		return appendOther(b, s)
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"'), nil
}

// appendOther leaves a value to encoding/json.
func appendOther(b []byte, v any) ([]byte, error) {
	buf := bytes.NewBuffer(b)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return b, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// writer appends the values of one type.
type writer func(b []byte, v reflect.Value) ([]byte, error)

var (
	writers sync.Map // reflect.Type → writer

	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

func writerOf(t reflect.Type) writer {
	if w, ok := writers.Load(t); ok {
		return w.(writer)
	}
	w := makeWriter(t)
	writers.Store(t, w)
	return w
}

func makeWriter(t reflect.Type) writer {
	switch t {
	case reflect.TypeFor[Time]():
		return func(b []byte, v reflect.Value) ([]byte, error) {
			b = append(b, '"')
			b = v.Interface().(Time).In(calendar.Zone).AppendFormat(b, time.RFC3339Nano)
			return append(b, '"'), nil
		}
	case reflect.TypeFor[Ordered]():
		return func(b []byte, v reflect.Value) ([]byte, error) {
			if v.Len() == 0 {
				return writeOther(b, v)
			}
			return append(b, v.Bytes()...), nil
		}
	}
	if t.Implements(jsonMarshaler) || t.Implements(textMarshaler) || reflect.PointerTo(t).Implements(jsonMarshaler) || reflect.PointerTo(t).Implements(textMarshaler) {
		return writeOther
	}
	switch t.Kind() {
	case reflect.Bool:
		return func(b []byte, v reflect.Value) ([]byte, error) { return strconv.AppendBool(b, v.Bool()), nil }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(b []byte, v reflect.Value) ([]byte, error) { return strconv.AppendInt(b, v.Int(), 10), nil }
	case reflect.String:
		if t == reflect.TypeFor[json.Number]() {
			return writeOther
		}
		return func(b []byte, v reflect.Value) ([]byte, error) { return appendString(b, v.String()) }
	case reflect.Interface:
		return func(b []byte, v reflect.Value) ([]byte, error) { return appendJSON(b, v.Interface()) }
	case reflect.Pointer:
		return writePointer
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 { // base64
			return writeOther
		}
		return writeSlice
	case reflect.Map:
		if t.Key() != reflect.TypeFor[string]() {
			return writeOther
		}
		return writeMap
	case reflect.Struct:
		return structWriter(t)
	}
	return writeOther
}

func writeOther(b []byte, v reflect.Value) ([]byte, error) { return appendOther(b, v.Interface()) }

func writePointer(b []byte, v reflect.Value) ([]byte, error) {
	if v.IsNil() {
		return append(b, "null"...), nil
	}
	return writerOf(v.Type().Elem())(b, v.Elem())
}

func writeSlice(b []byte, v reflect.Value) (_ []byte, err error) {
	if v.IsNil() {
		return append(b, "null"...), nil
	}
	w := writerOf(v.Type().Elem())
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = w(b, v.Index(i)); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

func writeMap(b []byte, v reflect.Value) (_ []byte, err error) {
	switch m := v.Interface().(type) {
	case Object:
		return appendObject(b, m)
	case map[string]any:
		return appendObject(b, m)
	}
	if v.IsNil() {
		return append(b, "null"...), nil
	}
	w := writerOf(v.Type().Elem())
	names := make([]string, 0, v.Len())
	for _, k := range v.MapKeys() {
		names = append(names, k.String())
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, k := range names {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendString(b, k); err != nil {
			return b, err
		}
		b = append(b, ':')
		if b, err = w(b, v.MapIndex(reflect.ValueOf(k))); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// member is one field of a struct.
type member struct {
	at      int
	head    string // its name, quoted, and the colon
	omitted func(reflect.Value) bool
	write   func() writer // a type may hold itself
}

// structWriter knows the words of a tag that the answers use. Embedded structs and
// other words are left to encoding/json, with the whole struct.
func structWriter(t reflect.Type) writer {
	var members []member
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		if f.Anonymous && tag != "-" {
			return writeOther
		}
		if !f.IsExported() || tag == "-" {
			continue
		}
		name, rest, _ := strings.Cut(tag, ",")
		if name == "" {
			name = f.Name
		}
		m := member{at: i, head: strconv.Quote(name) + ":", write: sync.OnceValue(func() writer { return writerOf(f.Type) })}
		switch rest {
		case "":
		case "omitempty":
			m.omitted = isEmpty
		case "omitzero":
			m.omitted = isZero
			if f.Type == reflect.TypeFor[Time]() || f.Type == reflect.TypeFor[time.Time]() {
				m.omitted = func(v reflect.Value) bool { return v.Interface().(interface{ IsZero() bool }).IsZero() }
			} else if _, ok := reflect.PointerTo(f.Type).MethodByName("IsZero"); ok {
				return writeOther
			}
		default:
			return writeOther
		}
		members = append(members, m)
	}
	return func(b []byte, v reflect.Value) (_ []byte, err error) {
		b = append(b, '{')
		first := true
		for i := range members {
			m := &members[i]
			f := v.Field(m.at)
			if m.omitted != nil && m.omitted(f) {
				continue
			}
			if !first {
				b = append(b, ',')
			}
			first = false
			b = append(b, m.head...)
			if b, err = m.write()(b, f); err != nil {
				return b, err
			}
		}
		return append(b, '}'), nil
	}
}

func isZero(v reflect.Value) bool { return v.IsZero() }

// isEmpty is what omitempty means.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}
