package form

import (
	"maps"
	"slices"
)

// Like proposes, in place, what was answered in one place for another (x-like names it by
// pointer), when an answer to the first is new: where nothing stands, or only what was
// proposed before, by the first or by a register. known are the registers' values.
func (f *Form) Like(before, value map[string]any, known map[string]any) {
	likes := map[string]string{}
	f.likes("", []*object{f.root}, likes, 0)
	list := func(at string) bool { return f.typeAt(at) == "array" }
	for _, at := range slices.Sorted(maps.Keys(likes)) {
		was, now, here := Get(before, likes[at]), Get(value, likes[at]), Get(value, at)
		if blank(now) || equal(was, now) {
			continue
		}
		if blank(here) || equal(here, was) || proposed(at, here, known) {
			put(value, Split(at), "", clone(now), list)
		}
	}
}

// likes collects what is proposed from elsewhere; entries of lists are not.
func (f *Form) likes(at string, schemas []*object, out map[string]string, depth int) {
	all := f.all(schemas)
	if first, ok := first[string](all, "x-like"); ok {
		out[at] = first
	}
	for _, o := range all {
		props := o.obj("properties")
		if props == nil || depth > 8 {
			continue
		}
		for _, name := range props.keys {
			f.likes(at+"/"+escape(name), []*object{props.obj(name)}, out, depth+1)
		}
	}
}

// proposed tells whether all that stands at a pointer is as the registers have it.
func proposed(at string, v any, known map[string]any) bool {
	m, ok := v.(map[string]any)
	if !ok {
		return equal(known[at], v)
	}
	for k, e := range m {
		if !proposed(at+"/"+escape(k), e, known) {
			return false
		}
	}
	return true
}
