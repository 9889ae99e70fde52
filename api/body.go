package api

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"lienthong/engine"
)

// legible refuses a JSON body of which something would be lost in reading: a member that
// is there twice, a number that is too large, a letter that is none; and a text that says
// nothing. What is no JSON at all is left to the parser.
func legible(body []byte) error {
	var r reading
	for i := 0; i < len(body); {
		i += r.token(body[i:])
	}
	if len(r.wrong) == 0 || !json.Valid(body) {
		return nil
	}
	return &engine.Error{Code: engine.Invalid, Problems: r.wrong}
}

// reading is where legible is in a body.
type reading struct {
	in    []level
	wrong []engine.Problem
}

// level is an object or an array that is open.
type level struct {
	keys map[string]bool // of an object, so far; nil: an array
	key  string          // of the value that comes
	at   bool            // a value comes, else a key
	n    int             // elements before the one that comes
}

// mostWrong is how many faults one refusal names.
const mostWrong = 20

func (r *reading) fault(code, vi, en string) {
	if len(r.wrong) < mostWrong {
		r.wrong = append(r.wrong, engine.Problem{Pointer: r.pointer(), Code: code, Detail: Text{VI: vi, EN: en}})
	}
}

func (r *reading) pointer() string {
	var b strings.Builder
	for _, l := range r.in {
		switch {
		case l.keys == nil:
			b.WriteString("/" + strconv.Itoa(l.n))
		case l.at:
			b.WriteString("/" + escapePointer(l.key))
		}
	}
	return b.String()
}

// token reads what the text begins with, and tells how long it is.
func (r *reading) token(text []byte) int {
	var l *level
	if len(r.in) > 0 {
		l = &r.in[len(r.in)-1]
	}
	switch c := text[0]; {
	case c == '{':
		r.in = append(r.in, level{keys: map[string]bool{}})
	case c == '[':
		r.in = append(r.in, level{})
	case (c == '}' || c == ']') && l != nil:
		r.in = r.in[:len(r.in)-1]
	case c == ',' && l != nil:
		l.at = false
		l.n++
	case c == '"':
		n := closing(text)
		s, ok := unquoted(text[:n])
		switch {
		case !ok: // the parser tells
		case l != nil && l.keys != nil && !l.at:
			r.member(l, s)
		case strings.ContainsFunc(s, noLetter):
			r.fault("characters", "Có ký tự không đọc được.", "There are characters that cannot be read.")
		case s != "" && strings.TrimSpace(s) == "": // a name, or why something is refused
			r.fault("blank", "Chỉ có khoảng trắng.", "There are only spaces.")
		}
		return n
	case c == '-' || '0' <= c && c <= '9':
		n := len(text) - len(bytes.TrimLeft(text, "+-.0123456789eE"))
		if _, err := engine.Plain(json.Number(text[:n])); err != nil {
			r.fault("range", "Số quá lớn.", "The number is too large.")
		}
		return n
	}
	return 1
}

func (r *reading) member(l *level, key string) {
	l.key, l.at = key, true
	switch k := clean(key); {
	case strings.ContainsFunc(key, noLetter):
		r.fault("characters", "Tên trường có ký tự không đọc được.", "The member's name has characters that cannot be read.")
	case l.keys[k]:
		r.fault("duplicate", "Trường này có hai lần.", "This member is there twice.")
	default:
		l.keys[k] = true
	}
}

// closing is the length of the string that a text begins with, with its quotes.
func closing(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// unquoted is what a string says.
func unquoted(quoted []byte) (string, bool) {
	if n := len(quoted); n >= 2 && bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : n-1]), true
	}
	var s string
	err := json.Unmarshal(quoted, &s)
	return s, err == nil
}

// noLetter tells what no text holds: control characters that part no lines, and what
// stands in place of bytes that are no letter.
func noLetter(c rune) bool {
	return unicode.IsControl(c) && !unicode.IsSpace(c) || c == unicode.ReplacementChar || c&0xfffe == 0xfffe
}

// unseen tells letters that leave no trace on paper or screen, or only turn the others
// round. They come with text that is copied; with them a name would not equal itself.
func unseen(c rune) bool { return c >= 0xad && unicode.Is(unicode.Cf, c) }

// visible is a letter, or none in place of one that cannot be seen.
func visible(c rune) rune {
	if unseen(c) {
		return -1
	}
	return c
}

// clean is a text in Unicode's normal form C, without letters that cannot be seen.
func clean(s string) string { return norm.NFC.String(strings.Map(visible, s)) }

// unmarshal reads JSON as engine.Unmarshal does, with every string clean: Vietnamese
// letters come from keyboards in two forms.
func unmarshal(b []byte, v any) error {
	if bytes.ContainsFunc(b, unseen) { // else it need not be copied
		b = bytes.Map(visible, b)
	}
	b = norm.NFC.Bytes(b) // no character of JSON's own composes with another
	if bytes.Contains(b, []byte(`\u`)) {
		// Escaped letters compose only once they are decoded.
		x, err := engine.ParseValue(b)
		if err != nil {
			return err
		}
		if b, err = json.Marshal(cleaned(x)); err != nil {
			return err
		}
	}
	return engine.Unmarshal(b, v)
}

func cleaned(v any) any {
	switch x := v.(type) {
	case string:
		return clean(x)
	case []any:
		for i := range x {
			x[i] = cleaned(x[i])
		}
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[clean(k)] = cleaned(e)
		}
		return out
	}
	return v
}
