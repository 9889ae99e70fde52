package simulate

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Compare writes two runs side by side for a person: what changed for cases, due
// times and queues.
func Compare(w io.Writer, lang string, a, b *Report) error {
	p := printer{w: w, lang: lang}
	for i, r := range []*Report{a, b} {
		p.line("%c. %s", 'A'+i, r.Plan.In(lang))
		p.head(r)
		p.line("")
	}
	v := view{Lang: lang, Reports: []*Report{a, b}}
	for _, s := range v.Short() {
		p.line("%s", s)
	}
	p.line("")
	p.row(p.say("Hạn trả: trễ / tổng", "Due times: late / total"), "A", "B")
	for _, d := range v.Due() {
		x, y := d.Rows[0], d.Rows[1]
		p.row(d.Name, fmt.Sprintf("%d / %d", x.Late(), x.Total), fmt.Sprintf("%d / %d", y.Late(), y.Total))
	}
	p.line("")
	p.row(p.say("Hàng chờ: dài nhất; 9/10 chờ không quá (giờ làm việc)", "Queues: longest; 9 in 10 wait at most (office hours)"), "A", "B")
	for _, q := range v.Queues() {
		cells := [2]string{"–", "–"}
		for i, d := range q.Rows {
			if d != nil {
				cells[i] = fmt.Sprintf("%d, %.1f h", d.Longest, d.P90)
			}
		}
		if cells[0] != cells[1] {
			p.row(q.Name+", "+q.Role, cells[0], cells[1])
		}
	}
	p.line("")
	p.row(p.say("Chỉ số", "Indicators"), "A", "B")
	for _, l := range v.Indicators() {
		if l.Values[0] != l.Values[1] {
			p.row(l.Name, l.Values[0], l.Values[1])
		}
	}
	for _, r := range []*Report{a, b} {
		if r.Failure != nil {
			p.failure(r.Failure)
		}
	}
	return p.err
}

// row is a name and two values, in columns.
func (p *printer) row(name, a, b string) {
	left := func(s string) string { return strings.Repeat(" ", max(18-utf8.RuneCountInString(s), 0)) + s }
	p.line("%s", padded(name, 62)+" "+left(a)+" "+left(b))
}
