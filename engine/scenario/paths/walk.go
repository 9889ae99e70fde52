package paths

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"lienthong/engine"
)

// Kinds of move.
const (
	MoveAct    = "act"    // somebody takes an action
	MoveAnswer = "answer" // the requester answers all items that the subject asked for
	MoveReply  = "reply"  // the register answers what the subject asked
	MoveTimer  = "timer"  // time passes until the subject's timer takes the action
)

// Move is one step of a walk that anybody can repeat on a case of their own.
type Move struct {
	Kind    string
	Step    string
	Action  string
	By      string // a role, "requester", or a personal id
	Input   map[string]any
	Outcome string // of a reply
	Code    string
	Data    map[string]any
	State   string // of the subject afterwards
}

// String is the move in a few words.
func (m Move) String() string {
	s := m.Action
	if m.Step != stepSubject {
		s = m.Step + "." + s
	}
	if m.Kind != MoveAct {
		s = m.Kind + " " + s
	}
	return s + " → " + m.State
}

// Requester files every case.
var Requester = engine.Person{ID: people[0], Name: "Nguyễn Minh Tuấn"}

// walk is a case and how it came to be.
type walk struct {
	c     *engine.Case
	now   time.Time
	moves []Move
	root  int
}

func (w *walk) subject() *engine.Dossier { return w.c.Dossier(stepSubject) }

// Application is what every case is filed with.
func (s Subject) Application() map[string]any { return map[string]any{"commune": s.Commune} }

// filed opens a case of the subject's service.
func (s Subject) filed(defs engine.Definitions) (*walk, error) {
	codes := engine.Codes{Case: "C", Seed: "s", Steps: map[string]string{}}
	for _, st := range s.Service.Steps {
		codes.Steps[st.ID] = "C-" + st.ID
	}
	cmd := engine.Command{Action: engine.ActFile, Input: s.Application(), Codes: codes, Actor: engine.Actor{Kind: engine.Citizen, ID: Requester.ID},
		File: &engine.Filing{Service: s.Service.ID, Version: s.Service.Version, Requester: Requester, Channel: 2}}
	w := &walk{now: s.Start}
	return w.with(defs, cmd, engine.Facts{}, s.Start)
}

// with decides a command and returns the walk after it; w stays as it was.
func (w *walk) with(defs engine.Definitions, cmd engine.Command, facts engine.Facts, now time.Time) (*walk, error) {
	if w.c != nil {
		cmd.Case = w.c.Code
	}
	entries, err := engine.Decide(defs, w.c, cmd, facts, now)
	if err != nil {
		return nil, err
	}
	next := &walk{c: w.c, now: now, moves: w.moves, root: w.root}
	for _, e := range entries {
		next.c = engine.Fold(next.c, e)
	}
	return next, nil
}

// after repeats a move.
func (w *walk) after(defs engine.Definitions, m Move) (*walk, error) {
	cmd, facts, now := engine.Command{Action: m.Action, Step: m.Step, Input: m.Input}, engine.Facts{}, w.now.Add(time.Minute)
	d := w.c.Dossier(m.Step)
	if d == nil {
		return nil, fmt.Errorf("no part %s", m.Step)
	}
	switch m.Kind {
	case MoveAct:
		cmd.IfMatch = &d.Rev
		cmd.Actor = engine.Actor{Kind: engine.Staff, ID: m.By + "." + d.Office, Office: d.Office, Roles: []string{m.By}}
		switch {
		case m.By == "requester":
			cmd.Actor = engine.Actor{Kind: engine.Citizen, ID: w.c.Requester.ID}
		case len(m.By) == 12:
			cmd.Actor, cmd.IfMatch = engine.Actor{Kind: engine.Citizen, ID: m.By}, nil
		}
	case MoveAnswer:
		cmd = engine.Command{Action: engine.ActAnswer, Actor: engine.Actor{Kind: engine.Citizen, ID: w.c.Requester.ID}, Input: Answers(w.c, m.Step)}
	case MoveReply:
		if d.Request == nil {
			return nil, fmt.Errorf("%s asks no register", m.Step)
		}
		cmd.Action, cmd.Actor = engine.ActReply, engine.Actor{Kind: engine.Registry, ID: d.Request.Registry}
		facts.Reply = &engine.Reply{Request: d.Request.Key, Outcome: m.Outcome, Code: m.Code, Data: m.Data}
	case MoveTimer:
		at, ok := TimerAt(d, m.Action)
		if !ok {
			return nil, fmt.Errorf("no timer takes %s", m.Action)
		}
		cmd = engine.Command{Action: engine.ActTick, Actor: engine.Actor{Kind: engine.Timer, ID: "timer"}}
		if now = at; at.Before(w.now) {
			now = w.now
		}
	}
	next, err := w.with(defs, cmd, facts, now)
	if err != nil {
		return nil, err
	}
	if s := next.subject(); s != nil {
		m.State = s.State
	}
	next.moves = append(slices.Clip(next.moves), m)
	return next, nil
}

// Answers completes all open items of a part.
func Answers(c *engine.Case, step string) map[string]any {
	items := map[string]any{}
	for _, it := range c.Items {
		if it.Step == step && !it.Closed && it.Answered.IsZero() {
			items[it.ID] = map[string]any{"value": "x"}
		}
	}
	return map[string]any{"items": items}
}

// TimerAt is when a part's timer takes an action.
func TimerAt(d *engine.Dossier, action string) (time.Time, bool) {
	for _, t := range d.Timers {
		if t.Kind == engine.TimerAfter && t.Action == action {
			return t.At, true
		}
	}
	return time.Time{}, false
}

// Edge is a transition: an action from a state to one of its targets.
type Edge struct{ From, Action, To string }

// String writes it as from –action→ to.
func (e Edge) String() string { return e.From + " –" + e.Action + "→ " + e.To }

// Edges lists a procedure's transitions in its own order.
func Edges(p *engine.Procedure) []Edge {
	var out []Edge
	for _, a := range p.Actions {
		for _, from := range a.From {
			if len(a.To) == 0 {
				out = append(out, Edge{from, a.ID, from})
			}
			for _, t := range a.To {
				if e := (Edge{from, a.ID, t.State}); !slices.Contains(out, e) {
					out = append(out, e)
				}
			}
		}
	}
	return out
}

// tries are the ways to take an action now: each is a few moves.
func (x *explorer) tries(w *walk, a *engine.Action) [][]Move {
	d := w.subject()
	var out [][]Move
	if a.Review != "" && d.OpenReview() == nil { // somebody must correct what it used
		for _, how := range x.corrections(w) {
			if a.Review == engine.ReviewAnnul || how[len(how)-1].Action == "amend" {
				for _, last := range x.plain(w, d, a) {
					out = append(out, append(slices.Clone(how), last...))
				}
			}
		}
		return out
	}
	return x.plain(w, d, a)
}

// corrections are the ways in which the issuer answers a fault or finds one.
func (x *explorer) corrections(w *walk) [][]Move {
	var first []Move
	switch w.c.Dossier(stepIssuer).State {
	case "issued":
		first = []Move{{Kind: MoveAct, Step: stepIssuer, Action: "correct", By: engine.ByOfficer}}
	case "correcting":
	default:
		return nil
	}
	var out [][]Move
	for i := range min(len(x.values), 6) { // others than it was handed
		values := x.values[(w.root+1+i)%len(x.values)]
		out = append(out, append(slices.Clone(first), Move{Kind: MoveAct, Step: stepIssuer, Action: "amend", By: engine.ByOfficer, Input: values}))
	}
	for _, action := range []string{"keep", "annul"} {
		out = append(out, append(slices.Clone(first), Move{Kind: MoveAct, Step: stepIssuer, Action: action, By: engine.ByOfficer}))
	}
	return out
}

func (x *explorer) plain(w *walk, d *engine.Dossier, a *engine.Action) [][]Move {
	act := Move{Kind: MoveAct, Step: stepSubject, Action: a.ID}
	var out [][]Move
	if a.Party != nil {
		return x.parties(d, a, act)
	}
	for _, by := range a.By {
		switch by {
		case engine.ByTimer:
			out = append(out, []Move{{Kind: MoveTimer, Step: stepSubject, Action: a.ID}})
		case engine.ByRegistry:
			out = append(out, x.replies(d, a)...)
		case engine.ByUpstream:
			out = append(out, x.corrections(w)...)
		case engine.ByDownstream:
			if w.c.Dossier(stepLater) != nil {
				out = append(out, []Move{{Kind: MoveAct, Step: stepLater, Action: "return_upstream", By: engine.ByOfficer}})
			}
		default:
			if by == engine.ByApplicant {
				by = "requester"
				if a.Input != nil && a.Input.ID == engine.FormSupplementAnswer {
					out = append(out, []Move{{Kind: MoveAnswer, Step: stepSubject, Action: a.ID}})
					continue
				}
			}
			for _, in := range x.inputs(a) {
				m := act
				m.By, m.Input = by, in
				out = append(out, []Move{m})
			}
		}
	}
	return out
}

// parties has everybody who is asked agree, or one decline.
func (x *explorer) parties(d *engine.Dossier, a *engine.Action, act Move) [][]Move {
	var all []Move
	input := x.inputs(a)[0]
	for _, set := range a.Party.Sets {
		p := d.Parties[set]
		if p == nil || p.Agreed() {
			continue
		}
		for _, who := range p.People {
			if _, done := p.Answers[who]; !done && !slices.ContainsFunc(all, func(m Move) bool { return m.By == who }) {
				m := act
				m.By, m.Input = who, input
				all = append(all, m)
			}
			if p.Any {
				break
			}
		}
	}
	switch {
	case len(all) == 0:
		return nil
	case a.Party.Decline:
		return [][]Move{all[:1]}
	}
	return [][]Move{all}
}

// replies are the answers of a register that take an action.
func (x *explorer) replies(d *engine.Dossier, a *engine.Action) [][]Move {
	st := x.s.Procedure.State(d.State)
	if st.Request == nil {
		return nil
	}
	op, _ := x.defs.Operation(st.Request.Registry, st.Request.Operation)
	var out [][]Move
	for _, code := range slices.Sorted(maps.Keys(st.Request.Replies)) {
		if st.Request.Replies[code] != a.ID {
			continue
		}
		m := Move{Kind: MoveReply, Step: stepSubject, Action: a.ID, Outcome: engine.ReplyRefused, Code: code}
		switch code {
		case "ok":
			m.Outcome, m.Code = engine.ReplyDone, ""
			for _, data := range x.drawn(op.Reply) {
				if m.Data = data; data == nil {
					m.Data = map[string]any{}
				}
				if fits := number(d.Data, 0); fits != "" && len(engine.Str(data, "id")) == 12 && engine.Str(data, "id") != fits {
					data = maps.Clone(data)
					data["id"] = fits
					out = append(out, []Move{{Kind: m.Kind, Step: m.Step, Action: m.Action, Outcome: m.Outcome, Data: data}})
				}
				out = append(out, []Move{m})
			}
			continue
		case "refused": // any code that has no action of its own
			m.Code = ""
			for _, c := range slices.Sorted(maps.Keys(op.Refusals)) {
				if st.Request.Replies[c] == "" {
					m.Code = c
					break
				}
			}
		}
		out = append(out, []Move{m})
	}
	return out
}

// number is a personal number that agrees with the sex and birth date of somebody
// in what a part holds (NĐ 137/2015 art. 13); "" when there is nobody.
func number(v any, depth int) string {
	m, _ := v.(map[string]any)
	sex, born := engine.Str(m, "sex"), engine.Str(m, "birth_date")
	if len(born) == 10 {
		digit := 0
		if born >= "2000" {
			digit = 2
		}
		if sex == "female" {
			digit++
		}
		return fmt.Sprintf("001%d%s000123", digit, born[2:4])
	}
	if depth < 3 {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if s := number(m[k], depth+1); s != "" {
				return s
			}
		}
	}
	return ""
}
