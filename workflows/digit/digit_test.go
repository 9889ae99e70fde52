package digit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/diagram"
	"lienthong/engine/machine"
	"lienthong/workflows/digit"
)

func samples(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 9 {
		t.Fatal("samples are missing:", files, err)
	}
	out := map[string][]byte{}
	for _, f := range files {
		if out[filepath.Base(f)], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// transitions counts what a sample itself says, without this package's reader.
func transitions(t *testing.T, data []byte) int {
	var doc struct {
		States []struct{ Actions []struct{ Action string } }
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, s := range doc.States {
		n += len(s.Actions)
	}
	return n
}

func TestSamplesImportCompileAndDraw(t *testing.T) {
	for name, data := range samples(t) {
		t.Run(name, func(t *testing.T) {
			r := digit.Convert(name, data, digit.Options{})
			if r.Errors > 0 || len(r.Procedures) != 1 || r.Definitions == nil {
				t.Fatal(r.Findings)
			}
			if got, want := len(r.Procedures[0].Transitions), transitions(t, data); got != want {
				t.Errorf("%d transitions, the original has %d", got, want)
			}
			for _, f := range r.Findings {
				if f.Line < 1 || f.Column < 1 || f.Message.VI == "" || f.Message.EN == "" || strings.Contains(f.Message.EN, "{") && f.Code != "placeholder" {
					t.Errorf("not a whole finding: %+v", f)
				}
			}
			svc := r.Definitions.Services()[0]
			for _, g := range []diagram.Graph{
				diagram.Service(svc, diagram.Options{Lang: "vi", Detail: true}),
				diagram.Procedure(svc.Steps[0].Procedure, diagram.Options{Lang: "en"}),
			} {
				if !bytes.Contains(g.SVG(), []byte("</svg>")) || g.Mermaid() == "" || g.DOT() == "" {
					t.Error("not drawn")
				}
			}
			again := digit.Convert(name, data, digit.Options{})
			for _, f := range r.Names {
				if !bytes.Equal(r.Files[f], again.Files[f]) {
					t.Errorf("%s differs from one run to the next", f)
				}
			}
		})
	}
}

// run is one case of an imported service.
type run struct {
	*testing.T
	set *machine.Set
	c   *engine.Case
	now time.Time
}

var citizen = engine.Person{ID: "001093000103", Name: "Nguyễn Văn A"}

func (r *run) do(cmd engine.Command) error {
	entries, err := engine.Decide(r.set, r.c, cmd, engine.Facts{}, r.now)
	for _, e := range entries {
		r.c = engine.Fold(r.c, e)
	}
	return err
}

func start(t *testing.T, set *machine.Set) *run {
	r := &run{T: t, set: set, now: time.Date(2026, 9, 7, 9, 0, 0, 0, time.UTC)}
	svc := set.Services()[0]
	err := r.do(engine.Command{Action: engine.ActFile, Input: map[string]any{"commune": "99999"},
		Actor: engine.Actor{Kind: engine.Citizen, ID: citizen.ID},
		Codes: engine.Codes{Case: "C", Seed: "s", Steps: map[string]string{"main": "D"}},
		File:  &engine.Filing{Service: svc.ID, Version: svc.Version, Requester: citizen, Channel: 2}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// take drives one transition as whoever it names.
func (r *run) take(p *engine.Procedure, tr digit.Transition) error {
	d := r.c.Dossier("main")
	if d.State != tr.From {
		return fmt.Errorf("in %s, not %s", d.State, tr.From)
	}
	a := p.Action(tr.Action)
	if slices.Equal(a.By, []string{engine.ByTimer}) {
		r.now = r.c.NextTimer()
		return r.do(engine.Command{Action: engine.ActTick, Case: "C"})
	}
	actor := engine.Actor{Kind: engine.Staff, ID: "clerk", Office: "digit_99999", Roles: a.By}
	if a.By[0] == engine.ByApplicant {
		actor = engine.Actor{Kind: engine.Citizen, ID: citizen.ID}
	}
	in := map[string]any{"documents": []any{map[string]any{"name": "Giấy tờ"}}}
	return r.do(engine.Command{Action: a.ID, Case: "C", Step: "main", Actor: actor, Input: in, IfMatch: &d.Rev})
}

// paths finds the shortest way from the start to every state.
func paths(p digit.Procedure, first string) map[string][]digit.Transition {
	out := map[string][]digit.Transition{first: {}}
	for todo := []string{first}; len(todo) > 0; todo = todo[1:] {
		for _, tr := range p.Transitions {
			if _, seen := out[tr.To]; !seen && tr.From == todo[0] {
				out[tr.To] = append(slices.Clone(out[tr.From]), tr)
				todo = append(todo, tr.To)
			}
		}
	}
	return out
}

func TestEveryTransitionRunsThroughTheCore(t *testing.T) {
	total := 0
	for name, data := range samples(t) {
		r := digit.Convert(name, data, digit.Options{})
		p := r.Definitions.Services()[0].Steps[0].Procedure
		ways := paths(r.Procedures[0], p.States[0].ID)
		for _, tr := range r.Procedures[0].Transitions {
			total++
			t.Run(fmt.Sprintf("%s/%s/%s", name, tr.From, tr.Action), func(t *testing.T) {
				run := start(t, r.Definitions)
				for _, step := range append(slices.Clone(ways[tr.From]), tr) {
					if err := run.take(p, step); err != nil {
						t.Fatalf("%+v: %v", step, err)
					}
				}
				d := run.c.Dossier("main")
				if st := p.State(d.State); d.State != tr.To || (st.Final != "") != (d.Status == engine.StatusEnded) {
					t.Errorf("%s %s after %+v", d.State, d.Status, tr)
				}
			})
		}
	}
	if total < 80 {
		t.Errorf("only %d transitions", total)
	}
}

// TestDocumentsAreAskedFor: DIGIT wants documents for whoever arrives at a state with
// docUploadRequired.
func TestDocumentsAreAskedFor(t *testing.T) {
	r := digit.Convert("hearing.json", samples(t)["hearing.json"], digit.Options{})
	run := start(t, r.Definitions)
	d := run.c.Dossier("main")
	clerk := engine.Actor{Kind: engine.Staff, ID: "clerk", Office: "digit_99999", Roles: []string{"officer"}}
	err := run.do(engine.Command{Action: "create", Case: "C", Step: "main", Actor: clerk, IfMatch: &d.Rev})
	if engine.CodeOf(err) != engine.Invalid {
		t.Errorf("without documents: %v", err)
	}
}

// TestTwoImportsShareAFolder: what several files need is the same in each.
func TestTwoImportsShareAFolder(t *testing.T) {
	all := machine.Files{}
	for name, data := range samples(t) {
		r := digit.Convert(name, data, digit.Options{})
		for f, b := range r.Files {
			if have, ok := all[f]; ok && !bytes.Equal(have, b) {
				t.Errorf("%s of %s differs", f, name)
			}
			all[f] = b
		}
	}
	set, err := machine.Load(all)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(set.Services()); n != 9 {
		t.Errorf("%d services", n)
	}
}

// TestAgencyOfOurs: with an agency the result joins an existing folder.
func TestAgencyOfOurs(t *testing.T) {
	r := digit.Convert("BTR.json", samples(t)["BTR.json"], digit.Options{Agency: "civil_status", From: "2026-10-01", Roles: map[string]string{"EMPLOYEE": "leader"}})
	if r.Errors > 0 || r.Files["offices/digit.yaml"] != nil || r.Files["calendars/digit.yaml"] != nil {
		t.Fatal(r.Findings, r.Names)
	}
	p := r.Definitions.Services()[0].Steps[0].Procedure
	if a := p.Action("approve"); p.Agency != "civil_status" || !slices.Equal(a.By, []string{"leader"}) {
		t.Errorf("agency %s, approve by %v", p.Agency, a.By)
	}
}
