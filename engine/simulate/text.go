package simulate

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"lienthong/engine"
	"lienthong/engine/indicators"
)

// Print writes the report for a person, in Vietnamese or English.
func (r *Report) Print(w io.Writer, lang string) error {
	p := printer{w: w, lang: lang}
	p.head(r)
	p.line("")
	for _, s := range (view{Lang: lang, Reports: []*Report{r}}).Short() {
		p.line("%s", s)
	}
	p.due(r)
	p.desks(r)
	p.figures(r)
	if r.Failure != nil {
		p.failure(r.Failure)
	}
	p.line(p.say("%.0f ngày-hồ sơ mô phỏng trong %.1f giây: %.0f mỗi giây", "%.0f simulated case-days in %.1f s: %.0f per second"),
		r.Counts.CaseDays, r.Speed.Seconds, r.Speed.CaseDaysPerSecond)
	return p.err
}

// printer keeps the first error of writing.
type printer struct {
	w    io.Writer
	lang string
	err  error
}

func (p *printer) say(vi, en string) string { return engine.Text{VI: vi, EN: en}.In(p.lang) }

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, strings.TrimRight(format, " ")+"\n", args...)
	}
}

func (p *printer) head(r *Report) {
	c := r.Counts
	verdict := p.say("Mọi bất biến đều giữ", "Every invariant held")
	if !r.Good {
		verdict = p.say("MỘT BẤT BIẾN KHÔNG GIỮ", "AN INVARIANT BROKE")
	}
	p.line("%s: %s, %s, %s %d, %s – %s", verdict, r.Plan.In(p.lang), faultName(r.Faults, p.lang), p.say("số gieo", "seed"), r.Seed, r.From, r.To)
	p.line(p.say("%d tờ khai, %d hồ sơ, %d còn mở; %d thao tác của người, %d mục lịch sử, %d yêu cầu gửi đi (%d lần gửi), %d sự cố, %d lần máy chủ chết",
		"%d forms, %d cases, %d still open; %d commands of people, %d entries, %d requests (sent %d times), %d incidents, %d crashes of a server"),
		c.Filed, c.Cases, c.Open, c.Commands, c.Entries, c.Requests, c.Sent, c.Incidents, c.Crashes)
	p.line("%s: %s", p.say("Nộp theo phiên bản", "Filed under"), counted(r.Versions))
	p.line(p.say("Kiểm tra: %d thay đổi, %d lần dựng lại cả hồ sơ", "Checked: %d changes, %d cases rebuilt from their whole history"), c.Checks, c.Wholes)
	ends := map[string]int{}
	for k, n := range r.Outcomes {
		t := outcomeNames[engine.Outcome(k)]
		ends[cmp.Or(t.In(p.lang), k)] += n
	}
	p.line("%s: %s", p.say("Kết thúc", "Ended"), counted(ends))
	if len(r.Refused) > 0 {
		p.line("%s: %s", p.say("Thao tác bị từ chối (ai.mã)", "Refused commands (who.code)"), counted(r.Refused))
	}
	if len(r.Struck) > 0 {
		p.line("%s: %s", p.say("Lỗi đã xảy ra", "Faults that struck"), counted(r.Struck))
	}
}

// counted lists counts, the most first.
func counted(m map[string]int) string {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b)) })
	var out []string
	for _, k := range keys {
		out = append(out, fmt.Sprintf("%s %d", k, m[k]))
	}
	return strings.Join(out, ", ")
}

func (p *printer) due(r *Report) {
	p.line("")
	p.line("%s %7s %7s %6s %6s %6s %6s %6s %7s %7s", padded(p.say("Hạn trả (trễ: số ngày)", "Due times (late: days)"), 46), p.say("tổng", "total"), p.say("đúng", "in time"),
		"≤1", "≤2", "≤5", "≤10", ">10", p.say("mở/kịp", "open"), p.say("mở/trễ", "op.late"))
	for _, l := range (view{Lang: p.lang, Reports: []*Report{r}}).Due() {
		d := l.Rows[0]
		p.line("%s %7d %7d %6d %6d %6d %6d %6d %7d %7d", padded(l.Name, 46), d.Total, d.InTime, d.Late1, d.Late2, d.Late5, d.Late10, d.LateMore, d.OpenInTime, d.OpenLate)
	}
}

func (p *printer) desks(r *Report) {
	p.line("")
	p.line("%s %6s %6s %5s %8s %8s %8s %6s %6s", padded(p.say("Cơ quan, vai trò (chờ: giờ làm việc)", "Office, role (waits: office hours)"), 58), p.say("người", "people"),
		p.say("xong", "served"), p.say("bận", "busy"), p.say("chờ 1/2≤", "half ≤"), p.say("9/10 ≤", "9/10 ≤"), p.say("lâu nhất", "longest"), p.say("hàng", "queue"), p.say("còn", "left"))
	for _, d := range r.Desks {
		p.line("%s %6d %6d %4.0f%% %8.1f %8.1f %8.1f %6d %6d", padded(cmp.Or(d.Name.In(p.lang), d.Office)+", "+roleName(d.Role, p.lang), 58), d.People, d.Served, 100*d.Busy, d.P50, d.P90, d.Max, d.Longest, d.Left)
	}
}

// shownActs is how many of the last acts a person is told.
const shownActs = 25

func (p *printer) failure(f *Failure) {
	p.line("")
	what := Invariants[f.Invariant]
	p.line("%s: %s (%s)", p.say("Bất biến không giữ", "The invariant that broke"), f.Invariant, what.In(p.lang))
	p.line("  %s", f.Why)
	p.line("  %s %s, %s %s, %s", p.say("hồ sơ", "case"), f.Case, p.say("người nộp", "citizen"), f.Citizen, f.At.Format("2006-01-02 15:04:05"))
	p.line("%s:", p.say("Những việc cuối cùng", "The last acts"))
	for _, a := range f.Acts[max(len(f.Acts)-shownActs, 0):] {
		p.line("  %s  %-24s %-34s %s %s %s", a.At.Format("01-02 15:04:05"), a.Who, a.What, a.Case, a.Step, a.Error)
	}
	if len(f.State) > 0 {
		p.line("%s: %s", p.say("Hồ sơ khi đó", "The case then"), f.State)
	}
}

func (p *printer) figures(r *Report) {
	p.line("")
	p.line("%-58s %10s  %s", p.say("Chỉ số", "Indicators"), "", p.say("tử số / mẫu số", "numerator / denominator"))
	for _, v := range r.Indicators {
		if v.Numerator == nil || *v.Numerator == 0 && (v.Denominator == nil || *v.Denominator == 0) {
			continue
		}
		name := v.Name.In(p.lang)
		if v.Denominator == nil {
			p.line("%s %10s", padded(name, 58), v.Value)
			continue
		}
		p.line("%s %10s  %d / %d", padded(name, 58), v.Value+p.unit(v.Unit), *v.Numerator, *v.Denominator)
	}
}

// unit is what stands behind a value.
func (p *printer) unit(unit string) string {
	switch unit {
	case indicators.Percent:
		return " %"
	case indicators.Days:
		return p.say(" ngày", " days")
	}
	return ""
}

// padded fills a text with spaces up to a width in letters.
func padded(s string, width int) string {
	return s + strings.Repeat(" ", max(width-utf8.RuneCountInString(s), 0))
}
