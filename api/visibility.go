package api

import (
	"context"
	"errors"
	"slices"
	"time"

	"lienthong/engine"
)

// sight is how much of a case a caller may see.
type sight int

const (
	blind   sight = iota // it does not exist for them
	partial              // a party with something to answer: only that
	full
)

// areas knows which offices lie in which province.
type areas struct {
	defs     Catalogue
	province map[string]string // unit → province
}

func newAreas(defs Catalogue) *areas {
	a := &areas{defs: defs, province: map[string]string{}}
	for _, o := range defs.Offices() {
		if len(o.Unit) != 2 {
			continue
		}
		for _, u := range o.Serves {
			a.province[u] = o.Unit
		}
	}
	return a
}

func (a *areas) provinceOf(unit string) string {
	if p, ok := a.province[unit]; ok {
		return p
	}
	return unit
}

// offices are those whose dossiers the caller may see: their own, and for a
// supervisor every office of the same province. Never empty: a caller without an
// office gets one that does not exist.
func (a *areas) offices(c *caller) []string {
	own, ok := a.defs.OfficeByID(c.actor.Office)
	if !ok {
		return []string{"-"}
	}
	if !c.actor.Has(roleSupervisor) {
		return []string{own.ID}
	}
	out := []string{own.ID}
	for _, o := range a.defs.Offices() {
		if o.ID != own.ID && a.provinceOf(o.Unit) == a.provinceOf(own.Unit) {
			out = append(out, o.ID)
		}
	}
	return out
}

// open loads a case by any of its codes, as far as the caller may see it. A case
// that they may not see is NotFound, like one that does not exist.
func (s *Server) open(ctx context.Context, code string) (*engine.Case, sight, error) {
	c, err := s.load(ctx, code)
	if engine.CodeOf(err) == engine.Archived {
		return nil, blind, s.archived(ctx, err)
	}
	if err != nil {
		return nil, blind, err
	}
	sees, err := s.sight(ctx, callerOf(ctx), c)
	if err != nil {
		return nil, blind, err
	}
	if sees == blind {
		return nil, blind, notFound()
	}
	return c, sees, nil
}

// archived tells those who might see a case that it is in an archive; for others it
// does not exist.
func (s *Server) archived(ctx context.Context, err error) error {
	var e *engine.Error
	if !errors.As(err, &e) {
		return err
	}
	stub, serr := s.cfg.Store.Stub(ctx, e.Case)
	if serr != nil {
		return serr
	}
	who := callerOf(ctx)
	switch {
	case who == nil:
	case s.tests(who):
		return err
	case who.citizen():
		if id := who.actor.ID; id != "" && (stub.Requester == id || stub.FiledBy.Kind == engine.Citizen && stub.FiledBy.ID == id) {
			return err
		}
	case s.worksOnCases(who):
		offices := s.areas.offices(who)
		if slices.Contains(offices, stub.FiledBy.Office) || slices.ContainsFunc(stub.Offices, func(o string) bool { return slices.Contains(offices, o) }) {
			return err
		}
	}
	return notFound()
}

// openWhole is open for what a party may not see.
func (s *Server) openWhole(ctx context.Context, code string) (*engine.Case, error) {
	c, sees, err := s.open(ctx, code)
	if err == nil && sees != full {
		return nil, notFound()
	}
	return c, err
}

// read is openWhole for reads of personal data: a member of staff's read is in the
// access log before it returns.
func (s *Server) read(ctx context.Context, code, what string) (*engine.Case, error) {
	c, err := s.openWhole(ctx, code)
	if err != nil {
		return nil, err
	}
	return c, s.logRead(ctx, c.Code, what)
}

// logRead commits a read to the access log; a citizen's own reads are not logged.
func (s *Server) logRead(ctx context.Context, code, what string) error {
	who := callerOf(ctx)
	if who.citizen() {
		return nil
	}
	err := s.cfg.Store.LogAccess(ctx, engine.Access{At: s.cfg.Runtime.Now(), Account: who.actor.ID, Office: who.actor.Office, Case: code, What: what})
	if err != nil {
		return &engine.Error{Code: engine.Unavailable, Op: "access log", Err: err}
	}
	return nil
}

func notFound() error { return &engine.Error{Code: engine.NotFound} }

// plainly is an error that says of what is not there what is said of what the caller
// may not see, and no more.
func plainly(err error) error {
	if engine.CodeOf(err) == engine.NotFound {
		return notFound()
	}
	return err
}

func (s *Server) load(ctx context.Context, code string) (*engine.Case, error) {
	c, err := s.cfg.Store.Load(ctx, code)
	if engine.CodeOf(err) != engine.NotFound {
		return c, err
	}
	of, err := s.cfg.Store.CaseOf(ctx, code)
	if err != nil {
		if engine.CodeOf(err) == engine.NotFound {
			return nil, notFound()
		}
		return nil, err
	}
	return s.cfg.Store.Load(ctx, of)
}

// sight decides how much of a case a caller may see.
func (s *Server) sight(ctx context.Context, who *caller, c *engine.Case) (sight, error) {
	if sees := s.sightNow(who, c); sees != blind || who == nil || !s.worksOnCases(who) {
		return sees, nil
	}
	had, err := s.hadDossier(ctx, c.Code, s.areas.offices(who))
	if err != nil || !had {
		return blind, err
	}
	return full, nil
}

// sightNow is sight by what the case is now, without its past: staff whose office
// passed its dossier on are blind to it.
func (s *Server) sightNow(who *caller, c *engine.Case) sight {
	if who == nil {
		return blind
	}
	if who.citizen() {
		return citizenSight(who.actor.ID, c)
	}
	if s.tests(who) {
		return full
	}
	if !s.worksOnCases(who) {
		return blind
	}
	offices := s.areas.offices(who)
	if c.FiledBy.Office != "" && slices.Contains(offices, c.FiledBy.Office) {
		return full
	}
	for _, d := range c.Dossiers {
		if slices.Contains(offices, d.Office) || slices.Contains(offices, d.Home) {
			return full
		}
	}
	return blind
}

// tests tells whether the caller may look into every case: a tester, where nobody in
// the cases is real.
func (s *Server) tests(who *caller) bool {
	return s.cfg.Demo != nil && !who.citizen() && who.actor.Has(roleTester)
}

// officesSeen are the offices whose dossiers the caller may see.
func (s *Server) officesSeen(who *caller) []string {
	if !s.tests(who) {
		if !s.worksOnCases(who) { // such as a tester in service, whatever their office
			return []string{"-"}
		}
		return s.areas.offices(who)
	}
	var all []string
	for _, o := range s.cfg.Definitions.Offices() {
		all = append(all, o.ID)
	}
	return all
}

func (s *Server) worksOnCases(who *caller) bool {
	return !who.citizen() && who.actor.Office != "" && slices.ContainsFunc(deskRoles, who.actor.Has)
}

func citizenSight(person string, c *engine.Case) sight {
	if person == "" {
		return blind
	}
	if c.Requester.ID == person || c.FiledBy.Kind == engine.Citizen && c.FiledBy.ID == person {
		return full
	}
	for _, d := range c.Dossiers {
		if partyOf(d, person) {
			return partial
		}
	}
	return blind
}

// partyOf tells whether a person is asked for an answer on a dossier.
func partyOf(d *engine.Dossier, person string) bool {
	if d.Status != engine.StatusOpen {
		return false
	}
	for _, p := range d.Parties {
		if slices.Contains(p.People, person) {
			return true
		}
	}
	return false
}

// hadDossier looks through the history for an office that once held a dossier and
// passed it on. It is asked only about cases that are not the caller's now.
func (s *Server) hadDossier(ctx context.Context, code string, offices []string) (bool, error) {
	entries, err := s.cfg.Store.History(ctx, code, 1, 0)
	if err != nil {
		return false, err
	}
	for i := range entries {
		for _, v := range entries[i].Events {
			var office string
			switch v := v.(type) {
			case engine.StepOpened:
				office = v.Office
			case engine.Moved:
				office = v.Office
			case engine.Transferred:
				office = v.Office
			}
			if office != "" && slices.Contains(offices, office) {
				return true, nil
			}
		}
	}
	return false, nil
}

// answeredOnce tells whether a person answered as a party on the case before, so
// that a repeated answer can be told what came of it.
func (s *Server) answeredOnce(ctx context.Context, code, person string) bool {
	entries, err := s.cfg.Store.History(ctx, code, 1, 0)
	if err != nil || person == "" {
		return false
	}
	for i := range entries {
		for _, v := range entries[i].Events {
			if p, ok := v.(engine.PartyAnswered); ok && p.Person == person {
				return true
			}
		}
	}
	return false
}

// overdue tells whether a due time has passed.
func overdue(due, now time.Time) bool { return !due.IsZero() && now.After(due) }
