package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lienthong/engine"
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
	Steps   []StepForecast
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
		if cp.Due.After(out.Due) {
			out.Due = cp.Due
		}
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
	if out.Due, err = dueFrom(r.defs, p.svc.Limit, p.now, p.now); err != nil {
		return out, err
	}
	f, err := ForecastOf(r.defs, p.svc, c, p.now)
	out.Steps = f.Steps
	return out, err
}
