package machine

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	jsk "github.com/santhosh-tekuri/jsonschema/v6/kind"

	"lienthong/engine"
)

// collector turns the library's error tree into problems with pointers, codes and
// texts that name the field by its label.
type collector struct {
	root  any
	input any
	out   []engine.Problem
}

// sorted are the problems by pointer, each once; nil when there is none.
func (c *collector) sorted() []engine.Problem {
	slices.SortFunc(c.out, func(a, b engine.Problem) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Detail.EN, b.Detail.EN))
	})
	return slices.Compact(c.out)
}

func (c *collector) walk(e *jsonschema.ValidationError) {
	path := e.InstanceLocation
	switch k := e.ErrorKind.(type) {
	case *jsk.AnyOf, *jsk.OneOf:
		c.alternatives(e)
	case *jsk.Required:
		c.missing(path, k.Missing)
	case *jsk.DependentRequired:
		c.missing(path, k.Missing)
	case *jsk.Dependency:
		c.missing(path, k.Missing)
	case *jsk.AdditionalProperties:
		for _, p := range k.Properties {
			c.unknown(append(slices.Clone(path), p))
		}
	case *jsk.FalseSchema:
		c.unknown(path)
	default:
		if len(e.Causes) > 0 {
			for _, cause := range e.Causes {
				c.walk(cause)
			}
			return
		}
		c.leaf(path, k)
	}
}

func (c *collector) missing(path, names []string) {
	for _, m := range names {
		c.add(append(slices.Clone(path), m), "required", "{0} là bắt buộc.", "{0} is required.")
	}
}

func (c *collector) unknown(path []string) {
	c.add(path, "unknown_field", "Biểu mẫu không có mục {0}.", "The form has no field {0}.")
}

// alternatives reports the branch that came closest: of anyOf and oneOf the
// branch with the fewest problems, when it is about more than the kind of value;
// when each branch only lacks fields, that one of them is needed.
func (c *collector) alternatives(e *jsonschema.ValidationError) {
	var best []engine.Problem
	var lacking []string
	for _, cause := range e.Causes {
		b := &collector{root: c.root, input: c.input}
		b.walk(cause)
		if best == nil || len(b.out) < len(best) {
			best = b.out
		}
		for _, p := range b.out {
			if p.Code != "required" {
				lacking = nil
				break
			}
			lacking = append(lacking, p.Pointer)
		}
	}
	if k, ok := e.ErrorKind.(*jsk.OneOf); ok && len(k.Subschemas) > 0 {
		c.add(e.InstanceLocation, "one_of", "{0}: chỉ được chọn một trong các trường hợp.", "{0}: only one of the alternatives may be given.")
		return
	}
	if len(lacking) > 1 && len(lacking) == len(e.Causes) {
		vi, en := make([]string, len(lacking)), make([]string, len(lacking))
		for i, p := range lacking {
			l := c.label(split(p))
			vi[i], en[i] = l.VI, l.EN
		}
		c.add(e.InstanceLocation, "any_of", "{0}: cần ít nhất một trong các mục: {1}.", "{0}: at least one of these is needed: {1}.",
			engine.Text{VI: strings.Join(vi, ", "), EN: strings.Join(en, ", ")})
		return
	}
	c.out = append(c.out, best...)
}

// leaf reports one failed keyword of one value.
func (c *collector) leaf(path []string, k jsonschema.ErrorKind) {
	switch k := k.(type) {
	case *jsk.Type:
		vi, en := typeWords(k.Want)
		c.add(path, "type", "{0} phải là {1}.", "{0} must be {1}.", engine.Text{VI: vi, EN: en})
	case *jsk.Enum:
		c.add(path, "enum", "{0} không nằm trong các giá trị cho phép.", "{0} is not one of the allowed values.")
	case *jsk.Const:
		c.add(path, "const", "{0} phải là {1}.", "{0} must be {1}.", same(k.Want))
	case *jsk.Format:
		c.format(path, k.Want)
	case *jsk.Pattern:
		c.add(path, "pattern", "{0} không đúng định dạng.", "{0} does not have the right form.")
	case *jsk.MinLength:
		if k.Got == 0 {
			c.add(path, "min_length", "{0} không được để trống.", "{0} must not be empty.")
			return
		}
		c.add(path, "min_length", "{0} phải có ít nhất {1} ký tự.", "{0} must have at least {1} characters.", same(k.Want))
	case *jsk.MaxLength:
		c.add(path, "max_length", "{0} có tối đa {1} ký tự.", "{0} may have at most {1} characters.", same(k.Want))
	case *jsk.Minimum:
		c.add(path, "minimum", "{0} phải từ {1} trở lên.", "{0} must be {1} or more.", same(k.Want.RatString()))
	case *jsk.Maximum:
		c.add(path, "maximum", "{0} không được quá {1}.", "{0} must be {1} or less.", same(k.Want.RatString()))
	case *jsk.ExclusiveMinimum:
		c.add(path, "minimum", "{0} phải lớn hơn {1}.", "{0} must be more than {1}.", same(k.Want.RatString()))
	case *jsk.ExclusiveMaximum:
		c.add(path, "maximum", "{0} phải nhỏ hơn {1}.", "{0} must be less than {1}.", same(k.Want.RatString()))
	case *jsk.MultipleOf:
		c.add(path, "multiple_of", "{0} phải là bội số của {1}.", "{0} must be a multiple of {1}.", same(k.Want.RatString()))
	case *jsk.MinItems:
		c.add(path, "min_items", "{0} phải có ít nhất {1} mục.", "{0} needs at least {1} entries.", same(k.Want))
	case *jsk.MaxItems:
		c.add(path, "max_items", "{0} có tối đa {1} mục.", "{0} may have at most {1} entries.", same(k.Want))
	case *jsk.UniqueItems:
		c.add(path, "unique", "{0}: mục {1} bị lặp lại.", "{0}: entry {1} is repeated.", same(k.Duplicates[1]+1))
	case *jsk.MinProperties:
		c.add(path, "min_properties", "{0} phải có ít nhất {1} mục.", "{0} needs at least {1} fields.", same(k.Want))
	case *jsk.MaxProperties:
		c.add(path, "max_properties", "{0} có tối đa {1} mục.", "{0} may have at most {1} fields.", same(k.Want))
	default:
		code := "rule"
		if kw := k.KeywordPath(); len(kw) > 0 {
			code = snake(kw[0])
		}
		c.add(path, code, "{0} không hợp lệ.", "{0} is not valid.")
	}
}

func (c *collector) format(path []string, name string) {
	vi, en := "{0} không đúng định dạng.", "{0} does not have the right form."
	switch name {
	case "date":
		vi, en = "{0} phải là ngày có thật, viết dạng năm-tháng-ngày (2026-09-01).", "{0} must be an existing date, written 2026-09-01."
	case "date-time":
		vi, en = "{0} phải là thời điểm, viết dạng 2026-09-01T08:00:00+07:00.", "{0} must be an instant, written 2026-09-01T08:00:00+07:00."
	case "personal_id":
		vi, en = "{0} phải gồm đúng 12 chữ số.", "{0} must have exactly 12 digits."
	case "commune_code":
		vi, en = "{0} phải gồm đúng 5 chữ số.", "{0} must have exactly 5 digits."
	case "email":
		vi, en = "{0} phải là địa chỉ thư điện tử.", "{0} must be an e-mail address."
	}
	c.add(path, "format", vi, en)
}

// add appends a problem; {0} of its texts is the field's label.
func (c *collector) add(path []string, code, vi, en string, args ...engine.Text) {
	l := c.label(path)
	fill := func(s, label, lang string) string {
		s = strings.ReplaceAll(s, "{0}", label)
		for i, a := range args {
			s = strings.ReplaceAll(s, "{"+strconv.Itoa(i+1)+"}", a.In(lang))
		}
		return s
	}
	p := engine.Problem{Pointer: join(path), Code: code, Detail: engine.Text{VI: fill(vi, l.VI, "vi"), EN: fill(en, l.EN, "en")}}
	if m, ok := lookup(c.root, path, "x-message"); ok && code != "required" && code != "unknown_field" {
		p.Detail = m
	}
	c.out = append(c.out, p)
}

// label is what the form calls a field.
func (c *collector) label(path []string) engine.Text {
	if l, ok := lookup(c.root, path, "x-label"); ok {
		return l
	}
	if len(path) == 0 {
		return engine.Text{VI: "Biểu mẫu", EN: "The form"}
	}
	last := path[len(path)-1]
	if n, err := strconv.Atoi(last); err == nil {
		of := c.label(path[:len(path)-1])
		return engine.Text{VI: fmt.Sprintf("%s, mục %d", of.VI, n+1), EN: fmt.Sprintf("%s, entry %d", of.EN, n+1)}
	}
	return same(last)
}

func same(v any) engine.Text {
	s, ok := v.(string)
	if !ok {
		b, _ := json.Marshal(v)
		s = string(b)
	}
	return engine.Text{VI: s, EN: s}
}

var typeNames = map[string]engine.Text{
	"string": {VI: "chữ", EN: "text"}, "integer": {VI: "số nguyên", EN: "a whole number"},
	"number": {VI: "số", EN: "a number"}, "boolean": {VI: "có hoặc không", EN: "true or false"},
	"object": {VI: "một nhóm mục", EN: "an object"}, "array": {VI: "một danh sách", EN: "a list"},
	"null": {VI: "để trống", EN: "null"},
}

func typeWords(want []string) (vi, en string) {
	var vis, ens []string
	for _, w := range want {
		vis, ens = append(vis, typeNames[w].VI), append(ens, typeNames[w].EN)
	}
	return strings.Join(vis, " hoặc "), strings.Join(ens, " or ")
}

// snake turns camelCase into snake_case.
func snake(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Tokens of a JSON Pointer (RFC 6901).
var (
	toToken   = strings.NewReplacer("~", "~0", "/", "~1")
	fromToken = strings.NewReplacer("~1", "/", "~0", "~")
)

// join writes a JSON Pointer; split reads one.
func join(path []string) string {
	var b strings.Builder
	for _, p := range path {
		b.WriteByte('/')
		b.WriteString(toToken.Replace(p))
	}
	return b.String()
}

func split(pointer string) []string {
	if pointer == "" {
		return nil
	}
	parts := strings.Split(pointer[1:], "/")
	for i, p := range parts {
		parts[i] = fromToken.Replace(p)
	}
	return parts
}

// lookup finds the annotation nearest to the value at a path: on the property
// itself before what it refers to.
func lookup(root any, path []string, key string) (engine.Text, bool) {
	at := expand(root, root, 0)
	for _, step := range path {
		var next []map[string]any
		for _, s := range at {
			for _, sub := range under(s, step) {
				next = append(next, expand(root, sub, 0)...)
			}
		}
		at = next
	}
	for _, s := range at {
		if m, ok := s[key].(map[string]any); ok {
			vi, _ := m["vi"].(string)
			en, _ := m["en"].(string)
			return engine.Text{VI: vi, EN: en}, true
		}
	}
	return engine.Text{}, false
}

// under lists the schemas that a schema applies to one of its value's children.
func under(s map[string]any, step string) []any {
	if props, ok := s["properties"].(map[string]any); ok {
		if p, ok := props[step]; ok {
			return []any{p}
		}
	}
	i, err := strconv.Atoi(step)
	if err != nil {
		return []any{s["additionalProperties"]}
	}
	if pre, ok := s["prefixItems"].([]any); ok && i < len(pre) {
		return []any{pre[i]}
	}
	return []any{s["items"]}
}

// expand lists a schema and what it pulls in for the same value.
func expand(root, s any, depth int) []map[string]any {
	m, ok := s.(map[string]any)
	if !ok || depth > 8 {
		return nil
	}
	out := []map[string]any{m}
	if r, ok := m["$ref"].(string); ok {
		out = append(out, expand(root, resolve(root, r), depth+1)...)
	}
	for _, kw := range []string{"allOf", "anyOf", "oneOf"} {
		l, _ := m[kw].([]any)
		for _, e := range l {
			out = append(out, expand(root, e, depth+1)...)
		}
	}
	for _, kw := range []string{"then", "else"} {
		out = append(out, expand(root, m[kw], depth+1)...)
	}
	return out
}

// resolve follows a local reference.
func resolve(root any, ref string) any {
	pointer, ok := strings.CutPrefix(ref, "#")
	if !ok || pointer != "" && pointer[0] != '/' {
		return nil
	}
	return engine.At(root, split(pointer)...)
}
