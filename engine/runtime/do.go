package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lienthong/engine"
)

// Request is a command with the key under which its answer is kept.
type Request struct {
	Command engine.Command
	Key     string // idempotency key, scoped to the actor; "" = none
	Digest  string // of the request; another digest under the same key is refused
}

// Result is what became of a command.
type Result struct {
	Case     *engine.Case   // after the command
	Entries  []engine.Entry // appended by it, timers' entries among them
	Repeated bool           // the key was answered before: nothing was done again

	before *engine.Case // that it was decided on
}

// Do decides a command on a case and keeps what was decided. When somebody was
// faster it decides again over fresh state; an If-Match that no longer holds is
// then refused by Decide. Filing has a method of its own, and so have replies.
//
// With a refusal comes the fresh state that it was decided over, and the entries
// of timers that fired all the same.
//
// Errors are those of engine.Decide and of engine.Cases.Append, and Unavailable
// when a case is too busy.
func (r *Runtime) Do(ctx context.Context, req Request) (Result, error) {
	switch req.Command.Action {
	case engine.ActFile, engine.ActReply, engine.ActOperate:
		return Result{}, &engine.Error{Code: engine.Invalid, Op: "runtime.do", Err: fmt.Errorf("%q has a way of its own", req.Command.Action)}
	}
	req.Command.Codes, req.Command.File = engine.Codes{}, nil
	res, err := r.commit(ctx, decision{cmd: req.Command, asked: Asked{req.Command.Actor, req.Key, req.Digest}, at: r.Now})
	return res, refusalOf(err)
}

// refusal marks an error of Decide, as against one of the store.
type refusal struct{ error }

func (e refusal) Unwrap() error { return e.error }

// refusalOf takes the mark off.
func refusalOf(err error) error {
	var no refusal
	if errors.As(err, &no) {
		return no.error
	}
	return err
}

// decision is one command on its way through load, decide and append.
type decision struct {
	cmd   engine.Command
	asked Asked
	facts engine.Facts
	at    func() time.Time // business time of an attempt
	under string           // the version that a migration moves the case from
	// settles names the deliveries that the entries answer, none when they do not hold
	// what was asked for; nil = it was asked for no delivery.
	settles func([]engine.Entry) []engine.Delivery
}

func (r *Runtime) commit(ctx context.Context, d decision) (Result, error) {
	h, err := r.turns.take(ctx, d.cmd.Case)
	if err != nil {
		return Result{}, err
	}
	defer h.leave()
	for range r.cfg.Attempts {
		if err := h.again(ctx); err != nil {
			return Result{}, err
		}
		res, err := r.attempt(ctx, &d, h)
		if !isStale(err) {
			return res, err
		}
	}
	e := engine.Fail(engine.Unavailable, "Hồ sơ đang được nhiều người xử lý, xin thử lại.", "Too many people are working on this case; please try again.")
	e.Op, e.Case = "runtime.do", d.cmd.Case
	return Result{}, e
}

// isStale tells whether the store found that somebody was faster. The same code
// from Decide means that the caller's own version is old: that is final.
func isStale(err error) bool {
	var no refusal
	return engine.CodeOf(err) == engine.StaleVersion && !errors.As(err, &no)
}

func (r *Runtime) attempt(ctx context.Context, d *decision, h *hold) (Result, error) {
	next := h.ahead() // before loading: what has landed since is loaded
	c, err := r.store.Load(ctx, d.cmd.Case)
	if err != nil {
		return Result{}, err
	}
	if next == nil || next.Seq <= c.Seq {
		return r.over(ctx, d, h, c, false)
	}
	res, err := r.over(ctx, d, h, next, true)
	if err != errUnsure {
		return res, err
	}
	if err := h.settled(ctx); err != nil {
		return Result{}, err
	}
	if c, err = r.store.Load(ctx, d.cmd.Case); err != nil {
		return Result{}, err
	}
	return r.over(ctx, d, h, c, false)
}

// errUnsure says that what was decided rests on a change that is not committed yet.
var errUnsure = errors.New("runtime: decided over a state that is not committed")

// over decides on a case and keeps what was decided. ahead says that what leads to
// the case is in line to be committed; a refusal is then errUnsure.
func (r *Runtime) over(ctx context.Context, d *decision, h *hold, c *engine.Case, ahead bool) (Result, error) {
	now := d.at()
	if ahead && (d.cmd.Action == engine.ActRefile || d.cmd.Action == engine.ActMigrate) {
		return Result{}, errUnsure // the codes that they need follow from the case
	}
	if d.cmd.Action == engine.ActRefile && d.cmd.Codes.Steps == nil {
		if err := r.freshCodes(ctx, d, c, now); err != nil {
			return Result{}, err
		}
	}
	if d.cmd.Action == engine.ActMigrate && d.cmd.Codes.Steps == nil {
		if err := r.newCodes(ctx, d, c, now); err != nil {
			return Result{}, err
		}
	}
	entries, next, refused := decide(r.defs, c, d.cmd, d.facts, now)
	if d.under != "" && c.Version != d.under { // somebody has moved it meanwhile
		entries, next, refused = nil, c, notUnder(c)
	}
	if ahead && (refused != nil || len(entries) == 0) {
		return Result{}, errUnsure
	}
	if refused != nil {
		refused = refusal{refused}
	}
	if refused != nil || len(entries) == 0 {
		// Perhaps because it has happened: a state that holds the command's effect has
		// its stored answer too. Otherwise the writer tells, without another read.
		if a, err := r.answered(ctx, d.asked); a != nil || err != nil {
			return r.repeat(ctx, a, err)
		}
	}
	if len(entries) == 0 {
		return Result{Case: c}, refused
	}
	change := engine.Change{Case: next, Base: c.Seq, Entries: entries, Lane: laneOf(d.cmd.Actor), Queued: func() { h.pass(next) }}
	if ahead {
		change.After = c
	}
	if d.settles != nil {
		change.Settled = d.settles(entries)
	}
	if refused == nil && (d.settles == nil || change.Settled != nil) {
		change.Answer = d.asked.answer(now, next)
	}
	err := r.append(ctx, change)
	h.landed(err)
	if err != nil {
		if a, aerr := r.answeredAfter(ctx, d.asked, err); a != nil || aerr != nil {
			return r.repeat(ctx, a, aerr)
		}
		return Result{}, err
	}
	r.overtaken(context.WithoutCancel(ctx), c, next, entries)
	r.committed(next)
	return Result{Case: next, Entries: entries, before: c}, refused
}

// laneOf is whose work a command is, in the store's queue: an office's clerks wait
// behind their own, so does a citizen, and neither behind what registries answer.
func laneOf(a engine.Actor) string {
	if a.Kind == engine.Staff {
		return "office:" + a.Office
	}
	return string(a.Kind) + ":" + a.ID
}

// decide runs the core over a case: the entries, and the case after them. A defect
// in a definition or in the core refuses one command and ends nothing else.
func decide(defs engine.Definitions, c *engine.Case, cmd engine.Command, facts engine.Facts, now time.Time) (entries []engine.Entry, next *engine.Case, refused error) {
	var no error
	defect := guard(func() error {
		entries, no = engine.Decide(defs, c, cmd, facts, now)
		next = c
		for _, e := range entries {
			next = engine.Fold(next, e)
		}
		return nil
	})
	if defect != nil {
		return nil, c, defect
	}
	return entries, next, no
}

// append commits changes and sends at once what they owe, while Run is running.
func (r *Runtime) append(ctx context.Context, changes ...engine.Change) error {
	b, committed := r.book(changes), false
	defer func() {
		if !committed { // it failed, or broke down
			b.cancel()
		}
	}()
	if err := r.store.Append(ctx, changes...); err != nil {
		return err
	}
	committed = true
	b.send(ctx)
	return nil
}

// freshCodes gives a refiling the codes that it may need, at the office that
// received the application.
func (r *Runtime) freshCodes(ctx context.Context, d *decision, c *engine.Case, now time.Time) error {
	svc, err := r.defs.Service(c.Service, c.Version)
	if err != nil {
		return err
	}
	o, err := r.receptionOf(c, svc, now)
	if err != nil {
		return err
	}
	d.cmd.Codes, err = r.allocate(ctx, o, now, false, svc.Steps)
	return err
}

// receptionOf is the office that received a case's application.
func (r *Runtime) receptionOf(c *engine.Case, svc *engine.Service, now time.Time) (engine.Office, error) {
	if dos := c.Dossier(svc.Reception); dos != nil {
		if o, known := r.defs.OfficeByID(dos.Home); known {
			return o, nil
		}
	}
	return r.reception(svc, vars(c.App, c.Requester, c.Filed, now), now)
}

// vars is what an expression of a service sees before any step is open.
func vars(app map[string]any, p engine.Person, filed, now time.Time) engine.Vars {
	return engine.Vars{
		"application": app, "filed_at": filed, "now": now, "steps": map[string]any{},
		"requester": map[string]any{"id": p.ID, "name": p.Name, "phone": p.Phone, "email": p.Email},
	}
}

// repeat gives the case of a stored answer.
func (r *Runtime) repeat(ctx context.Context, a *engine.Answer, err error) (Result, error) {
	if err != nil {
		return Result{}, err
	}
	c, err := r.store.Load(ctx, a.Case)
	if err != nil {
		return Result{}, err
	}
	return Result{Case: c, Repeated: true}, nil
}
