package machine

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"lienthong/engine"
)

// Severity says whether a finding refuses the set.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Finding is one thing wrong with a definition file. Line and Column count from
// 1; 0 means the file as a whole.
type Finding struct {
	File     string      `json:"file"`
	Line     int         `json:"line"`
	Column   int         `json:"column"`
	Severity Severity    `json:"severity"`
	Code     string      `json:"code"`
	Message  engine.Text `json:"message"`
	Hint     engine.Text `json:"hint"`
}

// String is the finding as one line of English.
func (f Finding) String() string {
	s := fmt.Sprintf("%s:%d:%d: %s: %s [%s]", f.File, f.Line, f.Column, f.Severity, f.Message.EN, f.Code)
	if f.Hint.EN != "" {
		s += ": " + f.Hint.EN
	}
	return s
}

// In is the finding as one line of Vietnamese ("vi") or English.
func (f Finding) In(lang string) string {
	if lang != "vi" {
		return f.String()
	}
	severity := map[Severity]string{SeverityError: "lỗi", SeverityWarning: "cảnh báo", "note": "ghi chú"}[f.Severity]
	s := fmt.Sprintf("%s:%d:%d: %s: %s [%s]", f.File, f.Line, f.Column, severity, f.Message.VI, f.Code)
	if f.Hint.VI != "" {
		s += ": " + f.Hint.VI
	}
	return s
}

// FindingsError refuses a set of definitions. It holds the warnings too, sorted
// by place.
type FindingsError struct{ Findings []Finding }

// Error lists every finding, one per line.
func (e *FindingsError) Error() string { return e.In("en") }

// In lists every finding in a language, one per line.
func (e *FindingsError) In(lang string) string {
	lines := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		lines[i] = f.In(lang)
	}
	return strings.Join(lines, "\n")
}

// maxFindings bounds what one load reports.
const maxFindings = 1000

// report gathers findings.
type report struct {
	all    []Finding
	seen   map[Finding]bool
	errors int
}

// at adds a finding of a code at a node. args fill {0}, {1}, … of its texts.
func (r *report) at(n *node, code string, args ...any) {
	r.add(n.file, n.line, n.col, code, args...)
}

func (r *report) add(file string, line, col int, code string, args ...any) {
	e, ok := catalogue[code]
	if !ok {
		panic("machine: no text for finding " + code)
	}
	var vis, ens []string
	for i, a := range args {
		t, both := said(a)
		if !both {
			t.VI = clip(fmt.Sprint(a))
			t.EN = t.VI
		}
		name := fmt.Sprintf("{%d}", i)
		vis, ens = append(vis, name, t.VI), append(ens, name, t.EN)
	}
	vi, en := strings.NewReplacer(vis...).Replace, strings.NewReplacer(ens...).Replace
	f := Finding{
		File: file, Line: line, Column: col, Severity: SeverityError, Code: code,
		Message: engine.Text{VI: vi(e.vi), EN: en(e.en)},
		Hint:    engine.Text{VI: noneNear(vi(e.hintVI)), EN: noneNear(en(e.hintEN))},
	}
	if e.warning {
		f.Severity = SeverityWarning
	}
	if r.seen == nil {
		r.seen = map[Finding]bool{}
	}
	if f.Severity == SeverityError {
		r.errors++
	}
	if r.seen[f] || len(r.all) >= maxFindings {
		return
	}
	r.seen[f] = true
	r.all = append(r.all, f)
}

// noneNear is a hint without the nearest word, where no word is near.
func noneNear(hint string) string {
	for _, none := range []string{"Gần nhất: –; hoặc ", "Gần nhất: –. ", " Gần nhất: –.", "Gần nhất: –.", "nearest: –; or ", "nearest: –; ", "; nearest: –", "nearest: –"} {
		if before, after, found := strings.Cut(hint, none); found {
			if r, n := utf8.DecodeRuneInString(after); before == "" && strings.HasPrefix(none, "G") && n > 0 {
				after = string(unicode.ToUpper(r)) + after[n:]
			}
			return before + after
		}
	}
	return hint
}

// merge takes over another report.
func (r *report) merge(o *report) {
	r.errors += o.errors
	r.all = append(r.all, o.all...)
}

// clip keeps a quoted part of a file short.
func clip(s string) string {
	const most = 200
	if rs := []rune(s); len(rs) > most {
		return string(rs[:most]) + "…"
	}
	return s
}

// sorted returns the findings by place.
func (r *report) sorted() []Finding {
	slices.SortStableFunc(r.all, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Message.EN, b.Message.EN))
	})
	return together(r.all)
}

// together tells a name that is wrong in several places of a file once, where it is
// first: one word was written otherwise where it is declared, or is missing there.
func together(all []Finding) []Finding {
	type name struct{ file, code, message string }
	first, lines := map[name]int{}, map[int][]string{}
	var out []Finding
	for _, f := range all {
		n := name{f.File, f.Code, f.Message.EN}
		i, told := first[n]
		switch line := strconv.Itoa(f.Line); {
		case !strings.HasPrefix(f.Code, "unknown_") && f.Code != "record_uncertain":
			out = append(out, f)
		case !told:
			first[n] = len(out)
			out = append(out, f)
		case out[i].Line != f.Line && !slices.Contains(lines[i], line):
			lines[i] = append(lines[i], line)
		}
	}
	for i, more := range lines {
		at := strings.Join(more, ", ")
		out[i].Hint.VI = strings.TrimSpace(out[i].Hint.VI + " Cũng ở dòng " + at + ".")
		out[i].Hint.EN = strings.TrimPrefix(out[i].Hint.EN+"; also in line "+at, "; ")
	}
	return out
}
