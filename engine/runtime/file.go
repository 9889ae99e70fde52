package runtime

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lienthong/engine"
)

// maxCases bounds the cases that one form may open.
const maxCases = 100

// Filing is one form as filled in.
type Filing struct {
	Service     string
	Application map[string]any
	Actor       engine.Actor
	Requester   engine.Person
	Channel     int
	Prefill     string            // id of a snapshot that the requester owns; "" = none
	Disputes    map[string]string // JSON Pointer into the form → why the register is wrong
	Key, Digest string            // as in Request
}

// File files one form: the version of the service that is in force now, one case
// (or one per element of the form's list, as Service.Each says), each with its
// codes, all or none. A key that was answered before gives the same cases.
func (r *Runtime) File(ctx context.Context, f Filing) ([]*engine.Case, error) {
	for range r.cfg.Attempts {
		cases, err := r.file(ctx, f)
		if !isStale(err) {
			return cases, refusalOf(err)
		}
	}
	e := engine.Fail(engine.Unavailable, "Hệ thống đang bận, xin thử lại.", "The system is busy; please try again.")
	e.Op = "runtime.file"
	return nil, e
}

func (r *Runtime) file(ctx context.Context, f Filing) ([]*engine.Case, error) {
	by := Asked{f.Actor, f.Key, f.Digest}
	p, err := r.plan(ctx, f, r.allocate)
	var changes []engine.Change
	if err == nil {
		if changes, err = p.decide(r.defs); err != nil {
			err = refusal{err}
		}
	}
	if err != nil { // what can be filed no more may have been filed
		if a, aerr := r.answered(ctx, by); a != nil || aerr != nil {
			return r.refound(ctx, a, aerr)
		}
		return nil, err
	}
	cases := make([]*engine.Case, len(changes))
	for i := range changes {
		cases[i] = changes[i].Case
	}
	changes[0].Answer = by.answer(p.now, cases...)
	if err := r.append(ctx, changes...); err != nil {
		if a, aerr := r.answeredAfter(ctx, by, err); a != nil || aerr != nil {
			return r.refound(ctx, a, aerr)
		}
		return nil, err
	}
	for _, c := range cases {
		r.committed(c)
	}
	return cases, nil
}

// refound loads the cases of a filing that was answered before.
func (r *Runtime) refound(ctx context.Context, a *engine.Answer, err error) ([]*engine.Case, error) {
	if err != nil {
		return nil, err
	}
	var b body
	if err := engine.Unmarshal(a.Body, &b); err != nil {
		return nil, &engine.Error{Code: engine.CorruptHistory, Op: "runtime.file", Case: a.Case, Err: err}
	}
	var cases []*engine.Case
	for _, code := range b.Cases {
		c, err := r.store.Load(ctx, code)
		if err != nil {
			return nil, err
		}
		cases = append(cases, c)
	}
	return cases, nil
}

// plan is a filing made ready to decide: one command per case.
type plan struct {
	svc   *engine.Service
	now   time.Time
	cmds  []engine.Command
	facts []engine.Facts
}

type allocator func(ctx context.Context, office engine.Office, now time.Time, withCase bool, steps []*engine.Step) (engine.Codes, error)

func (r *Runtime) plan(ctx context.Context, f Filing, allocate allocator) (*plan, error) {
	now := r.Now()
	svc, err := r.defs.ServiceAt(f.Service, now)
	if err != nil {
		return nil, err
	}
	snapshot, err := r.snapshot(ctx, f)
	if err != nil {
		return nil, err
	}
	p := &plan{svc: svc, now: now}
	n := svc.Count(f.Application)
	if n > maxCases {
		return nil, engine.Fail(engine.Invalid, fmt.Sprintf("Một tờ khai mở tối đa %d hồ sơ", maxCases), fmt.Sprintf("one form opens at most %d cases", maxCases))
	}
	for i := range max(n, 1) {
		cmd := engine.Command{Action: engine.ActFile, Actor: f.Actor, Input: f.Application,
			File: &engine.Filing{Service: svc.ID, Version: svc.Version, Requester: f.Requester, Channel: f.Channel, Index: i}}
		cmd.Codes, err = r.codesFor(ctx, p, cmd, allocate)
		if err != nil {
			return nil, err
		}
		if n > 1 {
			cmd.File.Group = cmd.Codes.Case
			if i > 0 {
				cmd.File.Group = p.cmds[0].Codes.Case
			}
		}
		p.cmds = append(p.cmds, cmd)
		p.facts = append(p.facts, engine.Facts{Prefill: own(snapshot, svc.Each, i)})
	}
	return p, nil
}

// codesFor allocates the codes of one case at its receiving office. Where there
// is none, deciding says better what is wrong with the form, and no number is
// spent on it.
func (r *Runtime) codesFor(ctx context.Context, p *plan, cmd engine.Command, allocate allocator) (engine.Codes, error) {
	app, err := p.svc.Application(cmd.Input, cmd.File.Index)
	if err == nil {
		var o engine.Office
		if o, err = r.reception(p.svc, vars(app, cmd.File.Requester, p.now, p.now), p.now); err == nil {
			return allocate(ctx, o, p.now, true, p.svc.Steps)
		}
	}
	cmd.Codes = engine.Codes{Case: "?"}
	if _, _, refused := decide(r.defs, nil, cmd, engine.Facts{}, p.now); refused != nil {
		return engine.Codes{}, refusal{refused}
	}
	return engine.Codes{}, err
}

// decide decides every case of the plan; the first refusal refuses all.
func (p *plan) decide(defs engine.Definitions) ([]engine.Change, error) {
	var out []engine.Change
	for i, cmd := range p.cmds {
		entries, c, err := decide(defs, nil, cmd, p.facts[i], p.now)
		if err != nil {
			return nil, err
		}
		out = append(out, engine.Change{Case: c, Entries: entries, Lane: laneOf(cmd.Actor)})
	}
	return out, nil
}

// snapshot fetches what the registers knew when the form was opened.
func (r *Runtime) snapshot(ctx context.Context, f Filing) (*engine.Prefill, error) {
	if f.Prefill == "" {
		if len(f.Disputes) > 0 {
			return nil, engine.Fail(engine.Invalid, "Không có dữ liệu điền sẵn để phản đối", "there is no prefill snapshot to dispute")
		}
		return nil, nil
	}
	s, err := r.store.Prefill(ctx, f.Requester.ID, f.Prefill)
	if err != nil {
		return nil, err
	}
	mine := *s
	mine.Why = f.Disputes
	return &mine, nil
}

// own cuts one case's part out of a snapshot, as Service.Application does with
// the form: pointers into the list's element become pointers into the case's own.
func own(s *engine.Prefill, each *engine.Each, index int) *engine.Prefill {
	if s == nil || each == nil {
		return s
	}
	mine := *s
	mine.Values, mine.Source, mine.Why = cut(s.Values, each, index), cut(s.Source, each, index), cut(s.Why, each, index)
	return &mine
}

func cut[V any](in map[string]V, each *engine.Each, index int) map[string]V {
	if in == nil {
		return nil
	}
	list, element := "/"+each.List, fmt.Sprintf("/%s/%d", each.List, index)
	out := make(map[string]V, len(in))
	for ptr, v := range in {
		if rest, ok := below(ptr, element); ok {
			out["/"+each.As+rest] = v
		} else if _, other := below(ptr, list); !other {
			out[ptr] = v
		}
	}
	return out
}

// below returns what follows a prefix of a JSON Pointer.
func below(ptr, prefix string) (string, bool) {
	rest, ok := strings.CutPrefix(ptr, prefix)
	return rest, ok && (rest == "" || rest[0] == '/')
}
