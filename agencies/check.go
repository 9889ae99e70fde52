package agencies

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"lienthong/agencies/wire"
)

// need is one field an operation cannot do without, written "path type". The
// types are those of kinds; "|" separates paths of which one suffices. A
// trailing "?" on the type lets the field be absent.
type need string

var kinds = map[string]func(any) bool{
	"text":   func(v any) bool { s, ok := v.(string); return ok && strings.TrimSpace(s) != "" },
	"id":     matches(`^[0-9]{12}$`),
	"idref":  reference(`^[0-9]{12}$`),
	"ref":    reference(`.`),
	"date":   func(v any) bool { s, ok := v.(string); _, valid := parseDay(s); return ok && valid },
	"sex":    oneOf("male", "female", "undetermined"),
	"unit":   matches(`^[0-9]{5}$`),
	"prov":   matches(`^[0-9]{2}$`),
	"object": func(v any) bool { _, ok := v.(map[string]any); return ok },
	"dong":   func(v any) bool { n, ok := v.(int64); return ok && n > 0 },
	"method": oneOf("bank", "cash", "post"),
	"kind":   oneOf("lump_sum", "monthly"),
	"merit":  oneOf("funeral", "three_months"),
	"list":   func(v any) bool { l, ok := v.([]any); return ok && len(l) > 0 },
}

func matches(pattern string) func(any) bool {
	re := regexp.MustCompile(pattern)
	return func(v any) bool { s, ok := v.(string); return ok && re.MatchString(s) }
}

// reference accepts an id or an object with an id.
func reference(pattern string) func(any) bool {
	is := matches(pattern)
	return func(v any) bool {
		if m, ok := v.(map[string]any); ok {
			v = m["id"]
		}
		return is(v)
	}
}

func oneOf(values ...string) func(any) bool {
	return func(v any) bool {
		for _, s := range values {
			if v == s {
				return true
			}
		}
		return false
	}
}

// check names every field of in that is missing or of the wrong shape.
func check(needs []need, in object) []wire.FieldError {
	var wrong []wire.FieldError
	for _, n := range needs {
		paths, kind, _ := strings.Cut(string(n), " ")
		kind, optional := strings.CutSuffix(kind, "?")
		options := strings.Split(paths, "|")
		found := false
		for _, path := range options {
			v := in.get(path)
			if v == nil {
				continue
			}
			found = true
			if !kinds[kind](v) {
				wrong = append(wrong, wire.FieldError{Pointer: pointer(path), Detail: "must be " + describe(kind)})
			}
		}
		if !found && !optional {
			wrong = append(wrong, wire.FieldError{Pointer: pointer(options[0]), Detail: "is missing"})
		}
	}
	return wrong
}

func pointer(path string) string { return "/input/" + strings.ReplaceAll(path, ".", "/") }

func describe(kind string) string {
	switch kind {
	case "text":
		return "a text that is not empty"
	case "id":
		return "a personal identification number of 12 digits"
	case "idref":
		return "a personal identification number, or an object with one as id"
	case "ref":
		return "an id, or an object with one"
	case "date":
		return "a date like " + time.DateOnly
	case "unit":
		return "a commune code of 5 digits"
	case "prov":
		return "a province code of 2 digits"
	case "dong":
		return "a whole number of đồng above zero"
	}
	return fmt.Sprintf("of kind %s", kind)
}
