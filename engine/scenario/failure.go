package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lienthong/engine"
)

// Mismatch is one thing that is not as a line says.
type Mismatch struct {
	Line     int         `json:"line"`
	Column   int         `json:"column"`
	Expected engine.Text `json:"expected"`
	Got      engine.Text `json:"got"`
}

// mismatch takes what was expected and what came: words in both languages, or a text
// that is the same in both.
func mismatch(n *node, expected, got any) Mismatch {
	return Mismatch{Line: n.Line, Column: n.Column, Expected: said(expected), Got: said(got)}
}

func one(n *node, expected any, err error) []Mismatch { return []Mismatch{mismatch(n, expected, err)} }

func say(vi, en string) engine.Text { return engine.Text{VI: vi, EN: en} }

func said(x any) engine.Text {
	switch x := x.(type) {
	case engine.Text:
		return x
	case error:
		var e *engine.Error
		if errors.As(x, &e) && e.Detail.VI != "" {
			return say(string(e.Code)+": "+e.Detail.VI, x.Error())
		}
		return say(x.Error(), x.Error())
	}
	s := fmt.Sprint(x)
	return say(s, s)
}

// Failure is the line at which a story broke, and the cases at that point.
type Failure struct {
	File       string        `json:"file"`
	Line       int           `json:"line"`
	Column     int           `json:"column"`
	Text       string        `json:"text"` // the line as written
	Mismatches []Mismatch    `json:"mismatches"`
	Now        time.Time     `json:"now"`
	Cases      []engine.Text `json:"cases,omitempty"` // each as it stood, in words
}

// In is the failure for people, in Vietnamese or English.
func (f *Failure) In(lang string) string {
	in := func(vi, en string) string { return say(vi, en).In(lang) }
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s\n", f.File, f.Line, f.Column, f.Text)
	for _, m := range f.Mismatches {
		fmt.Fprintf(&b, "  %s:%d:%d\n    %s %s\n    %s %s\n", f.File, m.Line, m.Column, in("phải là", "expected"), m.Expected.In(lang), in("thực tế", "got     "), m.Got.In(lang))
	}
	fmt.Fprintf(&b, "  %s %s:\n", in("lúc", "at"), clock(f.Now))
	for _, c := range f.Cases {
		b.WriteString("    " + strings.ReplaceAll(strings.TrimRight(c.In(lang), "\n"), "\n", "\n    ") + "\n")
	}
	return b.String()
}

func (p *player) failure(ctx context.Context, l line, bad []Mismatch) *Failure {
	f := &Failure{File: l.at.File, Line: l.at.Line, Column: l.at.Column, Text: l.text, Mismatches: bad, Now: p.w.Now()}
	for _, code := range p.order {
		f.Cases = append(f.Cases, p.describe(ctx, code))
	}
	return f
}

// words of one case: titles of what its version defines.
type caseWords struct{ svc *engine.Service }

func (p *player) wordsOf(c *engine.Case) caseWords {
	svc, err := p.b.Definitions.Service(c.Service, c.Version)
	if err != nil {
		return caseWords{}
	}
	return caseWords{svc}
}

func (w caseWords) step(id string) *engine.Step {
	if w.svc == nil {
		return nil
	}
	return w.svc.Step(id)
}

func (w caseWords) state(step, id string) engine.Text {
	if st := w.step(step); st != nil {
		if s := st.Procedure.State(id); s != nil {
			return s.Title
		}
	}
	return engine.Text{}
}

func (w caseWords) action(step, id string) engine.Text {
	if st := w.step(step); st != nil {
		if a := st.Procedure.Action(id); a != nil {
			return a.Title
		}
	}
	for _, x := range slices.Concat(built, own, others) {
		if x.id == id {
			return x.titles[0]
		}
	}
	return engine.Text{}
}

// others are commands that no line of a story gives.
var others = []word{{engine.ActFile, text("Nộp hồ sơ", "File")}, {engine.ActReply, text("Cơ sở dữ liệu trả lời", "A register answers")}, {engine.ActTick, text("Đến hạn", "Time is up")},
	{engine.ActOperate, text("Người vận hành xử lý", "The operator acts")}}

// statuses of a part in Vietnamese.
var statuses = map[string]string{"waiting": "đang chờ", "open": "đang làm", "ended": "đã kết thúc", "closed": "không thực hiện", "completed": "hoàn thành",
	"completed_in_part": "hoàn thành một phần", "refused": "bị từ chối", "expired": "hết hạn", "withdrawn": "đã rút", "success": "đạt", "annulled": "đã hủy",
	"not_applicable": "không phải giải quyết", "absent": "không yêu cầu", "need_failed": "phần trước không đạt"}

func inVietnamese(s string) string {
	if v, ok := statuses[s]; ok {
		return v
	}
	return s
}

// standing is where a part stands: its state with the title, status and why it was
// closed.
func (w caseWords) standing(d *engine.Dossier) engine.Text {
	t := w.state(d.Step, d.State)
	en, vi := []string{string(d.Status)}, []string{inVietnamese(string(d.Status))}
	for _, s := range []string{d.Closed, string(d.Final)} {
		if s != "" {
			en, vi = append(en, s), append(vi, inVietnamese(s))
		}
	}
	if d.State == "" {
		return say(strings.Join(vi, ", "), strings.Join(en, ", "))
	}
	return say(named(d.State, t.VI)+", "+strings.Join(vi, ", "), named(d.State, t.EN)+", "+strings.Join(en, ", "))
}

// named is an id with its title.
func named(id, title string) string {
	if title == "" || title == id {
		return id
	}
	return id + " (" + title + ")"
}

// describe is a case in words, with its last entries.
func (p *player) describe(ctx context.Context, code string) engine.Text {
	c, err := p.w.Case(ctx, code)
	if err != nil {
		return say(code+": "+err.Error(), code+": "+err.Error())
	}
	w := p.wordsOf(c)
	var vi, en strings.Builder
	put := func(v, e string, args ...any) {
		fmt.Fprintf(&vi, v+"\n", args...)
		fmt.Fprintf(&en, e+"\n", args...)
	}
	status, outcome := string(c.Status), string(c.Outcome)
	fmt.Fprintf(&vi, "hồ sơ %s, %s %s: %s, trạng thái cổng %d, hạn %s\n", code, c.Service, c.Version, strings.Join(strings.Fields(inVietnamese(status)+" "+inVietnamese(outcome)), " "), c.Portal(), clock(c.Clock.Due))
	fmt.Fprintf(&en, "case %s, %s %s: %s, portal %d, due %s\n", code, c.Service, c.Version, strings.TrimSpace(status+" "+outcome), c.Portal(), clock(c.Clock.Due))
	for _, d := range c.Dossiers {
		at := w.standing(d)
		v, e := at.VI, at.EN
		if d.Status == engine.StatusOpen {
			v += fmt.Sprintf(", tại %s, hạn %s", d.Office, clock(d.Due()))
			e += fmt.Sprintf(", at %s, due %s", d.Office, clock(d.Due()))
		}
		if d.Request != nil {
			v += fmt.Sprintf(", chờ %s/%s", d.Request.Registry, d.Request.Operation)
			e += fmt.Sprintf(", waits for %s/%s", d.Request.Registry, d.Request.Operation)
		}
		fmt.Fprintf(&vi, "  %-18s %s\n", d.Step, v)
		fmt.Fprintf(&en, "  %-18s %s\n", d.Step, e)
	}
	entries, err := p.w.History(ctx, code)
	if err != nil {
		put("%v", "%v", err)
	}
	for _, e := range entries[max(0, len(entries)-6):] {
		t := w.action(e.Command.Step, e.Command.Action)
		fmt.Fprintf(&vi, "  %4d %s %s: %s, %s\n", e.Seq, clock(e.At), orElse(e.Command.Step, "hồ sơ"), named(e.Command.Action, t.VI), e.Command.Actor.ID)
		fmt.Fprintf(&en, "  %4d %s %s: %s, %s\n", e.Seq, clock(e.At), orElse(e.Command.Step, "case"), named(e.Command.Action, t.EN), e.Command.Actor.ID)
	}
	return say(vi.String(), en.String())
}
