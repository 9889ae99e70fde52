package verify

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/workflows"
)

// TestTheCoreNeverLeavesTheGraph: whatever people, registries and time do to a
// case of a shipped service, after every entry the case is in the searched graph of
// every cone.
func TestTheCoreNeverLeavesTheGraph(t *testing.T) {
	set, err := workflows.Load()
	if err != nil {
		t.Fatal(err)
	}
	walks := 24
	for _, svc := range set.Services() {
		if testing.Short() && !svc.To.IsZero() {
			continue
		}
		t.Run(svc.ID+" "+svc.Version, func(t *testing.T) {
			m := newModel(set, svc)
			maps := map[*search]atlas{}
			for _, s := range m.explore(t.Context(), Options{MaxStates: usualStates}, newFound()) {
				if s.bound || s.reduced {
					t.Fatal("not searched to the end")
				}
				maps[s] = s.atlas()
			}
			steps := 0
			for i := range walks {
				steps += walk(t, m, maps, uint64(i))
			}
			if steps < 5*walks {
				t.Errorf("only %d entries in %d walks", steps, walks)
			}
			t.Logf("%d walks, %d entries looked up in %d cones", walks, steps, len(maps))
		})
	}
}

// examples are the applications of a service, as they are filed.
func examples(t *testing.T, set *machine.Set, svc *engine.Service) []workflows.Example {
	files, err := fs.Glob(workflows.Examples(), "*.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []workflows.Example
	for _, f := range files {
		e, err := workflows.LoadExample(strings.TrimSuffix(f, ".json"))
		if err != nil {
			t.Fatal(err)
		}
		if v, err := set.ServiceAt(e.Service, e.Filed); err == nil && v == svc {
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		t.Fatal("no examples")
	}
	return out
}

func walk(t *testing.T, m *model, maps map[*search]atlas, seed uint64) int {
	p := newPlayer(m, seed)
	p.Rand = rand.New(rand.NewPCG(seed, 1))
	entries := 0
	var story []string
	p.see = func(c *engine.Case, e engine.Entry) {
		entries++
		story = append(story, fmt.Sprintf("%s %s by %s %s", e.Command.Step, e.Command.Action, e.Command.Actor.Kind, replied(e)))
		for s, a := range maps {
			if s.find(a, c) < 0 {
				t.Fatalf("seed %d: after\n%s\nthe case is in no state of the cone of %s:\n%+v\n%s", seed, strings.Join(story, "\n"),
					m.steps[s.cone[s.owner]].ID, s.project(c), near(s, a, c))
			}
		}
	}
	p.fit = p.number
	ex := examples(t, m.set, m.svc)
	if e := ex[p.IntN(len(ex))]; p.one(5) {
		p.now = e.Filed
		_ = p.file()
	} else {
		p.now = e.Filed
		if err := p.fileForm(e.Application, e.Requester); err != nil {
			t.Fatal(err)
		}
	}
	for range 300 {
		if p.c != nil {
			p.now = p.now.Add(time.Duration(p.IntN(60)) * time.Minute)
			p.something()
		}
	}
	return entries
}

func replied(e engine.Entry) string {
	if e.Facts.Reply != nil {
		return e.Facts.Reply.Outcome + " " + e.Facts.Reply.Code
	}
	return ""
}

// number makes a personal number agree with the drafted child, often enough.
func (p *player) number(d *engine.Dossier, data map[string]any) {
	if d.Request.Operation != "assign_personal_id" || p.one(6) {
		return
	}
	child := engine.At(d.Data, "draft", "child")
	if born := engine.Str(child, "birth_date"); len(born) >= 4 {
		digit := "2"
		if engine.Str(child, "sex") == "female" {
			digit = "3"
		}
		data["id"] = "001" + digit + born[2:4] + "000123"
	}
}

// near shows the states whose shape differs only in one step.
func near(s *search, a atlas, c *engine.Case) string {
	want := s.project(c)
	var b strings.Builder
	n := 0
	for i := range s.parent {
		g, _ := s.read(i)
		diff := 0
		for k := range g.steps {
			x := g.steps[k]
			x.vals = ""
			if x != want.steps[k] {
				diff++
			}
		}
		if g.fee == want.fee && diff <= 1 {
			if n++; n > 8 {
				break
			}
			fmt.Fprintf(&b, "near: %+v\n", g)
		}
	}
	if len(a[s.shape(want)]) > 0 {
		b.WriteString("the shape is there, the values are not\n")
	}
	return b.String()
}

// something lets anybody do anything.
func (p *player) something() {
	switch n := p.IntN(20); {
	case n < 1:
		_ = p.do(engine.Command{Action: engine.ActTick, Actor: engine.Actor{Kind: engine.Timer, ID: "t"}}, engine.Facts{})
	case n < 2 && p.one(4):
		in := map[string]any{"reason": "x"}
		if !p.one(4) {
			in["steps"] = []any{p.svc.Steps[p.IntN(len(p.svc.Steps))].ID}
		}
		me := engine.Actor{Kind: engine.Citizen, ID: p.c.Requester.ID}
		_ = p.do(engine.Command{Action: engine.ActWithdraw, Actor: me, IfMatch: &p.c.Rev, Input: in}, engine.Facts{})
	case n < 3:
		me := engine.Actor{Kind: engine.Citizen, ID: p.c.Requester.ID}
		_ = p.do(engine.Command{Action: engine.ActRefile, Step: p.svc.Steps[p.IntN(len(p.svc.Steps))].ID, Actor: me, Codes: p.codes(), Input: p.patch()}, engine.Facts{})
	case n < 4:
		p.builtin()
	case p.c.Fee != nil && p.c.Fee.Status == engine.FeeWaiting:
		reply := "ok"
		if p.one(12) {
			reply = "declined"
		}
		_ = p.fee(Act{By: engine.ByRegistry, Reply: reply})
	default:
		p.anyAct()
	}
}

// anyAct is an act of a step that has a state.
func (p *player) anyAct() {
	var with []*engine.Dossier
	for _, d := range p.c.Dossiers {
		if d.State != "" && (d.Status == engine.StatusOpen || p.one(3)) {
			with = append(with, d)
		}
	}
	if len(with) == 0 {
		return
	}
	d := with[p.IntN(len(with))]
	proc := p.svc.Step(d.Step).Procedure
	if d.Request != nil && !p.one(5) {
		codes := append(sortedKeys(proc.State(d.State).Request.Replies), "ok", "ok", "ok", "ok")
		_ = p.reply(d.Step, codes[p.IntN(len(codes))])
		return
	}
	if len(d.Timers) > 0 && p.one(5) {
		_ = p.wait(d.Step, "")
		return
	}
	var open []*engine.Action
	for _, a := range proc.Actions {
		back := strings.HasPrefix(a.ID, "re") && !strings.HasPrefix(a.ID, "rec") && !strings.HasPrefix(a.ID, "review") ||
			slices.Contains([]string{"withdraw", "send_back", "dispute", "annul", "decline", "correct"}, a.ID)
		if slices.Contains(a.From, d.State) && (!back || p.one(8)) {
			open = append(open, a)
		}
	}
	if len(open) == 0 {
		return
	}
	a := open[p.IntN(len(open))]
	act := Act{Step: d.Step, Action: a.ID, By: a.By[p.IntN(len(a.By))]}
	if a.Party != nil {
		act.By, act.Party = engine.ByParty, a.Party.Sets[p.IntN(len(a.Party.Sets))]
	}
	_ = p.play(act)
}

// builtin is a command that every procedure has.
func (p *player) builtin() {
	d := p.c.Dossiers[p.IntN(len(p.c.Dossiers))]
	action := []string{engine.ActClaim, engine.ActRelease, engine.ActTransfer, engine.ActApologise, engine.ActHandOver}[p.IntN(5)]
	in := map[string]any{}
	switch action {
	case engine.ActTransfer:
		all := p.set.Offices()
		in = map[string]any{"reason": "x", "office": all[p.IntN(len(all))].ID}
	case engine.ActApologise:
		in = map[string]any{"reason": "x", "new_due": p.now.AddDate(0, 0, 1+p.IntN(9)).Format(time.RFC3339)}
	}
	_ = p.do(engine.Command{Action: action, Step: d.Step, IfMatch: &d.Rev, Input: in, Actor: engine.Actor{Kind: engine.Staff, ID: "o1", Office: d.Office,
		Roles: []string{engine.ByOfficer, engine.ByLeader, engine.ByReception}}}, engine.Facts{})
}
