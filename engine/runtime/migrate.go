package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"lienthong/engine"
)

// Migration asks to move running cases of a service to another version.
type Migration struct {
	Actor    engine.Actor
	Service  string
	From, To string                       // versions
	States   map[string]map[string]string // step → state → state; what is not named keeps its name
	Reason   string
	Cases    []string // these alone; nil = every running case under From
	After    string   // only cases after this code
	Limit    int      // cases looked at, at most maxMigrated
	DryRun   bool
	Key      string // idempotency key, scoped to the actor; "" = none
	Digest   string // of the request; another digest under the same key is refused
}

// asked is the key of one case's move, or of the whole for code "". What would happen
// is asked for under no key.
func (m *Migration) asked(code string) Asked {
	switch {
	case m.DryRun || m.Key == "":
		return Asked{Actor: m.Actor}
	case code == "":
		return Asked{m.Actor, m.Key, m.Digest}
	}
	return Asked{m.Actor, m.Key + "/" + code, m.Digest}
}

// migrating is which cases a migration is about: what it sets out to do.
type migrating struct {
	Cases []string `json:"cases"`
	Next  string   `json:"next,omitempty"`
}

// maxMigrated bounds the cases of one call.
const maxMigrated = 1000

// Migrations says what became of every case looked at, or would become.
type Migrations struct {
	Service string          `json:"service"`
	From    string          `json:"from"`
	To      string          `json:"to"`
	DryRun  bool            `json:"dry_run"`
	At      time.Time       `json:"at"` // business time
	Moved   int             `json:"moved"`
	Refused int             `json:"refused"`
	Cases   []CaseMigration `json:"cases"`
	Next    string          `json:"next,omitempty"` // After of the next call; "" = that was all
}

// CaseMigration is one case: what changes, or why it stays.
type CaseMigration struct {
	Case    string        `json:"case"`
	Refused *engine.Error `json:"-"`
	Due     Times         `json:"due,omitzero"` // of the whole chain
	Steps   []StepChange  `json:"steps,omitempty"`
}

// Times are an instant before and after; zero = none.
type Times struct {
	Before time.Time `json:"before,omitzero"`
	After  time.Time `json:"after,omitzero"`
}

// StepChange is what a migration makes of one part.
type StepChange struct {
	Step    string            `json:"step"`
	New     bool              `json:"new,omitempty"` // only the new version has it
	Status  engine.StepStatus `json:"status"`
	From    string            `json:"from,omitempty"` // state
	To      string            `json:"to,omitempty"`
	Due     Times             `json:"due,omitzero"`
	Timers  []engine.TimerDue `json:"timers,omitempty"`  // as they stand afterwards, when they changed
	Gained  []string          `json:"gained,omitempty"`  // people's actions that the new state has in addition
	Lost    []string          `json:"lost,omitempty"`    // those that it no longer has
	Handed  bool              `json:"handed,omitempty"`  // it is handed other values
	Parties bool              `json:"parties,omitempty"` // other people are asked
}

// Migrate moves running cases to another version, each by a command of its own, or
// says what that would do. One that cannot be moved is told with its reason and
// stays; the others move. Repeated under its idempotency key, it is about the same
// cases, goes on where it ended, and tells of those that it has moved what it told.
//
// Errors: Forbidden, NotFound for a version that is not there, Invalid for a state
// map that names what the versions do not have.
func (r *Runtime) Migrate(ctx context.Context, m Migration) (Migrations, error) {
	out := Migrations{Service: m.Service, From: m.From, To: m.To, DryRun: m.DryRun, At: r.Now(), Cases: []CaseMigration{}}
	if m.Actor.Kind != engine.Staff || !m.Actor.Has(engine.ByAdministrator) {
		return out, engine.Fail(engine.Forbidden, "Chỉ quản trị viên được chuyển hồ sơ sang phiên bản khác.", "Only an administrator moves cases between versions.")
	}
	from, err := r.defs.Service(m.Service, m.From)
	if err != nil {
		return out, err
	}
	to, err := r.defs.Service(m.Service, m.To)
	if err != nil {
		return out, err
	}
	if m.Limit <= 0 || m.Limit > maxMigrated {
		m.Limit = maxMigrated
	}
	if _, err := engine.StateMap(m.input()["states"], from, to); err != nil { // also when no case is there
		return out, err
	}
	var set migrating
	err = r.Begin(ctx, m.asked(""), &set, func() (err error) {
		set, err = r.affected(ctx, m)
		return err
	})
	if err != nil {
		return out, err
	}
	out.Next = set.Next
	for _, code := range set.Cases {
		cm, err := r.migrateOne(ctx, m, from, to, code)
		if err != nil {
			return out, err
		}
		if cm.Refused == nil {
			out.Moved++
		} else {
			out.Refused++
		}
		out.Cases = append(out.Cases, cm)
	}
	return out, nil
}

// affected lists the running cases that the migration is about.
func (r *Runtime) affected(ctx context.Context, m Migration) (set migrating, err error) {
	if m.Cases != nil {
		if len(m.Cases) > m.Limit {
			return set, engine.Fail(engine.Invalid, fmt.Sprintf("Mỗi lần tối đa %d hồ sơ.", m.Limit), fmt.Sprintf("At most %d cases at once.", m.Limit))
		}
		return migrating{Cases: m.Cases}, nil
	}
	set.Cases, err = r.store.OpenUnder(ctx, m.Service, m.From, m.After, m.Limit+1)
	if len(set.Cases) > m.Limit {
		set.Cases = set.Cases[:m.Limit]
		set.Next = set.Cases[m.Limit-1]
	}
	return set, err
}

// migrateOne moves one case, or tells why it stays: that it cannot be read is a reason
// too, which keeps no other one.
func (r *Runtime) migrateOne(ctx context.Context, m Migration, from, to *engine.Service, code string) (CaseMigration, error) {
	out, err := r.move(ctx, m, from, to, code)
	var no *engine.Error
	if errors.As(err, &no) && (no.Code == engine.CorruptHistory || no.Code == engine.Internal) {
		r.log.Error("not migrated", "case", code, cause(err))
		said := *no
		if said.Detail.IsZero() {
			said.Detail = engine.Text{VI: "Không xử lý được hồ sơ này; xem nhật ký máy chủ.", EN: "This case cannot be worked on; see the server's log."}
		}
		return CaseMigration{Case: code, Refused: &said}, nil
	}
	return out, err
}

func (r *Runtime) move(ctx context.Context, m Migration, from, to *engine.Service, code string) (CaseMigration, error) {
	out := CaseMigration{Case: code}
	by := m.asked(code)
	if was, err := r.answered(ctx, by); was != nil || err != nil {
		return r.migrated(ctx, was, from, to, err)
	}
	cmd := engine.Command{Action: engine.ActMigrate, Case: code, Actor: m.Actor, Input: m.input()}
	c, err := r.store.Load(ctx, code)
	if err != nil {
		return out, err
	}
	if c.Service != m.Service || c.Version != m.From {
		out.Refused = notUnder(c)
		return out, nil
	}
	var res Result
	if m.DryRun {
		cmd.Codes = engine.Codes{Steps: map[string]string{}}
		for _, st := range to.Steps {
			cmd.Codes.Steps[st.ID] = code + "-" + st.ID
		}
		res.before = c
		var next *engine.Case
		res.Entries, next, err = decide(r.defs, c, cmd, engine.Facts{}, r.Now())
		res.Case = next
	} else {
		res, err = r.commit(ctx, decision{cmd: cmd, asked: by, at: r.Now, under: m.From})
		err = refusalOf(err)
		if res.Repeated { // by a call beside this one
			was, err := r.answered(ctx, by)
			return r.migrated(ctx, was, from, to, err)
		}
	}
	var no *engine.Error
	if errors.As(err, &no) && (no.Code == engine.Precondition || no.Code == engine.Invalid || no.Code == engine.WrongState) {
		out.Refused = no
		return out, nil
	}
	if err != nil {
		return out, err
	}
	before := res.before
	for _, e := range res.Entries[:len(res.Entries)-1] { // timers that were due came first
		before = engine.Fold(before, e)
	}
	out.changes(before, res.Case, from, to)
	return out, nil
}

// notUnder refuses a case that is under another version than the one it is moved from.
func notUnder(c *engine.Case) *engine.Error {
	return engine.Fail(engine.Precondition, "Hồ sơ theo phiên bản "+c.Version+".", "The case is under version "+c.Version+".")
}

// migrated tells again what a move that was answered has changed: the last entry of its
// commit.
func (r *Runtime) migrated(ctx context.Context, was *engine.Answer, from, to *engine.Service, err error) (CaseMigration, error) {
	if err != nil {
		return CaseMigration{}, err
	}
	out := CaseMigration{Case: was.Case}
	var b body
	if err := json.Unmarshal(was.Body, &b); err != nil {
		return out, &engine.Error{Code: engine.Internal, Op: "runtime.migrate", Case: was.Case, Err: err}
	}
	entries, err := r.store.History(ctx, was.Case, 1, int(b.Seq))
	if err != nil {
		return out, err
	}
	var before, after *engine.Case
	for _, e := range entries {
		before, after = after, engine.Fold(after, e)
	}
	out.changes(before, after, from, to)
	return out, nil
}

// input is what history keeps of the request.
func (m Migration) input() map[string]any {
	in := map[string]any{"version": m.To}
	if m.Reason != "" {
		in["reason"] = m.Reason
	}
	if len(m.States) > 0 {
		steps := map[string]any{}
		for step, states := range m.States {
			named := map[string]any{}
			for a, b := range states {
				named[a] = b
			}
			steps[step] = named
		}
		in["states"] = steps
	}
	return in
}

// changes compares a case before and after.
func (out *CaseMigration) changes(before, after *engine.Case, from, to *engine.Service) {
	if !before.Clock.Due.Equal(after.Clock.Due) {
		out.Due = Times{before.Clock.Due, after.Clock.Due}
	}
	for _, d := range after.Dossiers {
		s := StepChange{Step: d.Step, Status: d.Status, To: d.State}
		was := before.Dossier(d.Step)
		if was == nil {
			s.New = true
			out.Steps = append(out.Steps, s)
			continue
		}
		s.From = was.State
		if a, b := was.Due(), d.Due(); !a.Equal(b) {
			s.Due = Times{a, b}
		}
		if !slices.EqualFunc(was.Timers, d.Timers, func(a, b engine.TimerDue) bool { return a.Action == b.Action && a.Kind == b.Kind && a.At.Equal(b.At) }) {
			s.Timers = d.Timers
		}
		if was.State != "" && d.State != "" {
			had, has := from.Step(d.Step).Procedure.PeopleActions(was.State), to.Step(d.Step).Procedure.PeopleActions(d.State)
			s.Gained, s.Lost = without(has, had), without(had, has)
		}
		s.Handed, s.Parties = !engine.SameJSON(was.With, d.With), !engine.SameJSON(was.Parties, d.Parties)
		if s.From != s.To || s.Due != (Times{}) || s.Timers != nil || s.Gained != nil || s.Lost != nil || s.Handed || s.Parties || was.Status != d.Status {
			out.Steps = append(out.Steps, s)
		}
	}
}

func without(a, b []string) []string {
	var out []string
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}

// newCodes gives a migration the codes of the steps that only the new version has.
func (r *Runtime) newCodes(ctx context.Context, d *decision, c *engine.Case, now time.Time) error {
	svc, err := r.defs.Service(c.Service, engine.Str(d.cmd.Input, "version"))
	if err != nil {
		return err
	}
	var steps []*engine.Step
	for _, st := range svc.Steps {
		if c.Dossier(st.ID) == nil {
			steps = append(steps, st)
		}
	}
	if len(steps) == 0 {
		return nil
	}
	o, err := r.receptionOf(c, svc, now)
	if err != nil {
		return err
	}
	d.cmd.Codes, err = r.allocate(ctx, o, now, false, steps)
	return err
}
