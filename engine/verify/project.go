package verify

import (
	"slices"
	"strconv"
	"strings"

	"lienthong/engine"
)

// project reads a concrete case as a state of the cone, with nothing known of
// values: what of them is known is compared by agrees.
func (s *search) project(c *engine.Case) *linked {
	g := &linked{vals: s.m.sc.start(), steps: make([]local, len(s.cone))}
	if c.Fee != nil {
		g.fee = feeDone
		if c.Fee.Status == engine.FeeWaiting {
			g.fee = feeWaiting
		}
	}
	for k, i := range s.cone {
		g.steps[k] = s.projectStep(c, s.m.steps[i])
	}
	if c.Dossier(s.m.steps[s.cone[s.owner]].ID).Attempt > 1 {
		g.steps[s.owner].flags |= again
	}
	s.fade(g)
	return g
}

func (s *search) projectStep(c *engine.Case, st *step) local {
	d := c.Dossier(st.ID)
	l := local{state: none}
	switch d.Status {
	case engine.StatusWaiting:
		return l
	case engine.StatusClosed:
		l.status, l.why = closed, closing(d.Closed)
		return l
	case engine.StatusOpen:
		l.status = open
	default:
		l.status = ended
	}
	l.final, l.state = finalOf(d.Final), int16(st.states[d.State])
	if d.Returned != "" {
		l.returned = int8(s.place[s.m.index(d.Returned)] + 1)
	}
	set := func(flag uint16, is bool) {
		if is {
			l.flags |= flag
		}
	}
	set(asking, d.Request != nil)
	set(items, slices.ContainsFunc(c.Items, func(it engine.Item) bool { return it.Step == st.ID && !it.Closed }))
	set(corrected, slices.ContainsFunc(d.Reviews, func(r engine.Review) bool { return r.Decision == "" && r.To > 0 }))
	set(annulled, slices.ContainsFunc(d.Reviews, func(r engine.Review) bool { return r.Decision == "" && r.To == 0 }))
	set(stale, len(d.Stale) > 0)
	set(renewed, len(d.Renewed) > 0)
	set(issued, d.Result != nil)
	for _, t := range d.Timers {
		if n, err := strconv.Atoi(t.ID[strings.LastIndexByte(t.ID, '/')+1:]); err == nil && t.Kind == engine.TimerAfter {
			l.timers |= 1 << n
		}
	}
	for i, p := range st.p.Parties {
		if o := d.Parties[p.ID]; o != nil && i < 16 {
			l.answer(i, partyOf(o))
		}
	}
	for up := range d.Uses {
		if i := s.m.index(up); s.place[i] >= 0 && s.m.steps[i].restless() {
			l.uses |= 1 << s.place[i]
		}
	}
	for name, bit := range st.sc.records {
		if d.Data[name] != nil {
			l.recs |= 1 << bit
		}
	}
	l.recs &= st.liveRecs[l.state]
	return l
}

func partyOf(o *engine.PartyOpen) uint32 {
	if o.Agreed() {
		return agreed
	}
	for _, a := range o.Answers {
		if !a.Agree {
			return broken
		}
	}
	return asked
}

// shape is a state's key without what is known of values.
func (s *search) shape(g *linked) string {
	bare := g.clone()
	bare.vals = s.m.sc.start()
	for k := range bare.steps {
		bare.steps[k].vals = ""
	}
	return string(s.key(bare, nil))
}

// agrees tells whether a case's values are among those that a state holds possible.
func (s *search) agrees(g *linked, c *engine.Case) bool {
	vars := c.Vars(c.Updated)
	for i, v := range s.m.sc.vars {
		if g.vals[i] != v.full && !s.m.table.holds(&v, g.vals[i], vars) {
			return false
		}
	}
	for k := range g.steps {
		st, l := s.m.steps[s.cone[k]], &g.steps[k]
		if l.vals == "" || l.state < 0 {
			continue
		}
		d := c.Dossier(st.ID)
		data := map[string]any{}
		for n, v := range d.With {
			data[n] = v
		}
		for n, v := range d.Data {
			data[n] = v
		}
		vals := decode(l.vals)
		for i, v := range st.sc.vars {
			if vals[i] != v.full && !s.m.table.holds(&v, vals[i], engine.Vars{"dossier": data}) {
				return false
			}
		}
	}
	return true
}

// holds tells whether a variable's value is one of a set. A text that only the
// core could evaluate counts as agreeing, and so does a value that is not there.
func (t *table) holds(v *variable, in values, vars engine.Vars) bool {
	if v.path == "" {
		return true
	}
	at := engine.At(map[string]any(vars), strings.Split(v.path, ".")...)
	if v.has {
		if at == nil {
			return in&isFalse != 0
		}
		return in&isTrue != 0
	}
	switch at := at.(type) {
	case nil:
		return true
	case string:
		if bit := t.of(at); bit != 0 {
			return in&bit != 0
		}
		return in&isOther != 0
	case bool, int64, float64:
		return in&t.of(at) != 0
	}
	return true
}
