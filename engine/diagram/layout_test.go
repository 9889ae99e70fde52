package diagram_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"lienthong/engine"
	"lienthong/engine/diagram"
)

func TestPicturesHaveNoFlaws(t *testing.T) {
	for name, g := range pictures() {
		for _, f := range diagram.Flaws(g) {
			t.Errorf("%s: %s: %s", name, f.Kind, f.Text)
		}
	}
}

// Any procedure is drawn so that no line crosses a box or hides another one, with
// nothing outside the page.
func TestRandomProceduresHaveNoFlaws(t *testing.T) {
	for seed := range uint64(150) {
		g := diagram.Procedure(randomProcedure(seed), diagram.Options{})
		for _, f := range diagram.Flaws(g) {
			if f.Kind != diagram.LabelOverBox && f.Kind != diagram.LabelOverLabel {
				t.Errorf("seed %d: %s: %s", seed, f.Kind, f.Text)
			}
		}
	}
}

func TestRandomServicesHaveNoFlaws(t *testing.T) {
	for seed := range uint64(100) {
		for _, detail := range []bool{false, true} {
			g := diagram.Service(randomService(seed), diagram.Options{Detail: detail})
			for _, f := range diagram.Flaws(g) {
				if f.Kind != diagram.LabelOverBox && f.Kind != diagram.LabelOverLabel {
					t.Errorf("seed %d, detail %v: %s: %s", seed, detail, f.Kind, f.Text)
				}
			}
		}
	}
}

// A long word makes its box wider before it is broken, and a lane's long title makes no
// box in it higher.
func TestBoxesFitTheirWords(t *testing.T) {
	draw := func(agency string) string {
		p := &engine.Procedure{ID: "p", Agency: agency, States: []*engine.State{state("s|Closedafterresolution|Closed")}}
		return string(diagram.Procedure(p, diagram.Options{}).SVG())
	}
	short, long := draw("a"), draw("Ủy ban nhân dân phường, bộ phận tiếp nhận và trả kết quả")
	if !strings.Contains(short, ">Closedafterresolution<") {
		t.Errorf("the word is broken:\n%s", short)
	}
	box := regexp.MustCompile(`class="ltd-box"[^>]* height="([0-9.]+)"`)
	a, b := box.FindStringSubmatch(short), box.FindStringSubmatch(long)
	if a == nil || b == nil || a[1] != b[1] {
		t.Errorf("the heights are %v and %v", a, b)
	}
}

// A step whose success is listed before what leads to it, or that has none, is drawn with
// its states all the same.
func TestDetailWithoutAWayForward(t *testing.T) {
	for _, final := range []engine.FinalKind{engine.FinalSuccess, engine.FinalNone} {
		p := &engine.Procedure{ID: "p", Agency: "a", States: []*engine.State{state("new|Mới|New"), state("done|Xong|Done"), state("late|Sau|Late"), state("no|Không|No")}}
		p.States[1].Final, p.States[3].Final = final, engine.FinalRefused
		for _, way := range [][2]string{{"new", "late"}, {"late", "done"}, {"late", "no"}} {
			a := action("go_" + way[1] + "|Đi|Go|||officer")
			a.From, a.To = []string{way[0]}, []engine.Target{{State: way[1]}}
			p.Actions = append(p.Actions, a)
		}
		svg := string(diagram.Service(&engine.Service{ID: "s", Steps: []*engine.Step{{ID: "main", Procedure: p}}}, diagram.Options{Detail: true}).SVG())
		for _, want := range []string{">Mới<", ">Sau<"} {
			if !strings.Contains(svg, want) {
				t.Errorf("success %q: %s is missing", final, want)
			}
		}
	}
}

// randomProcedure makes any states and actions, sensible or not.
func randomProcedure(seed uint64) *engine.Procedure {
	r := rand.New(rand.NewPCG(seed, 1))
	p := &engine.Procedure{ID: "p", Agency: fmt.Sprint("agency_", r.IntN(3))}
	n := 1 + r.IntN(14)
	for i := range n {
		s := state(fmt.Sprintf("s%d|Trạng thái %d|State %d", i, i, i))
		switch r.IntN(8) {
		case 0:
			s.Final = engine.FinalSuccess
		case 1:
			s.Final = engine.FinalRefused
		case 2:
			s.Agency = "other"
		case 3:
			asks("registry")(s)
		}
		p.States = append(p.States, s)
	}
	roles := []string{"officer", "applicant", "timer", "registry", "party"}
	for i := range r.IntN(3 * n) {
		a := action(fmt.Sprintf("a%d|Thao tác %d|Action %d|||%s", i, i, i, roles[r.IntN(len(roles))]))
		for range 1 + r.IntN(3) {
			a.From = append(a.From, fmt.Sprint("s", r.IntN(n)))
		}
		for range r.IntN(3) {
			a.To = append(a.To, engine.Target{State: fmt.Sprint("s", r.IntN(n))})
		}
		p.Actions = append(p.Actions, a)
	}
	return p
}

func randomService(seed uint64) *engine.Service {
	r := rand.New(rand.NewPCG(seed, 2))
	s := &engine.Service{ID: "s"}
	for i := range 1 + r.IntN(6) {
		st := &engine.Step{ID: fmt.Sprint("step", i), Procedure: randomProcedure(seed*10 + uint64(i))}
		for k := range i {
			if r.IntN(3) == 0 {
				st.Needs = append(st.Needs, engine.Need{Step: fmt.Sprint("step", k), Optional: r.IntN(4) == 0})
			}
		}
		s.Steps = append(s.Steps, st)
	}
	return s
}
