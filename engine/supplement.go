package engine

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ask adds a dossier's items to the case's one open supplement request. One
// consolidated request is the rule (NĐ 61/2018 art. 15(3)); a second one on the
// same dossier counts against the office (indicator 2.1).
func (d *decision) ask(dos *Dossier, input map[string]any, next string) error {
	list, _ := input["items"].([]any)
	if len(list) == 0 {
		return missing("items")
	}
	st := d.procedure(dos).State(next)
	legal := Str(input, "legal_basis") // of the whole request, unless an item has its own
	var items []Item
	for i, x := range list {
		it := Item{ID: fmt.Sprintf("%s-%d-%d", dos.Step, d.seq, i+1), Step: dos.Step, Kind: Str(x, "kind"), About: Str(x, "about"),
			Reason: Str(x, "reason"), Legal: cmp.Or(Str(x, "legal_basis"), legal), Asked: d.now, By: d.cmd.Actor.ID}
		for _, a := range st.After {
			l, err := d.within(a.Within, a.Param)
			if err != nil {
				return err
			}
			it.Due = d.cal.After(d.now, l)
		}
		items = append(items, it)
	}
	d.emit(ItemsAsked{ev{dos.Step}, items})
	return nil
}

// answerItems saves answers one by one; a dossier moves on when all of its items
// are answered (settle sees to that).
func (d *decision) answerItems() error {
	if !d.isApplicant() {
		return notAnswered
	}
	answers, _ := d.cmd.Input["items"].(map[string]any)
	if len(answers) == 0 {
		return missing("items")
	}
	open := map[string]Item{}
	for _, it := range d.c.Items {
		if !it.Closed {
			open[it.ID] = it
		}
	}
	if len(open) == 0 {
		return d.noAction(nil)
	}
	var ps []Problem
	for _, id := range sortedKeys(answers) {
		a, isMap := answers[id].(map[string]any)
		if _, ok := open[id]; !ok {
			ps = append(ps, Problem{Pointer: "/items/" + id, Code: "unknown_item", Detail: Text{VI: "Không có yêu cầu bổ sung này, hoặc đã xong", EN: "no such open item"}})
		} else if !isMap || len(a) == 0 {
			ps = append(ps, Problem{Pointer: "/items/" + id, Code: "required", Detail: Text{VI: "Chưa có nội dung bổ sung", EN: "the answer is empty"}})
		} else {
			ps = append(ps, d.checkAnswer(open[id], a)...)
		}
	}
	if len(ps) > 0 {
		return &Error{Code: Invalid, Problems: ps, Detail: Text{VI: "Phần bổ sung chưa hợp lệ", EN: "the answers are not valid"}}
	}
	for _, id := range sortedKeys(answers) {
		d.emit(ItemAnswered{ev{open[id].Step}, id, answers[id].(map[string]any), d.now})
	}
	return nil
}

// checkAnswer holds one answer against the form that will take them all: what is
// saved now must not stand in the way when the last item comes.
func (d *decision) checkAnswer(it Item, answer map[string]any) []Problem {
	dos := d.c.Dossier(it.Step)
	for _, a := range d.procedure(dos).Actions {
		if a.Input != nil && a.Input.ID == FormSupplementAnswer && slices.Contains(a.From, dos.State) {
			return a.Input.Check(map[string]any{"items": map[string]any{it.ID: answer}}, d.now)
		}
	}
	return nil
}

// answered takes the dossier's supplement_answer action with all its answers.
func (d *decision) answered(dos *Dossier, a *Action) error {
	items := map[string]any{}
	for _, it := range d.c.Items {
		if it.Step == dos.Step && !it.Closed {
			items[it.ID] = maps.Clone(it.Answer)
		}
	}
	input := map[string]any{"items": items}
	if err := checkInput(a.Input, input, d.now); err != nil {
		return err
	}
	d.notifyOffice(dos, NoteAnswered, nil)
	return d.take(dos, a, input)
}

// itemsPending tells whether a dossier has items that were not closed.
func (c *Case) itemsPending(step string) bool {
	for _, it := range c.Items {
		if it.Step == step && !it.Closed {
			return true
		}
	}
	return false
}

// itemsComplete tells whether a dossier asked for items and all are answered.
func (c *Case) itemsComplete(step string) bool {
	n := 0
	for _, it := range c.Items {
		if it.Step != step || it.Closed {
			continue
		}
		if it.Answered.IsZero() {
			return false
		}
		n++
	}
	return n > 0
}

// itemList tells the applicant what is asked for.
func (d *decision) itemList(step string) []any {
	var out []any
	for _, it := range d.c.Items {
		if it.Step == step && !it.Closed {
			m := map[string]any{"id": it.ID, "about": it.About, "reason": it.Reason}
			if l, ok := d.fieldName(it.About); ok {
				m["label"] = textVars(l)
			}
			out = append(out, m)
		}
	}
	return out
}

// fieldName is what the declaration calls the entry at a pointer into the case's
// application, with the group that it stands in.
func (d *decision) fieldName(pointer string) (Text, bool) {
	form, ok := d.svc.Form.Schema.(Labelled)
	if !ok || !strings.HasPrefix(pointer, "/") {
		return Text{}, false
	}
	top, rest, deeper := strings.Cut(pointer[1:], "/")
	group := "/" + top
	if e := d.svc.Each; e != nil && top == e.As {
		group = "/" + e.List + "/0"
	}
	l, ok := form.Label(group)
	if !ok || !deeper {
		return l, ok
	}
	of := l
	if l, ok = form.Label(group + "/" + rest); !ok {
		return of, true
	}
	return Text{VI: l.VI + " (" + of.VI + ")", EN: l.EN + " (" + of.EN + ")"}, true
}
