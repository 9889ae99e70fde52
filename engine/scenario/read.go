package scenario

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/machine"
)

// Scenario is one story as written.
type Scenario struct {
	File  string
	Title engine.Text
	Law   []string

	at     time.Time
	unpaid bool
	people []alias
	staff  []hire
	lines  []line
	source []string
}

// alias is a name that the story gives to a person.
type alias struct{ name, who *machine.YAML }

// hire is a member of staff that the story needs beside those of every office.
type hire struct {
	id, office *machine.YAML
	roles      []string
}

type node = machine.YAML

// line is one element of the story: what kind it is and its fields by their
// English names.
type line struct {
	kind   string
	at     *node // where it stands
	text   string
	fields map[string]*node
}

func (l line) get(key string) *node { return l.fields[key] }

// kinds of line: what each must have and may have. The first whose words are all
// there is the line's kind.
var kinds = []struct {
	name      string
	must, may []string
}{
	{"then", []string{"then"}, []string{"case", "note"}},
	{"file", []string{"when", "files"}, []string{"change", "as", "for", "at", "through", "refused", "says", "note"}},
	{"complete", []string{"when", "completes"}, []string{"case", "note"}},
	{"act", []string{"when", "does"}, []string{"part", "at", "agency", "input", "change", "refused", "says", "case", "note"}},
	{"dial", []string{"agency", "answers"}, []string{"operation", "note"}},
	{"keep", []string{"agency", "record", "of", "holds"}, []string{"note"}},
	{"until", []string{"until"}, []string{"note"}},
	{"after", []string{"after"}, []string{"note"}},
	{"tell", []string{"tell"}, []string{"note"}},
}

// reader gathers findings while a file is read or checked.
type reader struct{ found []machine.Finding }

func (r *reader) add(n *node, code, vi, en string) {
	f := machine.Finding{File: n.File, Line: n.Line, Column: n.Column, Severity: machine.SeverityError, Code: code, Message: engine.Text{VI: vi, EN: en}}
	r.found = append(r.found, f)
}

// unknown says that a word is not among those that are known here.
func (r *reader) unknown(n *node, what engine.Text, word string, known []string) {
	known = slices.Compact(slices.Sorted(slices.Values(known)))
	r.add(n, "unknown_word", fmt.Sprintf("Không có %s %q.", what.VI, word), fmt.Sprintf("There is no %s %q.", what.EN, word))
	f := &r.found[len(r.found)-1]
	list := strings.Join(known, ", ")
	f.Hint = engine.Text{VI: "Có: " + list + ".", EN: "known: " + list}
	if best := machine.Nearest(word, known); best != "" {
		f.Hint = engine.Text{VI: fmt.Sprintf("Có phải %q? ", best) + f.Hint.VI, EN: fmt.Sprintf("did you mean %q? ", best) + f.Hint.EN}
	}
}

func (r *reader) wrong(n *node, vi, en string) { r.add(n, "wrong_value", vi, en) }

// fields reads a map whose keys are words of the language.
func (r *reader) fields(n *node, allowed []string) map[string]*node {
	out := map[string]*node{}
	if n.Kind != "map" {
		r.wrong(n, "Chỗ này phải là các mục “từ: giá trị”.", "Here stand entries “word: value”.")
		return out
	}
	for i, k := range n.Keys {
		word, ok := english(keys, k.Text)
		if !ok || !slices.Contains(allowed, word) {
			r.unknown(k, engine.Text{VI: "từ", EN: "word"}, k.Text, both(allowed))
			continue
		}
		if out[word] != nil {
			r.wrong(k, "Từ này đã có ở trên.", "This word stands here twice.")
		}
		out[word] = n.Items[i]
	}
	return out
}

// both lists words in English and Vietnamese.
func both(words []string) []string {
	out := slices.Clone(words)
	for _, w := range words {
		out = append(out, keys[w]...)
	}
	return out
}

// text reads a scalar as text.
func (r *reader) text(n *node) string {
	switch {
	case n == nil:
		return ""
	case n.Kind == "map" || n.Kind == "list" || n.Kind == "nothing":
		r.wrong(n, "Chỗ này phải là chữ.", "Here stands a text.")
		return ""
	}
	return n.Text
}

// list reads one text or a list of them.
func (r *reader) list(n *node) []*node {
	if n == nil {
		return nil
	}
	if n.Kind != "list" {
		r.text(n)
		return []*node{n}
	}
	for _, e := range n.Items {
		r.text(e)
	}
	return n.Items
}

// Files lists the scenario files of a folder of definitions, by name.
func Files(fsys fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(fsys, "scenarios")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if ext := path.Ext(e.Name()); !e.IsDir() && (ext == ".yaml" || ext == ".yml") && !strings.HasPrefix(e.Name(), ".") {
			out = append(out, path.Join("scenarios", e.Name()))
		}
	}
	return out, nil
}

// parts is the folder of pieces of stories that others tell.
const parts = "scenarios/parts"

func isPart(file string) bool { return path.Dir(file) == parts }

// maxLines bounds a story with all that it tells.
const maxLines = 2000

// Link puts the pieces that a story tells in their places.
func Link(fsys fs.FS, s *Scenario) []machine.Finding {
	r := &reader{}
	s.lines = r.tell(fsys, s.lines, 0)
	return r.found
}

func (r *reader) tell(fsys fs.FS, lines []line, depth int) []line {
	var out []line
	for _, l := range lines {
		if l.kind != "tell" {
			out = append(out, l)
			continue
		}
		for _, n := range r.list(l.get("tell")) {
			name := path.Join(parts, path.Base(n.Text)+".yaml")
			data, err := fs.ReadFile(fsys, name)
			if err != nil {
				r.unknown(n, engine.Text{VI: "đoạn", EN: "piece"}, n.Text, pieces(fsys))
				continue
			}
			piece, found := Read(name, data)
			r.found = append(r.found, found...)
			if piece == nil {
				continue
			}
			if depth > 5 {
				r.wrong(n, "Các đoạn kể lẫn nhau quá sâu.", "The pieces tell each other too deeply.")
				return out
			}
			out = append(out, r.tell(fsys, piece.lines, depth+1)...)
			if len(out) > maxLines {
				r.wrong(n, "Diễn biến quá dài.", "The story is too long.")
				return nil
			}
		}
	}
	return out
}

func pieces(fsys fs.FS) []string {
	names, err := fs.Glob(fsys, parts+"/*.yaml")
	if err != nil {
		return nil
	}
	for i, n := range names {
		names[i] = strings.TrimSuffix(path.Base(n), ".yaml")
	}
	return names
}

// Read makes a scenario of a file, or says what is wrong with it. Its words are
// held against definitions and people by Check.
func Read(file string, data []byte) (*Scenario, []machine.Finding) {
	doc, found := machine.ReadYAML(file, data)
	if doc == nil {
		return nil, found
	}
	r := &reader{}
	s := &Scenario{File: file, source: strings.Split(string(data), "\n")}
	top := r.fields(doc, []string{"scenario", "law", "given", "story"})
	for _, k := range []string{"scenario", "given", "story"} {
		if top[k] == nil && (k != "given" || !isPart(file)) {
			r.wrong(doc, fmt.Sprintf("Thiếu mục %q (%s).", k, strings.Join(keys[k], ", ")), fmt.Sprintf("The entry %q is missing.", k))
		}
	}
	if n := top["scenario"]; n != nil {
		s.title(r, n)
	}
	for _, n := range r.list(top["law"]) {
		s.Law = append(s.Law, n.Text)
	}
	if n := top["given"]; n != nil {
		s.given(r, n)
	}
	if n := top["story"]; n != nil {
		if n.Kind != "list" {
			r.wrong(n, "Diễn biến là một danh sách.", "The story is a list.")
		}
		if n.Kind == "list" {
			for _, e := range n.Items {
				s.line(r, e)
			}
		}
	}
	if len(r.found) > 0 {
		return nil, r.found
	}
	return s, nil
}

func (s *Scenario) title(r *reader, n *node) {
	if n.Kind == "text" {
		s.Title = engine.Text{VI: n.Text, EN: n.Text}
		return
	}
	f := r.fields(n, []string{"vi", "en"})
	s.Title = engine.Text{VI: r.text(f["vi"]), EN: r.text(f["en"])}
}

func (s *Scenario) given(r *reader, n *node) {
	f := r.fields(n, []string{"at", "people", "staff", "register", "case", "unpaid", "note"})
	if f["at"] == nil {
		r.wrong(n, "Thiếu ngày giờ bắt đầu (lúc).", "The date and time at which it begins (at) is missing.")
	} else {
		s.at = r.instant(f["at"])
	}
	s.unpaid = r.truth(f["unpaid"])
	if p := f["people"]; p != nil && p.Kind == "map" {
		for i, k := range p.Keys {
			r.text(p.Items[i])
			s.people = append(s.people, alias{k, p.Items[i]})
		}
	} else if p != nil {
		r.wrong(p, "Người được ghi dạng “tên gọi: người”.", "People are written “name: person”.")
	}
	if p := f["staff"]; p != nil && p.Kind == "map" {
		for i, k := range p.Keys {
			s.staff = append(s.staff, r.hire(k, p.Items[i]))
		}
	}
	if g := f["register"]; g != nil {
		if g.Kind != "list" {
			r.wrong(g, "Sổ: một danh sách.", "Register: a list.")
		}
		for _, e := range g.Items {
			if s.line(r, e); len(s.lines) > 0 && s.lines[len(s.lines)-1].kind != "keep" {
				r.wrong(e, "Ở đây chỉ có điều sổ ghi: cơ sở dữ liệu, bản ghi, của, ghi.", "Here stands only what a register holds: agency, record, of, holds.")
			}
		}
	}
	if c := f["case"]; c != nil {
		l := line{kind: "file", at: c, text: s.text(c), fields: map[string]*node{"files": c}}
		if c.Kind == "map" {
			l.fields = r.fields(c, []string{"example", "change", "as", "by", "for", "through"})
			l.fields["files"], l.fields["when"] = l.fields["example"], l.fields["by"]
			if l.fields["files"] == nil {
				r.wrong(c, "Thiếu tên mẫu đơn (mẫu).", "The name of the example is missing.")
				return
			}
		}
		s.lines = append(s.lines, l)
	}
}

func (r *reader) hire(id, n *node) hire {
	f := r.fields(n, []string{"office", "roles"})
	h := hire{id: id, office: f["office"]}
	if h.office == nil || f["roles"] == nil {
		r.wrong(n, "Cần cơ quan và vai trò.", "An office and roles are needed.")
		h.office = n
	}
	for _, e := range r.list(f["roles"]) {
		role, ok := english(roles, e.Text)
		if !ok {
			r.unknown(e, engine.Text{VI: "vai trò", EN: "role"}, e.Text, roleWords())
		}
		h.roles = append(h.roles, role)
	}
	return h
}

func (s *Scenario) line(r *reader, n *node) {
	if n.Kind != "map" {
		r.wrong(n, "Mỗi dòng của diễn biến là các mục “từ: giá trị”.", "Each line of the story is entries “word: value”.")
		return
	}
	var all []string
	for _, k := range kinds {
		all = append(append(all, k.must...), k.may...)
	}
	f := r.fields(n, all)
	for _, k := range kinds {
		if !slices.ContainsFunc(k.must, func(w string) bool { return f[w] == nil }) {
			for i, key := range n.Keys {
				if word, ok := english(keys, key.Text); ok && !slices.Contains(k.must, word) && !slices.Contains(k.may, word) {
					r.unknown(n.Keys[i], engine.Text{VI: "từ ở dòng này", EN: "word in this line"}, key.Text, both(append(slices.Clone(k.must), k.may...)))
				}
			}
			s.lines = append(s.lines, line{kind: k.name, at: n, text: s.text(n), fields: f})
			return
		}
	}
	if len(f) == 1 && f["note"] != nil {
		return
	}
	r.wrong(n, "Dòng này chưa đủ: cần khi + làm/nộp/bổ sung, cơ sở dữ liệu + trả lời hoặc bản ghi + của + ghi, sau, đến, kể hoặc thì.",
		"The line is not complete: it needs when + does/files/completes, agency + answers or record + of + holds, after, until, tell or then.")
}

// text is the line of the file at which something stands.
func (s *Scenario) text(n *node) string {
	if n.Line < 1 || n.Line > len(s.source) {
		return ""
	}
	return strings.TrimSpace(s.source[n.Line-1])
}

func (r *reader) truth(n *node) bool {
	if n == nil {
		return false
	}
	if n.Kind != "truth" && !slices.Contains(yes, fold(n.Text)) {
		r.wrong(n, "Ở đây là true hoặc false.", "Here stands true or false.")
	}
	return n.Text != "false"
}

// layout is how instants are written.
const layout = "2006-01-02 15:04"

// instant reads a date and time of day in Vietnam.
func (r *reader) instant(n *node) time.Time {
	s := r.text(n)
	for _, form := range []string{layout, "2/1/2006 15:04", time.RFC3339} {
		if t, err := time.ParseInLocation(form, s, calendar.Zone); err == nil {
			return t.In(calendar.Zone)
		}
	}
	r.wrong(n, fmt.Sprintf("%q không phải ngày giờ dạng 2026-09-07 08:00.", s), fmt.Sprintf("%q is not a date and time such as 2026-09-07 08:00.", s))
	return time.Time{}
}

// span is a length of time, exact or in working days.
type span struct {
	exact time.Duration
	days  int // working days
}

var units = map[string]span{
	"minute": {exact: time.Minute}, "minutes": {exact: time.Minute}, "phút": {exact: time.Minute},
	"hour": {exact: time.Hour}, "hours": {exact: time.Hour}, "giờ": {exact: time.Hour},
	"day": {exact: 24 * time.Hour}, "days": {exact: 24 * time.Hour}, "ngày": {exact: 24 * time.Hour},
	"working day": {days: 1}, "working days": {days: 1}, "ngày làm việc": {days: 1},
}

// maxSpan bounds how far one line may let time pass.
const maxSpan = 10_000

// span reads "20 minutes", "3 giờ", "5 ngày làm việc".
func (r *reader) span(n *node, s string) span {
	count, unit, _ := strings.Cut(fold(s), " ")
	k, err := strconv.Atoi(count)
	u, ok := units[unit]
	if err != nil || !ok || k < 0 || k > maxSpan {
		r.wrong(n, fmt.Sprintf("%q không phải khoảng thời gian, ví dụ 20 phút, 3 giờ, 2 ngày, 5 ngày làm việc.", s),
			fmt.Sprintf("%q is not a length of time such as 20 minutes, 3 hours, 2 days, 5 working days.", s))
		return span{}
	}
	return span{exact: time.Duration(k) * u.exact, days: k * u.days}
}

// after is the instant that a span leads to.
func (s span) after(cal *calendar.Calendar, t time.Time) time.Time {
	t = t.Add(s.exact)
	d := calendar.DateOf(t)
	for range s.days {
		d = cal.NextWorkingDay(d)
	}
	if s.days > 0 {
		t = d.At(t.Hour(), t.Minute())
	}
	return t
}
