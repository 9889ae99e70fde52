package machine

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// Set is a compiled set of definitions. It implements engine.Definitions; it is
// immutable and safe to share.
type Set struct {
	services    map[string][]*engine.Service // by id, oldest first
	procedures  []*engine.Procedure
	forms       map[string]*engine.Form
	schemas     map[string]*schema
	registries  map[string]*Registry
	subforms    map[string]*Subform
	calendars   []*calendar.Calendar
	params      []*paramSet // oldest announcement first
	paramValues map[string][]any
	paramKinds  map[string]string
	paramTitles map[string]engine.Text
	offices     []*office
	officeByID  map[string]*office
	serving     map[string][]*office // agency and unit
	units       map[string]engine.Text
	findings    []Finding
	formFiles   map[string]string            // form → its file
	places      map[string]map[string][2]int // file → dotted path → line and column, for Diff
	docs        map[string]*node             // files of services and procedures
}

var _ engine.Definitions = (*Set)(nil)

func newSet() *Set {
	return &Set{
		services: map[string][]*engine.Service{}, forms: map[string]*engine.Form{}, schemas: map[string]*schema{},
		registries: map[string]*Registry{}, subforms: map[string]*Subform{},
		paramValues: map[string][]any{}, paramKinds: map[string]string{}, paramTitles: map[string]engine.Text{},
		formFiles: map[string]string{}, places: map[string]map[string][2]int{},
		officeByID: map[string]*office{}, serving: map[string][]*office{}, units: map[string]engine.Text{}, docs: map[string]*node{},
	}
}

// Registry is a source of official data and its operations.
type Registry struct {
	ID         string
	Title      engine.Text
	Operations map[string]engine.Operation
}

// Service returns one published version.
func (s *Set) Service(id, version string) (*engine.Service, error) {
	for _, v := range s.services[id] {
		if v.Version == version {
			return v, nil
		}
	}
	return nil, engine.Fail(engine.NotFound,
		fmt.Sprintf("Không có dịch vụ %s phiên bản %s.", id, version),
		fmt.Sprintf("There is no service %s of version %s.", id, version))
}

// ServiceAt returns the version in force for an application filed at an instant.
func (s *Set) ServiceAt(id string, at time.Time) (*engine.Service, error) {
	versions := s.services[id]
	if len(versions) == 0 {
		return nil, engine.Fail(engine.NotFound, fmt.Sprintf("Không có dịch vụ %s.", id), fmt.Sprintf("There is no service %s.", id))
	}
	for _, v := range slices.Backward(versions) { // one without an end gives way to the next
		if !at.Before(v.From) && (v.To.IsZero() || at.Before(v.To)) {
			return v, nil
		}
	}
	return nil, engine.Fail(engine.DefinitionRetired,
		fmt.Sprintf("Dịch vụ %s không có phiên bản hiệu lực vào ngày này.", id),
		fmt.Sprintf("No version of service %s is in force on this day.", id))
}

// Services lists every version of every service, by id and start of force.
func (s *Set) Services() []*engine.Service {
	var out []*engine.Service
	for _, id := range keysOf(s.services) {
		out = append(out, s.services[id]...)
	}
	return out
}

// Procedures lists every version of every procedure, by id.
func (s *Set) Procedures() []*engine.Procedure { return slices.Clone(s.procedures) }

// Calendar returns the newest calendar announced at an instant, or nil.
func (s *Set) Calendar(at time.Time) *calendar.Calendar {
	return calendar.Newest(s.calendars, calendar.DateOf(at))
}

// Calendars lists every announced calendar.
func (s *Set) Calendars() []*calendar.Calendar { return slices.Clone(s.calendars) }

// ParametersVersion names the parameter set announced at an instant; "" if none.
func (s *Set) ParametersVersion(at time.Time) string {
	id, day := "", calendar.DateOf(at)
	for _, p := range s.params {
		if p.announced <= day {
			id = p.id
		}
	}
	return id
}

// Parameter returns the value in force on date, as announced at now: that of the
// newest announced set which knows one.
func (s *Set) Parameter(name string, date, now time.Time) (any, error) {
	v, err := s.parameter(name, calendar.DateOf(date), calendar.DateOf(now))
	return v.Value, err
}

func (s *Set) parameter(name string, day, known calendar.Date) (ParameterValue, error) {
	for i := len(s.params) - 1; i >= 0; i-- {
		if s.params[i].announced > known {
			continue
		}
		for _, v := range s.params[i].values[name] {
			if v.From <= day {
				return v, nil
			}
		}
	}
	return ParameterValue{}, engine.Fail(engine.NotFound,
		fmt.Sprintf("Tham số %s không có giá trị vào ngày %s.", name, day),
		fmt.Sprintf("Parameter %s has no value on %s.", name, day))
}

// ParameterValues lists a parameter's dated values as announced at an instant,
// newest first.
func (s *Set) ParameterValues(name string, now time.Time) []ParameterValue {
	var out []ParameterValue
	known := calendar.DateOf(now)
	for i := len(s.params) - 1; i >= 0; i-- {
		if s.params[i].announced > known {
			continue
		}
		for _, v := range s.params[i].values[name] {
			if !slices.ContainsFunc(out, func(o ParameterValue) bool { return o.From == v.From }) {
				out = append(out, v)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b ParameterValue) int { return cmp.Compare(b.From, a.From) })
	return out
}

func (s *Set) kindOf(name string) (string, bool) {
	k, ok := s.paramKinds[name]
	return k, ok
}

// Office finds the office of an agency that serves a unit at an instant,
// following successors of offices that have ended.
func (s *Set) Office(agency, unit string, at time.Time) (engine.Office, bool) {
	var ended *office
	for _, o := range s.serving[agency+" "+unit] {
		switch {
		case at.Before(o.from):
		case o.to.IsZero() || at.Before(o.to):
			return o.Office, true
		case ended == nil || o.to.After(ended.to):
			ended = o
		}
	}
	for range len(s.offices) { // bounded: successors may run in a circle
		if ended == nil {
			break
		}
		if ended = s.officeByID[ended.successor]; ended != nil && ended.standsAt(at) {
			return ended.Office, true
		}
	}
	return engine.Office{}, false
}

func (o *office) standsAt(at time.Time) bool {
	return !at.Before(o.from) && (o.to.IsZero() || at.Before(o.to))
}

// OfficeByID finds an office, standing or ended.
func (s *Set) OfficeByID(id string) (engine.Office, bool) {
	if o := s.officeByID[id]; o != nil {
		return o.Office, true
	}
	return engine.Office{}, false
}

// Offices lists every office, by id.
func (s *Set) Offices() []engine.Office {
	var out []engine.Office
	for _, id := range keysOf(s.officeByID) {
		out = append(out, s.officeByID[id].Office)
	}
	return out
}

// Units maps the codes of provinces and communes to their names.
func (s *Set) Units() map[string]engine.Text {
	out := make(map[string]engine.Text, len(s.units))
	for k, v := range s.units {
		out[k] = v
	}
	return out
}

// Unit names one province or commune; the zero text when nobody knows it.
func (s *Set) Unit(code string) engine.Text { return s.units[code] }

// Operation describes a registry's operation.
func (s *Set) Operation(registry, operation string) (engine.Operation, bool) {
	r := s.registries[registry]
	if r == nil {
		return engine.Operation{}, false
	}
	op, ok := r.Operations[operation]
	return op, ok
}

// Registries lists every registry, by id.
func (s *Set) Registries() []*Registry { return sortedValues(s.registries) }

// Form returns a form by id, or nil.
func (s *Set) Form(id string) *engine.Form { return s.forms[id] }

// Findings lists the warnings of the load.
func (s *Set) Findings() []Finding { return slices.Clone(s.findings) }

func sortedValues[V any](m map[string]V) []V {
	out := make([]V, 0, len(m))
	for _, k := range keysOf(m) {
		out = append(out, m[k])
	}
	return out
}
