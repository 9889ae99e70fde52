package digit

import (
	"maps"
	"slices"
	"strings"

	"lienthong/engine/machine"
)

// Options say how to convert.
type Options struct {
	// Agency is the kind of agency of ours that handles the procedure. Without one it
	// is the stand-in agency "digit", and an office and a calendar to try the result
	// with come too.
	Agency string
	// Roles maps foreign roles to applicant, reception, officer or leader where the
	// guess by name is wrong.
	Roles map[string]string
	// From is the day the version is in force from, "2026-01-01" without one.
	From string
}

// Result is what a file became.
type Result struct {
	Files       machine.Files `json:"-"`               // path in a definitions folder → YAML
	Names       []string      `json:"files,omitempty"` // the paths, sorted
	Procedures  []Procedure   `json:"procedures"`      // in the order of the file
	Findings    []Finding     `json:"findings"`        // by place
	Errors      int           `json:"errors"`          // findings that are errors
	Definitions *machine.Set  `json:"-"`               // compiled; nil when there is none
}

// Procedure says what a business service became.
type Procedure struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"` // businessService
	States      int          `json:"states"`
	Transitions []Transition `json:"transitions"`
}

// Transition is one of the original, under our names.
type Transition struct {
	Action string `json:"action"`
	From   string `json:"from"`
	To     string `json:"to"`
}

// Convert turns a file into definitions. It never fails: what is wrong is in the
// findings, and what could not be turned into anything is not in Files.
func Convert(file string, data []byte, opt Options) Result {
	r := reader{&report{file: file, data: data}}
	out := Result{Files: machine.Files{}}
	if opt.From == "" {
		opt.From = "2026-01-01"
	}
	for _, role := range slices.Sorted(maps.Keys(opt.Roles)) {
		if !slices.Contains(ours, opt.Roles[role]) {
			r.add(0, "", "bad_role", opt.Roles[role], strings.Join(ours, ", "))
		}
	}
	if len(data) > MaxSize {
		r.add(0, "", "too_large", len(data), MaxSize)
	} else if r.errors == 0 {
		r.convert(&out, opt)
	}
	if len(out.Procedures) > 0 {
		r.compile(&out)
	}
	out.Findings, out.Errors = r.sorted(), r.errors
	out.Names = slices.Sorted(maps.Keys(out.Files))
	return out
}

func (r reader) convert(out *Result, opt Options) {
	root, err := parse(r.data, func(n *node) { r.at(n, "duplicate_key", n.key) })
	if err != nil {
		r.add(err.off, "", "json_syntax", err)
		return
	}
	found := r.services(root, nil)
	switch {
	case len(found) == 0:
		r.at(root, "no_service")
	case len(found) > maxServices:
		r.at(root, "too_many", maxServices, "business services")
		found = found[:maxServices]
	}
	ids := &namer{used: map[string]bool{}, prefix: "service_", avoid: reservedStates}
	for i, n := range found {
		s := r.service(n, i)
		if len(s.states) == 0 {
			continue
		}
		r.resolve(s)
		r.begin(s)
		r.prune(s)
		if !r.ends(s) {
			continue
		}
		r.kinds(s)
		(&roleMap{r, opt.Roles, map[string]bool{}}).assign(s)
		r.times(s)
		r.emit(out, s, ids.id(s.name), opt)
	}
}

// times says what becomes of every sla.
func (r reader) times(s *service) {
	say := func(n *node, ms int64) {
		if ms > 0 && !exact(ms) {
			r.at(n, "sla_rounded", ms, within(ms))
		}
	}
	say(s.n.get("businessServiceSla", "businessServiceSLA"), s.sla)
	for _, st := range s.states {
		switch {
		case st.sla == 0:
		case st.final != "":
			r.at(st.slaAt, "sla_end", st.name)
			st.sla = 0
		default:
			say(st.slaAt, st.sla)
			if s.sla > 0 && st.sla > s.sla {
				r.at(st.slaAt, "sla_above_all", label(st))
			}
		}
	}
}

// compile proves that the result is a set of definitions; what does not compile is
// taken back.
func (r reader) compile(out *Result) {
	set, err := machine.Load(out.Files)
	if err == nil {
		out.Definitions = set
		return
	}
	if fe, ok := err.(*machine.FindingsError); ok {
		for _, f := range fe.Findings {
			if f.Severity == machine.SeverityError {
				r.add(0, "", "not_compiled", f.File+": "+f.Message.VI, f.File+": "+f.Message.EN)
			}
		}
	} else {
		r.add(0, "", "not_compiled", err, err)
	}
	out.Files, out.Procedures = machine.Files{}, nil
}
