package rowenc

import (
	"cmp"

	"lienthong/engine"
)

// CompareRows is the order of a staff list: most urgent first, then by code.
func CompareRows(a, b engine.Row) int {
	return cmp.Or(cmp.Compare(Urgency(a.Due), Urgency(b.Due)), cmp.Compare(a.Code, b.Code),
		cmp.Compare(a.Case, b.Case), cmp.Compare(a.Step, b.Step))
}

// RowCursor is the cursor that follows a row.
func RowCursor(r engine.Row) string { return Cursor("r", Urgency(r.Due), r.Code, r.Case, r.Step) }

// ParseRowCursor returns a row that stands where the cursor's row stood.
func ParseRowCursor(s string) (engine.Row, error) {
	if s == "" {
		return engine.Row{}, nil
	}
	urgency, rest, err := ParseCursor("r", s, 3)
	if err != nil {
		return engine.Row{}, err
	}
	r := engine.Row{Code: rest[0], Case: rest[1], Step: rest[2]}
	if urgency != Never {
		r.Due = Time(urgency)
	}
	return r, nil
}

// CompareTasks is the order of a citizen's tasks: most urgent first, then oldest.
func CompareTasks(a, b engine.Task) int {
	return cmp.Or(cmp.Compare(Urgency(a.Due), Urgency(b.Due)), a.Since.Compare(b.Since),
		cmp.Compare(a.Case, b.Case), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.State, b.State))
}

// Summary is the case's line in a citizen's list.
func (r *CaseRow) Summary() engine.Summary {
	return engine.Summary{Code: r.Code, Service: r.Service, Version: r.Version, Status: engine.CaseStatus(r.Status),
		Outcome: engine.Outcome(r.Outcome), Portal: r.Portal, Filed: Time(r.Filed), Due: Time(r.Due),
		Updated: Time(r.Updated), Subject: r.Subject}
}
