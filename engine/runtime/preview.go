package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// Preview is what filing a form now would give. Nothing is saved.
type Preview struct {
	Service  string
	Version  string
	At       time.Time
	Versions engine.Versions
	Problems []engine.Problem // why it would be refused as invalid; then there are no Cases
	// Duplicate is the refusal to expect because another case holds the key, as
	// far as it can be known before filing; Other is its code.
	Duplicate *engine.Error
	Fee       int64 // đồng, for all cases
	Due       time.Time
	Cases     []CasePreview
}

// CasePreview is one case that the form would open.
type CasePreview struct {
	Subject string
	Fee     int64
	Due     time.Time // of the whole service if received now; zero = no limit
	Steps   []StepPreview
}

// StepPreview is what is known of a step before filing. Due times assume that
// each office receives at once and that nothing pauses.
type StepPreview struct {
	Step   string
	Title  engine.Text
	Office string // id; "" = known later
	Closed string // why it will not run; "" = it will, or may
	May    bool   // whether it runs depends on what comes before it
	Due    time.Time
}

// Preview validates a form as filing it now would, and tells what to expect:
// wrong fields, a case that holds the key already, the fee and due times. An
// error is one that filing would give for another reason than the form.
func (r *Runtime) Preview(ctx context.Context, f Filing) (Preview, error) {
	n := 0
	p, err := r.plan(ctx, f, func(_ context.Context, _ engine.Office, _ time.Time, _ bool, steps []*engine.Step) (engine.Codes, error) {
		n++
		c := engine.Codes{Case: fmt.Sprintf("preview-%d", n), Seed: "preview", Steps: map[string]string{}}
		for _, s := range steps {
			c.Steps[s.ID] = c.Case + "-" + s.ID
		}
		return c, nil
	})
	out := Preview{Service: f.Service, At: r.Now()}
	var changes []engine.Change
	if err == nil {
		out.Version, out.At = p.svc.Version, p.now
		changes, err = p.decide(r.defs)
	}
	if err = refusalOf(err); err != nil {
		return out.refused(err)
	}
	for _, ch := range changes {
		out.Versions = ch.Entries[0].Versions
		cp, err := r.previewCase(p, ch.Case)
		if err != nil {
			return out, err
		}
		out.Fee += cp.Fee
		out.Due = later(out.Due, cp.Due)
		out.Cases = append(out.Cases, cp)
		if out.Duplicate == nil {
			if out.Duplicate, err = r.duplicate(ctx, ch.Case); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// refused turns what is wrong with the form into problems.
func (v Preview) refused(err error) (Preview, error) {
	var e *engine.Error
	if !errors.As(err, &e) || e.Code != engine.Invalid {
		return v, err
	}
	v.Problems = e.Problems
	if len(v.Problems) == 0 {
		v.Problems = []engine.Problem{{Pointer: "", Code: string(e.Code), Detail: e.Detail}}
	}
	return v, nil
}

// duplicate tells which case holds the key already, if any.
func (r *Runtime) duplicate(ctx context.Context, c *engine.Case) (*engine.Error, error) {
	if c.Key == "" {
		return nil, nil
	}
	other, err := r.store.Holder(ctx, c.Key)
	if engine.CodeOf(err) == engine.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	e := engine.Fail(engine.Duplicate, "Đã có hồ sơ cho việc này.", "There is a case for this already.")
	e.Op, e.Other = "runtime.preview", other
	return e, nil
}

func (r *Runtime) previewCase(p *plan, c *engine.Case) (CasePreview, error) {
	out := CasePreview{Subject: c.Subject()}
	if c.Fee != nil {
		out.Fee = c.Fee.Amount
	}
	var err error
	if out.Due, err = DueFrom(r.defs, p.svc.Limit, p.now, p.now); err != nil {
		return out, err
	}
	seen := map[string]*StepPreview{}
	for _, st := range p.svc.Steps {
		s := r.previewStep(p, c, st, seen)
		if s.Closed == "" {
			start := p.now
			for _, n := range st.Needs {
				if need := seen[n.Step]; need != nil && need.Closed == "" {
					start = later(start, need.Due)
				}
			}
			if s.Due, err = DueFrom(r.defs, st.Procedure.Limit, start, p.now); err != nil {
				return out, err
			}
		}
		out.Steps = append(out.Steps, s)
		seen[st.ID] = &s
	}
	return out, nil
}

// previewStep tells what is known of one step: from its dossier if filing opens
// or closes it, else from the expressions that read the application only.
func (r *Runtime) previewStep(p *plan, c *engine.Case, st *engine.Step, seen map[string]*StepPreview) StepPreview {
	s := StepPreview{Step: st.ID, Title: st.Title}
	d := c.Dossier(st.ID)
	if d != nil && d.Status != engine.StatusWaiting {
		s.Office, s.Closed = d.Office, d.Closed
		return s
	}
	for _, n := range st.Needs {
		need := seen[n.Step]
		if need == nil || n.Optional {
			continue
		}
		if need.Closed != "" {
			s.Closed = need.Closed
			return s
		}
		s.May = s.May || need.May
	}
	var known bool
	if s.Closed, known = Foreseen(c, st, p.now); s.Closed != "" {
		return s
	}
	s.May = s.May || !known
	v := vars(c.App, c.Requester, c.Filed, p.now)
	unit, err := st.At.Eval(v)
	if code, _ := unit.(string); err == nil && !strings.Contains(st.At.Source(), "steps") {
		if code == "" {
			s.Closed = closedBy(st.Else.Kind)
			return s
		}
		if o, ok := r.defs.Office(st.Procedure.Agency, code, p.now); ok {
			s.Office = o.ID
		}
	}
	return s
}

// Foreseen tells why a step that waits will not run, as far as its condition reads the
// application alone; "" when it will, or when that is not known yet.
func Foreseen(c *engine.Case, st *engine.Step, now time.Time) (closed string, known bool) {
	if st.If == nil {
		return "", true
	}
	if strings.Contains(st.If.Source(), "steps") {
		return "", false
	}
	holds, err := st.If.Eval(vars(c.App, c.Requester, c.Filed, now))
	yes, ok := holds.(bool)
	switch {
	case err != nil || !ok:
		return "", false
	case !yes:
		return closedBy(st.Else.Kind), true
	}
	return "", true
}

func closedBy(k engine.ElseKind) string {
	switch k {
	case engine.ElseNotApplicable:
		return engine.ClosedNotApplicable
	case engine.ElseRefuse:
		return engine.ClosedRefused
	}
	return engine.ClosedAbsent
}

// DueFrom is when work within a limit is due that begins at an instant, by what is
// announced now; zero without a limit.
func DueFrom(defs engine.Definitions, l *engine.Limit, from, now time.Time) (time.Time, error) {
	if l == nil {
		return time.Time{}, nil
	}
	within := l.Within
	if l.Param != "" {
		v, err := defs.Parameter(l.Param, from, now)
		if err != nil {
			return time.Time{}, err
		}
		s, _ := v.(string)
		if within, err = calendar.ParseLimit(s); err != nil {
			return time.Time{}, err
		}
	}
	return defs.Calendar(now).Due(from, within), nil
}

func later(ts ...time.Time) time.Time { return slices.MaxFunc(ts, time.Time.Compare) }
