package form

import "strings"

// Describe gives words to a schema that was written for machines: property names a
// member by its path from the root (household.id; lists add nothing), value a word of
// an enum. Either says false where it knows none, and what the schema says itself
// stays. A commune is then chosen from the list of communes. A member of which the
// schema only says that it is an object cannot be asked, and is taken out.
func (f *Form) Describe(property, value func(string) (Text, bool)) {
	describe(f.root, "", property, value)
}

func describe(v any, path string, property, value func(string) (Text, bool)) {
	o, ok := v.(*object)
	if !ok {
		if list, ok := v.([]any); ok { // of allOf and its like
			for _, e := range list {
				describe(e, path, property, value)
			}
		}
		return
	}
	labels := &object{values: map[string]any{}}
	for _, w := range o.words("enum") {
		if t, ok := value(w); ok {
			labels.add(w, t.object())
		}
	}
	if len(labels.keys) > 0 {
		o.add("x-enum-labels", labels)
	}
	for _, key := range o.keys {
		if key != "properties" {
			describe(o.values[key], path, property, value)
		}
	}
	props := o.obj("properties")
	if props == nil {
		return
	}
	for _, name := range props.keys {
		p := props.obj(name)
		if p == nil {
			continue
		}
		at := strings.TrimPrefix(path+"."+name, ".")
		describe(p, at, property, value)
		if t, ok := property(at); ok {
			p.add("x-label", t.object())
		}
		switch kind := typeOf([]*object{p}); {
		case kind == "string" && strings.HasSuffix(name, string(Commune)):
			p.add("x-input", string(Commune))
		case kind == "string" && name == string(Province):
			p.add("x-input", string(Province))
		case kind == "object" && p.obj("properties") == nil && p.values["$ref"] == nil:
			props.values[name] = false
		}
	}
}

// add puts a member into an object that has none of this name.
func (o *object) add(key string, v any) {
	if _, has := o.values[key]; !has {
		o.keys, o.values[key] = append(o.keys, key), v
	}
}

// object is a text as an annotation.
func (t Text) object() *object {
	return &object{keys: []string{"vi", "en"}, values: map[string]any{"vi": t.VI, "en": t.EN}}
}
