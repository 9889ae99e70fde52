package diagram_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lienthong/engine"
	"lienthong/engine/diagram"
)

var update = flag.Bool("update", false, "write the golden files")

// pictures are the graphs kept in testdata.
func pictures() map[string]diagram.Graph {
	vi := diagram.Options{Lang: "vi", Agencies: agencies}
	with := func(change func(*diagram.Options)) diagram.Options {
		o := vi
		change(&o)
		return o
	}
	return map[string]diagram.Graph{
		"service":           diagram.Service(birthService(), vi),
		"service-en":        diagram.Service(birthService(), with(func(o *diagram.Options) { o.Lang = "en" })),
		"service-painted":   diagram.Service(birthService(), with(func(o *diagram.Options) { o.Case = birthCase() })),
		"detail":            diagram.Service(birthService(), with(func(o *diagram.Options) { o.Detail = true })),
		"detail-painted":    diagram.Service(birthService(), with(func(o *diagram.Options) { o.Detail, o.Case = true, birthCase() })),
		"procedure":         diagram.Procedure(birthProcedure(), vi),
		"procedure-painted": diagram.Procedure(birthProcedure(), with(func(o *diagram.Options) { o.Case = midBirth() })),
		"procedure-en":      diagram.Procedure(birthProcedure(), with(func(o *diagram.Options) { o.Lang = "en" })),
		"residence":         diagram.Procedure(birthService().Steps[1].Procedure, vi),
	}
}

func TestGolden(t *testing.T) {
	for name, g := range pictures() {
		golden(t, name+".svg", g.SVG())
		golden(t, name+".mmd", []byte(g.Mermaid()))
		golden(t, name+".dot", []byte(g.DOT()))
	}
}

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from the golden file; look at it and run go test -update", name)
	}
}

func TestSameBytesEveryTime(t *testing.T) {
	first := pictures()
	for range 5 {
		for name, g := range pictures() {
			f := first[name]
			if !bytes.Equal(g.SVG(), f.SVG()) || g.Mermaid() != f.Mermaid() || g.DOT() != f.DOT() {
				t.Errorf("%s differs from run to run", name)
			}
		}
	}
}

// Every state is one node, every transition one edge, in the graph and in the text
// formats.
func TestEveryTransitionOnce(t *testing.T) {
	p := birthProcedure()
	g := diagram.Procedure(p, diagram.Options{})
	want := map[string]int{}
	for _, a := range p.Actions {
		for _, from := range a.From {
			for _, to := range a.To {
				want[a.ID+" "+from+" "+to.State]++
			}
		}
	}
	got := map[string]int{}
	for _, e := range g.Edges {
		got[e.Action+" "+g.Nodes[e.From].ID+" "+g.Nodes[e.To].ID]++
	}
	if !maps.Equal(got, want) {
		t.Errorf("edges are\n%v, want\n%v", got, want)
	}
	if len(g.Nodes) != len(p.States) {
		t.Errorf("%d nodes, want %d", len(g.Nodes), len(p.States))
	}
	// One arrow more than transitions: the one from the dot to the initial state.
	if n := strings.Count(g.Mermaid(), "-->"); n != len(want)+1 {
		t.Errorf("Mermaid has %d arrows, want %d", n, len(want)+1)
	}
	if n := strings.Count(g.DOT(), " -> "); n != len(want)+1 {
		t.Errorf("DOT has %d arrows, want %d", n, len(want)+1)
	}
}

// An action without a target leaves the state as it is: an edge from the state to
// itself, and a line in its box.
func TestStayingAction(t *testing.T) {
	g := diagram.Procedure(birthService().Steps[1].Procedure, diagram.Options{Lang: "en"})
	i := slices.IndexFunc(g.Edges, func(e diagram.Edge) bool { return e.Action == "note" })
	if i < 0 || g.Edges[i].From != g.Edges[i].To {
		t.Fatal("the action is no edge from its state to itself")
	}
	if notes := g.Nodes[g.Edges[i].From].Notes; len(notes) != 1 || notes[0] != (diagram.Note{Kind: diagram.NoteStay, Text: "Note"}) {
		t.Errorf("notes are %v", notes)
	}
}

func TestLanes(t *testing.T) {
	g := diagram.Procedure(birthProcedure(), diagram.Options{Lang: "en"})
	lanes := map[string]string{}
	for _, n := range g.Nodes {
		lanes[n.ID] = g.Lanes[n.Lane].ID
	}
	for id, want := range map[string]string{
		"submitted": "civil_status", "supplement": diagram.CitizenLane, "confirming": diagram.CitizenLane,
		"assigning": "civil_status", "registered": "civil_status", "refused": diagram.EndedLane,
	} {
		if lanes[id] != want {
			t.Errorf("%s stands in %s, want %s", id, lanes[id], want)
		}
	}
	if g.Lanes[0].ID != diagram.CitizenLane || g.Lanes[1].Title != "civil_status" || g.Lanes[2].ID != diagram.EndedLane {
		t.Errorf("lanes are %v", g.Lanes)
	}
}

// hostile are labels that break formats which do not escape.
var hostile = []string{
	`"quoted" 'single' \back\slash`, "<script>alert(1)</script>", "a & b &amp; c &#x41;", "]] > --> | [x] {y} (z)",
	"line\nbreak\r\ttab", strings.Repeat("rất dài ", 200), strings.Repeat("x", 5000), "", "  ", "end", "#quot; %%{init: {}}%% ; style a:#b",
	"control \x00\x1b\ufffe \xff\xfe", "a\u0301 combining", "日本語 😀 \u202eabc", "`md` **b** $x$", "]]>", "%s %d %!",
}

// hostileProcedure puts a label everywhere that a label may stand.
func hostileProcedure(label string) *engine.Procedure {
	p := birthProcedure()
	text := tx(label, label)
	p.Title, p.Agency, p.Code = text, label, label
	for _, s := range p.States {
		s.Title = text
		if s.Request != nil {
			s.Request.Registry = label
		}
		if s.Result != nil {
			s.Result.Title = text
		}
	}
	for _, a := range p.Actions {
		a.Title = text
	}
	p.Actions = append(p.Actions, &engine.Action{ID: label, From: []string{"received"}})
	return p
}

func hostileService(label string) *engine.Service {
	s := birthService()
	s.Title, s.Code = tx(label, label), label
	for _, st := range s.Steps {
		st.Title, st.Procedure = tx(label, label), hostileProcedure(label)
	}
	return s
}

func TestHostileLabels(t *testing.T) {
	for _, label := range hostile {
		opt := diagram.Options{Case: birthCase(), Agencies: map[string]engine.Text{label: tx(label, label)}}
		detail := opt
		detail.Detail = true
		for _, g := range []diagram.Graph{
			diagram.Procedure(hostileProcedure(label), opt), diagram.Service(hostileService(label), opt), diagram.Service(hostileService(label), detail),
		} {
			svg := g.SVG()
			wellFormed(t, label, svg)
			if bytes.Contains(svg, []byte("<script")) {
				t.Errorf("%.20q: markup came through", label)
			}
			mermaidSafe(t, label, g.Mermaid())
			dotSafe(t, label, g.DOT())
			for _, f := range diagram.Flaws(g) {
				if f.Kind != diagram.LabelOverBox && f.Kind != diagram.LabelOverLabel {
					t.Errorf("%.20q: %s: %.60s", label, f.Kind, f.Text)
				}
			}
		}
	}
}

func wellFormed(t *testing.T, label string, svg []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%.20q: %v", label, err)
		}
	}
}

// mermaidSafe checks that quotes come in pairs on every line and that nothing
// between them could end the text or begin a comment.
func mermaidSafe(t *testing.T, label, s string) {
	t.Helper()
	for line := range strings.Lines(s) {
		if strings.HasPrefix(line, "  accTitle") {
			continue
		}
		parts := strings.Split(line, `"`)
		if len(parts)%2 == 0 {
			t.Fatalf("%.20q: odd quotes in %.80q", label, line)
		}
		for i := 1; i < len(parts); i += 2 {
			if text := strings.ReplaceAll(parts[i], "<br>", ""); strings.ContainsAny(text, "<>`\\") || strings.Contains(text, "%%") {
				t.Fatalf("%.20q: unescaped text %.80q", label, text)
			}
		}
	}
}

// dotSafe checks that every quoted string ends on its line.
func dotSafe(t *testing.T, label, s string) {
	t.Helper()
	for line := range strings.Lines(s) {
		bare := strings.NewReplacer(`\\`, "", `\"`, "").Replace(line)
		if strings.Count(bare, `"`)%2 != 0 {
			t.Fatalf("%.20q: odd quotes in %.80q", label, line)
		}
	}
}

// A definition with next to nothing in it is drawn, too.
func TestNearlyEmpty(t *testing.T) {
	for _, c := range []*engine.Case{nil, {}, birthCase()} {
		for _, detail := range []bool{false, true} {
			opt := diagram.Options{Case: c, Detail: detail}
			for _, g := range []diagram.Graph{
				diagram.Procedure(&engine.Procedure{}, opt),
				diagram.Service(&engine.Service{}, opt),
				diagram.Service(&engine.Service{Steps: []*engine.Step{{ID: "birth"}, {ID: "b", Procedure: &engine.Procedure{}, Needs: []engine.Need{{Step: "nobody"}}}}}, opt),
				{},
			} {
				wellFormed(t, g.Title, g.SVG())
				_ = g.Mermaid() + g.DOT()
			}
		}
	}
}

// In Vietnamese and English the same is drawn, in other words.
func TestLanguages(t *testing.T) {
	vi := string(diagram.Service(birthService(), diagram.Options{Lang: "vi"}).SVG())
	en := string(diagram.Service(birthService(), diagram.Options{Lang: "en"}).SVG())
	for text, in := range map[string]string{"Công dân": vi, `lang="vi"`: vi, "Citizen": en, `lang="en"`: en, "3 working days": en} {
		if !strings.Contains(in, text) {
			t.Errorf("%q is missing", text)
		}
	}
	if strings.Contains(en, "Nộp") {
		t.Error("the English picture speaks Vietnamese")
	}
}

func BenchmarkServiceSVG(b *testing.B) {
	s, opt := birthService(), diagram.Options{Agencies: agencies, Case: birthCase()}
	for b.Loop() {
		_ = diagram.Service(s, opt).SVG()
	}
}

func BenchmarkDetailSVG(b *testing.B) {
	s, opt := birthService(), diagram.Options{Agencies: agencies, Detail: true}
	for b.Loop() {
		_ = diagram.Service(s, opt).SVG()
	}
}

func BenchmarkProcedureSVG(b *testing.B) {
	p, opt := birthProcedure(), diagram.Options{Agencies: agencies}
	for b.Loop() {
		_ = diagram.Procedure(p, opt).SVG()
	}
}
