package simulate

import (
	"fmt"
	"time"

	"lienthong/engine"
)

// file is one case that is followed.
type file struct {
	n    int    // which citizen filed it
	name string // c12, c12.1 for the second of twins, …
	svc  *engine.Service
	c    *engine.Case // as last committed
	fold *engine.Case // as folded here from what was committed

	asked    map[string]request
	owed     map[string]bool // asked, and neither answered nor given up
	answered map[string]bool // in history
	tasks    map[string]bool // planned for somebody
	looked   map[string]int  // by the operator at a delivery
	steps    map[string]*desking
	tick     time.Time
	over     bool // what follows an end is planned
}

// request is what an entry asked of a registry.
type request struct{ registry, operation string }

// desking is a dossier as clerks see it.
type desking struct {
	visit   int // how often it has come to a state
	state   string
	entered time.Time
	attempt int
	review  string
	at      string         // the office
	states  map[string]int // how often it has come to each
	taken   map[string]int // what clerks did, how often

	job          *job
	office, role string
	visitOf      int
	moved        bool
	tries        int
	refused      []string
}

// at returns what clerks see of a dossier.
func (f *file) at(d *engine.Dossier) *desking {
	x := f.steps[d.Step]
	if x == nil {
		x = &desking{states: map[string]int{}, taken: map[string]int{}}
		f.steps[d.Step] = x
	}
	return x
}

// timersOnly tells whether all that was committed after an entry are timers.
func (f *file) timersOnly(w *world, seq int64) bool {
	for _, c := range w.commits[f.c.Code] {
		for _, e := range c.Entries {
			if e.Seq > seq && e.Command.Actor.Kind != engine.Timer {
				return false
			}
		}
	}
	return true
}

// committed notes a change that the store has taken, before anything else happens.
func (w *world) committed(c engine.Change) {
	f := w.files[c.Case.Code]
	if f == nil {
		f = w.follow(c)
		w.files[c.Case.Code] = f
	}
	if len(w.commits[c.Case.Code]) == 0 {
		w.touched = append(w.touched, f)
	}
	w.commits[c.Case.Code] = append(w.commits[c.Case.Code], c)
	f.c = c.Case
	owed := false
	for i := range c.Entries {
		e := &c.Entries[i]
		w.tally.entries++
		for _, d := range e.Effects() {
			f.asked[d.Key], f.owed[d.Key] = request{d.Registry, d.Operation}, true
			w.tally.requests++
			owed = true
		}
	}
	for _, d := range c.Settled {
		w.settled(d)
	}
	if owed {
		w.relayAt(w.now)
	}
}

// follow begins to follow a case that was filed.
func (w *world) follow(c engine.Change) *file {
	f := &file{n: -1, name: w.acting, asked: map[string]request{}, owed: map[string]bool{}, answered: map[string]bool{}, tasks: map[string]bool{}, looked: map[string]int{},
		steps: map[string]*desking{}}
	fmt.Sscanf(w.acting, "c%d", &f.n)
	if i := c.Entries[0].Command.File.Index; i > 0 {
		f.name = fmt.Sprintf("%s.%d", w.acting, i)
	}
	if svc, err := w.set.Service(c.Case.Service, c.Case.Version); err == nil {
		f.svc = svc
	}
	w.tally.cases++
	return f
}

// digest looks at what the step under way has changed: first whether all is sound,
// then what people will do about it.
func (w *world) digest() {
	for len(w.touched) > 0 && w.broken == nil {
		f := w.touched[0]
		w.touched = w.touched[1:]
		changes := w.commits[f.c.Code]
		delete(w.commits, f.c.Code)
		for _, c := range changes {
			w.check(f, c)
		}
		if w.broken != nil {
			return
		}
		w.sound(f)
		w.react(f)
	}
}

// react plans what follows from a case as it stands.
func (w *world) react(f *file) {
	w.timer(f)
	w.tasks(f)
	for _, d := range f.c.Dossiers {
		x := f.at(d)
		review := ""
		if r := d.OpenReview(); r != nil {
			review = r.ID
		}
		if x.state != d.State || !x.entered.Equal(d.Entered) || x.attempt != d.Attempt || x.review != review {
			x.visit++
			x.state, x.entered, x.attempt, x.review, x.tries, x.refused = d.State, d.Entered, d.Attempt, review, 0, nil
			x.states[d.State]++
			if d.Status == engine.StatusEnded && d.Final != engine.FinalNone {
				w.correction(f, d)
			}
		}
		if x.at != d.Office {
			x.at, x.moved = d.Office, true
		}
	}
	w.desks.plan(f)
	if f.c.Status == engine.CaseEnded && !f.over {
		f.over = true
		w.refile(f)
		w.after(retention, func() { w.retire(f) })
	}
	if f.c.Status == engine.CaseOpen {
		f.over = false
	}
}

// retention is how long a case is followed after its end: until nothing late comes
// any more.
const retention = 4 * 24 * time.Hour

// retire looks at a whole case once more, counts it and forgets it.
func (w *world) retire(f *file) {
	if w.files[f.c.Code] != f || f.c.Status != engine.CaseEnded {
		return
	}
	if quiet := f.c.Updated.Add(retention); quiet.After(w.now) || w.owing(f) {
		if !quiet.After(w.now) {
			quiet = w.now.Add(24 * time.Hour)
		}
		w.at(quiet, func() { w.retire(f) })
		return
	}
	if w.rough || f.n%sampled == 0 {
		w.whole(f)
	}
	w.count(f)
	w.forget(f)
}

// sampled: of the cases that ended in a run without faults, one in so many is rebuilt
// from its whole history; in a run with faults each is, and so is each that is open at
// the end. Every entry was folded and looked at when it was committed, in any run.
const sampled = 4

// owing tells whether a case still has something to come: a message that was not
// sent, a paper result that nobody has collected.
func (w *world) owing(f *file) bool {
	for _, d := range f.steps {
		if d.job != nil {
			return true
		}
	}
	return len(f.owed) > 0
}

// forget lets go of a case that is over; the store follows with all of them at once.
func (w *world) forget(f *file) {
	delete(w.files, f.c.Code)
	delete(w.register.known, f.c.Code)
	w.gone = append(w.gone, f.c.Code)
}

func (w *world) forgetAll() {
	s, ok := w.store.(interface{ Forget(codes ...string) error })
	if !ok || len(w.gone) == 0 {
		w.gone = nil
		return
	}
	if err := s.Forget(w.gone...); err != nil {
		w.breaks("runtime", nil, "the store cannot forget: "+err.Error())
	}
	w.gone = nil
}

// correction finds, now and then, a fault in a result some days after it was issued.
func (w *world) correction(f *file, d *engine.Dossier) {
	x := f.at(d)
	if d.Final != engine.FinalSuccess || x.states[d.State] > 1 || !w.dice.yes(w.cfg.Plan.Clerks.Correct, "correct", f.name+" "+d.Step, 0) {
		return
	}
	var found *engine.Action
	p := w.procedure(f, d)
	for _, a := range w.staffActions(p, d)[around] {
		found = a
	}
	if found == nil {
		return
	}
	step := d.Step
	w.after(24*time.Hour+w.dice.span(w.cfg.Plan.Citizens.Supplement, "correct", f.name+" "+step, 0), func() {
		d := f.c.Dossier(step)
		if w.files[f.c.Code] == f && d.Status == engine.StatusEnded && d.Succeeded() {
			w.desks.take(f, d, deskKey{d.Office, staffRole(found)}, found.ID, 0)
		}
	})
}
