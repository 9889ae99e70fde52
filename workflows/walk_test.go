package workflows_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/workflows"
)

// A walk is a random sequence of commands on one case of a shipped service: people
// of all roles, right and wrong; registries that answer late, twice and against
// themselves; time that jumps, and a clock that steps back. Whatever happens, the
// promises of a case hold after every step.

func TestWalksThroughTheShippedServices(t *testing.T) {
	set, files := shipped(t)
	for _, service := range []string{"birth", "death"} {
		mine := slices.DeleteFunc(slices.Clone(files), func(f string) bool { return !strings.HasPrefix(f, service) })
		t.Run(service, func(t *testing.T) { walks(t, set, mine) })
	}
}

func walks(t *testing.T, set *machine.Set, files []string) {
	rapid.Check(t, func(rt *rapid.T) { walked(rt, set, files, 160).unchanged(0) })
}

type walk struct {
	rapid.TB
	set  *machine.Set
	code string
	svc  *engine.Service
	r    *rand.Rand
	now  time.Time
	c    *engine.Case // as folded in memory
	kept *engine.Case // as folded from what a store keeps
	// history, as far as the promises need it
	asked, answered map[string]int
	requests        []sent
	history         []engine.Entry
	past            []moment // every case and entry so far, and what it said when it was made
}

// moment is something that must never change.
type moment struct {
	v    any
	text string
}

// unchanged: folding shares what an entry does not touch; nobody who holds an
// earlier case or entry ever sees it change. The moments from one on are looked at.
func (w *walk) unchanged(from int) {
	for i, m := range w.past[max(from, 0):] {
		if now := text(m.v); now != m.text {
			w.Fatalf("%T %d of %d was\n%s\nand is\n%s", m.v, from+i, len(w.past), m.text, now)
		}
	}
}

type sent struct{ key, step, registry, operation string }

func file(t rapid.TB, set *machine.Set, ex workflows.Example) *walk { return fileCase(t, set, ex, "C") }

// fileCase files under a code of one's own.
func fileCase(t rapid.TB, set *machine.Set, ex workflows.Example, code string) *walk {
	w := &walk{TB: t, set: set, code: code, now: ex.Filed, asked: map[string]int{}, answered: map[string]int{}}
	svc, err := set.ServiceAt(ex.Service, ex.Filed)
	if err != nil {
		t.Fatal(err)
	}
	w.svc = svc
	w.do(engine.Command{Action: engine.ActFile, Input: ex.Application, Codes: w.codes(1),
		Actor: engine.Actor{Kind: engine.Citizen, ID: ex.Requester.ID},
		File:  &engine.Filing{Service: svc.ID, Version: svc.Version, Requester: ex.Requester, Channel: 2}}, engine.Facts{})
	if w.c == nil {
		t.Fatal("the example was not filed")
	}
	return w
}

func (w *walk) codes(n int64) engine.Codes {
	c := engine.Codes{Case: w.code, Seed: "s", Steps: map[string]string{}}
	for _, st := range w.svc.Steps {
		c.Steps[st.ID] = fmt.Sprintf("%s-%s-%d", w.code, st.ID, n)
	}
	return c
}

func (w *walk) one(n int) bool { return w.r.IntN(n) == 0 }

func pick[V any](w *walk, from []V) V { return from[w.r.IntN(len(from))] }

// step lets some time pass, then somebody does something.
func (w *walk) step() {
	switch w.r.IntN(60) {
	case 0:
		w.now = w.now.Add(time.Duration(w.r.IntN(14*24*60)) * time.Minute)
	case 1, 2:
		w.now = w.now.Add(-time.Duration(w.r.IntN(120)) * time.Minute)
	case 3, 4:
		if at := w.c.NextTimer(); !at.IsZero() {
			w.now = at
		}
	default:
		w.now = w.now.Add(time.Duration(w.r.IntN(40)) * time.Minute)
	}
	if w.one(60) {
		w.migrate()
		return
	}
	switch n := w.r.IntN(100); {
	case n < 35:
		w.reply()
	case n < 84:
		w.act(true)
	case n < 88:
		w.act(false)
	case n < 94:
		w.citizen()
	case n < 97:
		w.builtin()
	case n < 98:
		w.stray()
	case n < 99:
		w.operate()
	default:
		w.do(engine.Command{Action: engine.ActTick, Actor: engine.Actor{Kind: engine.Timer, ID: "timer"}}, engine.Facts{})
		if at := w.c.NextTimer(); !at.IsZero() && !at.After(w.now) {
			w.Fatalf("a timer due at %v is left after %v", at, w.now)
		}
	}
}

// dossier picks one that has a state, rather an open one.
func (w *walk) dossier() *engine.Dossier {
	var open, all []*engine.Dossier
	for _, d := range w.c.Dossiers {
		if d.State != "" {
			all = append(all, d)
			if d.Status == engine.StatusOpen {
				open = append(open, d)
			}
		}
	}
	if len(open) > 0 && !w.one(4) {
		return pick(w, open)
	}
	if len(all) == 0 {
		return w.c.Dossiers[0]
	}
	return pick(w, all)
}

// act takes an action of the dossier's state, by whoever may or by anybody.
func (w *walk) act(right bool) {
	d := w.dossier()
	p := w.svc.Step(d.Step).Procedure
	var open []*engine.Action
	for _, a := range p.Actions {
		if slices.Contains(a.From, d.State) || !right && w.one(20) {
			open = append(open, a)
		}
	}
	if len(open) == 0 {
		return
	}
	a := pick(w, open)
	for range 9 { // let things end well often enough
		if backwards := strings.HasPrefix(a.ID, "re") && !strings.HasPrefix(a.ID, "rec") && !strings.HasPrefix(a.ID, "review") ||
			slices.Contains([]string{"withdraw", "send_back", "dispute", "ask_verification", "post_notice", "correct", "annul", "decline"}, a.ID); !backwards || w.one(25) {
			break
		}
		a = pick(w, open)
	}
	cmd := engine.Command{Action: a.ID, Step: d.Step, IfMatch: &d.Rev, Input: w.input(a.Input), Actor: w.actor(d, a, right)}
	if !right {
		w.spoil(&cmd)
	}
	offered := false
	if at := w.c.NextTimer(); right && (at.IsZero() || at.After(w.now)) && w.one(4) {
		views := engine.Actions(w.set, w.c, d.Step, cmd.Actor, w.now)
		w.menu(cmd.Actor)
		offered = slices.ContainsFunc(views, func(v engine.ActionView) bool { return v.Code == a.ID && v.Allowed })
	}
	switch code := engine.CodeOf(w.do(cmd, engine.Facts{})); {
	case offered && (code == engine.Forbidden || code == engine.WrongState || code == engine.DeadlinePassed):
		w.Fatalf("%s of %s was offered to %v and refused: %s", a.ID, d.Step, cmd.Actor, code)
	}
}

// menu asks for the actions of all parts from one menu: each answer is what asking
// for it alone gives.
func (w *walk) menu(actor engine.Actor) {
	m := engine.NewMenu(w.set, w.c, actor, w.now)
	for _, d := range w.c.Dossiers {
		if got, want := m.Append(nil, d.Step), engine.Actions(w.set, w.c, d.Step, actor, w.now); !reflect.DeepEqual(got, want) {
			w.Fatalf("the menu of %s for %v is\n%+v, alone\n%+v", d.Step, actor, got, want)
		}
	}
	if got, want := m.Append(nil, ""), engine.Actions(w.set, w.c, "", actor, w.now); !reflect.DeepEqual(got, want) {
		w.Fatalf("the case's menu for %v is\n%+v, alone\n%+v", actor, got, want)
	}
}

// actor is somebody who may take the action, or just somebody.
func (w *walk) actor(d *engine.Dossier, a *engine.Action, right bool) engine.Actor {
	if !right {
		return w.anybody(d)
	}
	if a.Party != nil {
		for _, s := range a.Party.Sets {
			if p := d.Parties[s]; p != nil && len(p.People) > 0 {
				return engine.Actor{Kind: engine.Citizen, ID: pick(w, p.People)}
			}
		}
	}
	by := engine.ByOfficer
	if len(a.By) > 0 {
		by = pick(w, a.By)
	}
	if by == engine.ByApplicant {
		return engine.Actor{Kind: engine.Citizen, ID: w.c.Requester.ID}
	}
	return engine.Actor{Kind: engine.Staff, ID: by + "1", Office: d.Office, Roles: []string{by}}
}

func (w *walk) anybody(d *engine.Dossier) engine.Actor {
	roles := [][]string{nil, {engine.ByReception}, {engine.ByOfficer}, {engine.ByLeader}, {engine.BySupervisor}, {engine.ByOfficer, engine.ByLeader}}
	return pick(w, []engine.Actor{
		{Kind: engine.Citizen, ID: pick(w, people)}, {Kind: engine.Citizen, ID: w.c.Requester.ID}, {Kind: engine.Timer, ID: "t"}, {Kind: engine.System},
		{Kind: engine.Registry, ID: "population"}, {Kind: engine.Staff, ID: "x", Office: d.Office, Roles: pick(w, roles)},
		{Kind: engine.Staff, ID: "y", Office: "police_00070", Roles: pick(w, roles)}, {Kind: engine.Staff, ID: "z", Roles: pick(w, roles)},
	})
}

// spoil makes a command one that should not be.
func (w *walk) spoil(cmd *engine.Command) {
	old := int64(w.r.IntN(5))
	switch w.r.IntN(8) {
	case 0:
		cmd.IfMatch = nil
	case 1:
		cmd.IfMatch = &old
	case 2:
		cmd.Input = nil
	case 3:
		cmd.Input = map[string]any{"items": nil, "steps": nil, "application": nil, "reason": nil}
	case 4:
		cmd.Input = map[string]any{"reason": []any{map[string]any{"x": 1.5}}, "changes": "no", "child": int64(1) << 62}
	case 5:
		cmd.Step = ""
	case 6:
		cmd.Comment = strings.Repeat("dài ", 2000)
	}
}

func (w *walk) citizen() {
	me := engine.Actor{Kind: engine.Citizen, ID: w.c.Requester.ID}
	if w.one(10) {
		me.ID = pick(w, people)
	}
	switch w.r.IntN(5) {
	case 0, 1, 2:
		answers := map[string]any{}
		for _, it := range w.c.Items {
			if !it.Closed && !w.one(3) || w.one(20) {
				answers[it.ID] = pick(w, []any{map[string]any{"document": "d1"}, map[string]any{"value": "x"}, map[string]any{"value": "x", "comment": "y"},
					map[string]any{"text": 1.5}, nil, map[string]any{}})
			}
		}
		if len(answers) > 0 {
			w.do(engine.Command{Action: engine.ActAnswer, Actor: me, Input: map[string]any{"items": answers}}, engine.Facts{})
		}
	case 3:
		if !w.one(12) {
			return
		}
		in := map[string]any{"reason": "thôi"}
		if !w.one(3) {
			in["steps"] = []any{pick(w, w.svc.Steps).ID}
		}
		w.do(engine.Command{Action: engine.ActWithdraw, Actor: me, IfMatch: &w.c.Rev, Input: in}, engine.Facts{})
	default:
		cmd := engine.Command{Action: engine.ActRefile, Step: pick(w, w.svc.Steps).ID, Actor: me, Codes: w.codes(w.c.Seq + 1)}
		if w.one(2) {
			cmd.Input = map[string]any{"application": map[string]any{"choices": map[string]any{"residence": true, "card": true, "identity": true, "funeral": true}}}
		}
		w.do(cmd, engine.Facts{})
	}
}

func (w *walk) builtin() {
	d := w.dossier()
	action := pick(w, []string{engine.ActClaim, engine.ActRelease, engine.ActAssign, engine.ActTransfer, engine.ActApologise, engine.ActHandOver})
	in := map[string]any{}
	switch action {
	case engine.ActAssign:
		in["account"] = "officer1"
	case engine.ActTransfer:
		in = map[string]any{"reason": "nhầm", "office": pick(w, w.set.Offices()).ID}
	case engine.ActApologise:
		in = map[string]any{"reason": "bận", "new_due": w.now.AddDate(0, 0, w.r.IntN(9)).Format(time.RFC3339)}
	}
	cmd := engine.Command{Action: action, Step: d.Step, IfMatch: &d.Rev, Input: in,
		Actor: engine.Actor{Kind: engine.Staff, ID: "officer1", Office: d.Office, Roles: []string{engine.ByOfficer, engine.ByLeader, engine.ByReception}}}
	if w.one(5) {
		cmd.Step, cmd.IfMatch = "", &w.c.Rev
	}
	w.do(cmd, engine.Facts{})
}

// operate is what an operator does to a request, right or wrong.
func (w *walk) operate() {
	key := "C/1/0"
	step := ""
	if len(w.requests) > 0 {
		q := pick(w, w.requests)
		key, step = q.key, q.step
	}
	before := w.c
	cmd := engine.Command{Action: engine.ActOperate, Step: step, Input: map[string]any{"key": key, "what": pick(w, []string{"retry", "record", "skip", "x"}), "note": "vì"},
		Actor: engine.Actor{Kind: engine.Staff, ID: "op", Roles: []string{pick(w, []string{engine.ByOperator, engine.ByOperator, engine.ByLeader})}}}
	if at := w.c.NextTimer(); w.do(cmd, engine.Facts{}) == nil && (at.IsZero() || at.After(w.now)) && w.c.Rev != before.Rev {
		w.Fatalf("an operator's act moved the case from %d to %d", before.Rev, w.c.Rev)
	}
}

// stray is a command that nobody should give.
func (w *walk) stray() {
	cmd := engine.Command{Action: pick(w, []string{"", "expire", "recorded", engine.ActFile, engine.ActWithdraw, engine.ActAnswer, "fee", "warn", engine.ActReply, engine.ActOperate}),
		Step: pick(w, []string{"", "nope", w.svc.Steps[0].ID}), IfMatch: &w.c.Rev, Actor: w.anybody(w.dossier())}
	w.spoil(&cmd)
	w.do(cmd, engine.Facts{})
}

// reply answers a request: the one that is waited for, or an earlier one again.
func (w *walk) reply() {
	var open []sent
	for _, q := range w.requests {
		if d := w.c.Dossier(q.step); d != nil && d.Request != nil && d.Request.Key == q.key || q.step == "" && w.c.Fee.Status == engine.FeeWaiting {
			open = append(open, q)
		}
	}
	if len(open) == 0 || w.one(12) {
		open = w.requests
	}
	if len(open) == 0 {
		return
	}
	q := pick(w, open)
	rep := engine.Reply{Request: q.key, Outcome: engine.ReplyDone}
	op, _ := w.set.Operation(q.registry, q.operation)
	if w.one(8) {
		rep.Outcome, rep.Code, rep.Detail = engine.ReplyRefused, "unknown", engine.Text{VI: "không", EN: "no"}
		if codes := sorted(op.Refusals); len(codes) > 0 {
			rep.Code = pick(w, codes)
		}
		if w.one(2) {
			rep.Data = map[string]any{"id": "001226000001"}
		}
	} else if op.Reply != nil {
		rep.Data, _ = w.sample(op.Reply).(map[string]any)
		w.mend(q, rep.Data)
	}
	err := w.do(engine.Command{Action: engine.ActReply, Step: q.step, Actor: engine.Actor{Kind: engine.Registry, ID: q.registry}}, engine.Facts{Reply: &rep})
	if err != nil {
		w.Fatalf("%s of %s for %s, %s %s: %v", q.operation, q.registry, q.step, rep.Outcome, rep.Code, err)
	}
}

// mend makes the answers that lead on agree with what was asked often enough.
func (w *walk) mend(q sent, data map[string]any) {
	if q.operation != "assign_personal_id" || w.one(5) {
		return
	}
	child := engine.At(w.c.Dossier(q.step).Data, "draft", "child")
	sex, born := engine.Str(child, "sex"), engine.Str(child, "birth_date")
	if len(born) < 4 {
		return
	}
	digit := map[string]string{"male": "2", "female": "3"}[sex]
	if digit == "" {
		digit = "2"
	}
	data["id"] = "001" + digit + born[2:4] + "000123"
}

// do decides a command on what a store keeps, and holds the promises.
func (w *walk) do(cmd engine.Command, facts engine.Facts) error {
	if w.kept != nil {
		cmd.Case = w.code
	}
	before := text(w.kept)
	entries, err := engine.Decide(w.set, w.kept, cmd, facts, w.now)
	if text(w.kept) != before {
		w.Fatalf("%s %s changed the case that it was decided on", cmd.Action, cmd.Step)
	}
	if code := engine.CodeOf(err); code == engine.Internal {
		w.Fatalf("%s %s by %v with %v: %v", cmd.Action, cmd.Step, cmd.Actor, cmd.Input, err)
	}
	if w.one2() {
		again, _ := engine.Decide(w.set, w.c, cmd, facts, w.now)
		if text(again) != text(entries) {
			w.Fatalf("decided on the case in memory:\n%s\nand on the kept one:\n%s", text(again), text(entries))
		}
	}
	for _, e := range entries {
		w.fold(e)
	}
	w.unchanged(len(w.past) - 6)
	if len(entries) > 0 {
		w.promises()
	}
	return err
}

func (w *walk) one2() bool { return w.r == nil || w.one(4) }

// fold adds an entry to both cases and notes what it says of requests.
func (w *walk) fold(e engine.Entry) {
	was := w.c
	if was != nil && (e.At.Before(was.Updated) || e.Seq != was.Seq+1) {
		w.Fatalf("entry %d at %v follows %d at %v", e.Seq, e.At, was.Seq, was.Updated)
	}
	raw, err := json.Marshal(e)
	if err != nil {
		w.Fatal(err)
	}
	var back engine.Entry
	if err := engine.Unmarshal(raw, &back); err != nil {
		w.Fatal(err)
	}
	w.c, w.kept = engine.Fold(w.c, e), engine.Fold(w.kept, back)
	w.history = append(w.history, back)
	if a, b := text(w.c), text(w.kept); a != b {
		w.Fatalf("in memory:\n%s\nfrom what is kept:\n%s", a, b)
	}
	w.past = append(w.past, moment{e, text(e)}, moment{w.c, text(w.c)}, moment{w.kept, text(w.kept)})
	for _, v := range e.Events {
		switch v := v.(type) {
		case engine.Requested:
			w.asked[v.Key]++
			w.requests = append(w.requests, sent{v.Key, v.Step, v.Registry, v.Operation})
		case engine.Replied:
			w.answered[v.Key]++
		case engine.StepOpened:
			w.needed(v)
		case engine.Migrated:
			w.under(v.Version)
		case engine.Reverted:
			w.under(v.Version)
		}
	}
	if was != nil {
		w.undone(was, e)
	}
}

// needed: a step opens only when what it needs has ended, in success where it must.
func (w *walk) needed(v engine.StepOpened) {
	for _, n := range w.svc.Step(v.Step).Needs {
		d := w.c.Dossier(n.Step)
		if d.Status != engine.StatusClosed && d.Final == engine.FinalNone || !n.Optional && !d.Succeeded() {
			w.Fatalf("%s opened while %s is %s %s", v.Step, n.Step, d.Status, d.Final)
		}
	}
}

// undone: what one part comes to never takes another part's end back.
func (w *walk) undone(was *engine.Case, e engine.Entry) {
	for _, d := range was.Dossiers {
		if now := w.c.Dossier(d.Step); now != nil && d.Final != now.Final && d.Final != engine.FinalNone && e.Command.Step != d.Step && e.Command.Action != engine.ActRefile {
			w.Fatalf("%s %s turned %s from %s into %q", e.Command.Action, e.Command.Step, d.Step, d.Final, now.Final)
		}
	}
}

// promises hold after every entry.
func (w *walk) promises() {
	c := w.c
	for k, n := range w.answered {
		if n > 1 || w.asked[k] != 1 {
			w.Fatalf("request %s was asked %d times and answered %d times", k, w.asked[k], n)
		}
	}
	for _, d := range c.Dossiers {
		if d.Request != nil && (w.asked[d.Request.Key] != 1 || w.answered[d.Request.Key] != 0) {
			w.Fatalf("%s waits for %s, asked %d times, answered %d times", d.Step, d.Request.Key, w.asked[d.Request.Key], w.answered[d.Request.Key])
		}
		if d.Status != engine.StatusOpen && (len(d.Timers) > 0 || d.Request != nil || d.Awaits) {
			w.Fatalf("%s is %s and still waits", d.Step, d.Status)
		}
		if why := w.stuck(d); why != "" {
			w.Fatalf("%s is stuck in %s %s: %s", d.Step, d.Status, d.State, why)
		}
	}
	open := slices.ContainsFunc(c.Dossiers, func(d *engine.Dossier) bool {
		return d.Status == engine.StatusWaiting || d.Status == engine.StatusOpen && d.Final == engine.FinalNone
	})
	if open != (c.Status == engine.CaseOpen) {
		w.Fatalf("the case is %s, and parts are open: %v", c.Status, open)
	}
	if p := c.Portal(); p < 1 || p > 10 || c.Status == engine.CaseEnded && !slices.Contains([]int{3, 7, 9, 10}, p) {
		w.Fatalf("portal %d of a case that is %s %s", p, c.Status, c.Outcome)
	}
	for _, it := range c.Items {
		if d := c.Dossier(it.Step); !it.Closed && !w.takesAnswers(d) {
			w.Fatalf("item %s of %s in %s is still open", it.ID, d.Step, d.State)
		}
	}
	w.counted()
	for _, k := range c.Tasks() {
		if k.Person == "" || k.Step != "" && c.Dossier(k.Step).Status != engine.StatusOpen {
			w.Fatalf("task %+v", k)
		}
	}
}

func (w *walk) takesAnswers(d *engine.Dossier) bool {
	return slices.ContainsFunc(w.svc.Step(d.Step).Procedure.Actions, func(a *engine.Action) bool {
		return a.Input != nil && a.Input.ID == engine.FormSupplementAnswer && slices.Contains(a.From, d.State)
	})
}

// stuck says why nothing can move a dossier; "" when something can.
func (w *walk) stuck(d *engine.Dossier) string {
	if d.Status == engine.StatusWaiting && (w.c.Fee == nil || w.c.Fee.Status != engine.FeeWaiting) {
		for _, n := range w.svc.Step(d.Step).Needs {
			if need := w.c.Dossier(n.Step); need.Status != engine.StatusClosed && need.Final == engine.FinalNone {
				return ""
			}
		}
		return "all that it needs has ended"
	}
	if d.Status != engine.StatusOpen || d.Request != nil || slices.ContainsFunc(d.Timers, func(t engine.TimerDue) bool { return t.Kind != engine.TimerWarn }) {
		return ""
	}
	p := w.svc.Step(d.Step).Procedure
	for _, a := range p.Actions {
		if slices.Contains(a.From, d.State) && !strings.HasPrefix(a.ID, "withdraw") && w.someone(d, a) {
			return ""
		}
	}
	return "nobody may act"
}

func (w *walk) someone(d *engine.Dossier, a *engine.Action) bool {
	if a.Party != nil {
		return slices.ContainsFunc(a.Party.Sets, func(s string) bool {
			return d.Parties[s] != nil && !d.Parties[s].Agreed() && len(d.Parties[s].People) > 0
		})
	}
	return slices.ContainsFunc(a.By, func(by string) bool {
		switch by {
		case engine.ByUpstream:
			up := w.c.Dossier(d.Returned)
			return up != nil && up.Status == engine.StatusOpen
		case engine.ByTimer, engine.ByRegistry, engine.ByDownstream:
			return false
		}
		return a.Review == "" || d.OpenReview() != nil
	})
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
