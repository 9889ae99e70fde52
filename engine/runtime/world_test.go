package runtime_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/runtime"
	"lienthong/store/memory"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// --- definitions written as Go values ---

type expr struct {
	src string
	fn  func(engine.Vars) any
}

func (e expr) Source() string { return e.src }
func (e expr) Eval(v engine.Vars) (out any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return e.fn(v), nil
}

// path reads a dotted path; what is not there is an error, as in CEL.
func path(p string) expr {
	return expr{p, func(v engine.Vars) any {
		var x any = map[string]any(v)
		for k := range strings.SplitSeq(p, ".") {
			y, ok := x.(map[string]any)[k]
			if !ok {
				panic("no such key: " + k)
			}
			x = y
		}
		return x
	}}
}

type fsm struct{ p *engine.Procedure }

func (m fsm) Legal(state string) (out []string) {
	for _, a := range m.p.Actions {
		if slices.Contains(a.From, state) {
			out = append(out, a.ID)
		}
	}
	slices.Sort(out)
	return out
}

func (m fsm) Fire(state, action, target string, guard func() error) (string, error) {
	if !slices.Contains(m.Legal(state), action) {
		return "", &engine.Error{Code: engine.WrongState, Legal: m.Legal(state)}
	}
	return target, guard()
}

type required []string

func (r required) JSON() []byte { return []byte("{}") }
func (r required) Validate(v any) (ps []engine.Problem) {
	m, _ := v.(map[string]any)
	for _, k := range r {
		if m[k] == nil {
			ps = append(ps, engine.Problem{Pointer: "/" + k, Code: "required"})
		}
	}
	return ps
}

func limit(s string) calendar.Limit {
	l, err := calendar.ParseLimit(s)
	if err != nil {
		panic(err)
	}
	return l
}

type defs struct {
	services map[string]*engine.Service
	cal      *calendar.Calendar
	ops      map[string]engine.Operation
}

func (d *defs) Service(id, _ string) (*engine.Service, error) {
	if s := d.services[id]; s != nil {
		return s, nil
	}
	return nil, engine.Fail(engine.NotFound, "", "no service "+id)
}
func (d *defs) ServiceAt(id string, _ time.Time) (*engine.Service, error) { return d.Service(id, "") }
func (d *defs) Calendar(time.Time) *calendar.Calendar                     { return d.cal }
func (d *defs) ParametersVersion(time.Time) string                        { return "p1" }
func (d *defs) Parameter(name string, _, _ time.Time) (any, error) {
	return nil, engine.Fail(engine.NotFound, "", name)
}

func (d *defs) Office(agency, unit string, _ time.Time) (engine.Office, bool) {
	if unit == "" || unit == "99999" {
		return engine.Office{}, false
	}
	return d.OfficeByID(agency + "-" + unit)
}

func (d *defs) OfficeByID(id string) (engine.Office, bool) {
	a, u, ok := strings.Cut(id, "-")
	return engine.Office{ID: id, Agency: a, Unit: u, Prefix: "H26." + strings.TrimLeft(u, "0")}, ok
}

func (d *defs) Operation(registry, op string) (engine.Operation, bool) {
	o, ok := d.ops[registry+"/"+op]
	return o, ok
}

func to(s string) []engine.Target { return []engine.Target{{State: s}} }

func act(id, from, target string, by ...string) *engine.Action {
	a := &engine.Action{ID: id, From: []string{from}, By: by}
	if target != "" {
		a.To = to(target)
	}
	return a
}

func state(id string, portal int, clock calendar.Mode) *engine.State {
	return &engine.State{ID: id, Portal: portal, Clock: clock}
}

func final(id string, kind engine.FinalKind) *engine.State {
	return &engine.State{ID: id, Portal: 9, Clock: calendar.None, Final: kind}
}

func ask(id, registry, op, ok, refused string) *engine.State {
	s := state(id, 4, calendar.Runs)
	s.Request = &engine.RequestSpec{Registry: registry, Operation: op, Replies: map[string]string{"ok": ok, "refused": refused},
		Input: expr{"child", func(v engine.Vars) any { return map[string]any{"child": path("dossier.child").fn(v)} }}}
	return s
}

// fakeDefs: `birth` (birth, then card), `twins` (the same, one case per child)
// and `consent` (twenty people must agree).
func fakeDefs(t testing.TB) *defs {
	t.Helper()
	cal, err := calendar.New(calendar.Spec{ID: "c1", Announced: "2025-01-01", Days: map[string]calendar.Year{}})
	if err != nil {
		t.Fatal(err)
	}
	supplement := state("supplement", 5, calendar.Paused)
	supplement.After = []engine.After{{Within: limit("7 working days"), Action: "expire"}}
	registered := final("registered", engine.FinalSuccess)
	registered.Result = &engine.ResultSpec{Document: "certificate", Data: []engine.Binding{{Name: "child", Value: path("dossier.child")}}}
	birth := &engine.Procedure{ID: "birth", Agency: "civil", Limit: &engine.Limit{Within: limit("1 working day")},
		States: []*engine.State{state("submitted", 1, calendar.None), state("checking", 2, calendar.Runs), supplement,
			ask("recording", "civil", "register", "recorded", "unrecorded"), registered, state("limbo", 4, calendar.Runs),
			final("expired", engine.FinalExpired), final("withdrawn", engine.FinalWithdrawn), final("refused", engine.FinalRefused)},
		Actions: []*engine.Action{
			act("receive", "submitted", "checking", engine.ByReception),
			act("sign", "checking", "recording", engine.ByLeader),
			act("refuse", "checking", "refused", engine.ByLeader),
			act("lose", "checking", "limbo", engine.ByLeader),
			act("pause", "checking", "supplement", engine.ByOfficer),
			act("resume", "supplement", "checking", engine.ByOfficer),
			act("expire", "supplement", "expired", engine.ByTimer),
			act("recorded", "recording", "registered", engine.ByRegistry),
			act("unrecorded", "recording", "checking", engine.ByRegistry),
			{ID: "withdraw", From: []string{"checking", "recording", "limbo"}, To: to("withdrawn"), By: []string{engine.ByApplicant}},
		}}
	card := &engine.Procedure{ID: "card", Agency: "insurance", Limit: &engine.Limit{Within: limit("2 working days")},
		States: []*engine.State{ask("issuing", "insurance", "issue", "issued", "failed"),
			final("done", engine.FinalSuccess), final("refused", engine.FinalRefused)},
		Actions: []*engine.Action{act("issued", "issuing", "done", engine.ByRegistry), act("failed", "issuing", "refused", engine.ByRegistry)}}
	consent := &engine.Procedure{ID: "consent", Agency: "police",
		Parties: []*engine.PartySet{{ID: "all", People: path("dossier.people")}},
		States:  []*engine.State{state("consenting", 4, calendar.Paused), final("done", engine.FinalSuccess)},
		Actions: []*engine.Action{{ID: "agree", From: []string{"consenting"}, To: to("done"), Party: &engine.PartyRule{Sets: []string{"all"}}}}}
	for _, p := range []*engine.Procedure{birth, card, consent} {
		p.Machine = fsm{p}
	}
	steps := []*engine.Step{
		{ID: "birth", Procedure: birth, At: path("application.commune"), With: []engine.Binding{{Name: "child", Value: path("application.child")}}},
		{ID: "card", Procedure: card, At: path("application.commune"), Needs: []engine.Need{{Step: "birth"}}, If: path("application.card"),
			With: []engine.Binding{{Name: "child", Value: path("steps.birth.result.child"), Steps: []string{"birth"}}}},
	}
	fee := &engine.Fee{Within: &engine.Limit{Within: limit("7 days")}, Amount: expr{"fee", func(v engine.Vars) any {
		n, _ := engine.At(v["application"], "fee").(int64)
		return n
	}}}
	service := func(id string, form required) *engine.Service {
		return &engine.Service{ID: id, Version: "1", Hash: "h", Form: &engine.Form{ID: id, Schema: form}, Reception: "birth", KeyStep: "birth",
			Key: path("application.child.name"), Limit: &engine.Limit{Within: limit("3 working days")}, Fee: fee, Steps: steps}
	}
	twins := service("twins", required{"children"})
	twins.Each = &engine.Each{List: "children", As: "child"}
	return &defs{cal: cal,
		services: map[string]*engine.Service{"birth": service("birth", required{"child"}), "twins": twins,
			"consent": {ID: "consent", Version: "1", Hash: "h", Form: &engine.Form{ID: "consent", Schema: required{"people"}},
				Steps: []*engine.Step{{ID: "consent", Procedure: consent, At: path("application.commune"),
					With: []engine.Binding{{Name: "people", Value: path("application.people")}}}}}},
		ops: map[string]engine.Operation{
			"civil/register":  {Registry: "civil", ID: "register", Reply: required{"number"}, Refusals: map[string]engine.Text{"known_child": {EN: "known"}}, Changes: true, Cancellable: true, Expected: 2 * time.Hour},
			"insurance/issue": {Registry: "insurance", ID: "issue", Changes: true},
		}}
}

// --- a registry that does what a test tells it ---

type registry struct {
	mu        sync.Mutex
	performed map[string]int // key → times performed; never more than once
	known     map[string]runtime.Answer
	script    map[string][]runtime.Answer // registry → what it answers next; empty = done
	log       []string                    // "send civil", "ask civil", …
	before    func(verb string, d engine.Delivery)
}

func newRegistry() *registry {
	return &registry{performed: map[string]int{}, known: map[string]runtime.Answer{}, script: map[string][]runtime.Answer{}}
}

var done = runtime.Answer{Outcome: runtime.Done, Data: map[string]any{"number": "01/2026"}}

func (g *registry) say(registry string, as ...runtime.Answer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.script[registry] = append(g.script[registry], as...)
}

func (g *registry) next(verb string, d engine.Delivery) (runtime.Answer, bool) {
	if g.before != nil {
		g.before(verb, d)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.log = append(g.log, verb+" "+d.Registry)
	if s := g.script[d.Registry]; len(s) > 0 {
		g.script[d.Registry] = s[1:]
		return s[0], true
	}
	return runtime.Answer{}, false
}

func (g *registry) Send(_ context.Context, d engine.Delivery) runtime.Answer {
	a, scripted := g.next("send", d)
	g.mu.Lock()
	defer g.mu.Unlock()
	if scripted && a.Outcome != runtime.Done && a.Outcome != runtime.Refused && a.Outcome != runtime.Later {
		return a
	}
	if old, ok := g.known[d.Key]; ok {
		return old
	}
	if !scripted {
		a = done
	}
	g.known[d.Key] = a
	if a.Outcome == runtime.Done {
		g.performed[d.Key]++
	}
	return a
}

func (g *registry) Ask(_ context.Context, d engine.Delivery) runtime.Answer {
	a, scripted := g.next("ask", d)
	g.mu.Lock()
	defer g.mu.Unlock()
	if scripted {
		g.known[d.Key] = a
		return a
	}
	if old, ok := g.known[d.Key]; ok {
		return old
	}
	return runtime.Answer{Outcome: runtime.Unknown}
}

func (g *registry) Cancel(_ context.Context, d engine.Delivery) runtime.Answer {
	g.next("cancel", d)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch old, ok := g.known[d.Key]; {
	case !ok:
		return runtime.Answer{Outcome: runtime.Unknown}
	case old.Outcome == runtime.Later:
		delete(g.known, d.Key)
		return runtime.Answer{Outcome: runtime.Done}
	}
	return runtime.Answer{Outcome: runtime.Refused, Code: "too_late"}
}

// calls lists what was asked of a registry.
func (g *registry) calls(registry string) (out []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range g.log {
		if verb, ok := strings.CutSuffix(l, " "+registry); ok {
			out = append(out, verb)
		}
	}
	return out
}

// --- a world to test in ---

type world struct {
	t     testing.TB
	store *memory.Store
	defs  *defs
	reg   *registry
	clock *runtime.VirtualClock // business
	wall  *runtime.VirtualClock
	r     *runtime.Runtime
	log   *locked
}

var (
	start    = time.Date(2026, 9, 7, 9, 0, 0, 0, calendar.Zone) // a Monday
	citizen  = engine.Actor{Kind: engine.Citizen, ID: "P"}
	operator = engine.Actor{Kind: engine.Staff, ID: "op", Roles: []string{runtime.RoleOperator}}
)

func newWorld(t testing.TB, change ...func(*runtime.Config)) *world {
	t.Helper()
	w := &world{t: t, store: memory.New(), defs: fakeDefs(t), reg: newRegistry(), log: &locked{},
		clock: runtime.NewVirtual(start, false), wall: runtime.NewVirtual(start, false)}
	w.r = w.node("a", change...)
	return w
}

// node starts another runtime on the same store.
func (w *world) node(name string, change ...func(*runtime.Config)) *runtime.Runtime {
	w.t.Helper()
	c := runtime.Config{Store: w.store, Definitions: w.defs, Exchange: w.reg, Clock: w.clock, Wall: w.wall.Now, Node: name,
		Random: rand.NewChaCha8([32]byte{1}), Parallel: 1, Logger: slog.New(slog.NewTextHandler(w.log, nil))}
	for _, f := range change {
		f(&c)
	}
	r, err := runtime.New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// locked is what the runtimes log.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) code(err error, want engine.Code) {
	w.t.Helper()
	if got := engine.CodeOf(err); got != want {
		w.t.Fatalf("error %v, want code %q", err, want)
	}
}

func filing(child string, more map[string]any) runtime.Filing {
	app := map[string]any{"child": map[string]any{"name": child}, "commune": "00004", "card": true}
	for k, v := range more {
		app[k] = v
	}
	return runtime.Filing{Service: "birth", Application: app, Actor: citizen, Requester: engine.Person{ID: "P", Name: "Hà"}, Channel: 2}
}

func (w *world) file(child string) string {
	w.t.Helper()
	cs, err := w.r.File(w.t.Context(), filing(child, nil))
	w.must(err)
	return cs[0].Code
}

func (w *world) load(code string) *engine.Case {
	w.t.Helper()
	c, err := w.store.Load(w.t.Context(), code)
	w.must(err)
	return c
}

// staff makes the command of the right member of staff with the present version.
func (w *world) staff(code, step, action, role string) runtime.Request {
	w.t.Helper()
	d := w.load(code).Dossier(step)
	rev := d.Rev
	return runtime.Request{Command: engine.Command{Action: action, Case: code, Step: step, IfMatch: &rev,
		Actor: engine.Actor{Kind: engine.Staff, ID: role, Office: d.Office, Roles: []string{role}}}}
}

func (w *world) act(code, action, role string) {
	w.t.Helper()
	_, err := w.r.Do(w.t.Context(), w.staff(code, "birth", action, role))
	w.must(err)
}

// sign asks the civil register; it returns the request's key.
func (w *world) sign(code string) string {
	w.t.Helper()
	res, err := w.r.Do(w.t.Context(), w.staff(code, "birth", "sign", engine.ByLeader))
	w.must(err)
	return res.Case.Dossier("birth").Request.Key
}

// recording takes a new case to the point where the civil register is asked.
func (w *world) recording(child string) (code, key string) {
	w.t.Helper()
	code = w.file(child)
	w.act(code, "receive", engine.ByReception)
	return code, w.sign(code)
}

func (w *world) withdraw(code string) {
	w.t.Helper()
	rev := w.load(code).Rev
	_, err := w.r.Do(w.t.Context(), runtime.Request{Command: engine.Command{Action: engine.ActWithdraw, Case: code, Actor: citizen, IfMatch: &rev}})
	w.must(err)
}

func (w *world) settle() {
	w.t.Helper()
	w.must(w.r.Settle(w.t.Context()))
}

func (w *world) step() int {
	w.t.Helper()
	n, err := w.r.RelayStep(w.t.Context(), w.wall.Now())
	w.must(err)
	return n
}

func (w *world) delivery(key string) *engine.Delivery {
	w.t.Helper()
	d, err := w.store.Delivery(w.t.Context(), key)
	w.must(err)
	return d
}

func (w *world) status(key, want string) *engine.Delivery {
	w.t.Helper()
	d := w.delivery(key)
	if d.Status != want {
		w.t.Fatalf("delivery %s is %s (%s), want %s", key, d.Status, d.LastError, want)
	}
	return d
}

func (w *world) state(code, step, want string) {
	w.t.Helper()
	d := w.load(code).Dossier(step)
	if d.State != want {
		w.t.Fatalf("%s of %s is in %q, want %q", step, code, d.State, want)
	}
}

// sound checks the store's chains and folds, and that nothing was performed twice.
func (w *world) sound() {
	w.t.Helper()
	_, err := w.store.Verify(w.t.Context(), func(code string, seq int64, what string) { w.t.Errorf("%s/%d: %s", code, seq, what) })
	w.must(err)
	w.reg.mu.Lock()
	defer w.reg.mu.Unlock()
	for k, n := range w.reg.performed {
		if n > 1 {
			w.t.Errorf("%s was performed %d times", k, n)
		}
	}
}

// acted checks what history says that operators did: "key what who why".
func (w *world) acted(code string, want ...string) {
	w.t.Helper()
	es, err := w.store.History(w.t.Context(), code, 1, 0)
	w.must(err)
	var got []string
	for _, e := range es {
		for _, v := range e.Events {
			if x, ok := v.(engine.ExchangeActed); ok {
				got = append(got, x.Key+" "+x.What+" "+x.By+" "+x.Note)
			}
		}
	}
	if !slices.Equal(got, want) {
		w.t.Fatalf("history says %q, want %q", got, want)
	}
}

// actions lists the actions in a case's history.
func (w *world) actions(code string) (out []string) {
	w.t.Helper()
	es, err := w.store.History(w.t.Context(), code, 1, 0)
	w.must(err)
	for _, e := range es {
		out = append(out, e.Command.Action)
	}
	return out
}
