package engine

import (
	"slices"
	"time"

	"lienthong/engine/calendar"
)

// ActionView tells a person about one action: whether it is open to them and, if
// not, why.
type ActionView struct {
	Code    string
	Step    string // "" = of the case
	Label   Text
	Allowed bool
	Why     []Text // reasons against, in both languages
	Form    *Form  // the input it takes; nil = none but a comment
	To      []string
	Clock   calendar.Mode // effect on the clock; "" = none
	Final   FinalKind     // the end it leads to, when it is certain
}

// Menu is what one actor may do on a case as it stands at an instant.
type Menu struct{ d *decision }

// NewMenu prepares the menu of a case; empty when its definition is not known.
func NewMenu(defs Definitions, c *Case, actor Actor, now time.Time) Menu {
	svc, err := defs.Service(c.Service, c.Version)
	if err != nil {
		return Menu{}
	}
	d := looking(defs, svc, c, Command{Actor: actor, Case: c.Code}, Facts{}, now.In(calendar.Zone))
	d.succeed()
	return Menu{d}
}

// Actions lists the actions of one dossier's state, or of the case; see NewMenu.
func Actions(defs Definitions, c *Case, step string, actor Actor, now time.Time) []ActionView {
	return NewMenu(defs, c, actor, now).Append(nil, step)
}

// Append lists the actions of a dossier's state (or of the case, for step ""),
// refused ones too, in the definition's order and then the built-in ones. Actions
// that only registries, timers and other steps take are left out. It decides
// nothing: Decide checks again.
func (m Menu) Append(out []ActionView, step string) []ActionView {
	d := m.d
	if d == nil {
		return out
	}
	d.cmd.Step = step
	if step == "" {
		return d.caseActions(out)
	}
	dos := d.c.Dossier(step)
	if dos == nil {
		return out
	}
	if dos.State != "" && (dos.Status == StatusOpen || dos.Status == StatusEnded) {
		p := d.procedure(dos)
		for _, a := range p.Actions {
			if slices.Contains(a.From, dos.State) && a.forPeople() && (a.Input == nil || a.Input.ID != FormSupplementAnswer) {
				out = append(out, d.view(dos, p, a))
			}
		}
	}
	return d.builtins(out, dos)
}

func (d *decision) view(dos *Dossier, p *Procedure, a *Action) ActionView {
	v := ActionView{Code: a.ID, Step: dos.Step, Label: a.Title, Form: a.Input}
	if len(a.To) > 0 {
		v.To = make([]string, len(a.To))
	}
	for i, t := range a.To {
		v.To[i] = t.State
	}
	if len(v.To) == 1 {
		st := p.State(v.To[0])
		v.Clock, v.Final = st.Clock, st.Final
	}
	v.against(d.permit(dos, a))
	v.against(d.inTime(dos, a))
	if a.Review != "" && dos.OpenReview() == nil {
		v.Why = append(v.Why, Text{VI: "Không có mục rà soát nào đang mở", EN: "there is no open review item"})
	}
	if a.Returns != "" {
		if up := d.issuer(dos, a.Returns); up != nil {
			v.against(d.correctable(dos, up))
		}
	}
	if a.Party != nil && len(v.Why) == 0 && d.hasAnswered(dos, a) {
		v.Why = append(v.Why, Text{VI: "Bạn đã trả lời rồi", EN: "you have answered already"})
	}
	// A guard may read the input of its own action, which is not there yet: only a
	// plain "no" counts against it here.
	if ok, err := guardHolds(d, dos, a); err == nil && !ok {
		v.Why = append(v.Why, d.guardWhy(a))
	}
	v.Allowed = len(v.Why) == 0
	return v
}

func guardHolds(d *decision, dos *Dossier, a *Action) (bool, error) {
	if a.If == nil {
		return true, nil
	}
	return evalBool(a.If, d.vars(dos))
}

func (d *decision) guardWhy(a *Action) Text {
	if a.Why.IsZero() {
		return Text{VI: "Điều kiện của quy trình không thoả: " + a.If.Source(), EN: "a condition of the procedure does not hold: " + a.If.Source()}
	}
	return a.Why
}

func (d *decision) hasAnswered(dos *Dossier, a *Action) bool {
	for _, s := range a.Party.Sets {
		p := dos.Parties[s]
		if p == nil || !slices.Contains(p.People, d.cmd.Actor.ID) {
			continue
		}
		if _, ok := p.Answers[d.cmd.Actor.ID]; !ok {
			return false
		}
	}
	return true
}

func (v *ActionView) against(err error) {
	if e, ok := err.(*Error); ok && e != nil {
		v.Why = append(v.Why, e.Detail)
	}
}

var builtinTitles = map[string]Text{
	ActWithdraw:  {VI: "Rút hồ sơ", EN: "Withdraw"},
	ActAnswer:    {VI: "Nộp bổ sung", EN: "Answer the supplement request"},
	ActRefile:    {VI: "Nộp lại phần này", EN: "File this part again"},
	ActApologise: {VI: "Xin lỗi và hẹn lại", EN: "Apologise and give a new date"},
	ActClaim:     {VI: "Nhận xử lý", EN: "Claim"},
	ActRelease:   {VI: "Trả lại", EN: "Release"},
	ActAssign:    {VI: "Phân công", EN: "Assign"},
	ActTransfer:  {VI: "Chuyển cơ quan có thẩm quyền", EN: "Transfer to the competent office"},
	ActHandOver:  {VI: "Trả kết quả", EN: "Hand over the result"},
}

// try tells whether a built-in command would be accepted as far as it does not
// depend on its input: it is run on a throw-away copy with a sufficient version.
func (d *decision) try(action, step string, form *Form, run func(t *decision, dos *Dossier) error) (ActionView, bool) {
	rev := &d.c.Rev
	if dos := d.c.Dossier(step); dos != nil {
		rev = &dos.Rev
	}
	t := d.throwAway(Command{Action: action, Case: d.c.Code, Step: step, Actor: d.cmd.Actor, IfMatch: rev})
	v := ActionView{Code: action, Step: step, Label: builtinTitles[action], Form: form}
	err := run(t, t.c.Dossier(step))
	switch CodeOf(err) {
	case "", Invalid:
		v.Allowed = true
		return v, true
	case WrongState:
		if e := err.(*Error); len(e.Legal) == 0 && e != notOpen {
			v.Why = append(v.Why, e.Detail)
			return v, true
		}
	}
	return v, false
}

// throwAway is a decision on a copy of the case, which is as the case for every
// command.
func (d *decision) throwAway(cmd Command) *decision {
	t := d.spare
	if t == nil {
		t = newDecision(d.defs, d.svc, d.c, cmd, Facts{}, d.now)
		t.trial, d.spare = true, t
	} else if len(t.events) > 0 {
		t.hand.again(d.c)
		t.events, t.seen = nil, seen{people: t.seen.people}
	}
	t.cmd = cmd
	return t
}

// builtins lists the commands that every procedure has, where they are open.
func (d *decision) builtins(out []ActionView, dos *Dossier) []ActionView {
	add := func(action string, form *Form, run func(t *decision, dos *Dossier) error) {
		if v, ok := d.try(action, dos.Step, form, run); ok {
			out = append(out, v)
		}
	}
	if dos.Status == StatusOpen || dos.Status == StatusEnded {
		var form *Form
		if l := d.procedure(dos).Limit; l != nil && l.Apologise != nil {
			form = l.Apologise.Form
		}
		add(ActApologise, form, (*decision).apologise)
		for _, a := range [...]string{ActClaim, ActRelease, ActAssign} {
			add(a, nil, (*decision).assign)
		}
		add(ActTransfer, nil, (*decision).transfer)
		add(ActHandOver, nil, (*decision).handOver)
	}
	add(ActRefile, nil, (*decision).refile)
	return out
}

func (d *decision) caseActions(out []ActionView) []ActionView {
	add := func(action string, form *Form, run func(t *decision, none *Dossier) error) {
		if v, ok := d.try(action, "", form, run); ok {
			out = append(out, v)
		}
	}
	add(ActWithdraw, nil, func(t *decision, _ *Dossier) error { return t.withdraw() })
	add(ActAnswer, nil, func(t *decision, _ *Dossier) error { return t.answerItems() })
	var form *Form
	if l := d.svc.Limit; l != nil && l.Apologise != nil {
		form = l.Apologise.Form
	}
	add(ActApologise, form, func(t *decision, _ *Dossier) error { return t.apologiseCase() })
	return out
}
