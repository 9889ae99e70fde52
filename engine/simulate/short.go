package simulate

import (
	"fmt"
	"math"
	"strings"

	"lienthong/engine"
)

// Short is what a run came to, or how two differ, in a few sentences: what somebody
// asks who plans people's leave.
func (v view) Short() []string {
	say := func(vi, en string) string { return engine.Text{VI: vi, EN: en}.In(v.Lang) }
	var late []string
	for i, r := range v.Reports {
		for _, d := range r.Due {
			if d.Procedure == "" {
				late = append(late, v.mark(i)+fmt.Sprintf(say("%d trong %d hồ sơ có hạn chung bị trễ", "%d of %d cases with a due time as a whole are late"), d.Late(), d.Total))
			}
		}
	}
	var out []string
	for i, r := range v.Reports {
		for _, n := range r.Notes {
			out = append(out, v.mark(i)+n.In(v.Lang))
		}
	}
	if len(late) > 0 {
		out = append(out, strings.Join(late, "; ")+".")
	}
	worst, by := queue{}, 0.0
	for _, q := range v.Queues() {
		if d := q.weight(); d > by {
			worst, by = q, d
		}
	}
	switch {
	case by == 0 && len(v.Reports) > 1:
		return append(out, say("Không nơi nào phải chờ khác đi.", "Nobody waits otherwise."))
	case by == 0:
		return append(out, say("Không nơi nào phải chờ lâu.", "Nobody waits for long."))
	}
	var waits []string
	for i, d := range worst.Rows {
		if d != nil {
			waits = append(waits, v.mark(i)+fmt.Sprintf(say("nhiều nhất %d hồ sơ chờ cuối ngày, 9 trong 10 hồ sơ chờ không quá %s giờ làm việc", "at most %d dossiers waiting at the end of a day, 9 in 10 wait no more than %s office hours"),
				d.Longest, decimal(d.P90, v.Lang)))
		}
	}
	head := say("Nơi chờ lâu nhất", "The longest wait")
	if len(v.Reports) > 1 {
		head = say("Nơi thay đổi nhiều nhất", "What changes most")
	}
	return append(out, fmt.Sprintf("%s: %s, %s: %s.", head, worst.Name, worst.Role, strings.Join(waits, "; ")))
}

// mark names a report where there are several.
func (v view) mark(i int) string {
	if len(v.Reports) == 1 {
		return ""
	}
	return fmt.Sprintf("%c: ", 'A'+i)
}

// weight is how much a desk waits, or how much that differs between two reports, in
// hours and dossiers together.
func (q queue) weight() float64 {
	of := func(d *DeskRow) float64 {
		if d == nil {
			return 0
		}
		return d.P90 + float64(d.Longest)
	}
	if len(q.Rows) == 1 {
		return of(q.Rows[0])
	}
	return math.Abs(of(q.Rows[1]) - of(q.Rows[0]))
}

// decimal writes a number with one place, as the language does.
func decimal(x float64, lang string) string {
	s := fmt.Sprintf("%.1f", x)
	if lang != "en" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// outcomeNames are the ends of cases in words.
var outcomeNames = map[engine.Outcome]engine.Text{
	engine.Completed: {VI: "hoàn thành", EN: "completed"}, engine.CompletedInPart: {VI: "hoàn thành một phần", EN: "completed in part"},
	engine.Refused: {VI: "bị từ chối", EN: "refused"}, engine.Expired: {VI: "hết hạn", EN: "expired"}, engine.Withdrawn: {VI: "đã rút", EN: "withdrawn"},
}

// faultNames are the fault plans that are built in.
var faultNames = map[string]engine.Text{
	"none": {VI: "không gài sự cố", EN: "no faults"}, "light": {VI: "sự cố thường gặp", EN: "ordinary faults"}, "heavy": {VI: "sự cố dồn dập", EN: "heavy faults"},
}

// faultName is a fault plan in words.
func faultName(name, lang string) string {
	if t, ok := faultNames[name]; ok {
		return t.In(lang)
	}
	return engine.Text{VI: "sự cố theo " + name, EN: "faults " + name}.In(lang)
}
