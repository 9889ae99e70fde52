package diagram

import (
	"strconv"
	"strings"

	"lienthong/engine"
)

// dotText quotes a label for Graphviz, where a backslash and an ampersand have a
// meaning inside quotes.
func dotText(lines ...string) string {
	r := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;")
	for i := range lines {
		lines[i] = r.Replace(clean(lines[i]))
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}

// DOT writes the graph for Graphviz: lanes are clusters, a point marks the initial
// state, double borders the final ones, colours the painted case.
func (g Graph) DOT() string {
	var b strings.Builder
	names := g.names()
	b.WriteString("digraph {\n  rankdir=LR\n  label=" + dotText(g.Title) + "\n")
	b.WriteString(`  graph [fontname="Be Vietnam Pro,Segoe UI,sans-serif"]` + "\n")
	b.WriteString(`  node [shape=box style="rounded,filled" fillcolor=white color="#8a8a8a" fontname="Be Vietnam Pro,Segoe UI,sans-serif"]` + "\n")
	b.WriteString(`  edge [color="#8a8a8a" fontsize=10 fontname="Be Vietnam Pro,Segoe UI,sans-serif"]` + "\n")
	for i, l := range g.Lanes {
		b.WriteString("  subgraph cluster_" + strconv.Itoa(i) + " {\n    label=" + dotText(l.Title) + "\n")
		for k, n := range g.Nodes {
			if n.Lane == i {
				b.WriteString("    " + names[k] + " [" + dotBox(n) + "]\n")
			}
		}
		b.WriteString("  }\n")
	}
	for k, n := range g.Nodes {
		if n.Initial {
			b.WriteString("  initial [shape=point width=0.15 label=\"\"]\n  initial -> " + names[k] + "\n")
		}
	}
	for _, e := range g.Edges {
		b.WriteString("  " + names[e.From] + " -> " + names[e.To] + dotEdge(e) + "\n")
	}
	b.WriteString("}\n")
	return b.String()
}

// dotBox is the attributes of a node.
func dotBox(n Node) string {
	lines := []string{n.Label}
	for _, note := range n.Notes {
		lines = append(lines, note.Text)
	}
	s := "label=" + dotText(lines...)
	if n.Final != engine.FinalNone {
		s += " peripheries=2"
	}
	switch n.Mark {
	case Done:
		s += ` fillcolor="#e6f4e7" color="#2e7d32"`
	case Current:
		s += ` fillcolor="#8b1a1a" color="#e3a008" fontcolor=white penwidth=2`
	case Struck:
		s += ` fillcolor="#f1f1f1" color="#a9a9a9" fontcolor="#6f6f6f" style="rounded,filled,dashed"`
	case Kept:
		s += ` fillcolor="#e8f1fc" color="#0b4f9c" penwidth=2`
	case Now:
		s += ` fillcolor="#fdf0e3" color="#a13d00" penwidth=2 style="rounded,filled,dashed"`
	case Both:
		s += ` fillcolor="#f4ecfa" color="#6a1b9a" penwidth=2 style="rounded,filled,dotted"`
	}
	return s
}

// dotEdge is the attributes of an edge, with their brackets.
func dotEdge(e Edge) string {
	var a []string
	if clean(e.Label) != "" {
		a = append(a, "label="+dotText(e.Label))
	}
	if e.Optional {
		a = append(a, "style=dashed")
	}
	if e.Mark == Done {
		a = append(a, `color="#2e7d32"`, "penwidth=1.6")
	}
	switch e.Mark {
	case Kept:
		a = append(a, `color="#0b4f9c"`, "penwidth=2.5")
	case Now:
		a = append(a, `color="#a13d00"`, "penwidth=2.5", "style=dashed")
	case Both:
		a = append(a, `color="#6a1b9a"`, "penwidth=2.5", "style=dotted")
	}
	if len(a) == 0 {
		return ""
	}
	return " [" + strings.Join(a, " ") + "]"
}
