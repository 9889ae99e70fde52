package appendjson

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"lienthong/engine"
)

// Value appends a value as json.Marshal writes it. A type whose pointer writes itself
// is written by that wherever it stands. The value holds no cycle. After an error
// nothing is returned.
func Value(b []byte, v any) ([]byte, error) { return marshalled.value(b, v) }

// Plain appends a value as a json.Encoder writes it that does not escape HTML.
func Plain(b []byte, v any) ([]byte, error) { return plain.value(b, v) }

// Appender is a type that writes itself, as its MarshalJSON does, compact, and with
// the same escapes in both ways of writing.
type Appender interface {
	AppendTo(b []byte) []byte
}

// way is a way of writing, with what it knows of types.
type way struct {
	html      bool // escape <, > and &
	kinds     [256]uint8
	appenders sync.Map // reflect.Type → appender
}

var marshalled, plain = newWay(true), newWay(false)

func newWay(html bool) *way {
	w := &way{html: html}
	w.kinds = w.bytes()
	return w
}

func (w *way) value(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case string:
		return w.appendString(b, v), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case map[string]any:
		return appendMap(w, b, v, w.value)
	case []any:
		return w.appendList(b, v)
	case engine.Events:
		return w.appendEvents(b, v)
	}
	return w.appendReflected(b, reflect.ValueOf(v))
}

// What a byte of a text begins.
const (
	plainByte   = iota // a character that stands for itself
	quotedByte         // one with a backslash before it
	escapedByte        // one that is written in another way, perhaps
	twoBytes           // a character of two bytes, if the next one goes on
	threeBytes         // the same of three; which ones Vietnamese has
	otherByte          // to be decoded
)

func (w *way) bytes() (kinds [256]uint8) {
	for c := range kinds {
		switch {
		case c == '"' || c == '\\':
			kinds[c] = quotedByte
		case c < ' ' || w.html && (c == '<' || c == '>' || c == '&'):
			kinds[c] = escapedByte
		case c < utf8.RuneSelf:
			kinds[c] = plainByte
		case 0xc2 <= c && c <= 0xdf:
			kinds[c] = twoBytes
		case c == 0xe1: // all of these are characters, and none is escaped
			kinds[c] = threeBytes
		default:
			kinds[c] = otherByte
		}
	}
	return kinds
}

// appendString appends a text in quotes.
func (w *way) appendString(b []byte, s string) []byte {
	start, from := len(b), 0
	b = append(b, '"')
	for i := 0; i < len(s); {
		switch w.kinds[s[i]] {
		case plainByte:
			i++
			continue
		case quotedByte:
			b = append(append(b, s[from:i]...), '\\')
			from = i
			i++
			continue
		case escapedByte:
			return w.appendEscaped(b[:start], s)
		case twoBytes:
			if i+1 < len(s) && s[i+1]&0xc0 == 0x80 {
				i += 2
				continue
			}
		case threeBytes:
			if i+2 < len(s) && s[i+1]&0xc0 == 0x80 && s[i+2]&0xc0 == 0x80 {
				i += 3
				continue
			}
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError || r == '\u2028' || r == '\u2029' {
			return w.appendEscaped(b[:start], s)
		}
		i += n
	}
	return append(append(b, s[from:]...), '"')
}

func (w *way) appendEscaped(b []byte, s string) []byte {
	b, err := w.leave(b, s)
	if err != nil {
		panic(err) // a string can always be written
	}
	return b
}

// appendMap appends the values of a map by their sorted keys.
func appendMap[V any](w *way, b []byte, m map[string]V, value func([]byte, V) ([]byte, error)) (_ []byte, err error) {
	if m == nil {
		return append(b, "null"...), nil
	}
	var few [16]string
	keys := few[:0]
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(w.appendString(b, k), ':')
		if b, err = value(b, m[k]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func (w *way) appendText(b []byte, s string) ([]byte, error) { return w.appendString(b, s), nil }

func (w *way) appendList(b []byte, vs []any) (_ []byte, err error) {
	if vs == nil {
		return append(b, "null"...), nil
	}
	b = append(b, '[')
	for i, v := range vs {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = w.value(b, v); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// appendEvents appends each event with its kind.
func (w *way) appendEvents(b []byte, es engine.Events) (_ []byte, err error) {
	b = append(b, '[')
	for i, e := range es {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(w.appendString(append(b, `{"kind":`...), e.Kind()), `,"data":`...)
		if b, err = w.value(b, e); err != nil {
			return nil, err
		}
		b = append(b, '}')
	}
	return append(b, ']'), nil
}

// An appender appends a value of one type, which can be addressed.
type appender func(b []byte, v reflect.Value) ([]byte, error)

// appendReflected appends a value of any type.
func (w *way) appendReflected(b []byte, v reflect.Value) ([]byte, error) {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		return w.appenderOf(v.Type())(b, v)
	}
	to := reflect.New(v.Type()).Elem()
	to.Set(v)
	return w.appenderOf(v.Type())(b, to)
}

func (w *way) appenderOf(t reflect.Type) appender {
	if a, ok := w.appenders.Load(t); ok {
		return a.(appender)
	}
	a := w.newAppender(t)
	w.appenders.Store(t, a)
	return a
}

var (
	jsonWriters = reflect.TypeFor[json.Marshaler]()
	textWriters = reflect.TypeFor[interface{ MarshalText() ([]byte, error) }]()
)

// writesItself tells whether a type has its own form in JSON.
func writesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(jsonWriters) || p.Implements(textWriters) || t == reflect.TypeFor[json.Number]()
}

func (w *way) newAppender(t reflect.Type) appender {
	switch t {
	case reflect.TypeFor[time.Time]():
		return appendTime
	case reflect.TypeFor[engine.Events]():
		return func(b []byte, v reflect.Value) ([]byte, error) {
			return w.appendEvents(b, *v.Addr().Interface().(*engine.Events))
		}
	case reflect.TypeFor[map[string]string]():
		return func(b []byte, v reflect.Value) ([]byte, error) {
			return appendMap(w, b, *v.Addr().Interface().(*map[string]string), w.appendText)
		}
	}
	if t.Implements(reflect.TypeFor[Appender]()) && t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface {
		return func(b []byte, v reflect.Value) ([]byte, error) {
			return v.Addr().Interface().(Appender).AppendTo(b), nil
		}
	}
	if t.Kind() != reflect.Pointer && writesItself(t) {
		return w.appendMarshalled
	}
	if object := reflect.TypeFor[*map[string]any](); reflect.PointerTo(t).ConvertibleTo(object) {
		return func(b []byte, v reflect.Value) ([]byte, error) {
			return appendMap(w, b, *v.Addr().Convert(object).Interface().(*map[string]any), w.value)
		}
	}
	switch t.Kind() {
	case reflect.String:
		return func(b []byte, v reflect.Value) ([]byte, error) { return w.appendString(b, v.String()), nil }
	case reflect.Bool:
		return func(b []byte, v reflect.Value) ([]byte, error) { return strconv.AppendBool(b, v.Bool()), nil }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(b []byte, v reflect.Value) ([]byte, error) { return strconv.AppendInt(b, v.Int(), 10), nil }
	case reflect.Interface:
		return func(b []byte, v reflect.Value) ([]byte, error) { return w.value(b, v.Interface()) }
	case reflect.Pointer:
		return w.pointerAppender(t)
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			return w.sliceAppender(t)
		}
	case reflect.Map:
		if t.Key().Kind() == reflect.String && !writesItself(t.Key()) {
			return w.mapAppender(t)
		}
	case reflect.Struct:
		if fields, ok := w.fieldsOf(t, nil); ok {
			return structAppender(fields)
		}
	}
	return w.appendMarshalled
}

// appendMarshalled leaves it to encoding/json.
func (w *way) appendMarshalled(b []byte, v reflect.Value) ([]byte, error) {
	return w.leave(b, v.Addr().Interface())
}

// leave leaves a value to encoding/json.
func (w *way) leave(b []byte, v any) ([]byte, error) {
	buf := bytes.NewBuffer(b)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(w.html)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil // it ends every value
}

func appendTime(b []byte, v reflect.Value) ([]byte, error) {
	b, err := v.Addr().Interface().(*time.Time).AppendText(append(b, '"'))
	if err != nil {
		return nil, err
	}
	return append(b, '"'), nil
}

// What a type refers to is looked up with the first value: types may refer to
// themselves.

func (w *way) pointerAppender(t reflect.Type) appender {
	elem := sync.OnceValue(func() appender { return w.appenderOf(t.Elem()) })
	return func(b []byte, v reflect.Value) ([]byte, error) {
		if v.IsNil() {
			return append(b, "null"...), nil
		}
		return elem()(b, v.Elem())
	}
}

func (w *way) sliceAppender(t reflect.Type) appender {
	elem := sync.OnceValue(func() appender { return w.appenderOf(t.Elem()) })
	return func(b []byte, v reflect.Value) (_ []byte, err error) {
		if v.IsNil() {
			return append(b, "null"...), nil
		}
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = elem()(b, v.Index(i)); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	}
}

func (w *way) mapAppender(t reflect.Type) appender {
	elem := sync.OnceValue(func() appender { return w.appenderOf(t.Elem()) })
	return func(b []byte, v reflect.Value) (_ []byte, err error) {
		if v.IsNil() {
			return append(b, "null"...), nil
		}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
		to := reflect.New(t.Elem()).Elem()
		b = append(b, '{')
		for i, k := range keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(w.appendString(b, k.String()), ':')
			to.Set(v.MapIndex(k))
			if b, err = elem()(b, to); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	}
}

// field is a field of a structure as it is written.
type field struct {
	name   string // in quotes, with the colon
	at     []int  // its index, through embedded structures
	absent func(reflect.Value) bool
	value  appender
}

func structAppender(fields []field) appender {
	return func(b []byte, v reflect.Value) (_ []byte, err error) {
		b = append(b, '{')
		none := len(b)
		for i := range fields {
			f := &fields[i]
			x := v
			for _, at := range f.at {
				x = x.Field(at)
			}
			if f.absent != nil && f.absent(x) {
				continue
			}
			if len(b) > none {
				b = append(b, ',')
			}
			b = append(b, f.name...)
			if b, err = f.value(b, x); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	}
}

// fieldsOf lists the fields of a structure, those of embedded ones in their place;
// false when it has something that only json.Marshal knows how to write.
func (w *way) fieldsOf(t reflect.Type, at []int) (out []field, ok bool) {
	for i := range t.NumField() {
		x := t.Field(i)
		here := append(slices.Clone(at), i)
		tag, tagged := x.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case x.Anonymous && !tagged && x.Type.Kind() == reflect.Struct && !writesItself(x.Type):
			inner, ok := w.fieldsOf(x.Type, here)
			if !ok {
				return nil, false
			}
			out = append(out, inner...)
			continue
		case x.Anonymous:
			return nil, false
		case !x.IsExported() || tag == "-":
			continue
		case name == "":
			name = x.Name
		}
		f := field{name: string(w.appendString(nil, name)) + ":", at: here, value: w.appenderOf(x.Type)}
		switch options {
		case "":
		case "omitempty":
			f.absent = isEmpty
		case "omitzero":
			f.absent = isZero(x.Type)
		default:
			return nil, false
		}
		if slices.ContainsFunc(out, func(o field) bool { return o.name == f.name }) {
			return nil, false
		}
		out = append(out, f)
	}
	return out, true
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.Array, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

func isZero(t reflect.Type) func(reflect.Value) bool {
	type zeroer interface{ IsZero() bool }
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(reflect.TypeFor[zeroer]()) {
		return func(v reflect.Value) bool { return v.Addr().Interface().(zeroer).IsZero() }
	}
	return reflect.Value.IsZero
}
