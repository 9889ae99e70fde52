package indicators

import (
	"fmt"
	"time"

	"lienthong/engine"
)

// Value is one indicator with everything that is needed to check it.
type Value struct {
	ID          string       `json:"id"`
	Name        engine.Text  `json:"name"`
	Formula     engine.Text  `json:"formula"`
	Level       string       `json:"level"`
	Unit        string       `json:"unit"`
	Numerator   *int64       `json:"numerator,omitempty"` // seconds for Days
	Denominator *int64       `json:"denominator,omitempty"`
	Value       string       `json:"value"` // two decimals, whole for a count; NotAvailable over nothing
	Target      *int64       `json:"target,omitempty"`
	MaxPoints   *int64       `json:"max_points,omitempty"`
	Points      *string      `json:"points,omitempty"`
	Source      string       `json:"source"`
	Note        *engine.Text `json:"note,omitempty"`
}

// NotAvailable stands in place of a value over nothing.
const NotAvailable = "N/A"

// Of computes the indicators of some figures as they stand at an instant, in the order
// in which they are shown; a level ("" = both) leaves the other out.
func Of(figures []engine.Figure, asOf time.Time, level string) []Value {
	m, procedures := sums{}, map[string]bool{}
	for _, f := range figures {
		m.add(f, asOf)
		if f.Procedure != "" {
			procedures[f.Procedure] = true
		}
	}
	var out []Value
	for i := range table {
		if d := &table[i]; level == "" || d.level == level {
			out = append(out, d.value(m, len(procedures) <= 1))
		}
	}
	return out
}

// value computes one indicator.
func (d *indicator) value(m sums, single bool) Value {
	v := Value{ID: d.id, Name: d.name, Formula: d.formula, Level: d.level, Unit: d.unit, Source: d.source, Value: NotAvailable}
	if !d.note.IsZero() {
		v.Note = &d.note
	}
	if d.target > 0 {
		v.Target = &d.target
	}
	if d.points > 0 {
		v.MaxPoints = &d.points
	}
	if d.absent || d.single && !single {
		return v
	}
	over, under := m.of(d.over...), m.of(d.under...)
	v.Numerator = &over
	if d.unit == Count {
		v.Value = fmt.Sprint(over)
		return v
	}
	v.Denominator = &under
	switch d.unit {
	case Percent:
		v.Value = Decimal(100*over, under)
	case Days:
		v.Value = Decimal(over, under*24*3600)
	}
	if d.target > 0 && d.points > 0 && under > 0 {
		points := Decimal(d.points, 1)
		if 100*over < d.target*under {
			points = Decimal(100*over*d.points, d.target*under)
		}
		v.Points = &points
	}
	return v
}

// Decimal is a quotient with two decimals, rounded half up; NotAvailable over 0.
func Decimal(numerator, denominator int64) string {
	if denominator == 0 {
		return NotAvailable
	}
	whole, rest := numerator/denominator, numerator%denominator
	cents := whole*100 + (rest*200+denominator)/(2*denominator)
	return fmt.Sprintf("%d.%02d", cents/100, cents%100)
}

// sums are figures by name, for one group of offices, procedures or all.
type sums map[string]int64

// Names that reading adds, because they depend on when one looks.
const (
	inTimeNow     = "in_time_now"
	lateNow       = "late_now"
	caseInTimeNow = "case_in_time_now"
	caseLateNow   = "case_late_now"
)

// add takes a figure in, seen at an instant.
func (m sums) add(f engine.Figure, asOf time.Time) {
	m[f.Name] += f.Value
	late := asOf.After(time.Unix(f.Due*3600, 0))
	switch f.Name {
	case engine.FigOnTime, engine.FigOpenInTime:
		m[inTimeNow] += f.Value
	case engine.FigLate, engine.FigOpenLate:
		m[lateNow] += f.Value
	case engine.FigOpenDue:
		if late {
			m[lateNow] += f.Value
		} else {
			m[inTimeNow] += f.Value
		}
	case engine.FigCaseOnTime, engine.FigCaseOpenInTime:
		m[caseInTimeNow] += f.Value
	case engine.FigCaseLate, engine.FigCaseOpenLate:
		m[caseLateNow] += f.Value
	case engine.FigCaseOpenDue:
		if late {
			m[caseLateNow] += f.Value
		} else {
			m[caseInTimeNow] += f.Value
		}
	}
}

func (m sums) of(names ...string) (n int64) {
	for _, k := range names {
		n += m[k]
	}
	return n
}
