package engine_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// The fake definitions: a small linked service written as Go values, with Go
// functions for expressions, so that the core is tested without the compiler.

type expr struct {
	src string
	fn  func(engine.Vars) any
}

func (e expr) Eval(v engine.Vars) (out any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return e.fn(v), nil
}
func (e expr) Source() string { return e.src }

// path reads a dotted path; what is not there is an error, as in CEL.
func path(p string) expr {
	return expr{p, func(v engine.Vars) any {
		var x any = map[string]any(v)
		for _, k := range strings.Split(p, ".") {
			y, ok := x.(map[string]any)[k]
			if !ok {
				panic("no such key: " + k)
			}
			x = y
		}
		return x
	}}
}

type fsm struct{ p *engine.Procedure }

func (m fsm) Legal(state string) []string {
	var out []string
	for _, a := range m.p.Actions {
		if slices.Contains(a.From, state) {
			out = append(out, a.ID)
		}
	}
	slices.Sort(out)
	return out
}

func (m fsm) Fire(state, action, target string, guard func() error) (string, error) {
	if !slices.Contains(m.Legal(state), action) {
		return "", &engine.Error{Code: engine.WrongState, Legal: m.Legal(state)}
	}
	return target, guard()
}

// required is a schema that wants some fields.
type required []string

func (r required) JSON() []byte { return []byte("{}") }
func (r required) Validate(v any) []engine.Problem {
	m, _ := v.(map[string]any)
	var ps []engine.Problem
	for _, k := range r {
		if m[k] == nil {
			ps = append(ps, engine.Problem{Pointer: "/" + k, Code: "required"})
		}
	}
	return ps
}

func form(id string, fields ...string) *engine.Form {
	return &engine.Form{ID: id, Schema: required(fields)}
}

func lim(t testing.TB, s string) calendar.Limit {
	t.Helper()
	l, err := calendar.ParseLimit(s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

type defs struct {
	svc *engine.Service
	cal *calendar.Calendar
}

func (d *defs) Service(id, _ string) (*engine.Service, error) {
	if id != d.svc.ID {
		return nil, engine.Fail(engine.NotFound, "", "no service")
	}
	return d.svc, nil
}
func (d *defs) ServiceAt(id string, _ time.Time) (*engine.Service, error) { return d.Service(id, "") }
func (d *defs) Calendar(time.Time) *calendar.Calendar                     { return d.cal }
func (d *defs) ParametersVersion(time.Time) string                        { return "p1" }
func (d *defs) Parameter(name string, _, _ time.Time) (any, error) {
	return nil, engine.Fail(engine.NotFound, "", name)
}
func (d *defs) Office(agency, unit string, _ time.Time) (engine.Office, bool) {
	if unit == "99999" {
		return engine.Office{}, false
	}
	return engine.Office{ID: agency + "-" + unit, Agency: agency, Unit: unit}, true
}
func (d *defs) OfficeByID(id string) (engine.Office, bool) {
	a, u, ok := strings.Cut(id, "-")
	return engine.Office{ID: id, Agency: a, Unit: u}, ok
}
func (d *defs) Operation(string, string) (engine.Operation, bool) { return engine.Operation{}, false }

var applicantBy = []string{engine.ByApplicant}

func by(roles ...string) []string { return roles }

func to(states ...string) []engine.Target {
	var out []engine.Target
	for _, s := range states {
		out = append(out, engine.Target{State: s})
	}
	return out
}

// fakeBirth: birth, then residence (with consent) beside card; a fee only when
// the application says so.
func fakeBirth(t testing.TB) *defs {
	t.Helper()
	cal, err := calendar.New(calendar.Spec{ID: "c1", Announced: "2025-01-01", Days: map[string]calendar.Year{}})
	if err != nil {
		t.Fatal(err)
	}
	supplement := []*engine.Action{
		{ID: "request_supplement", From: []string{"checking"}, To: to("supplement"), By: by(engine.ByOfficer), Input: form(engine.FormSupplementRequest, "items")},
		{ID: "answer_supplement", From: []string{"supplement"}, To: to("checking"), By: applicantBy, Input: form(engine.FormSupplementAnswer, "items")},
		{ID: "expire", From: []string{"supplement"}, To: to("expired"), By: by(engine.ByTimer)},
		{ID: "refuse", From: []string{"checking"}, To: to("refused"), By: by(engine.ByLeader), Input: form("refusal", "reason")},
		{ID: "withdraw", From: []string{"checking", "supplement"}, To: to("withdrawn"), By: applicantBy},
	}
	ends := []*engine.State{
		{ID: "supplement", Portal: 5, Clock: calendar.Paused, After: []engine.After{{Within: lim(t, "7 working days"), Action: "expire"}}},
		{ID: "refused", Portal: 3, Clock: calendar.None, Final: engine.FinalRefused},
		{ID: "expired", Portal: 3, Clock: calendar.None, Final: engine.FinalExpired},
		{ID: "withdrawn", Portal: 7, Clock: calendar.None, Final: engine.FinalWithdrawn},
	}
	warn := lim(t, "2 hours")
	apology := &engine.Apology{By: by(engine.ByOfficer), Form: form("apology", "reason", "new_due"), Times: 1}
	birth := &engine.Procedure{ID: "birth", Agency: "civil", Limit: &engine.Limit{Within: lim(t, "1 working day"), Warn: &warn, Apologise: apology},
		States: append([]*engine.State{
			{ID: "submitted", Portal: 1, Clock: calendar.None},
			{ID: "checking", Portal: 2, Clock: calendar.Runs},
			{ID: "recording", Portal: 4, Clock: calendar.Runs, Request: &engine.RequestSpec{Registry: "civil", Operation: "register",
				Input: expr{"child", func(v engine.Vars) any { return map[string]any{"child": path("dossier.child").fn(v)} }}, Replies: map[string]string{"ok": "recorded", "refused": "unrecorded"}}},
			{ID: "registered", Portal: 9, Clock: calendar.None, Final: engine.FinalSuccess, Result: &engine.ResultSpec{Document: "certificate",
				Data: []engine.Binding{{Name: "child", Value: expr{"child", func(v engine.Vars) any {
					if x, ok := v["dossier"].(map[string]any)["propose"]; ok {
						return x.(map[string]any)["child"]
					}
					return path("dossier.child").fn(v)
				}}}}}},
			{ID: "correcting", Portal: 4, Clock: calendar.Runs},
			{ID: "annulled", Portal: 3, Clock: calendar.None, Final: engine.FinalAnnulled},
		}, ends...),
		Actions: append([]*engine.Action{
			{ID: "receive", From: []string{"submitted"}, To: to("checking"), By: by(engine.ByReception)},
			{ID: "sign", From: []string{"checking"}, To: to("recording"), By: by(engine.ByLeader), If: path("dossier.fit"), Why: engine.Text{VI: "chưa đủ", EN: "not fit"},
				Set: []engine.Binding{{Name: "fit", Value: expr{"fit", func(v engine.Vars) any { return path("dossier.child.name").fn(v) != "Xấu" }}}}},
			{ID: "recorded", From: []string{"recording"}, To: to("registered"), By: by(engine.ByRegistry)},
			{ID: "unrecorded", From: []string{"recording"}, To: to("checking"), By: by(engine.ByRegistry)},
			{ID: "return", From: []string{"registered"}, To: to("correcting"), By: by(engine.ByDownstream)},
			{ID: "correct", From: []string{"registered"}, To: to("correcting"), By: by(engine.ByOfficer)},
			{ID: "propose", From: []string{"correcting"}, To: to("registered"), By: by(engine.ByLeader), Input: form("correction", "child")},
			{ID: "keep", From: []string{"correcting"}, To: to("registered"), By: by(engine.ByLeader)},
			{ID: "annul", From: []string{"correcting"}, To: to("annulled"), By: by(engine.ByLeader)},
		}, supplement...)}
	residence := &engine.Procedure{ID: "residence", Agency: "police", Limit: &engine.Limit{Within: lim(t, "2 working days")},
		Parties: []*engine.PartySet{{ID: "owners", People: path("dossier.owners"), Any: true}, {ID: "head", People: path("dossier.head")}},
		States: append([]*engine.State{
			{ID: "consenting", Portal: 4, Clock: calendar.Paused, After: []engine.After{{Within: lim(t, "3 days"), Action: "no_consent"}}},
			{ID: "checking", Portal: 4, Clock: calendar.Runs},
			{ID: "registered", Portal: 9, Clock: calendar.None, Final: engine.FinalSuccess, Result: &engine.ResultSpec{Document: "notice", Paper: true}},
		}, ends...),
		Actions: append([]*engine.Action{
			{ID: "consent", From: []string{"consenting"}, To: to("checking"), Party: &engine.PartyRule{Sets: []string{"head", "owners"}}},
			{ID: "decline", From: []string{"consenting"}, To: to("refused"), Party: &engine.PartyRule{Sets: []string{"head", "owners"}, Decline: true}},
			{ID: "no_consent", From: []string{"consenting"}, To: to("checking"), By: by(engine.ByTimer)},
			{ID: "approve", From: []string{"checking"}, To: to("registered"), By: by(engine.ByLeader)},
			{ID: "amend", From: []string{"registered"}, By: by(engine.ByOfficer), Review: "amend"},
		}, supplement...)}
	card := &engine.Procedure{ID: "card", Agency: "insurance", Limit: &engine.Limit{Within: lim(t, "2 working days")},
		States: append([]*engine.State{
			{ID: "checking", Portal: 4, Clock: calendar.Runs},
			{ID: "upstream", Portal: 4, Clock: calendar.Restarts},
			{ID: "issued", Portal: 9, Clock: calendar.None, Final: engine.FinalSuccess, Result: &engine.ResultSpec{Document: "card"}},
		}, ends...),
		Actions: append([]*engine.Action{
			{ID: "approve", From: []string{"checking"}, To: to("issued"), By: by(engine.ByOfficer)},
			{ID: "return_upstream", From: []string{"checking"}, To: to("upstream"), By: by(engine.ByOfficer), Input: form("fault", "what"), Returns: "child"},
			{ID: "corrected", From: []string{"upstream"}, To: to("checking"), By: by(engine.ByUpstream)},
		}, supplement...)}
	for _, p := range []*engine.Procedure{birth, residence, card} {
		p.Machine = fsm{p}
	}
	child := engine.Binding{Name: "child", Value: path("steps.birth.result.child"), Steps: []string{"birth"}}
	return &defs{cal: cal, svc: &engine.Service{ID: "birth", Version: "1", Hash: "h", Form: form("birth", "child"), Reception: "birth", KeyStep: "birth",
		Key: path("application.child.name"), Limit: &engine.Limit{Within: lim(t, "3 working days"), Apologise: apology},
		Fee: &engine.Fee{Amount: expr{"fee", func(v engine.Vars) any {
			n, _ := engine.At(v["application"], "fee").(int64)
			return n
		}}, Within: &engine.Limit{Within: lim(t, "7 days")}},
		Steps: []*engine.Step{
			{ID: "birth", Procedure: birth, At: path("application.commune"), With: []engine.Binding{{Name: "child", Value: path("application.child")}}},
			{ID: "residence", Procedure: residence, At: path("application.commune"), Needs: []engine.Need{{Step: "birth"}}, If: path("application.residence"),
				With: []engine.Binding{child, {Name: "head", Value: path("application.head")}, {Name: "owners", Value: path("application.owners")}}},
			{ID: "card", Procedure: card, At: path("application.commune"), Needs: []engine.Need{{Step: "birth"}}, With: []engine.Binding{child}},
		}}}
}

// line drives one case: every command is decided, folded, and the fold of the
// whole history is compared with the running state.
type line struct {
	t       *testing.T
	defs    *defs
	c       *engine.Case
	history []engine.Entry
	now     time.Time
	last    []engine.Event
}

func newLine(t *testing.T, app map[string]any) *line {
	l := &line{t: t, defs: fakeBirth(t), now: time.Date(2026, 9, 7, 9, 0, 0, 0, calendar.Zone)} // a Monday
	l.file(app)
	return l
}

// file begins anew with the usual application, changed by app.
func (l *line) file(app map[string]any) {
	l.t.Helper()
	full := map[string]any{"child": map[string]any{"name": "An"}, "commune": "00004", "residence": true, "head": "H", "owners": []any{"O1", "O2"}}
	maps.Copy(full, app)
	l.c, l.history = nil, nil
	l.must(l.run(engine.Command{Action: engine.ActFile, Actor: engine.Actor{Kind: engine.Citizen, ID: "P"}, Input: full,
		Codes: engine.Codes{Case: "C1", Seed: "s", Steps: map[string]string{"birth": "B", "residence": "R", "card": "K", "extra": "E", "last": "L"}},
		File:  &engine.Filing{Service: "birth", Version: "1", Requester: engine.Person{ID: "P", Name: "Hà"}, Channel: 2}}, engine.Facts{}))
}

func (l *line) run(cmd engine.Command, facts engine.Facts) error {
	l.t.Helper()
	if l.c != nil {
		cmd.Case = l.c.Code
	}
	before := l.c
	entries, err := engine.Decide(l.defs, l.c, cmd, facts, l.now)
	l.last = nil
	for _, e := range entries {
		l.c = engine.Fold(l.c, e)
		l.history = append(l.history, e)
		l.last = append(l.last, e.Events...)
	}
	if before != nil && len(entries) > 0 && before.Seq != l.c.Seq-int64(len(entries)) {
		l.t.Fatalf("sequence went from %d to %d with %d entries", before.Seq, l.c.Seq, len(entries))
	}
	var again *engine.Case
	for _, e := range l.history {
		again = engine.Fold(again, e)
	}
	if !reflect.DeepEqual(again, l.c) {
		l.t.Fatalf("folding the history again gives another case")
	}
	return err
}

func (l *line) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *line) staff(step, action, role string, input map[string]any) error {
	l.t.Helper()
	d := l.c.Dossier(step)
	return l.run(engine.Command{Action: action, Step: step, Input: input, IfMatch: &d.Rev,
		Actor: engine.Actor{Kind: engine.Staff, ID: role, Office: d.Office, Roles: []string{role}}}, engine.Facts{})
}

func (l *line) citizen(id, step, action string, input map[string]any) error {
	l.t.Helper()
	rev := l.c.Rev
	if step != "" {
		rev = l.c.Dossier(step).Rev
	}
	return l.run(engine.Command{Action: action, Step: step, Input: input, IfMatch: &rev, Actor: engine.Actor{Kind: engine.Citizen, ID: id}}, engine.Facts{})
}

func (l *line) reply(step, key, outcome string) error {
	l.t.Helper()
	return l.run(engine.Command{Action: engine.ActReply, Step: step, Actor: engine.Actor{Kind: engine.Registry, ID: "civil"}},
		engine.Facts{Reply: &engine.Reply{Request: key, Outcome: outcome}})
}

// registered takes the birth to its result.
func (l *line) registered() {
	l.t.Helper()
	l.must(l.staff("birth", "receive", engine.ByReception, nil))
	l.must(l.staff("birth", "sign", engine.ByLeader, nil))
	l.must(l.reply("birth", l.c.Dossier("birth").Request.Key, engine.ReplyDone))
	l.state("birth", "registered")
}

func (l *line) state(step, want string) {
	l.t.Helper()
	if got := l.c.Dossier(step).State; got != want {
		l.t.Fatalf("%s is in %q, want %q", step, got, want)
	}
}

func (l *line) code(err error, want engine.Code) {
	l.t.Helper()
	if got := engine.CodeOf(err); got != want {
		l.t.Fatalf("error %v, want code %q", err, want)
	}
}

// told lists "what→to" of the last command's messages.
func (l *line) told() []string {
	var out []string
	for _, v := range l.last {
		if n, ok := v.(engine.Notified); ok {
			out = append(out, n.What+"→"+n.To)
		}
	}
	return out
}
