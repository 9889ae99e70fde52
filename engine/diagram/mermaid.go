package diagram

import (
	"strconv"
	"strings"

	"lienthong/engine"
)

// mermaidText escapes a label for a quoted string of Mermaid, which knows no
// backslash but entities that begin with #.
var mermaidEscaper = strings.NewReplacer(
	"#", "#35;", "&", "#amp;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "`", "#96;", ";", "#59;", `\`, "#92;", "%%", "#37;#37;",
)

func mermaidText(s string) string {
	s = clean(s)
	if s == "" {
		return " "
	}
	return mermaidEscaper.Replace(s)
}

// names gives every node an identifier that the text formats accept: its id in
// plain letters, with a prefix (so that no keyword is hit) and, where two would be
// equal, its number.
func (g *Graph) names() []string {
	out := make([]string, len(g.Nodes))
	seen := map[string]bool{}
	for i, n := range g.Nodes {
		id := "n_" + strings.Map(func(r rune) rune {
			if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
				return r
			}
			return '_'
		}, n.ID)
		if seen[id] || len(id) > 80 {
			id = "n" + strconv.Itoa(i)
		}
		seen[id], out[i] = true, id
	}
	return out
}

// Mermaid writes the graph as a Mermaid flowchart: lanes are subgraphs, a dot marks
// the initial state, double boxes the final ones, classes the painted case.
func (g Graph) Mermaid() string {
	var b strings.Builder
	names := g.names()
	b.WriteString("flowchart LR\n")
	b.WriteString("  accTitle: " + mermaidLine(g.Title) + "\n")
	for i, l := range g.Lanes {
		b.WriteString("  subgraph lane" + strconv.Itoa(i) + `["` + mermaidText(l.Title) + "\"]\n")
		for k, n := range g.Nodes {
			if n.Lane == i {
				b.WriteString("    " + names[k] + mermaidBox(n) + "\n")
			}
		}
		b.WriteString("  end\n")
	}
	for k, n := range g.Nodes {
		if n.Initial {
			b.WriteString("  initial(( )):::initial --> " + names[k] + "\n")
		}
	}
	for _, e := range g.Edges {
		b.WriteString("  " + names[e.From] + " " + mermaidArrow(e) + " " + names[e.To] + "\n")
	}
	b.WriteString("  classDef initial fill:#3a3a3a,stroke:#3a3a3a\n")
	b.WriteString(g.mermaidClasses(names))
	return b.String()
}

// mermaidLine is a text for a statement that ends with the line.
func mermaidLine(s string) string {
	return strings.NewReplacer("#", "", ";", ",", "%%", "%", "{", "(", "}", ")").Replace(clean(s))
}

// mermaidBox is a node's shape with its label and notes.
func mermaidBox(n Node) string {
	text := mermaidText(n.Label)
	for _, note := range n.Notes {
		text += "<br>" + mermaidText(note.Text)
	}
	open, shut := `["`, `"]`
	switch {
	case n.Final != engine.FinalNone:
		open, shut = `[["`, `"]]`
	case n.Kind == KindFiling || n.Kind == KindResults:
		open, shut = `(["`, `"])`
	}
	return open + text + shut
}

func mermaidArrow(e Edge) string {
	arrow := "-->"
	if e.Optional {
		arrow = "-.->"
	}
	if clean(e.Label) == "" {
		return arrow
	}
	return arrow + `|"` + mermaidText(e.Label) + `"|`
}

// mermaidClasses assigns the marks of a painted graph.
func (g *Graph) mermaidClasses(names []string) string {
	styles := []struct {
		mark  Mark
		style string
	}{
		{Done, "fill:#e6f4e7,stroke:#2e7d32,color:#1b5e20"},
		{Current, "fill:#8b1a1a,stroke:#e3a008,stroke-width:3px,color:#fff"},
		{Struck, "fill:#f1f1f1,stroke:#a9a9a9,color:#6f6f6f,text-decoration:line-through"},
		{Kept, "fill:#e8f1fc,stroke:#0b4f9c,stroke-width:3px"},
		{Now, "fill:#fdf0e3,stroke:#a13d00,stroke-width:3px,stroke-dasharray:8 4"},
		{Both, "fill:#f4ecfa,stroke:#6a1b9a,stroke-width:3px,stroke-dasharray:12 3 2 3"},
	}
	var b strings.Builder
	for _, s := range styles {
		var in []string
		for k, n := range g.Nodes {
			if n.Mark == s.mark {
				in = append(in, names[k])
			}
		}
		if len(in) > 0 {
			b.WriteString("  classDef " + string(s.mark) + " " + s.style + "\n  class " + strings.Join(in, ",") + " " + string(s.mark) + "\n")
		}
	}
	return b.String()
}
