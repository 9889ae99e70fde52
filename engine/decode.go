package engine

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// swift reads the JSON that this program writes itself: one pass, the fields of
// each type looked up when the program starts. It gives what unmarshal gives, or
// gives up: whatever is not as encoding/json writes it (an unknown or repeated key,
// a number out of range, white space, damaged text) is left to encoding/json, which
// alone decides what is an error. v must be the zero value; when it gives up, v is to
// be thrown away.
func swift(b []byte, v reflect.Value) bool {
	p := plans[v.Type()]
	if p == nil {
		return false
	}
	r := swiftReader{b: b}
	return (*p)(&r, v) && r.i == len(b)
}

const maxDepth = 200

type swiftReader struct {
	b     []byte
	i     int
	depth int
}

// plan reads one value of a type.
type plan func(*swiftReader, reflect.Value) bool

// plans are those of all types that are read in one pass. They are made when the
// program starts and never changed.
var plans = map[reflect.Type]*plan{}

func init() {
	planOf(reflect.TypeFor[Entry]())
	planOf(reflect.TypeFor[Case]())
	planOf(reflect.TypeFor[any]())
	planOf(reflect.TypeFor[map[string]any]())
}

// planOf makes the plan of a type; it is there before it is made, for a type may hold
// itself.
func planOf(t reflect.Type) *plan {
	p := plans[t]
	if p == nil {
		p = new(plan)
		plans[t] = p
		*p = makePlan(t)
	}
	return p
}

func makePlan(t reflect.Type) plan {
	switch t {
	case reflect.TypeFor[time.Time]():
		return (*swiftReader).instant
	case reflect.TypeFor[map[string]any]():
		return func(r *swiftReader, v reflect.Value) bool {
			x, ok := r.any()
			m, is := x.(map[string]any)
			*v.Addr().Interface().(*map[string]any) = m
			return ok && (is || x == nil)
		}
	case reflect.TypeFor[Events]():
		return (*swiftReader).events
	}
	if p := reflect.PointerTo(t); p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return giveUp
	}
	switch t.Kind() {
	case reflect.Struct:
		return structPlan(t)
	case reflect.Pointer:
		of := planOf(t.Elem())
		return func(r *swiftReader, v reflect.Value) bool {
			if r.null() {
				return true
			}
			v.Set(reflect.New(t.Elem()))
			return (*of)(r, v.Elem())
		}
	case reflect.Slice:
		return slicePlan(t)
	case reflect.Map:
		return mapPlan(t)
	}
	return scalarPlan(t)
}

func giveUp(*swiftReader, reflect.Value) bool { return false }

func scalarPlan(t reflect.Type) plan {
	switch t.Kind() {
	case reflect.String:
		return func(r *swiftReader, v reflect.Value) bool {
			s, ok := r.text()
			v.SetString(s)
			return ok
		}
	case reflect.Bool:
		return func(r *swiftReader, v reflect.Value) bool {
			v.SetBool(r.word("true"))
			return v.Bool() || r.word("false")
		}
	case reflect.Int, reflect.Int64:
		return func(r *swiftReader, v reflect.Value) bool {
			n, whole, ok := r.number()
			if !ok || !whole {
				return false
			}
			x, err := strconv.ParseInt(n, 10, 64)
			v.SetInt(x)
			return err == nil
		}
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return func(r *swiftReader, v reflect.Value) bool {
				x, ok := r.any()
				*v.Addr().Interface().(*any) = x
				return ok
			}
		}
	}
	return giveUp
}

// structPlan reads an object into the fields that encoding/json would write.
func structPlan(t reflect.Type) plan {
	type field struct {
		name string
		at   []int
		read *plan
	}
	var fields []field
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			if f.Type.Kind() != reflect.Struct {
				return giveUp
			}
		case name == "-":
		case f.IsExported():
			if name == "" {
				name = f.Name
			}
			if slices.ContainsFunc(fields, func(x field) bool { return x.name == name }) {
				return giveUp
			}
			fields = append(fields, field{name, f.Index, planOf(f.Type)})
		}
	}
	if len(fields) > 64 {
		return giveUp
	}
	return func(r *swiftReader, v reflect.Value) bool {
		if !r.open('{') {
			return false
		}
		var seen uint64
		next := 0 // they come in order
		for first := true; !r.close('}'); first = false {
			if !first && !r.byte(',') {
				return false
			}
			key, ok := r.plainText()
			if !ok || !r.byte(':') {
				return false
			}
			i := -1
			for n := range fields {
				if k := (next + n) % len(fields); fields[k].name == string(key) {
					i = k
					break
				}
			}
			if i < 0 || seen&(1<<i) != 0 {
				return false
			}
			seen |= 1 << i
			next = i + 1
			f := v
			for _, x := range fields[i].at {
				f = f.Field(x)
			}
			if !(*fields[i].read)(r, f) {
				return false
			}
		}
		return true
	}
}

func slicePlan(t reflect.Type) plan {
	if t.Elem().Kind() == reflect.Uint8 {
		return giveUp
	}
	of := planOf(t.Elem())
	return func(r *swiftReader, v reflect.Value) bool {
		if r.null() {
			return true
		}
		if !r.open('[') {
			return false
		}
		n := 0
		for ; !r.close(']'); n++ {
			if n > 0 && !r.byte(',') {
				return false
			}
			v.Grow(1)
			v.SetLen(n + 1)
			if !(*of)(r, v.Index(n)) {
				return false
			}
		}
		if n == 0 {
			v.Set(reflect.MakeSlice(t, 0, 0))
		}
		return true
	}
}

func mapPlan(t reflect.Type) plan {
	if t.Key().Kind() != reflect.String {
		return giveUp
	}
	of := planOf(t.Elem())
	return func(r *swiftReader, v reflect.Value) bool {
		if r.null() {
			return true
		}
		if !r.open('{') {
			return false
		}
		v.Set(reflect.MakeMap(t))
		for first := true; !r.close('}'); first = false {
			if !first && !r.byte(',') {
				return false
			}
			key, ok := r.text()
			if !ok || !r.byte(':') {
				return false
			}
			x := reflect.New(t.Elem()).Elem()
			if !(*of)(r, x) {
				return false
			}
			v.SetMapIndex(reflect.ValueOf(key).Convert(t.Key()), x)
		}
		return true
	}
}

// events reads what jsonWriter.events wrote.
func (r *swiftReader) events(v reflect.Value) bool {
	if !r.open('[') {
		return false
	}
	out := Events{}
	for !r.close(']') {
		if len(out) > 0 && !r.byte(',') {
			return false
		}
		if !r.word(`{"kind":`) {
			return false
		}
		kind, ok := r.plainText()
		if !ok || !r.word(`,"data":`) {
			return false
		}
		k, ok := decoders[string(kind)]
		if !ok {
			return false
		}
		e, ok := k.swift(r)
		if !ok || !r.byte('}') {
			return false
		}
		out = append(out, e)
	}
	*v.Addr().Interface().(*Events) = out
	return true
}

// instant reads a time as time.Time writes it.
func (r *swiftReader) instant(v reflect.Value) bool {
	from := r.i
	if _, ok := r.plainText(); !ok {
		return false
	}
	return v.Addr().Interface().(*time.Time).UnmarshalJSON(r.b[from:r.i]) == nil
}

// any reads a value as plain values.
func (r *swiftReader) any() (any, bool) {
	if r.i >= len(r.b) {
		return nil, false
	}
	switch c := r.b[r.i]; c {
	case '"':
		return r.boxed()
	case '{':
		return r.object()
	case '[':
		return r.list()
	case 't':
		return true, r.word("true")
	case 'f':
		return false, r.word("false")
	case 'n':
		return nil, r.null()
	}
	n, whole, ok := r.number()
	if !ok {
		return nil, false
	}
	if whole {
		x, err := strconv.ParseInt(n, 10, 64)
		return x, err == nil
	}
	x, err := strconv.ParseFloat(n, 64)
	return x, err == nil
}

func (r *swiftReader) boxed() (any, bool) {
	s, ok := r.text()
	return s, ok
}

func (r *swiftReader) object() (any, bool) {
	if !r.open('{') {
		return nil, false
	}
	m := map[string]any{}
	for !r.close('}') {
		if len(m) > 0 && !r.byte(',') {
			return nil, false
		}
		key, ok := r.text()
		if _, twice := m[key]; !ok || twice || !r.byte(':') {
			return nil, false
		}
		v, ok := r.any()
		if !ok {
			return nil, false
		}
		m[key] = v
	}
	return m, true
}

func (r *swiftReader) list() (any, bool) {
	if !r.open('[') {
		return nil, false
	}
	l := []any{}
	for !r.close(']') {
		if len(l) > 0 && !r.byte(',') {
			return nil, false
		}
		v, ok := r.any()
		if !ok {
			return nil, false
		}
		l = append(l, v)
	}
	return l, true
}

// open and close are the borders of an object or a list; they bound the depth.
func (r *swiftReader) open(c byte) bool {
	r.depth++
	return r.depth < maxDepth && r.byte(c)
}

func (r *swiftReader) close(c byte) bool {
	if !r.byte(c) {
		return false
	}
	r.depth--
	return true
}

func (r *swiftReader) byte(c byte) bool {
	if r.i < len(r.b) && r.b[r.i] == c {
		r.i++
		return true
	}
	return false
}

func (r *swiftReader) word(w string) bool {
	if len(r.b)-r.i >= len(w) && string(r.b[r.i:r.i+len(w)]) == w {
		r.i += len(w)
		return true
	}
	return false
}

func (r *swiftReader) null() bool { return r.word("null") }

// number reads a number by JSON's grammar; whole: it has neither fraction nor
// exponent.
func (r *swiftReader) number() (n string, whole, ok bool) {
	from := r.i
	r.byte('-')
	switch {
	case r.byte('0'):
	case !r.digits():
		return "", false, false
	}
	whole = true
	if r.byte('.') {
		if whole = false; !r.digits() {
			return "", false, false
		}
	}
	if r.byte('e') || r.byte('E') {
		whole = false
		if !r.byte('+') {
			r.byte('-')
		}
		if !r.digits() {
			return "", false, false
		}
	}
	return string(r.b[from:r.i]), whole, true
}

func (r *swiftReader) digits() bool {
	from := r.i
	for r.i < len(r.b) && '0' <= r.b[r.i] && r.b[r.i] <= '9' {
		r.i++
	}
	return r.i > from
}

// plainText reads a string of ASCII without escapes, without copying it.
func (r *swiftReader) plainText() ([]byte, bool) {
	if !r.byte('"') {
		return nil, false
	}
	for i := r.i; i < len(r.b); i++ {
		switch c := r.b[i]; {
		case c == '"':
			s := r.b[r.i:i]
			r.i = i + 1
			return s, true
		case c < ' ' || c == '\\' || c >= utf8.RuneSelf:
			return nil, false
		}
	}
	return nil, false
}

// text reads a string.
func (r *swiftReader) text() (string, bool) {
	if !r.byte('"') {
		return "", false
	}
	ascii := true
	for i := r.i; i < len(r.b); i++ {
		switch c := r.b[i]; {
		case c == '"':
			s := r.b[r.i:i]
			r.i = i + 1
			return string(s), ascii || utf8.Valid(s)
		case c < ' ':
			return "", false
		case c == '\\':
			return r.escaped(i)
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return "", false
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escaped reads the string that begins at r.i and has its first escape at i.
func (r *swiftReader) escaped(i int) (string, bool) {
	s := append(make([]byte, 0, 2*(i-r.i)+16), r.b[r.i:i]...)
	for i < len(r.b) {
		c := r.b[i]
		i++
		switch {
		case c == '"':
			r.i = i
			return string(s), utf8.Valid(s)
		case c < ' ':
			return "", false
		case c != '\\':
			s = append(s, c)
			continue
		case i >= len(r.b):
			return "", false
		}
		c = r.b[i]
		i++
		if plain, ok := escapes[c]; ok {
			s = append(s, plain)
			continue
		}
		if c != 'u' || i+4 > len(r.b) {
			return "", false
		}
		x, err := strconv.ParseUint(string(r.b[i:i+4]), 16, 16)
		if err != nil || utf16.IsSurrogate(rune(x)) {
			return "", false
		}
		s = utf8.AppendRune(s, rune(x))
		i += 4
	}
	return "", false
}
