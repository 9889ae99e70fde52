package form

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Fields beside the values: which branch of a oneOf, a register's value that is
// disputed with the right value and why, and what a button does.
const (
	suffixOne   = "#one"
	suffixRight = "#right"
	suffixWhy   = "#why"
	// Button is the field of the buttons that add and remove entries: "add:/children",
	// "remove:/children/1".
	Button = "do"
)

// Taken is what a posted page changed beside the values.
type Taken struct {
	Disputed map[string]string // pointer → why, for those that were posted; "" takes the register's value again
	List     string            // a list that grew or shrank: it is asked again
	Removed  int               // the entry that was removed, when List shrank; else -1
}

// Take puts a posted page into the values, in place. Fields that the schema does not
// know are left out.
func (f *Form) Take(value map[string]any, page string, post url.Values) Taken {
	t := Taken{Disputed: map[string]string{}, Removed: -1}
	top := Top(page)
	list := func(at string) bool { return f.typeAt(at) == "array" }
	names := make([]string, 0, len(post))
	for name := range post {
		names = append(names, name)
	}
	slices.SortFunc(names, byEntry)
	for _, name := range names {
		pointer, suffix, _ := strings.Cut(name, "#")
		if !strings.HasPrefix(pointer, "/") && pointer != "" || !Under(pointer, top) || pointer == "" && suffix == "" {
			continue
		}
		text := last(post[name])
		switch "#" + suffix {
		case "#":
			if kind, ok := f.kindAt(pointer); ok {
				put(value, Split(pointer), "", Read(kind, text), list)
			}
		case suffixOne:
			f.takeBranch(value, pointer, text)
		case suffixRight:
			if kind, ok := f.kindAt(pointer); ok && text != "" {
				put(value, Split(pointer), "", Read(kind, text), list)
			}
		case suffixWhy:
			if _, ok := f.kindAt(pointer); ok {
				t.Disputed[pointer] = strings.TrimSpace(text)
			}
		}
	}
	f.takeButton(value, top, post.Get(Button), &t)
	return t
}

func last(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1]
}

// byEntry orders names so that entries of lists come in their order.
func byEntry(a, b string) int {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	for i := 0; i < len(x) && i < len(y); i++ {
		if x[i] == y[i] {
			continue
		}
		m, err1 := strconv.Atoi(x[i])
		n, err2 := strconv.Atoi(y[i])
		if err1 == nil && err2 == nil {
			return m - n
		}
		return strings.Compare(x[i], y[i])
	}
	return len(x) - len(y)
}

// takeBranch switches a oneOf to the branch that begins with a property.
func (f *Form) takeBranch(value map[string]any, pointer, head string) {
	node, ok := Get(value, pointer).(map[string]any)
	if !ok {
		if Get(value, pointer) != nil {
			return
		}
		node = map[string]any{}
		put(value, Split(pointer), "", node, func(at string) bool { return f.typeAt(at) == "array" })
	}
	for _, o := range f.schemasAt(pointer) {
		list := branches(o, "oneOf")
		if !slices.ContainsFunc(list, func(b []string) bool { return b[0] == head }) {
			continue
		}
		for _, names := range list {
			if names[0] == head {
				if _, has := node[head]; !has && f.typeAt(pointer+"/"+escape(head)) == "object" {
					node[head] = map[string]any{}
				}
				continue
			}
			for _, name := range names {
				delete(node, name)
			}
		}
	}
}

// takeButton adds or removes an entry of a list.
func (f *Form) takeButton(value map[string]any, top, button string, t *Taken) {
	what, pointer, _ := strings.Cut(button, ":")
	if !Under(pointer, top) || pointer == "" {
		return
	}
	list := func(at string) bool { return f.typeAt(at) == "array" }
	switch what {
	case "add":
		if f.typeAt(pointer) != "array" {
			return
		}
		entries, _ := Get(value, pointer).([]any)
		if len(entries) >= longest {
			return
		}
		var fresh any = ""
		if f.typeAt(pointer+"/0") == "object" {
			fresh = map[string]any{}
		}
		put(value, Split(pointer), "", append(entries, fresh), list)
		t.List = pointer
	case "remove":
		i := strings.LastIndexByte(pointer, '/')
		n, err := strconv.Atoi(pointer[i+1:])
		entries, ok := Get(value, pointer[:i]).([]any)
		if err != nil || !ok || n < 0 || n >= len(entries) {
			return
		}
		rest := slices.Delete(slices.Clone(entries), n, n+1)
		var left any = rest
		if len(rest) == 0 {
			left = nil
		}
		put(value, Split(pointer[:i]), "", left, list)
		t.List, t.Removed = pointer[:i], n
	}
}

// schemasAt are the schemas that may hold at a pointer, whatever the values.
func (f *Form) schemasAt(pointer string) []*object {
	at := f.all([]*object{f.root})
	for _, key := range Split(pointer) {
		var next []*object
		_, err := strconv.Atoi(key)
		for _, o := range at {
			if props := o.obj("properties"); props != nil && props.obj(key) != nil {
				next = append(next, props.obj(key))
			} else if items := o.obj("items"); err == nil && items != nil {
				next = append(next, items)
			}
		}
		at = f.all(next)
	}
	return at
}

// typeAt is the type at a pointer; "" when no schema names it.
func (f *Form) typeAt(pointer string) string {
	l := f.schemasAt(pointer)
	if len(l) == 0 {
		return ""
	}
	return typeOf(l)
}

// kindAt is the kind of the question at a pointer; false for groups, lists and
// what the form does not have.
func (f *Form) kindAt(pointer string) (Kind, bool) {
	l := f.schemasAt(pointer)
	if len(l) == 0 {
		return "", false
	}
	switch typeOf(l) {
	case "object", "array":
		return "", false
	}
	return kindOf(l), true
}

// Kind is the kind of the question at a pointer; "" for groups, lists and what the
// form does not have.
func (f *Form) Kind(pointer string) Kind {
	k, _ := f.kindAt(pointer)
	return k
}

// Label is what the form calls the value at a pointer.
func (f *Form) Label(pointer string) Text { return firstText(f.schemasAt(pointer), "x-label") }
