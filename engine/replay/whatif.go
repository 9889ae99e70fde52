package replay

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// Instead is a command of a what-if. What it does not say is taken from the kept
// entry that it stands in the place of, if it stands in the place of one.
type Instead struct {
	At      time.Time      `json:"at,omitzero"` // another day; without it the kept instant, or that of the entry before
	Action  string         `json:"action,omitempty"`
	Step    string         `json:"step,omitempty"`
	Actor   *engine.Actor  `json:"actor,omitempty"` // without it whoever did it, or anybody at the dossier's office who may
	Input   map[string]any `json:"input,omitempty"`
	Comment string         `json:"comment,omitempty"`
	Facts   *engine.Facts  `json:"facts,omitempty"` // a registry's other answer
}

// Alternative is what would have become of a case.
type Alternative struct {
	Case    *engine.Case   `json:"case"`
	From    int64          `json:"from"`    // the kept entry that it goes on from
	Entries []engine.Entry `json:"entries"` // what would have been decided since
	Refused []Refusal      `json:"refused"` // commands that are refused, with their place among the commands given, or their kept entry
	Clocks  []ClockAt      `json:"clocks"`
	Ends    []EndDiff      `json:"ends"` // how it differs from the case as it is kept
}

// ClockAt is one time limit as it stands at the end.
type ClockAt struct {
	Step    string    `json:"step,omitempty"` // "" = the case
	Due     time.Time `json:"due,omitzero"`
	Paused  bool      `json:"paused,omitempty"`
	Stopped time.Time `json:"stopped,omitzero"`
}

// MaxThen bounds the text of what-if commands, in bytes, and their number.
const (
	MaxThen     = 1 << 20
	maxCommands = 200
)

// ParseThen reads one command or a list of them. A field that there is not is an
// error that names it.
func ParseThen(text []byte) ([]Instead, error) {
	bad := func(err error) error {
		return refuse(engine.Invalid, "replay.what_if", "", "Lệnh giả định không đọc được: %v", "the what-if commands cannot be read: %v", err)
	}
	if len(text) > MaxThen {
		return nil, bad(fmt.Errorf("more than %d bytes", MaxThen))
	}
	text = bytes.TrimSpace(text)
	if len(text) > 0 && text[0] != '[' {
		text = slices.Concat([]byte("["), text, []byte("]"))
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var out []Instead
	if err := dec.Decode(&out); err != nil {
		return nil, bad(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, bad(fmt.Errorf("more follows at byte %d", dec.InputOffset()))
	}
	if len(out) == 0 || len(out) > maxCommands {
		return nil, bad(fmt.Errorf("%d commands: want 1 to %d", len(out), maxCommands))
	}
	out = nil
	return out, engine.Unmarshal(text, &out) // numbers as they are kept
}

// WhatIf goes on from a case as it was after an entry (0 = before it was filed) with
// other commands, and with goOn then with the kept commands that come later, as far
// as they still apply. Each command stands in the place of the next kept entry that
// is not a timer's; a tick only lets time pass. The last instant is that of the last
// command.
//
// A command that is refused is told and changes nothing; the timers that were due
// have fired all the same. Errors: Invalid when there is no such entry or a command
// says too little, Precondition when a payload was erased.
func WhatIf(defs engine.Definitions, history []engine.Entry, at int64, then []Instead, goOn bool, opt Options) (*Alternative, error) {
	const op = "replay.what_if"
	if len(history) == 0 || at < 0 || at > history[len(history)-1].Seq {
		return nil, refuse(engine.Invalid, op, "", "Không có mục thứ %d.", "there is no entry %d", at)
	}
	if i := slices.IndexFunc(history, Erased); i >= 0 {
		return nil, refuse(engine.Precondition, op, history[i].Case, "Nội dung mục %d đã được xóa theo quy định.", "the payload of entry %d was erased", history[i].Seq)
	}
	r := newRun(defs, opt)
	for i := range history { // as it is, not decided again
		if r.was = engine.Fold(r.was, history[i]); history[i].Seq == at {
			r.c = r.was
		}
		r.ask(&history[i])
	}
	r.keep = true
	out := &Alternative{From: at, Refused: []Refusal{}, Entries: []engine.Entry{}}
	rest := slices.DeleteFunc(slices.Clone(history[at:]), func(e engine.Entry) bool { return isTimer(&e) })
	for i, x := range then {
		var kept *engine.Entry
		if x.Action != engine.ActTick && len(rest) > 0 {
			kept, rest = &rest[0], rest[1:]
		}
		e, err := r.instead(x, kept, history[0].Command)
		if err != nil {
			return nil, err
		}
		r.next(e, int64(i)+1, out)
	}
	if goOn {
		for _, e := range rest {
			if r.c != nil && e.At.Before(r.c.Updated) {
				e.At = r.c.Updated
			}
			r.next(&e, e.Seq, out)
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	out.Case, out.Ends = r.c, ends(r.was, r.c)
	out.Entries = append(out.Entries, r.made...)
	out.Clocks = clocks(r.c)
	return out, nil
}

// next decides one command after the timers that are due.
func (r *run) next(e *engine.Entry, n int64, out *Alternative) {
	r.tick(e.At)
	if r.err != nil || e.Command.Action == engine.ActTick {
		return
	}
	var o Outcome
	r.goOn(e, &o)
	for _, f := range o.Refused {
		f.Seq = n
		out.Refused = append(out.Refused, f)
	}
}

// ask remembers what a kept entry asked of registries.
func (r *run) ask(e *engine.Entry) {
	for _, v := range e.Events {
		if q, ok := v.(engine.Requested); ok {
			r.asked[q.Key] = q
		}
	}
}

// ofCase are the commands of a case as a whole; any other is of a dossier.
var ofCase = map[string]bool{engine.ActFile: true, engine.ActWithdraw: true, engine.ActAnswer: true, engine.ActTick: true}

// instead completes a command.
func (r *run) instead(x Instead, kept *engine.Entry, filing engine.Command) (*engine.Entry, error) {
	e := &engine.Entry{Case: filing.Codes.Case, Command: engine.Command{Case: filing.Codes.Case}}
	if kept != nil && (x.Action == "" || x.Action == kept.Command.Action) && (x.Step == "" || x.Step == kept.Command.Step) {
		*e = *kept
	} else if kept != nil {
		e.At, e.Seq = kept.At, kept.Seq
		if !ofCase[x.Action] {
			e.Command.Step = kept.Command.Step
		}
	}
	cmd := &e.Command
	cmd.Action, cmd.Step, cmd.Comment = cmp.Or(x.Action, cmd.Action), cmp.Or(x.Step, cmd.Step), cmp.Or(x.Comment, cmd.Comment)
	if !x.At.IsZero() {
		e.At = x.At
	}
	if e.At.IsZero() || r.c != nil && e.At.Before(r.c.Updated) {
		if r.c == nil {
			return nil, refuse(engine.Invalid, "replay.what_if", e.Case, "Lệnh giả định thiếu thời điểm (at).", "a what-if command says no time (at)")
		}
		e.At = r.c.Updated
	}
	if x.Input != nil {
		cmd.Input = x.Input
	}
	if x.Facts != nil {
		e.Facts = *x.Facts
	}
	switch {
	case cmd.Action == "":
		return nil, refuse(engine.Invalid, "replay.what_if", e.Case, "Lệnh giả định thiếu thao tác (action).", "a what-if command says no action")
	case cmd.Action == engine.ActTick:
	case x.Actor != nil:
		cmd.Actor = *x.Actor
	case cmd.Actor.Kind == "":
		cmd.Actor = r.somebody(cmd)
	}
	if cmd.Actor.Kind != engine.Registry && cmd.Action != engine.ActFile && cmd.IfMatch == nil && r.c != nil {
		cmd.IfMatch = r.version(cmd.Step)
	}
	if rep := e.Facts.Reply; rep != nil && rep.Request == "" && r.c != nil {
		own := *rep
		if d := r.c.Dossier(cmd.Step); d != nil && d.Request != nil {
			own.Request = d.Request.Key
		}
		e.Facts.Reply = &own
	}
	return e, nil
}

// somebody is whoever may take an action: the applicant, the registry that was
// asked, or a member of staff at the dossier's office in the roles that it names.
func (r *run) somebody(cmd *engine.Command) engine.Actor {
	if r.c == nil {
		return engine.Actor{}
	}
	d := r.c.Dossier(cmd.Step)
	citizen := engine.Actor{Kind: engine.Citizen, ID: r.c.Requester.ID, Name: r.c.Requester.Name}
	if d == nil {
		return citizen
	}
	if cmd.Action == engine.ActReply && d.Request != nil {
		return engine.Actor{Kind: engine.Registry, ID: d.Request.Registry}
	}
	roles := []string{engine.ByReception, engine.ByOfficer, engine.ByLeader}
	if svc, err := r.defs.Service(r.c.Service, r.c.Version); err == nil {
		if st := svc.Step(cmd.Step); st != nil {
			if a := st.Procedure.Action(cmd.Action); a != nil {
				roles = a.By
			}
		}
	}
	if slices.Contains(roles, engine.ByApplicant) {
		return citizen
	}
	return engine.Actor{Kind: engine.Staff, ID: "what-if", Name: "what-if", Office: d.Office, Roles: roles}
}

// clocks are the time limits of a case.
func clocks(c *engine.Case) []ClockAt {
	out := []ClockAt{}
	see := func(step string, k calendar.Clock, due time.Time) {
		if !k.Started.IsZero() || !due.IsZero() {
			out = append(out, ClockAt{step, due, !k.PausedAt.IsZero(), k.Stopped})
		}
	}
	if c == nil {
		return out
	}
	see("", c.Clock, c.Clock.Due)
	for _, d := range c.Dossiers {
		see(d.Step, d.Clock, d.Due())
	}
	return out
}
