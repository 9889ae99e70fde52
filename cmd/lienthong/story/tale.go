package story

import (
	"context"
	"fmt"
	"maps"
	"time"

	"lienthong/workflows"
)

// Stage is where stories are played: a client, and the passing of time.
type Stage struct {
	*Client
	// Settle lets everything happen that is due now: requests, replies, timers.
	Settle func(context.Context) error
	// Pass moves the business clock forward.
	Pass func(context.Context, time.Duration) error
}

// Tale is one case being played. The first thing that goes wrong stops it: later
// steps do nothing and Err tells what it was.
type Tale struct {
	Stage
	Code    string // of the case
	Citizen string // account of the requester

	ctx context.Context
	err error
}

// Begin files an example's application as its requester. change may alter the
// application first.
func Begin(ctx context.Context, s Stage, example string, change func(app map[string]any)) *Tale {
	t := &Tale{Stage: s, ctx: ctx}
	e, err := workflows.LoadExample(example)
	if err != nil {
		t.err = err
		return t
	}
	if change != nil {
		change(e.Application)
	}
	t.Citizen = e.Requester.ID
	codes, err := s.File(ctx, t.Citizen, e.Service, e.Application)
	if err != nil {
		t.err = fmt.Errorf("filing %s: %w", example, err)
		return t
	}
	t.Code = codes[0]
	t.settle()
	return t
}

// Join plays on in a case that was filed already.
func Join(ctx context.Context, s Stage, code, citizen string) *Tale {
	return &Tale{Stage: s, ctx: ctx, Code: code, Citizen: citizen}
}

// Err is the first thing that went wrong, or nil.
func (t *Tale) Err() error { return t.err }

func (t *Tale) fail(format string, args ...any) {
	if t.err == nil {
		t.err = fmt.Errorf("case %s: %w", t.Code, fmt.Errorf(format, args...))
	}
}

func (t *Tale) settle() {
	if t.err == nil {
		if err := t.Settle(t.ctx); err != nil {
			t.fail("settling: %w", err)
		}
	}
}

// Now reads the case as its requester.
func (t *Tale) Now() *Case {
	if t.err != nil {
		return &Case{}
	}
	c, err := t.Case(t.ctx, t.Citizen, t.Code)
	if err != nil {
		t.fail("reading: %w", err)
		return &Case{}
	}
	return c
}

// By takes an action as an account, and lets its consequences happen.
func (t *Tale) By(account, step, action string, input map[string]any) *Tale {
	if t.err != nil {
		return t
	}
	if err := t.Act(t.ctx, account, t.Code, step, action, input); err != nil {
		t.fail("%s takes %s on %s: %w", account, action, step, err)
	}
	t.settle()
	return t
}

// Applicant takes an action as the requester.
func (t *Tale) Applicant(step, action string, input map[string]any) *Tale {
	return t.By(t.Citizen, step, action, input)
}

// Staff takes an action in a role at the office where the dossier is.
func (t *Tale) Staff(role, step, action string, input map[string]any) *Tale {
	return t.By(t.Clerk(role, step), step, action, input)
}

// Clerk is the account of a role at the office where a dossier is.
func (t *Tale) Clerk(role, step string) string { return role + "." + t.Now().Dossier(step).Office.ID }

// Later lets time pass.
func (t *Tale) Later(d time.Duration) *Tale {
	if t.err == nil {
		if err := t.Pass(t.ctx, d); err != nil {
			t.fail("letting %s pass: %w", d, err)
		}
	}
	return t
}

// Want checks the state of a part.
func (t *Tale) Want(step, state string) *Tale {
	if t.err == nil {
		if got := t.Now().Dossier(step); got.State != state {
			t.fail("%s is in %q (%s %s), want %q", step, got.State, got.Status, got.Closed, state)
		}
	}
	return t
}

// WantEnd checks how the case ended.
func (t *Tale) WantEnd(outcome string, portal int) *Tale {
	if t.err == nil {
		if c := t.Now(); c.Status != "ended" || c.Outcome != outcome || c.Portal.Code != portal {
			t.fail("case is %s %q with portal status %d, want ended %q with %d", c.Status, c.Outcome, c.Portal.Code, outcome, portal)
		}
	}
	return t
}

// Draft has the officer draft the birth certificate from what was declared.
func (t *Tale) Draft() *Tale {
	return t.Staff("officer", "birth", "draft", t.DraftInput())
}

// DraftInput is a draft that follows the declaration.
func (t *Tale) DraftInput() map[string]any { return Draft(t.Now().Dossier("birth").With) }

// Draft is a draft certificate that follows what a birth was handed.
func Draft(with map[string]any) map[string]any {
	declared, _ := with["child"].(map[string]any)
	child := maps.Clone(declared)
	for _, k := range []string{"notice", "substitute", "order"} {
		delete(child, k)
	}
	in := map[string]any{"child": child}
	for _, k := range []string{"mother", "father"} {
		if with[k] != nil {
			in[k] = with[k]
		}
	}
	return in
}

// Registered takes a birth from filing to its certificate.
func (t *Tale) Registered() *Tale {
	t.Staff("reception", "birth", "receive", nil).Later(20 * time.Minute)
	t.Draft().Later(40*time.Minute).Applicant("birth", "confirm", nil)
	return t.Later(30*time.Minute).Staff("leader", "birth", "sign", nil).Want("birth", "registered")
}
