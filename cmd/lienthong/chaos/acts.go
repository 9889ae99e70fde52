package chaos

import (
	"lienthong/cmd/lienthong/story"
)

// act is what somebody does to a case.
type act struct {
	account, step, action string
	input                 map[string]any
	etag                  string
}

// next chooses what is to be done: one open part, and in it the act of whoever
// must act. Now and then people ask for more, disagree or give up.
func (d *driver) next(c *story.Case, m *matter) *act {
	var open []story.Dossier
	for _, x := range c.Dossiers {
		if x.Status == "open" {
			open = append(open, x)
		}
	}
	for _, i := range d.rng.Perm(len(open)) {
		x := open[i]
		if a := d.part(c, &x, m); a != nil {
			if a.step == x.Step {
				a.etag = x.ETag
			}
			return a
		}
	}
	return nil
}

// part chooses an act on one open part; nil when a registry or a clock must move.
func (d *driver) part(c *story.Case, x *story.Dossier, m *matter) *act {
	by := func(role, action string, input map[string]any) *act {
		return &act{account: clerkOf(role, x.Office.ID), step: x.Step, action: action, input: input}
	}
	applicant := func(action string, input map[string]any) *act {
		return &act{account: m.birth.by, step: x.Step, action: action, input: input}
	}
	refuse := map[string]any{"reason": "Cơ sở dữ liệu không nhận."}
	if x.Assignee == "" && x.Clock == "runs" && d.rng.IntN(30) == 0 && m.once("claim "+x.Step) {
		return by("officer", "claim", nil)
	}
	switch x.Step + " " + x.State {
	case "birth submitted":
		if d.giveUp.Load() {
			return applicant("withdraw", nil)
		}
		if d.rng.IntN(25) == 0 && m.once("supplement") {
			return by("reception", "request_supplement", asking())
		}
		return by("reception", "receive", nil)
	case "birth received":
		if x.Data["mismatch"] != nil || x.Data["unrecorded"] != nil {
			return by("leader", "refuse", refuse)
		}
		return by("officer", "draft", story.Draft(x.With))
	case "birth supplement", "residence supplement", "card supplement", "identity supplement":
		return answering(c, m)
	case "birth confirming":
		switch {
		case d.rng.IntN(25) == 0 && m.once("dispute"):
			return applicant("dispute", map[string]any{"comment": "Xin xem lại tên của cháu."})
		case d.rng.IntN(40) == 0 && m.once("withdraw"):
			return applicant("withdraw", nil)
		}
		return applicant("confirm", nil)
	case "birth signing":
		return by("leader", "sign", nil)
	case "residence consenting":
		return &act{account: m.birth.family.father.id(), step: x.Step, action: "consent"}
	case "residence checking":
		if x.Data["returned_by_register"] != nil {
			return by("leader", "refuse", refuse)
		}
		if d.rng.IntN(25) == 0 && m.once("supplement") {
			return by("officer", "request_supplement", asking())
		}
		shown := "requester_entitled"
		if m.birth.by != m.birth.family.father.id() {
			shown = "vneid"
		}
		return by("officer", "check", map[string]any{"household": m.birth.family.household, "relation": "child", "consent_shown_by": shown})
	case "residence signing":
		return by("leader", "approve", nil)
	case "card checking":
		if x.Data["returned_by_register"] != nil {
			return by("officer", "refuse", refuse)
		}
		return by("officer", "approve", nil)
	case "identity checking":
		if x.Data["returned_by_register"] != nil {
			return by("leader", "refuse", refuse)
		}
		return by("officer", "approve", nil)
	}
	return nil
}

func asking() map[string]any {
	return map[string]any{"items": []any{map[string]any{"kind": "paper", "about": "Giấy tờ chỗ ở", "reason": "Còn thiếu."}}}
}

// answering answers every item that is asked for.
func answering(c *story.Case, m *matter) *act {
	items := map[string]any{}
	for _, i := range c.Items {
		if i.Answered.IsZero() && !i.Closed {
			items[i.ID] = map[string]any{"comment": "Đã bổ sung."}
		}
	}
	if len(items) == 0 {
		return nil
	}
	return &act{account: m.birth.by, action: "answer_supplement", input: map[string]any{"items": items}, etag: c.ETag}
}
