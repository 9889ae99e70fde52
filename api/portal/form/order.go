package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// object is a JSON object that knows the order of its members and where it stands.
type object struct {
	at     string // JSON Pointer in the document
	keys   []string
	values map[string]any // *object, []any, string, json.Number, bool, nil
}

// deepest is how far a document may nest.
const deepest = 60

// decode reads one JSON value in order.
func decode(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	v, err := decodeValue(d, "", 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("form: more than one value")
	}
	return v, nil
}

func decodeValue(d *json.Decoder, at string, depth int) (any, error) {
	if depth > deepest {
		return nil, errors.New("form: nested too deeply")
	}
	t, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("form: %w", err)
	}
	switch t {
	case json.Delim('{'):
		o := &object{at: at, values: map[string]any{}}
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return nil, fmt.Errorf("form: %w", err)
			}
			key, _ := k.(string)
			v, err := decodeValue(d, at+"/"+escape(key), depth+1)
			if err != nil {
				return nil, err
			}
			if _, twice := o.values[key]; !twice {
				o.keys = append(o.keys, key)
			}
			o.values[key] = v
		}
		_, err := d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for i := 0; d.More(); i++ {
			v, err := decodeValue(d, at+"/"+strconv.Itoa(i), depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	}
	return t, nil
}

func (o *object) obj(key string) *object {
	x, _ := o.values[key].(*object)
	return x
}

func (o *object) list(key string) []any {
	x, _ := o.values[key].([]any)
	return x
}

func (o *object) str(key string) string {
	s, _ := o.values[key].(string)
	return s
}

func (o *object) number(key string) int {
	n, _ := o.values[key].(json.Number)
	i, _ := strconv.Atoi(string(n))
	return i
}

// words are the strings of a list.
func (o *object) words(key string) []string {
	var out []string
	for _, v := range o.list(key) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// text is an annotation {vi, en}.
func (o *object) text(key string) Text {
	x := o.obj(key)
	if x == nil {
		return Text{}
	}
	return Text{VI: x.str("vi"), EN: x.str("en")}
}

// Text is a sentence in both languages.
type Text struct{ VI, EN string }

// In is the text in "vi" or "en", or in the other when it is missing.
func (t Text) In(lang string) string {
	if lang == "en" && t.EN != "" || t.VI == "" {
		return t.EN
	}
	return t.VI
}

func escape(s string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(s) }

// Split reads a JSON Pointer.
func Split(pointer string) []string {
	if pointer == "" {
		return nil
	}
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, p := range parts {
		parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(p)
	}
	return parts
}

// Top is the pointer of a property of the top; "" of the whole form for "".
func Top(page string) string {
	if page == "" {
		return ""
	}
	return "/" + escape(page)
}

// Under tells whether a pointer is another or below it.
func Under(pointer, top string) bool {
	return pointer == top || strings.HasPrefix(pointer, top+"/")
}
