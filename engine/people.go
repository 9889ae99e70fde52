package engine

import (
	"fmt"
	"slices"
	"time"
)

// What is said to those who may not act: one value each, for every menu says it many
// times. Whoever adds to it copies it.
var (
	notAsked     = Fail(Forbidden, "Thao tác này dành cho người được hỏi ý kiến", "this is for the people whose agreement is asked")
	notYours     = Fail(Forbidden, "Thao tác này thuộc vai trò hoặc cơ quan khác", "this belongs to another role or office")
	notWithdrawn = Fail(Forbidden, "Chỉ người nộp được rút hồ sơ", "only the applicant may withdraw")
	notAnswered  = Fail(Forbidden, "Chỉ người nộp được bổ sung", "only the applicant may answer")
	notRefiled   = Fail(Forbidden, "Chỉ người nộp được nộp lại", "only the applicant may file again")
	notReceiving = Fail(Forbidden, "Chỉ cơ quan tiếp nhận được xin lỗi và hẹn lại", "only the receiving office may apologise for the service")
)

// permit checks who may take an action: role at the dossier's office, the
// applicant (or the counter that filed for them), or a named party.
func (d *decision) permit(dos *Dossier, a *Action) error {
	actor := d.cmd.Actor
	if a.Party != nil {
		if actor.Kind == Citizen && d.inParties(dos, a, actor.ID) {
			return nil
		}
		return notAsked
	}
	for _, by := range a.By {
		switch by {
		case ByApplicant:
			if d.isApplicant() {
				return nil
			}
		case ByReception, ByOfficer, ByLeader:
			if actor.Kind == Staff && actor.Office == dos.Office && actor.Has(by) {
				return nil
			}
		}
	}
	return notYours
}

// isApplicant: the requester, or the reception of the office that filed for them,
// at the counter or by post.
func (d *decision) isApplicant() bool {
	a, c := d.cmd.Actor, d.c
	if a.Kind == Citizen {
		return a.ID == c.Requester.ID
	}
	return a.Kind == Staff && c.FiledBy.Kind == Staff && a.Has(ByReception) && a.Office != "" && a.Office == c.FiledBy.Office
}

func (d *decision) inParties(dos *Dossier, a *Action, id string) bool {
	for _, s := range a.Party.Sets {
		if p := dos.Parties[s]; p != nil && slices.Contains(p.People, id) {
			return true
		}
	}
	return false
}

// askParties names the people whose answer a state waits for, and tells them.
func (d *decision) askParties(dos *Dossier, p *Procedure, st *State) error {
	sets, err := d.sets(dos, p, st)
	if err != nil || len(sets) == 0 {
		return err
	}
	d.emit(PartiesAsked{ev{dos.Step}, sets})
	told := map[string]bool{d.c.Requester.ID: false}
	for _, k := range sortedKeys(sets) {
		for _, who := range sets[k].People {
			if !told[who] {
				told[who] = true
				d.notify(dos.Step, who, NoteParty, d.about(dos, map[string]any{"until": formatTime(dos.ByItself().At), "then": d.silence(dos), "requester": d.c.Requester.Name}))
			}
		}
	}
	return nil
}

// sets are the sets of people whom a state asks, nobody having answered; nil = none.
func (d *decision) sets(dos *Dossier, p *Procedure, st *State) (map[string]*PartyOpen, error) {
	var sets map[string]*PartyOpen
	for _, a := range p.Actions {
		if a.Party == nil || !slices.Contains(a.From, st.ID) {
			continue
		}
		for _, id := range a.Party.Sets {
			people, err := d.people(dos, p.Party(id))
			if err != nil {
				return nil, err
			}
			if sets == nil {
				sets = map[string]*PartyOpen{}
			}
			sets[id] = &PartyOpen{People: people, Any: p.Party(id).Any}
		}
	}
	return sets, nil
}

func (d *decision) people(dos *Dossier, s *PartySet) ([]string, error) {
	v, err := eval(s.People, d.vars(dos))
	if err != nil {
		return nil, err
	}
	var out []string
	switch v := v.(type) {
	case nil:
	case string:
		out = append(out, v)
	case []any:
		for _, x := range v {
			if id, ok := x.(string); ok && id != "" && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	default:
		return nil, &Error{Code: Internal, Op: "people " + s.People.Source(), Err: fmt.Errorf("want ids, got %T", v)}
	}
	return out, nil
}

// partyAnswer keeps one person's answer; the transition happens when all required
// sets agree, or at the first refusal.
func (d *decision) partyAnswer(dos *Dossier, a *Action) error {
	if err := checkInput(a.Input, d.cmd.Input, d.now); err != nil {
		return err
	}
	who := d.cmd.Actor.ID
	fresh := false
	for _, s := range a.Party.Sets {
		p := dos.Parties[s]
		if p == nil || !slices.Contains(p.People, who) {
			continue
		}
		if _, answered := p.Answers[who]; answered {
			continue
		}
		fresh = true
		d.emit(PartyAnswered{ev{dos.Step}, s, who, !a.Party.Decline, d.now})
	}
	if !fresh {
		return Fail(WrongState, "Bạn đã trả lời rồi", "you have answered already")
	}
	if a.Party.Decline {
		return d.take(dos, a, d.cmd.Input)
	}
	return nil // settle takes the action once all agree
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

func (d *decision) agreed(dos *Dossier, a *Action) bool {
	for _, s := range a.Party.Sets {
		if p := dos.Parties[s]; p == nil || !p.Agreed() {
			return false
		}
	}
	return true
}

// agree takes the action that all parties agreed to, and keeps who did.
func (d *decision) agree(dos *Dossier, a *Action) error {
	all := map[string]any{}
	for _, s := range a.Party.Sets {
		ids := []any{}
		for _, who := range dos.Parties[s].People {
			if dos.Parties[s].Answers[who].Agree {
				ids = append(ids, who)
			}
		}
		all[s] = ids
	}
	d.emit(ValueSet{ev{dos.Step}, "parties", all})
	var input map[string]any
	if d.cmd.Step == dos.Step && d.cmd.Action == a.ID { // else another command brought it about
		input = d.cmd.Input
	}
	return d.take(dos, a, input)
}

// staff checks that the actor works at the dossier's office in one of the roles.
func (d *decision) staff(dos *Dossier, roles ...string) error {
	a := d.cmd.Actor
	if a.Kind == Staff && a.Office == dos.Office {
		for _, r := range roles {
			if a.Has(r) {
				return nil
			}
		}
	}
	return notYours
}

// BySupervisor is the role that watches over an office's work.
const BySupervisor = "supervisor"

func (d *decision) versioned() error {
	if d.cmd.IfMatch == nil {
		return Fail(VersionRequired, "Thiếu phiên bản hồ sơ (If-Match)", "the version is required (If-Match)")
	}
	return nil
}

// assign is claim, release and assign: whose work an open dossier is.
func (d *decision) assign(dos *Dossier) error {
	if dos.Status != StatusOpen && dos.OpenReview() == nil {
		return d.noAction(dos)
	}
	if err := d.staff(dos, ByReception, ByOfficer, ByLeader, BySupervisor); err != nil {
		return err
	}
	if err := d.versioned(); err != nil {
		return err
	}
	me := d.cmd.Actor.ID
	over := d.cmd.Actor.Has(ByLeader) || d.cmd.Actor.Has(BySupervisor)
	switch d.cmd.Action {
	case ActClaim:
		if dos.Assignee != "" && dos.Assignee != me {
			return Fail(WrongState, "Hồ sơ đã có người nhận: "+dos.Assignee, "already claimed by "+dos.Assignee)
		}
		d.emit(Assigned{ev{dos.Step}, me})
	case ActRelease:
		if dos.Assignee == "" {
			return Fail(WrongState, "Hồ sơ chưa có người nhận", "nobody holds it")
		}
		if dos.Assignee != me && !over {
			return Fail(Forbidden, "Chỉ người đang giữ hoặc lãnh đạo được trả lại", "only its holder or a leader may release it")
		}
		d.emit(Assigned{ev{dos.Step}, ""})
	case ActAssign:
		if !over {
			return Fail(Forbidden, "Chỉ lãnh đạo được phân công", "only a leader may assign")
		}
		to, _ := d.cmd.Input["account"].(string)
		if to == "" {
			return missing("account")
		}
		d.emit(Assigned{ev{dos.Step}, to})
	}
	return nil
}

func missing(field string) error {
	return &Error{Code: Invalid, Problems: []Problem{{Pointer: "/" + field, Code: "required", Detail: Text{VI: "Trường này là bắt buộc", EN: "this field is required"}}}}
}

// transfer sends an open dossier to the competent office of the same kind.
func (d *decision) transfer(dos *Dossier) error {
	if dos.Status != StatusOpen || dos.Request != nil || dos.Office != dos.Home { // who only helps does not decide where it belongs
		return d.noAction(dos)
	}
	if err := d.staff(dos, ByReception, ByOfficer, ByLeader, BySupervisor); err != nil {
		return err
	}
	if err := d.versioned(); err != nil {
		return err
	}
	to, _ := d.cmd.Input["office"].(string)
	reason, _ := d.cmd.Input["reason"].(string)
	if to == "" {
		return missing("office")
	}
	if reason == "" {
		return missing("reason")
	}
	from, _ := d.defs.OfficeByID(dos.Office)
	o, ok := d.defs.OfficeByID(to)
	if !ok || o.Agency != from.Agency || o.ID == from.ID || !d.stands(o) {
		return &Error{Code: Invalid, Problems: []Problem{{Pointer: "/office", Code: "no_office",
			Detail: Text{VI: "Không phải cơ quan khác cùng loại", EN: "not another office of the same kind"}}}}
	}
	d.emit(Transferred{ev{dos.Step}, o.ID, o.Unit, reason})
	d.notifyOffice(dos, NoteReturned, map[string]any{"reason": reason})
	return nil
}

// stands tells whether an office serves anything now.
func (d *decision) stands(o Office) bool {
	return slices.ContainsFunc(append([]string{o.Unit}, o.Serves...), func(unit string) bool {
		now, ok := d.defs.Office(o.Agency, unit, d.now)
		return ok && now.ID == o.ID
	})
}

// succeed hands what an office that has ended still had to do to its successor.
func (d *decision) succeed() {
	for _, dos := range d.c.Dossiers {
		if dos.Office == "" || dos.Office != dos.Home || !dos.busy() {
			continue
		}
		next, ok := d.defs.Office(d.procedure(dos).Agency, dos.Unit, d.now)
		if !ok || next.ID == dos.Office {
			continue
		}
		if o, known := d.defs.OfficeByID(dos.Office); known && d.stands(o) { // it was sent there on purpose
			continue
		}
		d.emit(Transferred{ev{dos.Step}, next.ID, dos.Unit, ""})
		d.notifyOffice(dos, NoteReturned, nil)
	}
}

// busy tells whether an office still has something to do: work, a review, or a
// paper to hand over.
func (d *Dossier) busy() bool {
	return d.Status == StatusOpen || d.OpenReview() != nil || d.Succeeded() && d.Result != nil && d.Delivered.IsZero()
}

// handOver records that a paper result reached the citizen (portal status 10).
func (d *decision) handOver(dos *Dossier) error {
	if !dos.Succeeded() || dos.Result == nil || !dos.Result.Paper || !dos.Delivered.IsZero() {
		return d.noAction(dos)
	}
	reception := ""
	if r := d.c.Dossier(d.svc.Reception); r != nil {
		reception = r.Home
	}
	a := d.cmd.Actor
	if a.Kind != Staff || !a.Has(ByReception) || a.Office != dos.Home && a.Office != reception {
		return Fail(Forbidden, "Chỉ bộ phận một cửa được trả kết quả", "only reception hands results over")
	}
	if err := d.versioned(); err != nil {
		return err
	}
	to, _ := d.cmd.Input["to"].(string)
	if to == "" {
		to = d.c.Requester.ID
	}
	d.emit(Delivered{ev{dos.Step}, d.now, to})
	d.notifyRequester(dos, NoteDelivered, nil)
	return nil
}

// apologise gives a dossier its one new date (NĐ 61/2018 art. 19(9)).
func (d *decision) apologise(dos *Dossier) error {
	l := d.procedure(dos).Limit
	if l == nil || l.Apologise == nil || !dos.Clock.Running() {
		return d.noAction(dos)
	}
	if err := d.staff(dos, l.Apologise.By...); err != nil {
		return err
	}
	due, reason, err := d.newDate(l.Apologise, dos.Apologies, dos.Clock.Due)
	if err != nil {
		return err
	}
	was := dos.Clock.Due
	d.emit(Apologised{ev{dos.Step}, reason, was, due, d.cmd.Actor.ID})
	d.emit(ClockChanged{ev{dos.Step}, "extension", dos.Clock.Extend(d.now, due, reason)})
	if err := d.setTimers(dos); err != nil {
		return err
	}
	d.notifyRequester(dos, NoteApology, map[string]any{"reason": reason, "was": formatTime(was), "due": formatTime(due)})
	return nil
}

// apologiseCase does the same for the whole chain, by its receiving office.
func (d *decision) apologiseCase() error {
	l := d.svc.Limit
	if l == nil || l.Apologise == nil || !d.c.Clock.Running() {
		return d.noAction(nil)
	}
	r := d.c.Dossier(d.svc.Reception)
	a := d.cmd.Actor
	if r == nil || a.Kind != Staff || a.Office != r.Home || !slices.ContainsFunc(l.Apologise.By, a.Has) {
		return notReceiving
	}
	due, reason, err := d.newDate(l.Apologise, d.c.Apologies, d.c.Clock.Due)
	if err != nil {
		return err
	}
	was := d.c.Clock.Due
	d.emit(Apologised{ev{}, reason, was, due, a.ID})
	d.emit(ClockChanged{ev{}, "extension", d.c.Clock.Extend(d.now, due, reason)})
	d.caseTimers()
	d.notify("", d.c.Requester.ID, NoteApology, map[string]any{"case": d.c.Code, "subject": d.c.Subject(), "reason": reason, "was": formatTime(was), "due": formatTime(due)})
	return nil
}

// newDate reads and checks an apology slip.
func (d *decision) newDate(a *Apology, given int, due time.Time) (time.Time, string, error) {
	if err := d.versioned(); err != nil {
		return time.Time{}, "", err
	}
	if given >= a.Times {
		return time.Time{}, "", Fail(WrongState, "Chỉ được hẹn lại một lần (NĐ 61/2018 Điều 19 khoản 9)", "a new date may be given only once (Decree 61/2018 art. 19(9))")
	}
	if d.trial { // without an input
		return time.Time{}, "", missing("new_due")
	}
	if err := checkInput(a.Form, d.cmd.Input, d.now); err != nil {
		return time.Time{}, "", err
	}
	t, ok := parseTime(d.cmd.Input["new_due"])
	if !ok || !t.After(due) || !t.After(d.now) || t.After(d.now.AddDate(10, 0, 0)) {
		return time.Time{}, "", &Error{Code: Invalid, Problems: []Problem{{Pointer: "/new_due", Code: "date",
			Detail: Text{VI: "Ngày hẹn lại phải sau ngày hẹn cũ, ở tương lai và không quá 10 năm", EN: "the new date must be after the old one, in the future and within 10 years"}}}}
	}
	return t, Str(d.cmd.Input, "reason"), nil
}
