package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/engine/machine"
)

// Options say what to check and how far to go. The zero value checks every service
// within the usual limits.
type Options struct {
	// MaxStates bounds the abstract states of one cone; 0 = 250,000. Where it is met
	// nothing is called proven.
	MaxStates int
	// Staff lists the roles held at each office, by its id. nil = not known: roles
	// are not checked.
	Staff map[string][]string
	// Service checks one service only; "" = all.
	Service string
	// Versions checks these versions of Service only; nil = all. Of a procedure that
	// another version uses too, nothing is then said to be never reached.
	Versions []string
	// NoReplay leaves stories unplayed: they are then all called possible.
	NoReplay bool
}

const usualStates = 250_000

// Report is what a check found. It encodes as JSON.
type Report struct {
	Services    []ServiceReport `json:"services"`
	Findings    []Finding       `json:"findings"`
	Errors      int             `json:"errors"`
	Warnings    int             `json:"warnings"`
	States      int             `json:"states"`
	Transitions int             `json:"transitions"`
	Millis      int64           `json:"ms"`
}

// Good tells whether nothing stands against the definitions: no error was found,
// and every promise is proven.
func (r Report) Good() bool {
	return r.Errors == 0 && !slices.ContainsFunc(r.Services, func(s ServiceReport) bool {
		return slices.ContainsFunc(s.Proofs, func(p Proof) bool { return p.Verdict != Proven })
	})
}

// Finding is one thing wrong, with the shortest story that leads to it.
type Finding struct {
	machine.Finding
	Service string `json:"service,omitempty"`
	Version string `json:"version,omitempty"`
	Step    string `json:"step,omitempty"`
	Story   []Act  `json:"story,omitempty"`
	// Played is "replayed" when the core went through the story to its end, else
	// "possible". Empty without a story.
	Played string `json:"played,omitempty"`
}

// How a story was confirmed.
const (
	Replayed = "replayed"
	Possible = "possible"
)

// Act is one thing that somebody or something does to a case.
type Act struct {
	Step    string `json:"step,omitempty"` // "" = the case
	Action  string `json:"action"`
	By      string `json:"by"`                // a role, timer, registry, party, or elsewhere: a step outside this search
	Reply   string `json:"reply,omitempty"`   // of a registry: ok or a refusal code
	Party   string `json:"party,omitempty"`   // the set that has now answered
	Refused bool   `json:"refused,omitempty"` // a timer whose action the definition refuses
	Note    string `json:"note,omitempty"`
	From    string `json:"from,omitempty"` // state of the step
	To      string `json:"to,omitempty"`
}

// Verdict is proven, refuted or not_proven.
type Verdict string

// The verdicts on a promise.
const (
	Proven    Verdict = "proven"
	Refuted   Verdict = "refuted"
	NotProven Verdict = "not_proven"
)

// Proof is one promise and what became of it.
type Proof struct {
	Promise string      `json:"promise"` // ends, order, branches
	Verdict Verdict     `json:"verdict"`
	Text    engine.Text `json:"text"`
}

// ServiceReport is what the search of one service version covered.
type ServiceReport struct {
	Service     string       `json:"service"`
	Version     string       `json:"version"`
	Title       engine.Text  `json:"title"`
	States      int          `json:"states"`
	Transitions int          `json:"transitions"`
	Millis      int64        `json:"ms"`
	Cones       []ConeReport `json:"cones"`
	Proofs      []Proof      `json:"proofs"`
	Loops       []Loop       `json:"loops,omitempty"`
}

// ConeReport is one search.
type ConeReport struct {
	Steps       []string `json:"steps"`
	States      int      `json:"states"`
	Transitions int      `json:"transitions"`
	Millis      int64    `json:"ms"`
	Reduced     bool     `json:"reduced,omitempty"` // independent moves in one order only
	Complete    bool     `json:"complete"`
}

// Loop is a way back to a state of a step that a person may take again and again.
type Loop struct {
	Step    string   `json:"step"`
	States  []string `json:"states"`
	Actions []string `json:"actions"`
}

// Check searches the services of a set. The error is about the call (a cancelled
// context, an unknown service), never about the definitions.
func Check(ctx context.Context, set *machine.Set, o Options) (Report, error) {
	if o.MaxStates <= 0 {
		o.MaxStates = usualStates
	}
	begin := time.Now()
	c := &checker{set: set, o: o, all: newFound(), seen: map[string]bool{}}
	c.report.Findings = []Finding{}
	for _, f := range set.Findings() {
		c.report.Findings = append(c.report.Findings, Finding{Finding: f})
	}
	n := 0
	for _, svc := range set.Services() {
		if o.Service != "" && svc.ID != o.Service {
			continue
		}
		if o.Versions != nil && !slices.Contains(o.Versions, svc.Version) {
			for _, st := range svc.Steps {
				c.cutOff(st.Procedure)
			}
			continue
		}
		n++
		c.service(ctx, svc)
		if err := ctx.Err(); err != nil {
			return Report{}, err
		}
	}
	if n == 0 && o.Service != "" {
		return Report{}, engine.Fail(engine.NotFound, "Không có dịch vụ "+o.Service+".", "There is no service "+o.Service+".")
	}
	c.everywhere()
	if !o.NoReplay {
		c.replay(ctx)
	}
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	c.report.finish()
	c.report.Millis = time.Since(begin).Milliseconds()
	return c.report, nil
}

// CheckFS compiles definitions and checks them; what refuses them is a report too.
func CheckFS(ctx context.Context, fsys fs.FS, o Options) (Report, error) {
	set, err := machine.Load(fsys)
	var refused *machine.FindingsError
	if errors.As(err, &refused) {
		r := Report{Services: []ServiceReport{}}
		for _, f := range refused.Findings {
			r.Findings = append(r.Findings, Finding{Finding: f})
		}
		r.finish()
		return r, nil
	}
	if err != nil {
		return Report{}, err
	}
	return Check(ctx, set, o)
}

// finish sorts and counts.
func (r *Report) finish() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	for _, f := range r.Findings {
		if f.Severity == machine.SeverityError {
			r.Errors++
		} else {
			r.Warnings++
		}
	}
	for _, s := range r.Services {
		r.States += s.States
		r.Transitions += s.Transitions
	}
}

// checker gathers the report.
type checker struct {
	set    *machine.Set
	o      Options
	report Report
	models []*model
	all    *found
	seen   map[string]bool
	ends   []ending                   // where stories end, beside the findings
	cut    map[*engine.Procedure]bool // of an incomplete search: nothing is "never" there
}

// ending is where the story of the i-th finding ends.
type ending struct {
	i    int
	spot spot
}

// say adds a finding once. path is its place in file.
func (c *checker) say(code string, file string, path []string, at *spot, svc *engine.Service, step string, args ...any) {
	t, ok := catalogue[code]
	if !ok {
		panic("verify: no text for finding " + code)
	}
	pairs := make([]string, 0, 2*len(args))
	for i, a := range args {
		pairs = append(pairs, fmt.Sprintf("{%d}", i), fmt.Sprint(a))
	}
	fill := strings.NewReplacer(pairs...).Replace
	line, col := c.set.Place(file, path...)
	f := Finding{Step: step, Finding: machine.Finding{File: file, Line: line, Column: col, Severity: machine.SeverityError, Code: code,
		Message: engine.Text{VI: fill(t.vi), EN: fill(t.en)}, Hint: engine.Text{VI: fill(t.hintVI), EN: fill(t.hintEN)}}}
	if t.warning {
		f.Severity = machine.SeverityWarning
	}
	key := fmt.Sprintf("%s:%d:%d:%s:%s", file, line, col, code, f.Message.EN)
	if c.seen[key] {
		return
	}
	c.seen[key] = true
	if svc != nil {
		f.Service, f.Version = svc.ID, svc.Version
	}
	if at != nil && at.s != nil {
		f.Service, f.Version = at.s.m.svc.ID, at.s.m.svc.Version
		f.Story, f.Played = at.s.story(at.at), Possible
		c.ends = append(c.ends, ending{len(c.report.Findings), *at})
	}
	c.report.Findings = append(c.report.Findings, f)
}

// story lists the acts that lead to a state; of filing alone for -1.
func (s *search) story(at int) []Act {
	var out []Act
	for at >= 0 {
		g, _ := s.read(at)
		a := s.acts[s.via[at]]
		if i := s.m.index(a.Step); a.Step != "" && i >= 0 {
			to := s.local(g, i)
			a.To = s.stateName(i, to)
			if p := s.parent[at]; p >= 0 {
				before, _ := s.read(int(p))
				a.From = s.stateName(i, s.local(before, i))
			}
		}
		out = append(out, a)
		at = int(s.parent[at])
	}
	slices.Reverse(out)
	return out
}

// stateName is a step's state, or its standing when it has none.
func (s *search) stateName(step int, l *local) string {
	if l.state >= 0 {
		return s.m.steps[step].p.States[l.state].ID
	}
	switch {
	case l.state == past && l.final == success:
		return "(success)"
	case l.state == past && l.final == 0:
		return "(running)"
	case l.state == past:
		return "(failed)"
	}
	if l.status == closed {
		return "(" + closings[l.why] + ")"
	}
	return "(waiting)"
}
