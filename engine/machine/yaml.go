package machine

// YAML is one value of a YAML file with its place, for the other kinds of file
// that stand beside the definitions. Line and Column count from 1.
type YAML struct {
	File   string
	Line   int
	Column int
	Kind   string  // map, list, text, number, truth or nothing
	Text   string  // a scalar as written, unquoted
	Value  any     // nil, bool, int64, float64, string, []any or map[string]any
	Keys   []*YAML // of a map, in the order of the file
	Items  []*YAML // a map's values, a list's elements
}

// Get returns the value of a map's key, or nil.
func (y *YAML) Get(key string) *YAML {
	if y == nil {
		return nil
	}
	for i, k := range y.Keys {
		if k.Text == key {
			return y.Items[i]
		}
	}
	return nil
}

// ReadYAML reads a file of one document under the bounds of a definition file: no
// anchors, aliases or tags, at most 1 MiB. It returns nil and what is wrong, or
// the document.
func ReadYAML(file string, data []byte) (*YAML, []Finding) {
	r := &report{}
	doc := parseFile(r, file, data)
	if doc == nil {
		return nil, r.sorted()
	}
	return doc.open(), nil
}

var openKinds = map[kind]string{nullKind: "nothing", boolKind: "truth", intKind: "number", floatKind: "number",
	stringKind: "text", listKind: "list", mapKind: "map"}

func (n *node) open() *YAML {
	y := &YAML{File: n.file, Line: n.line, Column: n.col, Kind: openKinds[n.kind], Text: n.text, Value: n.value()}
	for _, k := range n.keys {
		y.Keys = append(y.Keys, k.open())
	}
	for _, e := range n.items {
		y.Items = append(y.Items, e.open())
	}
	return y
}

// Nearest is the allowed word closest to a misspelt one; "" when none is close.
func Nearest(word string, among []string) string {
	if best := nearest(word, among); best != "–" {
		return best
	}
	return ""
}
