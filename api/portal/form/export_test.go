package form

// Everything visits every question that the form may ask under any values, once,
// with a pointer whose list entries are 0.
func (f *Form) Everything(visit func(pointer string, q *Question)) {
	f.everything("", []*object{f.root}, Text{}, visit)
}

func (f *Form) everything(pointer string, schemas []*object, label Text, visit func(string, *Question)) {
	l := f.all(schemas)
	q := &Question{Pointer: pointer, Label: firstText(l, "x-label")}
	if q.Label == (Text{}) {
		q.Label = label
	}
	switch typeOf(l) {
	case "object":
		q.Kind = Group
		visit(pointer, q)
		props, order := map[string][]*object{}, []string{}
		for _, o := range l {
			p := o.obj("properties")
			if p == nil {
				continue
			}
			for _, name := range p.keys {
				if sub := p.obj(name); sub != nil {
					if props[name] == nil {
						order = append(order, name)
					}
					props[name] = append(props[name], sub)
				}
			}
		}
		for _, name := range order {
			f.everything(pointer+"/"+escape(name), props[name], Text{}, visit)
		}
	case "array":
		q.Kind = List
		visit(pointer, q)
		if items, ok := first[*object](l, "items"); ok {
			f.everything(pointer+"/0", []*object{items}, q.Label, visit)
		}
	default:
		q.Kind, q.Options = kindOf(l), optionsOf(l, nil)
		visit(pointer, q)
	}
}
