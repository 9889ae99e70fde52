package machine

import (
	"fmt"
	"sync/atomic"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// Live is the set of definitions in use, which grows while it is used: a version
// that was published never changes, so that whoever decides meanwhile is not
// disturbed. It also knows which versions were made the default.
type Live struct{ now atomic.Pointer[inUse] }

type inUse struct {
	*Set
	defaults []engine.DefaultSet // oldest first
}

var _ engine.Definitions = (*Live)(nil)

// NewLive uses a set. Without defaults the days in force alone choose a version.
func NewLive(set *Set, defaults []engine.DefaultSet) *Live {
	l := &Live{}
	l.Use(set, defaults)
	return l
}

// Use goes on with another set that holds every version of the one before.
func (l *Live) Use(set *Set, defaults []engine.DefaultSet) { l.now.Store(&inUse{set, defaults}) }

// Set is the set in use.
func (l *Live) Set() *Set { return l.now.Load().Set }

// ServiceAt returns the version to file under at an instant: among those that are
// in force then, the one that was made the default last. DefinitionRetired when
// none of those made the default is in force.
func (l *Live) ServiceAt(id string, at time.Time) (*engine.Service, error) {
	u := l.now.Load()
	known := false
	for i := len(u.defaults) - 1; i >= 0; i-- {
		d := u.defaults[i]
		if d.Service != id {
			continue
		}
		known = true
		if s, err := u.Service(id, d.Version); err == nil && !at.Before(s.From) && (s.To.IsZero() || at.Before(s.To)) {
			return s, nil
		}
	}
	if !known {
		return u.Set.ServiceAt(id, at)
	}
	return nil, engine.Fail(engine.DefinitionRetired,
		fmt.Sprintf("Dịch vụ %s không có phiên bản mặc định hiệu lực vào ngày này.", id),
		fmt.Sprintf("No default version of service %s is in force on this day.", id))
}

// Service returns one published version.
func (l *Live) Service(id, version string) (*engine.Service, error) {
	return l.Set().Service(id, version)
}

// Services lists every version of every service, by id and start of force.
func (l *Live) Services() []*engine.Service { return l.Set().Services() }

// Calendar returns the newest calendar announced at an instant.
func (l *Live) Calendar(at time.Time) *calendar.Calendar { return l.Set().Calendar(at) }

// ParametersVersion names the parameter set announced at an instant.
func (l *Live) ParametersVersion(at time.Time) string { return l.Set().ParametersVersion(at) }

// Parameter returns a dated value.
func (l *Live) Parameter(name string, date, now time.Time) (any, error) {
	return l.Set().Parameter(name, date, now)
}

// Office finds the office of an agency kind that serves a unit at an instant.
func (l *Live) Office(agency, unit string, at time.Time) (engine.Office, bool) {
	return l.Set().Office(agency, unit, at)
}

// OfficeByID finds an office.
func (l *Live) OfficeByID(id string) (engine.Office, bool) { return l.Set().OfficeByID(id) }

// Offices lists every office.
func (l *Live) Offices() []engine.Office { return l.Set().Offices() }

// Operation describes a registry's operation.
func (l *Live) Operation(registry, operation string) (engine.Operation, bool) {
	return l.Set().Operation(registry, operation)
}

// Form returns a form by id, or nil.
func (l *Live) Form(id string) *engine.Form { return l.Set().Form(id) }

// Units maps the codes of provinces and communes to their names.
func (l *Live) Units() map[string]engine.Text { return l.Set().Units() }

// Unit names one province or commune; the zero text when nobody knows it.
func (l *Live) Unit(code string) engine.Text { return l.Set().Unit(code) }

// FeeItems says what a fee is asked for.
func (l *Live) FeeItems(f *engine.Fee, vars engine.Vars, amount int64) ([]engine.FeeItem, error) {
	return l.Set().FeeItems(f, vars, amount)
}

// RenderSubform fills a generated paper form.
func (l *Live) RenderSubform(id string, vars engine.Vars) (engine.Subform, error) {
	return l.Set().RenderSubform(id, vars)
}
