package engine_test

import (
	"testing"

	"lienthong/engine"
)

// What a part needs is asked for with it, however far back, when nobody had asked for
// it before.
func TestAskingLaterAsksForWhatItNeedsToo(t *testing.T) {
	l := newLine(t, map[string]any{"residence": false})
	wanted := path("application.residence")
	card := l.defs.svc.Step("card")
	card.If = wanted
	card.Needs = append(card.Needs, engine.Need{Step: "residence", Optional: true})
	l.lastly(engine.Need{Step: "birth"}, engine.Need{Step: "card", Optional: true})
	l.defs.svc.Step("last").If = wanted
	l.file(map[string]any{"residence": false})
	l.registered()
	for _, step := range []string{"residence", "card", "last"} {
		l.status(step, engine.StatusClosed)
	}
	l.code(l.citizen("P", "last", engine.ActRefile, nil), engine.Invalid)
	l.must(l.citizen("P", "last", engine.ActRefile, map[string]any{"application": map[string]any{"residence": true}}))
	l.state("residence", "consenting")
	l.status("card", engine.StatusWaiting)
	l.status("last", engine.StatusWaiting)
	l.must(l.citizen("O1", "residence", "decline", nil))
	l.state("card", "checking")
	l.must(l.staff("card", "approve", engine.ByOfficer, nil))
	l.status("last", engine.StatusOpen)
	l.must(l.citizen("P", "", engine.ActWithdraw, map[string]any{"steps": []any{"last"}}))
	l.must(l.citizen("P", "last", engine.ActRefile, nil))
	l.status("last", engine.StatusOpen)
	l.state("residence", "refused") // it had its answer
}
