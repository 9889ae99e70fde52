package runtime

import (
	"slices"
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// Forecast is what is to be expected of a case by what is known now, before it is
// filed or after. Its times assume that each office receives at once, that everybody
// is in time and that nothing pauses.
type Forecast struct {
	Steps  []StepForecast // as in the service
	Due    time.Time      // when the last step is; zero = no limit
	Sooner bool           // only a step that may not run makes it as late
}

// StepForecast is what is to be expected of one step.
type StepForecast struct {
	Step   string
	Title  engine.Text
	Office string    // id; "" = known later
	Closed string    // why it does not run, or will not; "" = it will, or may
	May    bool      // whether it runs depends on what comes before it
	Due    time.Time // of the whole step; zero = no limit, or it ended
	Sooner bool      // only a step before it that may not run makes it as late
}

// Step returns what is told of a step, or nil.
func (f *Forecast) Step(id string) *StepForecast {
	if i := slices.IndexFunc(f.Steps, func(s StepForecast) bool { return s.Step == id }); i >= 0 {
		return &f.Steps[i]
	}
	return nil
}

// ForecastOf tells what is to be expected of a case that runs under a service.
func ForecastOf(defs engine.Definitions, svc *engine.Service, c *engine.Case, now time.Time) (f Forecast, err error) {
	last := horizon{}
	for _, st := range svc.Steps {
		s, d := StepForecast{Step: st.ID, Title: st.Title}, c.Dossier(st.ID)
		if d == nil || d.Status == engine.StatusWaiting {
			f.foresee(&s, defs, st, c, now)
		} else {
			s.Office, s.Closed = d.Office, d.Closed
		}
		switch {
		case s.Closed != "", d != nil && d.Status == engine.StatusEnded:
		case d != nil && !d.Clock.Due.IsZero(): // not what one of its states is allowed
			s.Due = d.Clock.Due
		default:
			begins := horizon{at: now}
			for _, n := range st.Needs {
				if need := f.Step(n.Step); need != nil {
					begins.reach(need.Due, need.Sooner || n.Optional && need.May)
				}
			}
			s.Sooner = begins.sooner
			if s.Due, err = dueFrom(defs, st.Procedure.Limit, begins.at, now); err != nil {
				return f, err
			}
		}
		last.reach(s.Due, s.Sooner || s.May)
		f.Steps = append(f.Steps, s)
	}
	f.Due, f.Sooner = last.at, last.sooner
	return f, nil
}

// foresee tells of a step that waits, or is not filed yet, whether it will run and
// where: by the steps that it cannot do without, else by those of its expressions that
// read the application only.
func (f *Forecast) foresee(s *StepForecast, defs engine.Definitions, st *engine.Step, c *engine.Case, now time.Time) {
	for _, n := range st.Needs {
		need := f.Step(n.Step)
		if need == nil || n.Optional {
			continue
		}
		switch need.Closed {
		case "":
			s.May = s.May || need.May
			continue
		case engine.ClosedAbsent, engine.ClosedNotApplicable:
			s.Closed = need.Closed
		default:
			s.Closed = engine.ClosedNeed
		}
		return
	}
	var known bool
	if s.Closed, known = Foreseen(c, st, now); s.Closed != "" {
		return
	}
	s.May = s.May || !known
	if strings.Contains(st.At.Source(), "steps") {
		return
	}
	unit, err := st.At.Eval(vars(c.App, c.Requester, c.Filed, now))
	if err != nil {
		return
	}
	code, _ := unit.(string)
	if code == "" {
		s.Closed = closedBy(st.Else.Kind)
	} else if o, ok := defs.Office(st.Procedure.Agency, code, now); ok {
		s.Office = o.ID
	}
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

// horizon is the latest of several times.
type horizon struct {
	at     time.Time
	sooner bool // none that is certain is as late
}

func (h *horizon) reach(at time.Time, sooner bool) {
	switch at.Compare(h.at) {
	case 1:
		*h = horizon{at, sooner}
	case 0:
		h.sooner = h.sooner && sooner
	}
}

// dueFrom is when work within a limit is due that begins at an instant, by what is
// announced now; zero without a limit.
func dueFrom(defs engine.Definitions, l *engine.Limit, from, now time.Time) (time.Time, error) {
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
