package form

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Answer is what the values say when only what is asked counts: members that a
// condition rules out are gone, optional groups without content too, what is fixed
// is there, and a required group is there even when it is empty, so that a check
// names its fields and not the group.
func (f *Form) Answer(value map[string]any) map[string]any { return f.settle(value, false) }

// settle is Answer; blanks keeps entries of lists that nobody has filled in yet.
func (f *Form) settle(value map[string]any, blanks bool) map[string]any {
	now, _ := clone(value).(map[string]any)
	if now == nil {
		now = map[string]any{}
	}
	// What goes may decide a condition elsewhere; a few rounds settle it.
	for range 8 {
		next, _ := pruner{f, blanks}.prune([]*object{f.root}, now, true).(map[string]any)
		if next == nil {
			next = map[string]any{}
		}
		if reflect.DeepEqual(next, now) {
			break
		}
		now = next
	}
	return now
}

type pruner struct {
	*Form
	blanks bool
}

// prune is a value without what is not asked; nil when nothing is left of it.
func (f pruner) prune(schemas []*object, value any, required bool) any {
	l := f.layers(schemas, value)
	if v, fixed := constOf(l); fixed && required {
		return plain(v)
	}
	switch typeOf(l) {
	case "object":
		v, ok := value.(map[string]any)
		if !ok && value != nil {
			return value // a value of the wrong type: the check says so
		}
		if out := f.pruneObject(l, v); len(out) > 0 || required {
			return out
		}
		return nil
	case "array":
		list, ok := value.([]any)
		if !ok && value != nil {
			return value
		}
		return f.pruneList(l, list, required)
	}
	return value
}

func (f pruner) pruneObject(l []*object, value map[string]any) map[string]any {
	s := f.shapeOf(l, value)
	out := map[string]any{}
	for _, name := range s.names {
		if v := f.prune(s.props[name], value[name], s.required[name]); v != nil {
			out[name] = v
		}
	}
	if !s.open {
		return out
	}
	for k, v := range value { // members that no schema names
		if named := f.named(l, k); !named {
			out[k] = v
		}
	}
	return out
}

func (f *Form) named(l []*object, name string) bool {
	for _, o := range f.all(l) {
		if props := o.obj("properties"); props != nil {
			if _, ok := props.values[name]; ok {
				return true
			}
		}
	}
	return false
}

// pruneList keeps entries, empty ones only as far as the list needs them.
func (f pruner) pruneList(l []*object, list []any, required bool) any {
	items, _ := first[*object](l, "items")
	if items == nil {
		if len(list) == 0 {
			return nil
		}
		return list
	}
	least := leastOf(l)
	var out []any
	for _, e := range list {
		if blank(e) && !f.blanks && len(out) >= least {
			continue
		}
		out = append(out, f.prune([]*object{items}, e, true))
	}
	for required && len(out) < least {
		out = append(out, f.prune([]*object{items}, nil, true))
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// leastOf is how many entries a list needs.
func leastOf(l []*object) int {
	least := 0
	for _, o := range l {
		least = max(least, o.number("minItems"))
	}
	return least
}

// Tidy removes entries of lists that nobody filled in, at and below one property of
// the top, in place. It tells what it removed, so that what is kept beside the
// values under pointers can move along.
func (f *Form) Tidy(value map[string]any, page string) []Taken {
	var out []Taken
	list := func(at string) bool { return f.typeAt(at) == "array" }
	var walk func(at string)
	walk = func(at string) {
		switch x := Get(value, at).(type) {
		case map[string]any:
			for k := range x {
				walk(at + "/" + escape(k))
			}
		case []any:
			least := leastOf(f.schemasAt(at))
			for i := len(x) - 1; i >= 0; i-- {
				walk(at + "/" + strconv.Itoa(i))
				if !blank(x[i]) || len(x) <= least {
					continue
				}
				x = slices.Delete(x, i, i+1)
				out = append(out, Taken{List: at, Removed: i})
			}
			var left any = x
			if len(x) == 0 {
				left = nil
			}
			put(value, Split(at), "", left, list)
		}
	}
	walk(Top(page))
	return out
}

// Provinces sets, in place, the province beside every commune whose form wants it.
func (f *Form) Provinces(value map[string]any, of func(commune string) string) {
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch x := v.(type) {
		case map[string]any:
			for k, e := range x {
				walk(at+"/"+escape(k), e)
			}
			commune, _ := x["commune"].(string)
			if kind, ok := f.kindAt(at + "/province"); ok && kind == Province && commune != "" {
				if p := of(commune); p != "" {
					x["province"] = p
				}
			}
		case []any:
			for i, e := range x {
				walk(at+"/"+strconv.Itoa(i), e)
			}
		}
	}
	walk("", value)
}

// Shift moves what stands under pointers into a list after one of its entries was
// removed: what belonged to it goes, what came after moves up.
func Shift[V any](m map[string]V, list string, removed int) {
	moved := map[string]V{}
	for pointer, v := range m {
		if !Under(pointer, list) || pointer == list {
			continue
		}
		rest := pointer[len(list)+1:]
		key, below := rest, ""
		for i := range rest {
			if rest[i] == '/' {
				key, below = rest[:i], rest[i:]
				break
			}
		}
		i, err := strconv.Atoi(key)
		if err != nil || i < removed {
			continue
		}
		delete(m, pointer)
		if i > removed {
			moved[list+"/"+strconv.Itoa(i-1)+below] = v
		}
	}
	for pointer, v := range moved {
		m[pointer] = v
	}
}

// blank tells whether nobody wrote anything in a value.
func blank(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return x == ""
	case map[string]any:
		for _, e := range x {
			if !blank(e) {
				return false
			}
		}
		return true
	case []any:
		for _, e := range x {
			if !blank(e) {
				return false
			}
		}
		return true
	}
	return false
}

// plain turns a schema's own value into one to send.
func plain(v any) any {
	switch x := v.(type) {
	case *object:
		out := map[string]any{}
		for k, e := range x.values {
			out[k] = plain(e)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = plain(e)
		}
		return out
	}
	return v
}

// Follow keeps proposals true that hold only beside others (x-goes-with names the
// property beside it), in place, at and below one property of the top: when one of those
// was answered otherwise than the register has it, the register's values that stand here
// unchanged go; when it is again as the register has it and was not before, they come
// back where nothing else was answered. known are the register's values by pointer.
func (f *Form) Follow(before, value map[string]any, page string, known map[string]any) {
	list := func(at string) bool { return f.typeAt(at) == "array" }
	set := func(at string, v any) { put(value, Split(at), "", v, list) }
	for _, at := range slices.Sorted(maps.Keys(known)) {
		if !Under(at, Top(page)) {
			continue
		}
		gone, back := false, false
		for _, t := range f.goesWith(at) {
			proposed, ok := known[t.beside]
			if now := Get(value, t.beside); !ok || blank(now) {
				continue
			} else if !equal(now, proposed) {
				gone = true
			} else if !equal(Get(before, t.beside), proposed) && blank(Get(before, t.group)) {
				back = true
			}
		}
		switch {
		case gone && equal(Get(value, at), known[at]):
			set(at, nil)
		case back && !gone:
			set(at, known[at])
		}
	}
}

// tie binds a property to the one beside it that its value holds with.
type tie struct{ group, beside string }

// goesWith are the ties of a pointer and of what it stands in.
func (f *Form) goesWith(pointer string) []tie {
	var out []tie
	for at := pointer; at != ""; {
		up := at[:strings.LastIndex(at, "/")]
		if name, ok := first[string](f.schemasAt(at), "x-goes-with"); ok {
			out = append(out, tie{at, up + "/" + escape(name)})
		}
		at = up
	}
	return out
}
