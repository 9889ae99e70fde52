package runtime_test

import (
	"reflect"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// forecasting is a world whose service has a step that may not run and two behind it.
func forecasting(t *testing.T) *world {
	w := newWorld(t)
	svc := w.defs.services["birth"]
	card := svc.Steps[1].Procedure
	step := func(id string, at engine.Expr, needs ...engine.Need) *engine.Step {
		return &engine.Step{ID: id, Procedure: card, At: at, Else: engine.Else{Kind: engine.ElseNotApplicable}, Needs: needs}
	}
	commune := path("application.commune")
	perhaps := step("perhaps", commune, engine.Need{Step: "birth"})
	perhaps.If = path("steps.birth.result.child")
	svc.Steps = append(svc.Steps, perhaps,
		step("with", commune, engine.Need{Step: "perhaps"}),
		step("after", commune, engine.Need{Step: "birth"}, engine.Need{Step: "perhaps", Optional: true}),
		step("elsewhere", expr{"application.other", func(v engine.Vars) any { return engine.Str(v, "application", "other") }}, engine.Need{Step: "birth"}))
	return w
}

func TestForecast(t *testing.T) {
	w := forecasting(t)
	p, err := w.r.Preview(t.Context(), filing("An", map[string]any{"card": false}))
	w.must(err)
	code := w.file("An")
	svc := w.defs.services["birth"]
	f, err := runtime.ForecastOf(w.defs, svc, w.load(code), w.clock.Now())
	w.must(err)
	if len(f.Steps) != len(svc.Steps) || f.Step("nothing") != nil {
		t.Fatalf("%d steps are told of %d", len(f.Steps), len(svc.Steps))
	}
	for _, told := range p.Cases[0].Steps {
		if after := f.Step(told.Step); told.Step != "card" && !reflect.DeepEqual(told, *after) {
			t.Errorf("before filing %+v, after it %+v", told, *after)
		}
	}
	day := func(d int) time.Time { return time.Date(2026, 9, d, 17, 0, 0, 0, start.Location()) }
	for _, want := range []runtime.StepForecast{
		{Step: "birth", Office: "civil-00004", Due: day(8)},
		{Step: "perhaps", Office: "insurance-00004", May: true, Due: day(10)},
		{Step: "with", Office: "insurance-00004", May: true, Due: day(14)},
		{Step: "after", Office: "insurance-00004", Sooner: true, Due: day(14)},
		{Step: "elsewhere", Closed: engine.ClosedNotApplicable},
	} {
		if got := f.Step(want.Step); *got != want {
			t.Errorf("%+v, want %+v", *got, want)
		}
	}
	if !f.Due.Equal(day(14)) || !f.Sooner {
		t.Errorf("all is due %s, sooner %v", f.Due, f.Sooner)
	}
}

// The time that one state is allowed is not when the part ends, nor when those behind
// it begin.
func TestForecastCountsWholeParts(t *testing.T) {
	w := newWorld(t)
	svc := w.defs.services["birth"]
	svc.Steps[0].Procedure.State("checking").Limit = &engine.Limit{Within: limit("2 working hours")}
	code := w.file("An")
	w.act(code, "receive", engine.ByReception)
	c := w.load(code)
	birth := c.Dossier("birth")
	if !birth.StateDue.Before(birth.Clock.Due) {
		t.Fatalf("the state is due %s, all of it %s", birth.StateDue, birth.Clock.Due)
	}
	f, err := runtime.ForecastOf(w.defs, svc, c, w.clock.Now())
	w.must(err)
	if got := f.Step("birth").Due; !got.Equal(birth.Clock.Due) {
		t.Errorf("birth is due %s", got)
	}
	if want := time.Date(2026, 9, 10, 17, 0, 0, 0, start.Location()); !f.Due.Equal(want) {
		t.Errorf("all is due %s, want %s", f.Due, want)
	}
}
