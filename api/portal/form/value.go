package form

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// zone is Vietnam's; it has had no summer time since 1975.
var zone = time.FixedZone("+07", 7*3600)

// Written is a value as people write it in a field of a kind.
func Written(kind Kind, v any) string {
	s, isText := v.(string)
	switch {
	case v == nil:
		return ""
	case kind == Date && isText:
		if t, err := time.Parse(time.DateOnly, s); err == nil {
			return t.Format("02/01/2006")
		}
	case kind == Instant && isText:
		if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
			return t.In(zone).Format("02/01/2006 15:04")
		}
	}
	if isText {
		return s
	}
	if b, ok := v.(bool); ok {
		return strconv.FormatBool(b)
	}
	return fmt.Sprint(v)
}

// Read is what people wrote as the value that a schema of this kind wants. What
// cannot be read stays text, so that the check names it and it can be corrected.
func Read(kind Kind, text string) any {
	text = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u00a0", " ").Replace(text))
	if text == "" {
		return nil
	}
	switch kind {
	case YesNo:
		if text == "true" || text == "false" {
			return text == "true"
		}
	case Number:
		return readNumber(text)
	case Date:
		if t, ok := readDay(text); ok {
			return t.Format(time.DateOnly)
		}
	case Instant:
		day, clock, _ := strings.Cut(text, " ")
		t, ok := readDay(day)
		c, err := time.Parse("15:04", strings.TrimSpace(clock))
		if ok && err == nil {
			return time.Date(t.Year(), t.Month(), t.Day(), c.Hour(), c.Minute(), 0, 0, zone).Format(time.RFC3339)
		}
	case Line:
		return strings.Join(strings.Fields(text), " ")
	}
	return text
}

// readDay reads 7/9/2026, 07-09-2026, 07.09.2026, 2026-09-07, or 07092026: some
// telephones have no strokes beside their digits.
func readDay(text string) (time.Time, bool) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, true
	}
	text = strings.NewReplacer("-", "/", ".", "/", " ", "").Replace(text)
	t, err := time.Parse("2/1/2006", text)
	if err != nil && len(text) == len("02012006") {
		t, err = time.Parse("02012006", text)
	}
	return t, err == nil
}

// readNumber reads 1.234.567 as people here write it, and 2,5.
func readNumber(text string) any {
	s := strings.NewReplacer(" ", "", "đ", "", "₫", "", "%", "").Replace(text)
	if parts := strings.Split(s, "."); len(parts) > 1 {
		thousands := true
		for _, p := range parts[1:] {
			whole, _, _ := strings.Cut(p, ",")
			thousands = thousands && len(whole) == 3
		}
		if thousands {
			s = strings.Join(parts, "")
		}
	}
	s = strings.Replace(s, ",", ".", 1)
	if _, err := strconv.ParseFloat(s, 64); err != nil || strings.ContainsAny(s, "eExXnNiI_") {
		return text
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return json.Number(strconv.FormatInt(i, 10))
	}
	return json.Number(s)
}

// clone copies a plain value.
func clone(v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = clone(e)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = clone(e)
		}
		return out
	}
	return v
}

// Get is the value at a JSON Pointer; nil when there is none.
func Get(v any, pointer string) any {
	for _, key := range Split(pointer) {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			i, err := strconv.Atoi(key)
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

// With is a copy of a value with another at a JSON Pointer, where there is something for
// it to be in.
func With(v any, pointer string, x any) any { return with(v, Split(pointer), x) }

func with(v any, path []string, x any) any {
	if len(path) == 0 {
		return x
	}
	switch in := v.(type) {
	case map[string]any:
		if below, ok := in[path[0]]; ok || len(path) == 1 {
			in = maps.Clone(in)
			in[path[0]] = with(below, path[1:], x)
		}
		return in
	case []any:
		if i, err := strconv.Atoi(path[0]); err == nil && i >= 0 && i < len(in) {
			in = slices.Clone(in)
			in[i] = with(in[i], path[1:], x)
		}
		return in
	}
	return v
}

// longest bounds a list that a post may grow.
const longest = 100

// put sets a value at a path, making objects and list entries on the way; nil
// removes a member. list says which paths are lists.
func put(node any, path []string, at string, v any, list func(string) bool) any {
	if len(path) == 0 {
		return v
	}
	key := path[0]
	below := at + "/" + escape(key)
	if list(at) {
		l, _ := node.([]any)
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i > len(l) || i >= longest {
			return node // not an entry that a page could have asked for
		}
		if i == len(l) {
			if v == nil {
				return node
			}
			l = append(l, nil)
		}
		l[i] = put(l[i], path[1:], below, v, list)
		return l
	}
	m, ok := node.(map[string]any)
	if !ok {
		if v == nil {
			return node
		}
		m = map[string]any{}
	}
	x := put(m[key], path[1:], below, v, list)
	if x == nil {
		delete(m, key)
	} else {
		m[key] = x
	}
	return m
}

// Merge is mine with what it lacks taken from theirs.
func Merge(mine, theirs map[string]any) map[string]any {
	out, _ := merge(mine, theirs).(map[string]any)
	return out
}

func merge(mine, theirs any) any {
	switch x := mine.(type) {
	case nil:
		return clone(theirs)
	case map[string]any:
		y, _ := theirs.(map[string]any)
		out := map[string]any{}
		for k, v := range x {
			out[k] = merge(v, y[k])
		}
		for k, v := range y {
			if _, has := x[k]; !has {
				out[k] = clone(v)
			}
		}
		return out
	}
	return clone(mine)
}
