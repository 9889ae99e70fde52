package verify

import (
	"fmt"
	"math/rand/v2"
	"time"

	"lienthong/engine"
	"lienthong/engine/machine"
)

// player drives one case of the real core.
type player struct {
	sampler
	set     *machine.Set
	svc     *engine.Service
	now     time.Time
	c       *engine.Case
	see     func(*engine.Case, engine.Entry)             // called after every entry; may be nil
	refused func(engine.Command, error)                  // called after every refusal; may be nil
	fit     func(d *engine.Dossier, data map[string]any) // makes a registry's answer agree with what was asked; may be nil
}

func newPlayer(m *model, seed uint64) *player {
	p := &player{set: m.set, svc: m.svc}
	p.now = m.svc.From.AddDate(0, 1, 0)
	if !m.svc.To.IsZero() && !p.now.Before(m.svc.To) {
		p.now = m.svc.From
	}
	p.now = p.now.Add(9 * time.Hour)
	p.sampler = sampler{Rand: rand.New(rand.NewPCG(seed, 7)), forms: m.forms, day: p.now.AddDate(0, -1, 0).Format("2006-01-02"),
		now: p.now.Format(time.RFC3339)}
	p.units = served(m.set, m.svc)
	return p
}

// served are the communes whose offices handle the most of a service's steps.
func served(set *machine.Set, svc *engine.Service) []string {
	kinds := map[string]bool{}
	for _, st := range svc.Steps {
		kinds[st.Procedure.Agency] = true
	}
	by := map[string]map[string]bool{}
	most := 0
	for _, o := range set.Offices() {
		for _, u := range append([]string{o.Unit}, o.Serves...) {
			if len(u) != 5 || !kinds[o.Agency] {
				continue
			}
			if by[u] == nil {
				by[u] = map[string]bool{}
			}
			by[u][o.Agency] = true
			most = max(most, len(by[u]))
		}
	}
	var out []string
	for _, u := range sortedKeys(by) {
		if len(by[u]) == most {
			out = append(out, u)
		}
	}
	return out
}

// do decides a command and folds what it caused.
func (p *player) do(cmd engine.Command, facts engine.Facts) error {
	if p.c != nil {
		cmd.Case = p.c.Code
	}
	entries, err := engine.Decide(p.set, p.c, cmd, facts, p.now)
	for _, e := range entries {
		p.c = engine.Fold(p.c, e)
		if p.see != nil {
			p.see(p.c, e)
		}
	}
	if err != nil && p.refused != nil {
		p.refused(cmd, err)
	}
	if err == nil && len(entries) == 0 {
		return engine.Fail(engine.WrongState, "Không có gì xảy ra", "nothing came of it")
	}
	return err
}

func (p *player) codes() engine.Codes {
	n := int64(0)
	if p.c != nil {
		n = p.c.Seq
	}
	c := engine.Codes{Case: "C", Seed: "s", Steps: map[string]string{}}
	for _, st := range p.svc.Steps {
		c.Steps[st.ID] = fmt.Sprintf("C-%s-%d", st.ID, n)
	}
	return c
}

var applicant = engine.Person{ID: "001093000101", Name: "Nguyễn Văn An"}

func (p *player) requester() engine.Actor {
	return engine.Actor{Kind: engine.Citizen, ID: p.c.Requester.ID}
}

// file files an application that the form accepts.
func (p *player) file() error {
	form, _ := p.value(p.svc.Form.Schema).(map[string]any)
	if form == nil {
		return engine.Fail(engine.Invalid, "Không dựng được tờ khai", "no application was found that the form accepts")
	}
	return p.fileForm(form, applicant)
}

func (p *player) fileForm(form map[string]any, by engine.Person) error {
	return p.do(engine.Command{Action: engine.ActFile, Actor: engine.Actor{Kind: engine.Citizen, ID: by.ID}, Input: form, Codes: p.codes(),
		File: &engine.Filing{Service: p.svc.ID, Version: p.svc.Version, Requester: by, Channel: 2}}, engine.Facts{})
}

// play does one act.
func (p *player) play(a Act) error {
	switch {
	case a.Action == engine.ActFile && a.Step == "":
		return p.file()
	case a.Action == "fee" && a.Step == "":
		return p.fee(a)
	case a.By == engine.ByTimer:
		return p.wait(a.Step, a.Action)
	case a.By == engine.ByRegistry:
		return p.reply(a.Step, a.Reply)
	case a.Action == engine.ActRefile:
		return p.do(engine.Command{Action: engine.ActRefile, Step: a.Step, Actor: p.requester(), Codes: p.codes(), Input: p.patch()}, engine.Facts{})
	case a.By == byElsewhere:
		return engine.Fail(engine.Invalid, "Bước khác", "another step does this")
	}
	d := p.c.Dossier(a.Step)
	if d == nil {
		return engine.Fail(engine.NotFound, "Không có bước này", "no such step")
	}
	if d.Status == engine.StatusWaiting {
		return p.do(engine.Command{Action: engine.ActWithdraw, Actor: p.requester(), IfMatch: &p.c.Rev,
			Input: map[string]any{"steps": []any{a.Step}, "reason": "x"}}, engine.Facts{})
	}
	act := p.svc.Step(a.Step).Procedure.Action(a.Action)
	switch {
	case act == nil:
		return engine.Fail(engine.NotFound, "Không có thao tác này", "no such action")
	case act.Input != nil && act.Input.ID == engine.FormSupplementAnswer:
		return p.answer(d)
	case a.By == engine.ByParty:
		return p.party(d, act, a.Party)
	}
	actor := p.requester()
	if a.By != engine.ByApplicant {
		actor = engine.Actor{Kind: engine.Staff, ID: fmt.Sprintf("staff%d", p.IntN(3)), Office: d.Office, Roles: []string{a.By}}
	}
	return p.do(engine.Command{Action: act.ID, Step: d.Step, Actor: actor, IfMatch: &d.Rev, Input: p.input(act.Input)}, engine.Facts{})
}

// patch changes the application's choices now and then.
func (p *player) patch() map[string]any {
	if !p.one(6) || p.svc.Each != nil {
		return nil
	}
	form, _ := p.value(p.svc.Form.Schema).(map[string]any)
	return map[string]any{"application": form}
}

func (p *player) input(f *engine.Form) map[string]any {
	if f == nil {
		return nil
	}
	in, _ := p.value(f.Schema).(map[string]any)
	if f.ID == engine.FormSupplementRequest && in != nil {
		if l, _ := in["items"].([]any); len(l) == 0 {
			in["items"] = []any{map[string]any{"kind": "paper", "about": "x", "reason": "x"}}
		}
	}
	return in
}

func (p *player) fee(a Act) error {
	if a.By == engine.ByTimer {
		return p.wait("", "")
	}
	rep := engine.Reply{Request: p.c.Fee.Request, Outcome: engine.ReplyDone, Data: map[string]any{"receipt": "R1"}}
	if a.Reply != "ok" {
		rep = engine.Reply{Request: p.c.Fee.Request, Outcome: engine.ReplyRefused, Code: "declined", Detail: engine.Text{VI: "không", EN: "no"}}
	}
	return p.do(engine.Command{Action: engine.ActReply, Actor: engine.Actor{Kind: engine.Registry, ID: engine.FeeRegistry}}, engine.Facts{Reply: &rep})
}

// wait lets time pass until a timer of the step fires.
func (p *player) wait(step, action string) error {
	timers := p.c.Timers
	if step != "" {
		timers = p.c.Dossier(step).Timers
	}
	for _, t := range timers {
		if t.Kind == engine.TimerWarn || action != "" && t.Action != action {
			continue
		}
		if t.At.After(p.now) {
			p.now = t.At
		}
		return p.do(engine.Command{Action: engine.ActTick, Actor: engine.Actor{Kind: engine.Timer, ID: "t"}}, engine.Facts{})
	}
	return engine.Fail(engine.WrongState, "Không có thời hạn nào", "no timer waits")
}

// reply answers the open request of a step: ok, or refused under a code.
func (p *player) reply(step, code string) error {
	d := p.c.Dossier(step)
	if d == nil || d.Request == nil {
		return engine.Fail(engine.WrongState, "Không có yêu cầu nào", "nothing was asked")
	}
	op, _ := p.set.Operation(d.Request.Registry, d.Request.Operation)
	rep := engine.Reply{Request: d.Request.Key, Outcome: engine.ReplyDone}
	if op.Reply != nil && (code == "ok" || p.one(3)) {
		rep.Data, _ = p.value(op.Reply).(map[string]any)
		if p.fit != nil {
			p.fit(d, rep.Data)
		}
	}
	if code != "ok" {
		st := p.svc.Step(step).Procedure.State(d.State)
		if code == "refused" { // one that has no action of its own
			code = "unknown"
			for _, c := range sortedKeys(op.Refusals) {
				if st.Request.Replies[c] == "" {
					code = c
				}
			}
		}
		rep.Outcome, rep.Code, rep.Detail = engine.ReplyRefused, code, engine.Text{VI: "không", EN: "no"}
	}
	return p.do(engine.Command{Action: engine.ActReply, Step: step, Actor: engine.Actor{Kind: engine.Registry, ID: d.Request.Registry}}, engine.Facts{Reply: &rep})
}

// answer answers every item that a step asked for.
func (p *player) answer(d *engine.Dossier) error {
	answers := map[string]any{}
	for _, it := range p.c.Items {
		if it.Step == d.Step && !it.Closed && it.Answered.IsZero() {
			answers[it.ID] = map[string]any{"value": "x"}
		}
	}
	return p.do(engine.Command{Action: engine.ActAnswer, Actor: p.requester(), Input: map[string]any{"items": answers}}, engine.Facts{})
}

// party lets everybody of a set agree, or one of them decline.
func (p *player) party(d *engine.Dossier, a *engine.Action, set string) error {
	o := d.Parties[set]
	if o == nil {
		return engine.Fail(engine.WrongState, "Không hỏi ai", "nobody is asked")
	}
	err := error(engine.Fail(engine.WrongState, "Không hỏi ai", "nobody is asked"))
	for _, who := range o.People {
		if _, done := o.Answers[who]; done {
			continue
		}
		err = p.do(engine.Command{Action: a.ID, Step: d.Step, Actor: engine.Actor{Kind: engine.Citizen, ID: who}, Input: p.input(a.Input)}, engine.Facts{})
		if err != nil || a.Party.Decline || o.Any {
			break
		}
		if d = p.c.Dossier(d.Step); d.Parties[set] == nil {
			break
		}
	}
	return err
}
