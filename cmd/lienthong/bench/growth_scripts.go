package bench

import (
	"time"

	"lienthong/cmd/lienthong/story"
)

// What people say in the scripts.
var (
	refusalInput = map[string]any{"reason": "Không thuộc thẩm quyền của xã này", "legal_basis": "Luật Hộ tịch 2014 Điều 13"}
	checkInput   = map[string]any{"household": "HN-0001", "relation": "grandchild", "consent_shown_by": "vneid"}
)

const (
	grandfather = "001058000101" // heads the household of birth-b4
	declining   = "048055000501" // heads the household of birth-consent-declined
)

// scripts are the stories that are multiplied. The shares are a guess at what an
// authority sees; what matters is that every kind of row occurs.
func scripts() []script {
	return append(finishedScripts(), openScripts()...)
}

func finishedScripts() []script {
	return []script{
		{name: "birth, all parts", share: 30, example: "birth-b4", play: func(t *story.Tale) {
			born(t)
			resident(t)
			carded(t)
			t.WantEnd("completed", 10)
		}},
		{name: "birth without residence", share: 20, example: "birth-b4", change: without("residence"), play: func(t *story.Tale) {
			born(t)
			carded(t)
		}},
		{name: "birth, residence refused", share: 5, example: "birth-consent-declined", play: func(t *story.Tale) {
			born(t)
			t.Later(4*time.Hour).By(declining, "residence", "decline", map[string]any{"reason": "Chỗ ở chật"})
			t.Later(19*time.Hour).Staff("leader", "residence", "refuse", refusalInput)
			carded(t)
		}},
		{name: "birth, two parts completed", share: 10, example: "birth-b4", play: func(t *story.Tale) {
			born(t)
			t.Later(time.Hour).By(grandfather, "residence", "consent", nil)
			t.Later(20*time.Hour).Staff("officer", "residence", "request_supplement", asks("Giấy tờ chỗ ở", "Văn bản đồng ý của cha mẹ"))
			t.Later(time.Hour).Staff("officer", "card", "request_supplement", asks("Mã nơi khám chữa bệnh"))
			t.Later(28*time.Hour).Applicant("", "answer_supplement", answers(t))
			t.Later(2*time.Hour).Staff("officer", "residence", "check", checkInput).Later(time.Hour).Staff("leader", "residence", "approve", nil)
			carded(t)
		}},
		{name: "birth, confirmed by silence", share: 7, example: "birth-b4", change: without("residence"), play: func(t *story.Tale) {
			t.Later(time.Hour).Staff("reception", "birth", "receive", nil).Later(20 * time.Minute)
			t.Draft().Later(25*time.Hour).Staff("leader", "birth", "sign", nil)
			carded(t)
		}},
		{name: "birth, refused at the counter", share: 3, example: "birth-b4", play: func(t *story.Tale) {
			t.Later(2*time.Hour).Staff("reception", "birth", "reject_reception", refusalInput)
		}},
		{name: "birth, withdrawn", share: 4, example: "birth-b4", play: func(t *story.Tale) {
			t.Later(time.Hour).Staff("reception", "birth", "receive", nil)
			t.Later(2*time.Hour).Applicant("", "withdraw", map[string]any{"reason": "Sẽ đăng ký ở quê"})
		}},
		{name: "birth, supplement not answered", share: 3, example: "birth-b4", play: func(t *story.Tale) {
			t.Later(time.Hour).Staff("reception", "birth", "request_supplement", asks("Giấy chứng sinh")).Later(15 * 24 * time.Hour)
		}},
		{name: "death, all parts", share: 7, example: "death-o4-monthly", play: func(t *story.Tale) {
			died(t)
			t.Later(40*time.Minute).Applicant("representative", "confirm", nil)
			t.Later(30*time.Minute).Staff("officer", "residence", "approve", nil)
			t.Later(18*time.Hour).Staff("officer", "insurance_funeral", "calculate", nil)
			t.Later(time.Hour).Staff("leader", "insurance_funeral", "sign", nil)
			t.Later(2*time.Hour).Staff("officer", "survivor", "calculate", t.Finding("monthly", false))
			t.Later(time.Hour).Staff("leader", "survivor", "sign", nil)
		}},
		{name: "death and residence", share: 7, example: "death-o2", play: func(t *story.Tale) {
			died(t)
			t.Later(5*time.Hour).Staff("officer", "residence", "approve", nil)
		}},
		{name: "death, social assistance", share: 4, example: "death-o3-social", play: func(t *story.Tale) {
			died(t)
			t.Later(3*time.Hour).Staff("officer", "residence", "approve", nil)
			t.Later(18*time.Hour).Staff("officer", "social_funeral", "check", nil)
			t.Later(24*time.Hour).Staff("leader", "social_funeral", "decide", nil)
		}},
	}
}

func openScripts() []script {
	received := func(t *story.Tale) *story.Tale {
		return t.Later(time.Hour).Staff("reception", "birth", "receive", nil)
	}
	drafted := func(t *story.Tale) *story.Tale {
		received(t).Later(30 * time.Minute)
		return t.Draft()
	}
	return []script{
		{name: "submitted", open: true, share: 20, example: "birth-b4", play: func(*story.Tale) {}},
		{name: "received", open: true, share: 15, example: "birth-b4", play: func(t *story.Tale) { received(t).Want("birth", "received") }},
		{name: "with the requester", open: true, share: 10, example: "birth-b4", play: func(t *story.Tale) { drafted(t).Want("birth", "confirming") }},
		{name: "supplement asked", open: true, share: 10, example: "birth-b4", play: func(t *story.Tale) {
			received(t).Later(time.Hour).Staff("officer", "birth", "request_supplement", asks("Giấy chứng sinh")).Want("birth", "supplement")
		}},
		{name: "waiting for a register", open: true, share: 8, example: "birth-b4", late: [2]string{"population", "assign_personal_id"}, play: func(t *story.Tale) {
			drafted(t).Later(time.Hour).Applicant("birth", "confirm", nil).Want("birth", "assigning")
		}},
		{name: "to be signed", open: true, share: 8, example: "birth-b4", play: func(t *story.Tale) {
			drafted(t).Later(time.Hour).Applicant("birth", "confirm", nil).Want("birth", "signing")
		}},
		{name: "parts open", open: true, share: 12, example: "birth-b4", play: func(t *story.Tale) { born(t).Want("residence", "consenting") }},
		{name: "residence to be signed", open: true, share: 5, example: "birth-b4", play: func(t *story.Tale) {
			born(t).Later(time.Hour).By(grandfather, "residence", "consent", nil)
			t.Later(time.Hour).Staff("officer", "residence", "check", checkInput).Want("residence", "signing")
			carded(t)
		}},
		{name: "card being made", open: true, share: 4, example: "birth-b4", change: without("residence"), late: [2]string{"social_insurance", "issue_child_card"}, play: func(t *story.Tale) {
			born(t).Later(time.Hour).Staff("officer", "card", "approve", nil).Want("card", "recording")
		}},
		{name: "fee not paid", open: true, share: 3, example: "birth-copies", unpaid: true, play: func(*story.Tale) {}},
		{name: "death received", open: true, share: 3, example: "death-o4-monthly", play: func(t *story.Tale) {
			t.Later(time.Hour).Staff("reception", "death", "receive", nil)
		}},
		{name: "death, money being calculated", open: true, share: 2, example: "death-o4-monthly", play: func(t *story.Tale) {
			died(t)
			t.Later(40*time.Minute).Applicant("representative", "confirm", nil)
		}},
	}
}

// born takes a birth from filing to its certificate, at an office's pace.
func born(t *story.Tale) *story.Tale { return t.Later(40 * time.Minute).Registered() }

// died takes a death from filing to its extract.
func died(t *story.Tale) *story.Tale { return t.Later(25 * time.Minute).Died() }

// resident takes the residence part of birth-b4 from consent to the register.
func resident(t *story.Tale) {
	t.Later(3*time.Hour).By(grandfather, "residence", "consent", nil)
	t.Later(time.Hour).Staff("officer", "residence", "check", checkInput)
	t.Later(time.Hour).Staff("leader", "residence", "approve", nil)
}

// carded has both cards issued and the identity card handed over.
func carded(t *story.Tale) {
	t.Later(17*time.Hour).Staff("officer", "card", "approve", nil)
	t.Later(2*time.Hour).Staff("officer", "identity", "approve", nil)
	t.Later(time.Hour).Staff("reception", "identity", "hand_over", nil)
}

// without takes parts out of an application.
func without(parts ...string) func(map[string]any) {
	return func(app map[string]any) {
		choices, _ := app["choices"].(map[string]any)
		for _, p := range parts {
			delete(app, p)
			choices[p] = false
		}
	}
}

// asks is a request for completion with one item for each thing.
func asks(about ...string) map[string]any {
	items := []any{}
	for _, a := range about {
		items = append(items, map[string]any{"kind": "paper", "about": a, "reason": "Chưa có trong hồ sơ"})
	}
	return map[string]any{"items": items}
}

// answers completes every item that is asked for.
func answers(t *story.Tale) map[string]any {
	items := map[string]any{}
	for _, it := range t.Now().Items {
		if !it.Closed && it.Answered.IsZero() {
			items[it.ID] = map[string]any{"document": "doc-" + it.ID}
		}
	}
	return map[string]any{"items": items}
}
