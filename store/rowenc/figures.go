package rowenc

import (
	"encoding/json"
	"fmt"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// EncodeFigures writes what one case contributes: for every run of figures of one
// day, office, service and procedure an array of those four, and then name, due
// hour and value of each.
func EncodeFigures(fs []engine.Figure) []byte {
	rows := [][]any{}
	for i, f := range fs {
		if i == 0 || !sameRow(fs[i-1], f) {
			rows = append(rows, []any{f.Day, f.Office, f.Service, f.Procedure})
		}
		last := len(rows) - 1
		rows[last] = append(rows[last], f.Name, f.Due, f.Value)
	}
	b, err := json.Marshal(rows)
	if err != nil {
		panic(err) // texts and numbers
	}
	return Pack(b)
}

func sameRow(a, b engine.Figure) bool {
	return a.Day == b.Day && a.Office == b.Office && a.Service == b.Service && a.Procedure == b.Procedure
}

// DecodeFigures is the inverse of EncodeFigures. Before format 12 nothing was packed.
func DecodeFigures(v []byte) ([]engine.Figure, error) {
	b, err := Unpack(v)
	if err != nil {
		return nil, err
	}
	var rows [][]json.RawMessage
	if err := json.Unmarshal(b, &rows); err != nil {
		return nil, err
	}
	var out []engine.Figure
	for _, r := range rows {
		if len(r) < 4 || len(r)%3 != 1 {
			return nil, fmt.Errorf("a row of %d values", len(r))
		}
		var f engine.Figure
		var day string
		if err := scanAll(r[:4], &day, &f.Office, &f.Service, &f.Procedure); err != nil {
			return nil, err
		}
		f.Day = calendar.Date(day)
		for r = r[4:]; len(r) > 0; r = r[3:] {
			if err := scanAll(r[:3], &f.Name, &f.Due, &f.Value); err != nil {
				return nil, err
			}
			out = append(out, f)
		}
	}
	return out, nil
}

func scanAll(from []json.RawMessage, to ...any) error {
	for i, b := range from {
		if err := json.Unmarshal(b, to[i]); err != nil {
			return err
		}
	}
	return nil
}
