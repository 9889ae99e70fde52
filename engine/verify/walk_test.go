package verify

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/workflows"
)

// TestTheCoreNeverLeavesTheGraph: whatever people, registries and time do to a
// case of a shipped service, after every entry the case is in the searched graph of
// every cone, no expression fails, and the case waits for something.
func TestTheCoreNeverLeavesTheGraph(t *testing.T) {
	set, err := workflows.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, svc := range set.Services() {
		if testing.Short() && !svc.To.IsZero() {
			continue
		}
		t.Run(svc.ID+" "+svc.Version, func(t *testing.T) {
			w := newWalker(t, set, svc)
			for _, s := range w.searches {
				if s.bound || s.reduced {
					t.Fatal("not searched to the end")
				}
			}
			if len(w.examples) == 0 {
				t.Fatal("no examples")
			}
			walks := 24
			if testing.Short() {
				walks = 6
			}
			if n := w.walk(t, 0, walks); n < 5*walks {
				t.Errorf("only %d entries in %d walks", n, walks)
			}
		})
	}
}

// WalkTheCore walks every service of a set and returns how many entries it looked
// up. In a set known to be wrong only the graph is looked at.
func WalkTheCore(t *testing.T, set *machine.Set, wrong bool, walks int) int {
	n := 0
	for _, svc := range set.Services() {
		w := newWalker(t, set, svc)
		w.graphOnly = wrong
		n += w.walk(t, 0, walks)
	}
	return n
}

// OneOrder searches every cone of a set with independent moves in one order only, and
// returns the states.
func OneOrder(t *testing.T, set *machine.Set) (states int) {
	for _, svc := range set.Services() {
		m := newModel(set, svc)
		for _, cone := range m.cones() {
			s := newSearch(m, cone, newFound(), true)
			if s.run(t.Context(), limits{usualStates, 12 * usualStates}); s.bound {
				t.Fatal("the limit was met")
			}
			states += len(s.parent)
		}
	}
	return states
}

// walker walks the core over a service, beside its searched graph.
type walker struct {
	*model
	searches []*search
	maps     map[*search]atlas
	examples []workflows.Example
	visited  map[*search]map[int]bool

	graphOnly bool // what the core refuses and where it is stuck is not looked at
	mutated   bool // the examples need not fit the definitions
}

func newWalker(t testing.TB, set *machine.Set, svc *engine.Service) *walker {
	w := &walker{model: newModel(set, svc), maps: map[*search]atlas{}, visited: map[*search]map[int]bool{}}
	w.searches = w.explore(t.Context(), Options{MaxStates: usualStates}, newFound())
	for _, s := range w.searches {
		if !s.bound && !s.reduced {
			w.maps[s], w.visited[s] = s.atlas(), map[int]bool{}
		}
	}
	w.examples = examples(t, set, svc)
	return w
}

// walk takes some walks and says what went wrong in them.
func (w *walker) walk(t testing.TB, first, walks int) int {
	n := 0
	for i := range walks {
		entries, wrong := w.once(uint64(first + i))
		n += entries
		if wrong != "" {
			t.Errorf("%s %s, seed %d: %s", w.svc.ID, w.svc.Version, first+i, wrong)
			return n
		}
	}
	states, visited := 0, 0
	for s, v := range w.visited {
		states, visited = states+len(s.parent), visited+len(v)
	}
	t.Logf("%s %s: %d walks, %d entries looked up in %d cones; %d of %d states visited", w.svc.ID, w.svc.Version, walks, n, len(w.maps), visited, states)
	return n
}

// examples are the applications of a shipped service, as they are filed.
func examples(t testing.TB, set *machine.Set, svc *engine.Service) []workflows.Example {
	files, err := fs.Glob(workflows.Examples(), "*.json")
	if err != nil {
		t.Fatal(err)
	}
	var out, others []workflows.Example
	for _, f := range files {
		e, err := workflows.LoadExample(strings.TrimSuffix(f, ".json"))
		if err != nil {
			t.Fatal(err)
		}
		if v, err := set.ServiceAt(e.Service, e.Filed); err == nil && v == svc {
			out = append(out, e)
		} else if e.Service == svc.ID && len(svc.Form.Schema.Validate(e.Application)) == 0 {
			e.Filed = svc.From.Add(9 * time.Hour)
			others = append(others, e)
		}
	}
	if len(out) == 0 { // of a version that begins later
		return others
	}
	return out
}

// once takes one walk. It tells how many entries there were and the first thing that
// was wrong.
func (w *walker) once(seed uint64) (entries int, wrong string) {
	p := newPlayer(w.model, seed)
	p.Rand = rand.New(rand.NewPCG(seed, 1))
	var story []string
	say := func(format string, args ...any) {
		if wrong == "" {
			wrong = fmt.Sprintf("after\n%s\n%s", strings.Join(story, "\n"), fmt.Sprintf(format, args...))
		}
	}
	defer func() {
		if r := recover(); r != nil {
			say("panic: %v", r)
		}
	}()
	p.see = func(c *engine.Case, e engine.Entry) {
		entries++
		story = append(story, fmt.Sprintf("%s %s by %s %s", e.Command.Step, e.Command.Action, e.Command.Actor.Kind, replied(e)))
		for s, a := range w.maps {
			if i := s.find(a, c); i >= 0 {
				w.visited[s][i] = true
			} else {
				say("the case is in no state of the cone of %s:\n%+v\n%s", w.steps[s.cone[s.owner]].ID, s.project(c), near(s, a, c))
			}
		}
	}
	p.refused = func(cmd engine.Command, err error) {
		if engine.CodeOf(err) == engine.Internal && !w.graphOnly {
			say("%s %s: %v", cmd.Step, cmd.Action, err)
		}
	}
	p.fit = p.number
	if len(w.examples) == 0 || p.one(5) {
		if len(w.examples) > 0 {
			p.now = w.examples[0].Filed
		}
		for range 8 {
			if p.file() == nil {
				break
			}
		}
	} else {
		e := w.examples[p.IntN(len(w.examples))]
		p.now = e.Filed
		if err := p.fileForm(e.Application, e.Requester); err != nil && !w.mutated {
			say("an example is refused: %v", err)
		}
	}
	for i, idle := 0, 0; i < 300 && idle < 40 && p.c != nil && wrong == ""; i++ {
		p.now = p.now.Add(time.Duration(p.IntN(60)) * time.Minute)
		before := entries
		if p.something(); entries > before || p.open() {
			idle = 0
		} else {
			idle++ // it has ended; something may be filed again, or corrected
		}
	}
	if p.c != nil && wrong == "" && !w.graphOnly {
		p.see, p.refused = nil, nil
		if step := p.stuck(); step != "" {
			say("step %s waits for nothing", step)
		}
	}
	return entries, wrong
}

// open tells whether a step of the case is still at work.
func (p *player) open() bool {
	return slices.ContainsFunc(p.c.Dossiers, func(d *engine.Dossier) bool { return d.Status == engine.StatusOpen })
}

// stuck names a step of the case at which the core lets nothing happen.
func (p *player) stuck() string {
	for _, d := range p.c.Dossiers {
		if d.Status == engine.StatusOpen && d.Returned == "" && p.confirms(d.Step, "dead_end") {
			return d.Step + " in " + d.State
		}
	}
	return ""
}

func replied(e engine.Entry) string {
	if e.Facts.Reply != nil {
		return e.Facts.Reply.Outcome + " " + e.Facts.Reply.Code
	}
	return ""
}

// number makes a personal number agree with the drafted child, often enough.
func (p *player) number(d *engine.Dossier, data map[string]any) {
	if d.Request.Operation != "assign_personal_id" || p.one(6) {
		return
	}
	child := engine.At(d.Data, "draft", "child")
	if born := engine.Str(child, "birth_date"); len(born) >= 4 {
		digit := "2"
		if engine.Str(child, "sex") == "female" {
			digit = "3"
		}
		data["id"] = "001" + digit + born[2:4] + "000123"
	}
}

// atlas finds states by their shape.
type atlas map[string][]int32

func (s *search) atlas() atlas {
	a := atlas{}
	for i := range s.parent {
		g, _ := s.read(i)
		k := s.shape(g)
		a[k] = append(a[k], int32(i))
	}
	return a
}

// find returns a state of the graph that a concrete case is in, or -1.
func (s *search) find(a atlas, c *engine.Case) int {
	for _, i := range a[s.shape(s.project(c))] {
		if g, _ := s.read(int(i)); s.agrees(g, c) {
			return int(i)
		}
	}
	return -1
}

// near shows the states whose shape differs only in one step.
func near(s *search, a atlas, c *engine.Case) string {
	want := s.project(c)
	var b strings.Builder
	n := 0
	for i := range s.parent {
		g, _ := s.read(i)
		diff := 0
		for k := range g.steps {
			x := g.steps[k]
			x.vals = ""
			if x != want.steps[k] {
				diff++
			}
		}
		if g.fee == want.fee && diff <= 1 {
			if n++; n > 8 {
				break
			}
			fmt.Fprintf(&b, "near: %+v\n", g)
		}
	}
	if len(a[s.shape(want)]) > 0 {
		b.WriteString("the shape is there, the values are not\n")
	}
	return b.String()
}

// something lets anybody do anything.
func (p *player) something() {
	switch n := p.IntN(20); {
	case n < 1:
		_ = p.do(engine.Command{Action: engine.ActTick, Actor: engine.Actor{Kind: engine.Timer, ID: "t"}}, engine.Facts{})
	case n < 2 && p.one(4):
		in := map[string]any{"reason": "x"}
		if !p.one(4) {
			in["steps"] = []any{p.svc.Steps[p.IntN(len(p.svc.Steps))].ID}
		}
		me := engine.Actor{Kind: engine.Citizen, ID: p.c.Requester.ID}
		_ = p.do(engine.Command{Action: engine.ActWithdraw, Actor: me, IfMatch: &p.c.Rev, Input: in}, engine.Facts{})
	case n < 3:
		me := engine.Actor{Kind: engine.Citizen, ID: p.c.Requester.ID}
		_ = p.do(engine.Command{Action: engine.ActRefile, Step: p.svc.Steps[p.IntN(len(p.svc.Steps))].ID, Actor: me, Codes: p.codes(), Input: p.patch()}, engine.Facts{})
	case n < 4:
		p.builtin()
	case p.c.Fee != nil && p.c.Fee.Status == engine.FeeWaiting:
		reply := "ok"
		if p.one(12) {
			reply = "declined"
		}
		_ = p.fee(Act{By: engine.ByRegistry, Reply: reply})
	default:
		p.anyAct()
	}
}

// anyAct is an act of a step that has a state.
func (p *player) anyAct() {
	var with []*engine.Dossier
	for _, d := range p.c.Dossiers {
		if d.State != "" && (d.Status == engine.StatusOpen || p.one(3)) {
			with = append(with, d)
		}
	}
	if len(with) == 0 {
		return
	}
	d := with[p.IntN(len(with))]
	proc := p.svc.Step(d.Step).Procedure
	if d.Request != nil && !p.one(5) {
		codes := append(sortedKeys(proc.State(d.State).Request.Replies), "ok", "ok", "ok", "ok")
		_ = p.reply(d.Step, codes[p.IntN(len(codes))])
		return
	}
	if len(d.Timers) > 0 && p.one(5) {
		_ = p.wait(d.Step, "")
		return
	}
	var open []*engine.Action
	for _, a := range proc.Actions {
		back := strings.HasPrefix(a.ID, "re") && !strings.HasPrefix(a.ID, "rec") && !strings.HasPrefix(a.ID, "review") ||
			slices.Contains([]string{"withdraw", "send_back", "dispute", "annul", "decline", "correct"}, a.ID)
		if slices.Contains(a.From, d.State) && (!back || p.one(8)) {
			open = append(open, a)
		}
	}
	if len(open) == 0 {
		return
	}
	a := open[p.IntN(len(open))]
	act := Act{Step: d.Step, Action: a.ID, By: a.By[p.IntN(len(a.By))]}
	if a.Party != nil {
		act.By, act.Party = engine.ByParty, a.Party.Sets[p.IntN(len(a.Party.Sets))]
	}
	_ = p.play(act)
}

// builtin is a command that every procedure has.
func (p *player) builtin() {
	d := p.c.Dossiers[p.IntN(len(p.c.Dossiers))]
	action := []string{engine.ActClaim, engine.ActRelease, engine.ActTransfer, engine.ActApologise, engine.ActHandOver}[p.IntN(5)]
	in := map[string]any{}
	switch action {
	case engine.ActTransfer:
		all := p.set.Offices()
		in = map[string]any{"reason": "x", "office": all[p.IntN(len(all))].ID}
	case engine.ActApologise:
		in = map[string]any{"reason": "x", "new_due": p.now.AddDate(0, 0, 1+p.IntN(9)).Format(time.RFC3339)}
	}
	_ = p.do(engine.Command{Action: action, Step: d.Step, IfMatch: &d.Rev, Input: in, Actor: engine.Actor{Kind: engine.Staff, ID: "o1", Office: d.Office,
		Roles: []string{engine.ByOfficer, engine.ByLeader, engine.ByReception}}}, engine.Facts{})
}
