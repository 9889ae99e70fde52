package runtime_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// altered tells of every case as it never should be.
type altered struct {
	engine.Store
	alter func(c *engine.Case)
}

func (s altered) Load(ctx context.Context, code string) (*engine.Case, error) {
	c, err := s.Store.Load(ctx, code)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	own := new(engine.Case)
	if err := json.Unmarshal(b, own); err != nil {
		return nil, err
	}
	s.alter(own)
	return own, nil
}

// filed files an application and returns its case's code.
func (w *world) filed(f runtime.Filing) string {
	w.t.Helper()
	cs, err := w.r.File(w.t.Context(), f)
	w.must(err)
	return cs[0].Code
}

// unpaid is a case whose fee is waited for.
func (w *world) unpaid() string { return w.filed(filing("An", map[string]any{"fee": int64(1)})) }

// consenting is a case in which one person's consent is waited for.
func (w *world) consenting() string {
	return w.filed(runtime.Filing{Service: "consent", Actor: citizen, Requester: engine.Person{ID: "P"}, Channel: 2,
		Application: map[string]any{"people": []any{"N"}, "commune": "00004"}})
}

// lost is a case that nobody can move but by giving it up.
func (w *world) lost() string {
	code := w.file("An")
	w.act(code, "receive", engine.ByReception)
	w.act(code, "lose", engine.ByLeader)
	return code
}

// warned is lost, but its office will be warned of the due time.
func (w *world) warned() string {
	warn := limit("1 working hours")
	w.defs.services["birth"].Steps[0].Procedure.Limit.Warn = &warn
	code := w.lost()
	if ts := w.load(code).Dossier("birth").Timers; len(ts) != 1 || ts[0].Kind != engine.TimerWarn {
		w.t.Fatalf("timers %v", ts)
	}
	return code
}

// found is what the detector says of a case that the store tells altered; "" = nothing.
func (w *world) found(code string, alter func(*engine.Case)) string {
	w.t.Helper()
	r := w.node("b", func(c *runtime.Config) { c.Store = altered{w.store, alter} })
	stuck, err := r.StuckCase(w.t.Context(), code)
	w.must(err)
	var out []string
	for _, s := range stuck {
		if s.Case != code {
			w.t.Errorf("found %+v in %s", s, code)
		}
		out = append(out, fmt.Sprintf("%s/%s: %s", s.Step, s.State, s.Why))
	}
	return strings.Join(out, "; ")
}

func TestStuckPartsByWhatTheyWaitFor(t *testing.T) {
	const (
		closed   = "card/: all that the step needs has ended, but it does not open"
		tail     = "tail/: all that the step needs has ended, but it does not open"
		nothing  = ": nobody may act, nothing is owed, no timer runs"
		unasked  = "/: a fee is waited for, but not asked for"
		finished = "/: every part has ended, but the case has not"
	)
	as := func(d *engine.Dossier, status engine.StepStatus, final engine.FinalKind) {
		d.Status, d.Final = status, final
	}
	birth := func(c *engine.Case) *engine.Dossier { return c.Dossier("birth") }
	all := func(c *engine.Case) *engine.PartyOpen { return c.Dossier("consent").Parties["all"] }
	agree := func(p *engine.PartyOpen) { p.Answers = map[string]engine.PartyAnswer{"N": {Agree: true}} }
	answered := func(w *world) string {
		code := w.unpaid()
		d := w.delivery(w.load(code).Fee.Request)
		d.Status = engine.DeliveryDone
		w.must(w.store.Reset(t.Context(), *d))
		return code
	}
	chain := func(w *world) string { // birth, card, tail
		s := w.defs.services["birth"]
		s.Steps = append(slices.Clone(s.Steps), &engine.Step{ID: "tail", Procedure: s.Steps[1].Procedure,
			At: path("application.commune"), Needs: []engine.Need{{Step: "card"}}})
		return w.file("An")
	}
	loose := func(w *world) string { // the same, but card needs birth only if it is asked for
		card := w.defs.services["birth"].Steps[1]
		card.Needs = []engine.Need{{Step: "birth", Optional: true}}
		return chain(w)
	}
	again := func(c *engine.Case) { as(c.Dossier("card"), engine.StatusEnded, engine.FinalSuccess) }
	// leading gives the lost case an action that leads on.
	leading := func(a *engine.Action) func(w *world) string {
		return func(w *world) string {
			p := w.defs.services["birth"].Steps[0].Procedure
			p.Actions = append(p.Actions, a)
			return w.lost()
		}
	}
	returned := leading(act("correct", "limbo", "checking", engine.ByUpstream))
	keep := act("keep", "limbo", "checking", engine.ByOfficer)
	keep.Review = "keep"

	for _, x := range []struct {
		name  string
		file  func(*world) string
		alter func(*engine.Case) // nil = it is as it is
		want  string
	}{
		{"a step that needs what runs", func(w *world) string { return w.file("An") }, nil, ""},
		{"a step that needs what succeeded", func(w *world) string { return w.file("An") },
			func(c *engine.Case) { as(birth(c), engine.StatusEnded, engine.FinalSuccess) }, closed},
		{"a step that needs what was closed", func(w *world) string { return w.file("An") },
			func(c *engine.Case) { as(birth(c), engine.StatusClosed, engine.FinalNone) }, closed},
		{"a step that needs what is corrected", func(w *world) string { return w.file("An") },
			func(c *engine.Case) { as(birth(c), engine.StatusOpen, engine.FinalSuccess) }, closed},
		{"what a need was built on runs again", chain, again, ""},
		{"what a need can do without runs", loose, again, tail},

		{"nobody may act", (*world).lost, nil, "birth/limbo" + nothing},
		{"a warning", (*world).warned, nil, "birth/limbo" + nothing},
		{"a timer that acts", (*world).lost, func(c *engine.Case) {
			birth(c).Timers = []engine.TimerDue{{ID: "x", Kind: engine.TimerAfter, Action: "expire", At: start}}
		}, ""},
		{"a state of no definition", (*world).lost, func(c *engine.Case) { birth(c).State = "gone" }, "birth/gone: the definition has no such state"},
		{"a step that is asked to correct its result", returned, func(c *engine.Case) {
			birth(c).Returned = "card"
			as(c.Dossier("card"), engine.StatusOpen, engine.FinalSuccess)
			c.Dossier("card").State = "issuing"
			c.Dossier("card").Timers = []engine.TimerDue{{ID: "x", Kind: engine.TimerAfter, At: start}}
		}, ""},
		{"no step is asked to correct its result", returned, nil, "birth/limbo" + nothing},
		{"a step that has ended is asked to correct its result", returned, func(c *engine.Case) {
			birth(c).Returned = "card"
			again(c)
		}, "birth/limbo" + nothing},
		{"a review", leading(keep), func(c *engine.Case) { birth(c).Reviews = []engine.Review{{ID: "r"}} }, ""},
		{"a review that was decided", leading(keep), func(c *engine.Case) { birth(c).Reviews = []engine.Review{{ID: "r", Decision: "keep"}} }, "birth/limbo" + nothing},

		{"people who were asked", (*world).consenting, nil, ""},
		{"people who agreed", (*world).consenting, func(c *engine.Case) { agree(all(c)) }, "consent/consenting" + nothing},
		{"any one who agreed", (*world).consenting, func(c *engine.Case) {
			agree(all(c))
			all(c).People, all(c).Any = []string{"M", "N"}, true
		}, "consent/consenting" + nothing},
		{"people of whom one agreed", (*world).consenting, func(c *engine.Case) {
			agree(all(c))
			all(c).People = []string{"M", "N"}
		}, ""},
		{"nobody to be asked", (*world).consenting, func(c *engine.Case) { all(c).People = nil }, "consent/consenting" + nothing},
		{"nobody of whom any is enough", (*world).consenting, func(c *engine.Case) { all(c).People, all(c).Any = nil, true }, "consent/consenting" + nothing},
		{"people who were not asked", (*world).consenting, func(c *engine.Case) { c.Dossier("consent").Parties = nil }, "consent/consenting" + nothing},

		{"a fee", (*world).unpaid, nil, ""},
		{"a fee without an end", (*world).unpaid, func(c *engine.Case) { c.Timers = nil }, ""},
		{"a fee that was not asked for, with an end", (*world).unpaid, func(c *engine.Case) { c.Fee.Request = "none" }, ""},
		{"a fee that was not asked for", (*world).unpaid, func(c *engine.Case) { c.Timers, c.Fee.Request = nil, "none" }, unasked},
		{"a fee whose answer was lost", answered, func(c *engine.Case) { c.Timers = nil }, unasked},

		{"nothing", (*world).lost, func(c *engine.Case) {
			as(birth(c), engine.StatusEnded, engine.FinalSuccess)
			as(c.Dossier("card"), engine.StatusClosed, engine.FinalNone)
		}, finished},
		{"nothing, and that is told", (*world).lost, func(c *engine.Case) {
			as(birth(c), engine.StatusEnded, engine.FinalSuccess)
			as(c.Dossier("card"), engine.StatusClosed, engine.FinalNone)
			c.Status = engine.CaseEnded
		}, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := newWorld(t)
			if x.alter == nil {
				x.alter = func(*engine.Case) {}
			}
			if got := w.found(x.file(w), x.alter); got != x.want {
				t.Errorf("found %q, want %q", got, x.want)
			}
		})
	}
}
