package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"lienthong/engine/calendar"
)

// Moving a running case to another version of its service is a command like any
// other: Decide decides it, its entry is kept, Fold needs no definitions. It is
// allowed only while the case waits for people or for time: no request is in
// flight, and every open dossier has a waiting state to go to. Until the next entry
// it can be taken back.
const (
	ActMigrate = "migrate" // case: to another version; input {version, states: {step: {state: state}}, reason}
	ActRevert  = "revert"  // case: back to where it was before the migration; input {reason}
)

// ByAdministrator is the role that publishes definitions and moves cases.
const ByAdministrator = "administrator"

type (
	// Migrated moves a case to another version of its service.
	Migrated struct {
		ev
		Version string  `json:"version"`
		Hash    string  `json:"hash"`
		From    string  `json:"from"`
		Before  string  `json:"before"` // hash of the version it was under
		KeyStep string  `json:"key_step,omitempty"`
		Steps   []Place `json:"steps,omitempty"` // that only the new version has
		Reason  string  `json:"reason,omitempty"`
		By      string  `json:"by"`
	}
	// Remapped puts a dossier where the new version has it. It was not acted on: when
	// it entered its state stays, and so does who works on it.
	Remapped struct {
		ev
		Procedure string `json:"procedure"`
		From      string `json:"from,omitempty"`
		To        string `json:"to,omitempty"`
		Portal    int    `json:"portal,omitempty"`
		Office    string `json:"office,omitempty"`
		Awaits    bool   `json:"awaits,omitempty"`
	}
	// Reverted takes the migration of the last entry back.
	Reverted struct {
		ev
		Version string `json:"version"`
		Hash    string `json:"hash"`
		Reason  string `json:"reason,omitempty"`
		By      string `json:"by"`
	}
)

// Kind methods.
func (Migrated) Kind() string { return "migrated" }
func (Remapped) Kind() string { return "remapped" }
func (Reverted) Kind() string { return "reverted" }

func init() {
	known[Migrated]()
	known[Remapped]()
	known[Reverted]()
}

// Undo is what a migration replaced. It goes with the next entry.
type Undo struct {
	Seq      int64          `json:"seq"` // of the migration
	Version  string         `json:"version"`
	Hash     string         `json:"hash"`
	KeyStep  string         `json:"key_step,omitempty"`
	Clock    calendar.Clock `json:"clock,omitzero"`
	Warned   time.Time      `json:"warned,omitzero"`
	Timers   []TimerDue     `json:"timers,omitempty"`
	Dossiers []*Dossier     `json:"dossiers"`
}

// migrate moves the case to another version, or says why it cannot be.
func (d *decision) migrate() error {
	if err := d.administers("version", "states", "reason"); err != nil {
		return err
	}
	version := Str(d.cmd.Input, "version")
	if version == "" {
		return missing("version")
	}
	old := d.svc
	svc, err := d.defs.Service(d.c.Service, version)
	if err != nil {
		return err
	}
	states, err := StateMap(d.cmd.Input["states"], old, svc)
	if err != nil {
		return err
	}
	if err := d.movable(old, svc); err != nil {
		return err
	}
	v := Migrated{Version: svc.Version, Hash: svc.Hash, From: d.c.Version, Before: d.c.Hash, KeyStep: d.c.KeyStep,
		Reason: Str(d.cmd.Input, "reason"), By: d.cmd.Actor.ID}
	if d.c.Key != "" {
		v.KeyStep = svc.KeyStep
	}
	for _, st := range svc.Steps {
		if d.c.Dossier(st.ID) == nil {
			v.Steps = append(v.Steps, Place{st.ID, st.Procedure.ID, d.cmd.Codes.Steps[st.ID]})
		}
	}
	d.emit(v)
	d.svc = svc
	for _, dos := range d.c.Dossiers {
		if was := old.Step(dos.Step); was != nil {
			to := dos.State
			if s := states[dos.Step][dos.State]; s != "" {
				to = s
			}
			if err := d.remap(dos, was.Procedure, to); err != nil {
				return err
			}
		}
	}
	return d.relimitCase(old)
}

// administers refuses who may not do this, and fields that it does not have.
func (d *decision) administers(fields ...string) error {
	if a := d.cmd.Actor; a.Kind != Staff || !a.Has(ByAdministrator) {
		return Fail(Forbidden, "Chỉ quản trị viên được chuyển hồ sơ sang phiên bản khác.", "Only an administrator moves cases between versions.")
	}
	for _, k := range sortedKeys(d.cmd.Input) {
		if !slices.Contains(fields, k) {
			return &Error{Code: Invalid, Problems: []Problem{{Pointer: "/" + k, Code: "unknown_field",
				Detail: Text{VI: "Trường không có trong biểu mẫu", EN: "unknown field"}}}}
		}
	}
	return nil
}

// StateMap reads {step: {state: state}} and refuses names that the versions do not
// have.
func StateMap(in any, old, svc *Service) (map[string]map[string]string, error) {
	out := map[string]map[string]string{}
	bad := func(pointer, vi, en string) error {
		return &Error{Code: Invalid, Problems: []Problem{{Pointer: pointer, Code: "unknown_name", Detail: Text{VI: vi, EN: en}}},
			Detail: Text{VI: "Bảng ánh xạ trạng thái chưa đúng", EN: "the state map is not right"}}
	}
	if in == nil {
		return out, nil
	}
	steps, ok := in.(map[string]any)
	if !ok {
		return nil, bad("/states", "Cần {bước: {trạng thái: trạng thái}}", "wanted {step: {state: state}}")
	}
	for _, step := range sortedKeys(steps) {
		at := "/states/" + step
		from, to := old.Step(step), svc.Step(step)
		m, ok := steps[step].(map[string]any)
		switch {
		case !ok:
			return nil, bad(at, "Cần {trạng thái: trạng thái}", "wanted {state: state}")
		case from == nil || to == nil:
			return nil, bad(at, "Không phải bước của cả hai phiên bản", "not a step of both versions")
		}
		out[step] = map[string]string{}
		for _, s := range sortedKeys(m) {
			name, _ := m[s].(string)
			if from.Procedure.State(s) == nil {
				return nil, bad(at+"/"+s, "Phiên bản cũ không có trạng thái này", "the old version has no such state")
			}
			if to.Procedure.State(name) == nil {
				return nil, bad(at+"/"+s, "Phiên bản mới không có trạng thái "+name, "the new version has no state "+name)
			}
			out[step][s] = name
		}
	}
	return out, nil
}

func stays(step, vi, en string) error {
	if step != "" {
		vi, en = step+": "+vi, step+": "+en
	}
	return Fail(Precondition, vi, en)
}

// movable refuses a case as a whole.
func (d *decision) movable(old, svc *Service) error {
	c := d.c
	switch {
	case svc.Version == c.Version && svc.Hash == c.Hash:
		return stays("", "Hồ sơ đã theo phiên bản này.", "the case is under this version already")
	case c.Status == CaseEnded:
		return stays("", "Hồ sơ đã kết thúc.", "the case has ended")
	case c.Fee != nil && c.Fee.Status == FeeWaiting:
		return stays("", "Đang chờ nộp phí.", "a payment is waited for")
	case (old.Each == nil) != (svc.Each == nil) || old.Each != nil && *old.Each != *svc.Each:
		return stays("", "Hai phiên bản tách tờ khai thành hồ sơ theo cách khác nhau.", "the versions cut a form into cases in different ways")
	}
	for _, dos := range c.Dossiers {
		if dos.Request != nil {
			return stays(dos.Step, "đang chờ trả lời của "+dos.Request.Registry, "a request to "+dos.Request.Registry+" is in flight")
		}
		if svc.Step(dos.Step) == nil {
			return stays(dos.Step, "phiên bản mới không có bước này", "the new version has no such step")
		}
	}
	if ps := svc.Form.Schema.Validate(svc.form(c.App)); len(ps) > 0 {
		return &Error{Code: Precondition, Problems: ps, Detail: Text{
			VI: "Tờ khai không hợp với biểu mẫu mới: " + ps[0].Pointer + " " + ps[0].Detail.VI,
			EN: "the application does not follow the new form: " + ps[0].Pointer + " " + ps[0].Detail.EN}}
	}
	return nil
}

// remap puts one dossier where the new version has it.
func (d *decision) remap(dos *Dossier, was *Procedure, to string) error {
	p := d.procedure(dos)
	if dos.State == "" { // it waits, or never ran
		if dos.Procedure != p.ID {
			d.emit(Remapped{ev: ev{dos.Step}, Procedure: p.ID})
		}
		return nil
	}
	st := p.State(to)
	if err := fitsState(dos, p, st, to, d.c.itemsPending(dos.Step)); err != nil {
		return err
	}
	if dos.Status == StatusOpen {
		if err := d.rebindTo(dos); err != nil {
			return err
		}
	}
	for _, name := range st.Takes {
		if dos.With[name] == nil && dos.Data[name] == nil {
			return stays(dos.Step, "quy trình mới dùng "+name+" ở trạng thái "+to+" nhưng hồ sơ chưa có",
				"the new procedure uses "+name+" in state "+to+", which the dossier does not have")
		}
	}
	if p.Agency != was.Agency && dos.busy() {
		o, ok := d.defs.Office(p.Agency, dos.Unit, d.now)
		if !ok {
			return noOffice(p.Agency, dos.Unit)
		}
		d.emit(Transferred{ev{dos.Step}, o.ID, dos.Unit, d.c.Version})
	}
	office := dos.Office
	if dos.Status == StatusOpen {
		var err error
		if office, err = d.officeOf(dos, st); err != nil {
			return err
		}
	}
	v := Remapped{ev{dos.Step}, p.ID, dos.State, to, st.Portal, office, awaits(p, st)}
	from := was.State(dos.State)
	if v.Portal == 2 && dos.Portal == 4 || from != nil && from.Portal == st.Portal { // see enter
		v.Portal = dos.Portal
	}
	before := Remapped{ev{dos.Step}, dos.Procedure, dos.State, dos.State, dos.Portal, dos.Office, dos.Awaits}
	if v != before {
		d.emit(v)
	}
	if dos.Status != StatusOpen {
		return nil
	}
	return d.resume(dos, was, from, st)
}

// fitsState refuses a state that the dossier cannot be put into.
func fitsState(dos *Dossier, p *Procedure, st *State, to string, items bool) error {
	has := func(is func(*Action) bool) bool {
		return slices.ContainsFunc(p.Actions, func(a *Action) bool { return slices.Contains(a.From, to) && is(a) })
	}
	switch open := dos.Status == StatusOpen; {
	case st == nil:
		return stays(dos.Step, "phiên bản mới không có trạng thái "+to, "the new version has no state "+to)
	case open && st.Final != FinalNone:
		return stays(dos.Step, "hồ sơ còn mở, "+to+" là trạng thái kết thúc", "the dossier is open, "+to+" is an end")
	case open && st.Request != nil:
		return stays(dos.Step, to+" không phải trạng thái chờ", to+" is no waiting state")
	case !open && st.Final != dos.Final:
		return stays(dos.Step, fmt.Sprintf("hồ sơ đã kết thúc (%s), %s thì không như vậy", dos.Final, to), fmt.Sprintf("the dossier has ended (%s), unlike %s", dos.Final, to))
	case items && !has(func(a *Action) bool { return a.Input != nil && a.Input.ID == FormSupplementAnswer }):
		return stays(dos.Step, to+" không nhận bổ sung đang chờ", to+" takes no answer to the supplement that is waited for")
	case dos.Returned != "" && !has(func(a *Action) bool { return slices.Contains(a.By, ByUpstream) }):
		return stays(dos.Step, to+" không chờ cơ quan trước", to+" does not wait for the earlier step")
	case dos.OpenReview() != nil && !has(func(a *Action) bool { return a.Review != "" }):
		return stays(dos.Step, to+" không có thao tác xem xét lại", to+" has no action that decides a review")
	}
	return nil
}

// rebindTo hands an open dossier the values that the new version hands it.
func (d *decision) rebindTo(dos *Dossier) error {
	with, uses, err := d.bind(d.svc.Step(dos.Step), dos)
	if err != nil {
		return stays(dos.Step, "không tính được giá trị bàn giao: "+err.Error(), "what the step is handed cannot be computed: "+err.Error())
	}
	if !SameJSON(with, orEmpty(dos.With)) {
		d.emit(WithChanged{ev{dos.Step}, with, uses, maps.Clone(dos.Renewed)})
	}
	return nil
}

// SameJSON tells whether two values are kept as the same.
func SameJSON(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

// resume gives an open dossier the clock, the limits, the parties and the timers of
// the state it is in now.
func (d *decision) resume(dos *Dossier, was *Procedure, from, st *State) error {
	p := d.procedure(dos)
	next, err := d.relimited(dos.Clock, p.Limit)
	if err != nil {
		return err
	}
	if from == nil || from.Clock != st.Clock {
		next = d.cal.Enter(next, d.now, st.Clock)
	}
	if !next.HasStarted() {
		next = calendar.Clock{}
	}
	if !next.Equal(dos.Clock) {
		d.emit(ClockChanged{ev{dos.Step}, "migrated", next})
	}
	due := time.Time{}
	if st.Limit != nil {
		l, err := d.within(st.Limit.Within, st.Limit.Param)
		if err != nil {
			return err
		}
		due = d.cal.Due(dos.Entered, l)
	}
	if !due.Equal(dos.StateDue) {
		d.emit(StateDueSet{ev{dos.Step}, due})
	}
	if err := d.askAgain(dos, p, st); err != nil {
		return err
	}
	return d.retime(dos, from, st)
}

// relimited is a clock under a limit of the new version.
func (d *decision) relimited(k calendar.Clock, limit *Limit) (calendar.Clock, error) {
	var l calendar.Limit
	if limit != nil {
		var err error
		if l, err = d.within(limit.Within, limit.Param); err != nil {
			return k, err
		}
	}
	if !k.HasStarted() {
		k.Limit = l
		return k, nil
	}
	return d.cal.Relimit(k, d.now, l, "another version of the definition"), nil
}

// askAgain asks the people whom the new state asks; who has answered is not asked
// twice.
func (d *decision) askAgain(dos *Dossier, p *Procedure, st *State) error {
	sets, err := d.sets(dos, p, st)
	if err != nil {
		return err
	}
	for id, open := range sets {
		had := dos.Parties[id]
		if had == nil {
			continue
		}
		for who, answer := range had.Answers {
			if slices.Contains(open.People, who) {
				if open.Answers == nil {
					open.Answers = map[string]PartyAnswer{}
				}
				open.Answers[who] = answer
			}
		}
	}
	if !SameJSON(sets, dos.Parties) {
		d.emit(PartiesAsked{ev{dos.Step}, sets})
	}
	return nil
}

// retime gives the dossier the timers of its state. One that the old version had
// and that has fired stays fired; one that is new and past fires at once.
func (d *decision) retime(dos *Dossier, from, st *State) error {
	fired := map[string]bool{}
	if from != nil {
		for _, a := range from.After {
			fired[a.Action] = !slices.ContainsFunc(dos.Timers, func(t TimerDue) bool { return t.Kind == TimerAfter && t.Action == a.Action })
		}
	}
	var ts []TimerDue
	for i, a := range st.After {
		if fired[a.Action] {
			continue
		}
		t, err := d.afterTimer(dos, a, i)
		if err != nil {
			return err
		}
		if t.At.Before(d.now) {
			t.At = d.now
		}
		ts = append(ts, t)
	}
	d.putTimers(dos.Step, dos.Timers, append(ts, d.warnings(dos, d.procedure(dos), st)...))
	return nil
}

// relimitCase puts the chain's clock under the new version's limit.
func (d *decision) relimitCase(old *Service) error {
	if old.Limit == nil && d.svc.Limit == nil {
		return nil
	}
	next, err := d.relimited(d.c.Clock, d.svc.Limit)
	if err != nil {
		return err
	}
	if next.HasStarted() && !next.Equal(d.c.Clock) {
		d.emit(ClockChanged{ev{}, "migrated", next})
	}
	if d.svc.Limit == nil {
		d.putTimers("", d.c.Timers, slices.DeleteFunc(slices.Clone(d.c.Timers), func(t TimerDue) bool { return t.Kind == TimerWarn }))
	}
	return nil
}

// revert takes a migration back, unless something else has happened since.
func (d *decision) revert() error {
	if err := d.administers("reason"); err != nil {
		return err
	}
	u := d.c.Undo
	if u == nil {
		return Fail(WrongState, "Không hoàn lại được: hồ sơ chưa được chuyển phiên bản, hoặc đã có sự kiện khác sau đó.",
			"This cannot be taken back: the case was not migrated, or something else has happened since.")
	}
	if d.c.Status == CaseEnded { // people were told
		return stays("", "Việc chuyển đã làm hồ sơ kết thúc.", "the migration ended the case")
	}
	for _, dos := range d.c.Dossiers {
		if dos.Request != nil {
			return stays(dos.Step, "việc chuyển đã gửi yêu cầu đến "+dos.Request.Registry, "the migration sent a request to "+dos.Request.Registry)
		}
	}
	svc, err := d.defs.Service(d.c.Service, u.Version)
	if err != nil {
		return err
	}
	d.emit(Reverted{ev{}, u.Version, u.Hash, Str(d.cmd.Input, "reason"), d.cmd.Actor.ID})
	d.svc = svc
	return nil
}

// migrated keeps what the migration is about to replace.
func (h *hand) migrated(v Migrated) {
	c := h.Case
	u := &Undo{Seq: c.Seq + 1, Version: c.Version, Hash: c.Hash, KeyStep: c.KeyStep, Clock: c.Clock, Warned: c.Warned, Timers: c.Timers}
	for i, d := range c.Dossiers {
		was := *d
		u.Dossiers = append(u.Dossiers, &was)
		h.dossiers[i] = mine{itself: h.dossiers[i].itself} // what it holds is the kept one's too
	}
	c.Undo, c.Version, c.Hash, c.KeyStep = u, v.Version, v.Hash, v.KeyStep
	for _, p := range v.Steps {
		c.Dossiers = append(c.Dossiers, &Dossier{Step: p.Step, Procedure: p.Procedure, Code: p.Code, Attempt: 1, Status: StatusWaiting})
		h.dossiers = append(h.dossiers, mine{itself: true})
	}
}

// reverted puts back what the migration replaced. Versions that people hold only
// grow.
func (h *hand) reverted() {
	c := h.Case
	u := c.Undo
	if u == nil {
		return
	}
	var back []*Dossier
	for _, was := range u.Dossiers {
		d := *was
		if now := c.Dossier(d.Step); now != nil && now.Rev != d.Rev {
			d.Rev = now.Rev + 1
		}
		back = append(back, &d)
	}
	c.Version, c.Hash, c.KeyStep, c.Clock, c.Warned, c.Timers = u.Version, u.Hash, u.KeyStep, u.Clock, u.Warned, u.Timers
	c.Dossiers, c.Undo = back, nil
	h.dossiers = make([]mine, len(back))
	for i := range h.dossiers {
		h.dossiers[i].itself = true
	}
}
