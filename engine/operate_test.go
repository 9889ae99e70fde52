package engine_test

import (
	"reflect"
	"slices"
	"testing"

	"lienthong/engine"
)

var operator = engine.Actor{Kind: engine.Staff, ID: "op", Roles: []string{engine.ByOperator}}

func (l *line) operate(actor engine.Actor, step, key, what, note string) error {
	return l.run(engine.Command{Action: engine.ActOperate, Case: l.c.Code, Step: step, Actor: actor,
		Input: map[string]any{"key": key, "what": what, "note": note}}, engine.Facts{})
}

// acted lists the operator's acts in history.
func acted(l *line) (out []engine.ExchangeActed) {
	for _, e := range l.history {
		for _, v := range e.Events {
			if x, ok := v.(engine.ExchangeActed); ok {
				out = append(out, x)
			}
		}
	}
	return out
}

func TestOperatorsActsAreHistoryAndTouchNoVersion(t *testing.T) {
	l := newLine(t, nil)
	l.must(l.staff("birth", "receive", engine.ByReception, nil))
	before := *l.c
	dossier := *l.c.Dossier("birth")
	rev := dossier.Rev
	for _, what := range []string{engine.OperateRetry, engine.OperateRecord, engine.OperateSkip} {
		l.must(l.operate(operator, "birth", l.c.Code+"/1/2", what, "why"))
	}
	l.must(l.operate(operator, "", l.c.Code+"/1/3", engine.OperateRetry, ""))
	if l.c.Seq != before.Seq+4 || l.c.Rev != before.Rev || !reflect.DeepEqual(*l.c.Dossier("birth"), dossier) {
		t.Fatalf("case %d/%d, dossier %+v", l.c.Seq, l.c.Rev, l.c.Dossier("birth"))
	}
	// A clerk who holds the version from before goes on.
	l.must(l.run(engine.Command{Action: engine.ActClaim, Case: l.c.Code, Step: "birth", IfMatch: &rev,
		Actor: engine.Actor{Kind: engine.Staff, ID: "o", Office: dossier.Office, Roles: []string{engine.ByOfficer}}}, engine.Facts{}))
	var got []string
	for _, x := range acted(l) {
		got = append(got, x.Step+" "+x.Key+" "+x.What+" "+x.By+" "+x.Note)
	}
	k := l.c.Code + "/1/"
	if want := []string{"birth " + k + "2 retry op why", "birth " + k + "2 record op why", "birth " + k + "2 skip op why", " " + k + "3 retry op "}; !slices.Equal(got, want) {
		t.Fatalf("history says %q", got)
	}
}

func TestOperatingIsForOperatorsAndSaysWhy(t *testing.T) {
	l := newLine(t, nil)
	k := l.c.Code + "/1/2"
	clerk := operator
	clerk.Roles = []string{engine.ByLeader}
	citizen := operator
	citizen.Kind = engine.Citizen
	for _, a := range []engine.Actor{clerk, citizen, {Kind: engine.System}} {
		l.code(l.operate(a, "birth", k, engine.OperateRetry, "x"), engine.Forbidden)
	}
	l.code(l.operate(operator, "nope", k, engine.OperateRetry, ""), engine.NotFound)
	l.code(l.operate(operator, "birth", "another/1/2", engine.OperateRetry, ""), engine.Invalid)
	l.code(l.operate(operator, "birth", k, engine.OperateSkip, " "), engine.Invalid)
	l.code(l.operate(operator, "birth", k, engine.OperateRecord, ""), engine.Invalid)
	l.code(l.operate(operator, "birth", k, "forget", "x"), engine.Invalid)
	l.code(l.run(engine.Command{Action: engine.ActOperate, Case: l.c.Code, Actor: operator}, engine.Facts{}), engine.Invalid)
	if n := len(acted(l)); n != 0 {
		t.Fatalf("%d acts in history", n)
	}
}
