package simulate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"lienthong/engine/machine"
)

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// validate says what cannot be played; with a set of definitions and the known
// examples also what names nothing there. where says in which file a value stands
// (nil = nobody knows). The error is a *machine.FindingsError.
func (p *Plan) validate(set *machine.Set, examples []string, where places) error {
	v := checks{where: where}
	if !p.Start.Valid() {
		v.bad("start", "Ngày bắt đầu không hợp lệ", "the first day is not a day")
	}
	for _, d := range sorted(p.Arrivals.Weekdays) {
		if !slices.Contains(weekdays, d) {
			v.bad("arrivals.weekdays."+d, "Không có thứ này: "+d, "there is no weekday "+d+"; they are mon … sun")
		}
	}
	for _, h := range sorted(p.Arrivals.Hours) {
		if n, err := strconv.Atoi(h); err != nil || n < 0 || n > 23 {
			v.bad("arrivals.hours."+h, "Không có giờ này: "+h, "there is no hour "+h+"; they are 0 … 23")
		}
	}
	if sum(p.Arrivals.Weekdays) <= 0 || sum(p.Arrivals.Hours) <= 0 {
		v.bad("arrivals", "Không ai nộp hồ sơ: mọi trọng số đều là 0", "nobody files: all weights are 0")
	}
	if len(p.Examples) > 0 && sum(p.Examples) <= 0 {
		v.bad("examples", "Không ai nộp hồ sơ: mọi trọng số đều là 0", "nobody files: all weights are 0")
	}
	for _, e := range sorted(p.Examples) {
		if examples != nil && !slices.Contains(examples, e) {
			v.bad("examples."+e, "Không có hồ sơ mẫu này: "+e, fmt.Sprintf("there is no example %s; there are %v", e, examples))
		}
	}
	p.clerks(&v, set)
	for _, id := range sorted(p.Registries) {
		if set != nil && id != "default" && !slices.ContainsFunc(set.Registries(), func(r *machine.Registry) bool { return r.ID == id }) {
			v.bad("registries."+id, "Không có cơ sở dữ liệu này: "+id, "there is no registry "+id)
		}
	}
	return v.err()
}

func (p *Plan) clerks(v *checks, set *machine.Set) {
	c := &p.Clerks
	if len(c.Hours) == 0 {
		v.bad("clerks.hours", "Không có giờ làm việc", "there are no working hours")
	}
	for i := 1; i < len(c.Hours); i++ {
		if c.Hours[i].From < c.Hours[i-1].To {
			v.bad(fmt.Sprintf("clerks.hours[%d]", i), "Giờ làm việc không theo thứ tự", "the working hours are not in order")
		}
	}
	if c.Order != "due" && c.Order != "fifo" {
		v.bad("clerks.order", "Thứ tự là due hoặc fifo", "the order is due or fifo")
	}
	for _, r := range sorted(c.Roles) {
		v.desk("clerks.roles."+r, c.Roles[r], false)
	}
	for _, o := range sorted(c.Offices) {
		if set != nil {
			if _, ok := set.OfficeByID(o); !ok {
				v.bad("clerks.offices."+o, "Không có cơ quan này: "+o, "there is no office "+o)
			}
		}
		for _, r := range sorted(c.Offices[o]) {
			at := "clerks.offices." + o + "." + r
			if _, ok := c.Roles[r]; !ok {
				v.bad(at, "Không có vai trò này: "+r, "there is no role "+r+" among clerks.roles")
			}
			v.desk(at, c.Offices[o][r], true)
		}
	}
	for i, l := range c.Leave {
		at := fmt.Sprintf("clerks.leave[%d]", i)
		if _, ok := c.Roles[l.Role]; !ok {
			v.bad(at+".role", "Không có vai trò này: "+l.Role, fmt.Sprintf("there is no role %q among clerks.roles", l.Role))
		}
		if l.From == "" || l.To == "" || l.To < l.From {
			v.bad(at, "Nghỉ từ ngày đến ngày không hợp lệ", "the days of the leave are not in order")
		}
		if l.People < 1 {
			v.bad(at+".people", "Số người nghỉ phải từ 1", "somebody must be on leave")
		}
		if set != nil && l.Office != "*" && !known(set, l.Office) {
			v.bad(at+".office", "Không có cơ quan này: "+l.Office, fmt.Sprintf("there is no office or agency %q", l.Office))
		}
	}
}

// known tells whether an id names an office or an agency.
func known(set *machine.Set, id string) bool {
	if _, ok := set.OfficeByID(id); ok {
		return true
	}
	for _, o := range set.Offices() {
		if o.Agency == id {
			return true
		}
	}
	return false
}

// validate says what cannot be played; as Plan.validate.
func (f *Faults) validate(set *machine.Set, where places) error {
	v := checks{where: where}
	if f.Nodes > 16 {
		v.bad("nodes", "Nhiều nhất 16 máy chủ", "there are at most 16 nodes")
	}
	if time.Duration(f.Skew) > time.Hour {
		v.bad("skew", "Đồng hồ lệch nhiều nhất 1 giờ", "clocks differ by at most 1 hour")
	}
	if f.Busy+f.CrashBefore+f.CrashAfter > 0.5 {
		v.bad("crash_before", "Quá nửa số lần ghi bị lỗi: không việc gì xong được", "more than half of all writes fail: nothing would ever be done")
	}
	for i, o := range f.Outages {
		if set != nil && o.Registry != "*" && !slices.ContainsFunc(set.Registries(), func(r *machine.Registry) bool { return r.ID == o.Registry }) {
			v.bad(fmt.Sprintf("outages[%d].registry", i), "Không có cơ sở dữ liệu này: "+o.Registry, fmt.Sprintf("there is no registry %q", o.Registry))
		}
	}
	return v.err()
}

// checks gathers what is wrong with a plan.
type checks struct {
	where    places
	findings []machine.Finding
}

func (v *checks) bad(path, vi, en string) {
	at, ok := v.where[path]
	for p := path; !ok && p != ""; { // what is not in the file: the next thing around it that is
		if i := lastOf(p); i >= 0 {
			p = p[:i]
		} else {
			p = ""
		}
		at, ok = v.where[p]
	}
	if at.file == "" {
		vi, en = path+": "+vi, path+": "+en
		at.file = "plan"
	}
	v.findings = append(v.findings, finding(at, "plan", vi, en))
}

func lastOf(path string) int {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '.' || path[i] == '[' {
			return i
		}
	}
	return -1
}

func (v *checks) desk(at string, d Desk, partly bool) {
	if d.Act.Median <= 0 && !partly {
		v.bad(at, "Một việc phải mất thời gian", "an act must take some time")
	}
	if d.People > 10_000 {
		v.bad(at+".people", "Quá nhiều người", "these are too many people")
	}
}

func (v *checks) err() error {
	if len(v.findings) == 0 {
		return nil
	}
	slices.SortStableFunc(v.findings, func(a, b machine.Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return &machine.FindingsError{Findings: v.findings}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func sum(m map[string]Weight) (s float64) {
	for _, k := range sorted(m) {
		s += float64(m[k])
	}
	return s
}
