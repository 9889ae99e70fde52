package simulate

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// desks are the people of all offices, one queue for each office and role.
type desks struct {
	*world
	all   map[deskKey]*desk
	hours []Hours
	works map[calendar.Date]bool
}

type deskKey struct{ office, role string }

// desk is the people of one role at one office, and what waits for them.
type desk struct {
	key    deskKey
	plan   Desk
	busy   int
	queue  jobs
	valid  int  // jobs in the queue that are still to be done
	kicked bool // somebody will look when the office opens
	order  int

	// What is told of it.
	served  int
	worked  time.Duration
	waits   []time.Duration // a sample; see note
	seen    int
	longest time.Duration
	lengths []int // at the end of each day
}

// job is a dossier that waits for a clerk.
type job struct {
	f       *file
	step    string
	action  string
	visit   int
	arrived time.Time
	urgent  time.Time
	n       int
	queued  bool
	dead    bool // no longer to be done
}

type jobs struct {
	list []*job
	fifo bool
}

func (q *jobs) Len() int { return len(q.list) }
func (q *jobs) Less(i, j int) bool {
	a, b := q.list[i], q.list[j]
	if !q.fifo && !a.urgent.Equal(b.urgent) {
		return !a.urgent.IsZero() && (b.urgent.IsZero() || a.urgent.Before(b.urgent))
	}
	return a.n < b.n
}
func (q *jobs) Swap(i, j int) { q.list[i], q.list[j] = q.list[j], q.list[i] }
func (q *jobs) Push(x any)    { q.list = append(q.list, x.(*job)) }
func (q *jobs) Pop() any {
	j := q.list[len(q.list)-1]
	q.list[len(q.list)-1] = nil
	q.list = q.list[:len(q.list)-1]
	return j
}

func newDesks(w *world) desks {
	return desks{world: w, all: map[deskKey]*desk{}, hours: w.cfg.Plan.Clerks.Hours, works: map[calendar.Date]bool{}}
}

// desk finds the people of a role; a role that the plan does not know has one.
func (d *desks) desk(office, role string) *desk {
	k := deskKey{office, role}
	x := d.all[k]
	if x == nil {
		c := &d.cfg.Plan.Clerks
		plan, ok := c.Roles[role]
		if !ok {
			plan = Desk{People: 1, Act: Delay{Median: Span(10 * time.Minute)}}
		}
		if own, ok := c.Offices[office][role]; ok {
			plan.People = cmp.Or(own.People, plan.People)
			if own.Act.Median > 0 {
				plan.Act = own.Act
			}
		}
		x = &desk{key: k, plan: plan, queue: jobs{fifo: c.Order == "fifo"}}
		x.lengths = make([]int, d.today()) // nothing waited on the days before
		d.all[k] = x
	}
	return x
}

// today numbers the day from 0.
func (w *world) today() int { return int(w.now.Sub(w.start) / (24 * time.Hour)) }

// people is how many work at a desk on a day: those of the plan without those on
// leave.
func (d *desks) people(x *desk, day calendar.Date) int {
	n := x.plan.People
	for _, l := range d.cfg.Plan.Clerks.Leave {
		if l.Role != x.key.role || day < l.From || day > l.To {
			continue
		}
		o, _ := d.set.OfficeByID(x.key.office)
		if l.Office == "*" || l.Office == x.key.office || l.Office == o.Agency {
			n -= l.People
		}
	}
	return max(n, 0)
}

// put queues a job.
func (d *desks) put(office, role string, j *job) {
	x := d.desk(office, role)
	x.order++
	j.n, j.queued = x.order, true
	x.valid++
	heap.Push(&x.queue, j)
	d.serve(x)
}

// drop says that a job is no longer to be done.
func (d *desks) drop(office, role string, j *job) {
	if j.queued && !j.dead {
		d.desk(office, role).valid--
	}
	j.dead = true
}

// serve gives free people the next jobs, in working hours.
func (d *desks) serve(x *desk) {
	for x.valid > 0 {
		open := d.opening(d.now)
		if open.After(d.now) {
			d.kick(x, open)
			return
		}
		if x.busy >= d.people(x, calendar.DateOf(d.now)) {
			if x.busy == 0 { // nobody is here today
				d.kick(x, d.opening(calendar.DateOf(d.now).AddDays(1).At(0, 0)))
			}
			return
		}
		j := heap.Pop(&x.queue).(*job)
		if j.dead {
			continue
		}
		j.dead = true // nobody else's
		x.valid--
		x.busy++
		wait := d.between(j.arrived, d.now)
		x.note(wait, d.dice)
		took := max(d.dice.span(x.plan.Act, "act", fmt.Sprintf("%s %s %d", j.f.name, j.step, j.visit), 0), time.Minute)
		clerk := x.busy
		d.at(d.ending(d.now, took), func() {
			x.busy--
			x.served++
			x.worked += took
			d.done(x, j, clerk)
			d.serve(x)
		})
	}
}

// kick looks again at an instant.
func (d *desks) kick(x *desk, at time.Time) {
	if x.kicked {
		return
	}
	x.kicked = true
	d.at(at, func() {
		x.kicked = false
		d.serve(x)
	})
}

// keep is how many waits of a desk are kept to tell their distribution.
const keep = 2000

// stillWaiting counts the waits of what nobody has taken.
func (d *desks) stillWaiting(x *desk, until time.Time) {
	for _, j := range x.queue.list {
		if !j.dead {
			x.note(d.between(j.arrived, until), d.dice)
		}
	}
}

// note keeps a fair sample of the waits.
func (x *desk) note(wait time.Duration, dc dice) {
	x.seen++
	x.longest = max(x.longest, wait)
	if len(x.waits) < keep {
		x.waits = append(x.waits, wait)
	} else if i := dc.one(x.seen, "sample", x.key.office+x.key.role, x.seen); i < keep {
		x.waits[i] = wait
	}
}

// working tells whether a day is a working day.
func (d *desks) working(day calendar.Date) bool {
	v, ok := d.works[day]
	if !ok {
		v = d.set.Calendar(d.start).WorkingDay(day)
		d.works[day] = v
	}
	return v
}

// opening is the next instant in working hours.
func (d *desks) opening(t time.Time) time.Time {
	for day, n := calendar.DateOf(t), 0; n < 400; day, n = day.AddDays(1), n+1 {
		if !d.working(day) {
			continue
		}
		midnight := day.At(0, 0)
		for _, h := range d.hours {
			if t.Before(midnight.Add(h.To)) {
				if open := midnight.Add(h.From); t.Before(open) {
					return open
				}
				return t
			}
		}
	}
	return d.end.AddDate(1, 0, 0) // never
}

// ending is when an act that begins now is done: only office time counts.
func (d *desks) ending(t time.Time, left time.Duration) time.Time {
	for n := 0; n < 2000; n++ {
		t = d.opening(t)
		midnight := calendar.DateOf(t).At(0, 0)
		for _, h := range d.hours {
			if to := midnight.Add(h.To); t.Before(to) {
				if left <= to.Sub(t) {
					return t.Add(left)
				}
				left -= to.Sub(t)
				t = to
				break
			}
		}
	}
	return t
}

// between is the office time between two instants.
func (d *desks) between(a, b time.Time) (sum time.Duration) {
	for day := calendar.DateOf(a); !day.At(0, 0).After(b); day = day.AddDays(1) {
		if !d.working(day) {
			continue
		}
		for _, h := range d.hours {
			from, to := day.At(0, 0).Add(h.From), day.At(0, 0).Add(h.To)
			if from.Before(a) {
				from = a
			}
			if to.After(b) {
				to = b
			}
			sum += max(to.Sub(from), 0)
		}
	}
	return sum
}

// plan queues what a case wants of clerks now, and takes away what it no longer
// wants.
func (d *desks) plan(f *file) {
	for _, dos := range f.c.Dossiers {
		at := f.at(dos)
		if at.job != nil && at.visitOf == at.visit && !at.moved {
			continue
		}
		at.moved = false
		if at.job != nil {
			d.drop(at.office, at.role, at.job)
			at.job = nil
		}
		action, role := d.wanted(f, dos, at)
		if action == "" {
			continue
		}
		d.enqueue(f, dos, at, action, role)
	}
}

func (d *desks) enqueue(f *file, dos *engine.Dossier, at *desking, action, role string) {
	j := &job{f: f, step: dos.Step, action: action, visit: at.visit, arrived: d.now, urgent: dos.Due()}
	at.job, at.office, at.role, at.visitOf = j, dos.Office, role, at.visit
	wait := time.Duration(0)
	if action == engine.ActHandOver {
		wait = d.dice.span(d.cfg.Plan.Citizens.Collect, "collect", f.name+" "+dos.Step, 0)
	}
	office := dos.Office
	if wait == 0 {
		d.put(office, role, j)
		return
	}
	d.after(wait, func() {
		if !j.dead {
			j.arrived = d.now
			d.put(office, role, j)
		}
	})
}

// patience is how often a dossier may come back to a state before clerks stop
// looking for anything but the way on.
const patience = 3

// wanted draws what a clerk will do with a dossier, and whose work it is.
func (d *desks) wanted(f *file, dos *engine.Dossier, at *desking) (action, role string) {
	p := d.procedure(f, dos)
	if p.State(dos.State) == nil {
		return "", ""
	}
	who := fmt.Sprintf("%s %s", f.name, dos.Step)
	take := func(as []*engine.Action) (string, string) {
		a := as[d.dice.one(len(as), "choice", who, at.visit)]
		return a.ID, staffRole(a)
	}
	by := d.staffActions(p, dos)
	if dos.Status == engine.StatusEnded || dos.Final != engine.FinalNone && dos.Status != engine.StatusOpen {
		switch {
		case dos.OpenReview() != nil && len(by[reviewing]) > 0:
			return take(by[reviewing])
		case dos.Succeeded() && dos.Result != nil && dos.Result.Paper && dos.Delivered.IsZero() && !dos.Result.Revoked:
			return engine.ActHandOver, engine.ByReception
		}
		return "", ""
	}
	if dos.Status != engine.StatusOpen {
		return "", ""
	}
	c := &d.cfg.Plan.Clerks
	if at.states[dos.State] <= patience {
		x := d.dice.part("mind", who, at.visit)
		for _, k := range []struct {
			rate Rate
			kind sort
		}{{c.Supplement, asking}, {c.Refuse, refusing}, {c.Return, returning}, {c.Other, around}} {
			if x < float64(k.rate) && len(by[k.kind]) > 0 {
				return take(by[k.kind])
			}
			x -= float64(k.rate)
			if x < 0 {
				break
			}
		}
	}
	for _, k := range []sort{forward, around} {
		if len(by[k]) > 0 {
			return take(by[k])
		}
	}
	return "", ""
}

// done is a clerk's act.
func (d *desks) done(x *desk, j *job, clerk int) {
	f := j.f
	dos := f.c.Dossier(j.step)
	at := f.at(dos)
	if d.files[f.c.Code] != f || at.visit != j.visit || at.job != j {
		return // it moved on while it was looked at
	}
	at.job = nil
	err := d.take(f, dos, x.key, j.action, clerk)
	if err == nil {
		at.taken[j.action]++
		return
	}
	d.tally.refusals["clerk."+code(err)]++
	dos = f.c.Dossier(j.step)
	if at.visit != j.visit || at.job != nil {
		return
	}
	if at.tries++; at.tries > 6 {
		d.tally.blocked++
		return
	}
	// Another way: whatever anybody at this office may do, the way on first.
	if a, role := d.otherway(f, dos, j.action, at); a != "" {
		d.enqueue(f, dos, at, a, role)
	}
}

func (d *desks) actor(k deskKey, clerk int) engine.Actor {
	return engine.Actor{Kind: engine.Staff, ID: fmt.Sprintf("%s%d.%s", k.role, clerk, k.office), Office: k.office, Roles: []string{k.role}}
}

// take does an act. Where the form was the trouble, it is filled in once more.
func (d *desks) take(f *file, dos *engine.Dossier, k deskKey, action string, clerk int) (err error) {
	at := f.at(dos)
	a := d.procedure(f, dos).Action(action)
	for try := range 3 {
		cmd := engine.Command{Action: action, Step: dos.Step, IfMatch: &dos.Rev, Actor: d.actor(k, clerk)}
		label := fmt.Sprintf("%s %s %d.%d.%d", dos.Step, action, at.visit, at.tries, try)
		if a != nil {
			cmd.Input = d.input(f, dos, a, f.name+" "+label)
		}
		err = d.act(f, cmd, label)
		if c := engine.CodeOf(err); a == nil || a.Input == nil || c != engine.Invalid && c != engine.Precondition {
			break
		}
		dos = f.c.Dossier(dos.Step)
	}
	return err
}

// otherway finds an action that somebody at the office may take now: what has not been
// tried yet before what has been, the way on before the way back.
func (d *desks) otherway(f *file, dos *engine.Dossier, not string, at *desking) (action, role string) {
	p := d.procedure(f, dos)
	by := d.staffActions(p, dos)
	at.refused = append(at.refused, not)
	least := patience
	for _, k := range []sort{forward, around, asking, refusing, ending} {
		for _, a := range by[k] {
			if slices.Contains(at.refused, a.ID) || at.taken[a.ID] >= least && k != refusing {
				continue
			}
			if k >= refusing && action != "" {
				continue
			}
			r := staffRole(a)
			actor := d.actor(deskKey{dos.Office, r}, 0)
			for _, v := range engine.Actions(d.set, f.c, dos.Step, actor, d.now) {
				if v.Code == a.ID && v.Allowed {
					action, role, least = a.ID, r, at.taken[a.ID]
				}
			}
		}
	}
	if action == "" && at.tries == 1 { // perhaps the form was the trouble
		return not, at.role
	}
	return action, role
}
