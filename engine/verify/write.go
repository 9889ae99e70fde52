package verify

import (
	"fmt"
	"io"
	"strings"

	"lienthong/engine"
)

// Write prints a report for people, in Vietnamese ("vi") or English.
func (r Report) Write(w io.Writer, lang string) error {
	p := &printer{w: w, lang: lang}
	for _, s := range r.Services {
		p.service(s)
	}
	for _, f := range r.Findings {
		p.finding(f)
	}
	if len(r.Services) == 0 && r.Errors > 0 {
		p.line("%s", p.t(fmt.Sprintf("%d lỗi, %d cảnh báo; chưa tìm kiếm gì: định nghĩa có lỗi thì không nạp được", r.Errors, r.Warnings),
			fmt.Sprintf("%d errors, %d warnings; nothing was searched: definitions with errors are not loaded", r.Errors, r.Warnings)))
		return p.err
	}
	p.line("%s", p.t(
		fmt.Sprintf("%d lỗi, %d cảnh báo; %d trạng thái, %d chuyển, %d ms", r.Errors, r.Warnings, r.States, r.Transitions, r.Millis),
		fmt.Sprintf("%d errors, %d warnings; %d states, %d transitions, %d ms", r.Errors, r.Warnings, r.States, r.Transitions, r.Millis)))
	return p.err
}

type printer struct {
	w    io.Writer
	lang string
	err  error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *printer) t(vi, en string) string { return engine.Text{VI: vi, EN: en}.In(p.lang) }

func (p *printer) service(s ServiceReport) {
	p.line("%s %s: %s", s.Service, s.Version, s.Title.In(p.lang))
	p.line("  %s", p.t(fmt.Sprintf("%d trạng thái, %d chuyển, %d ms", s.States, s.Transitions, s.Millis),
		fmt.Sprintf("%d states, %d transitions, %d ms", s.States, s.Transitions, s.Millis)))
	words := map[Verdict]string{Proven: p.t("ĐÃ CHỨNG MINH", "PROVEN"), Refuted: p.t("SAI", "REFUTED"), NotProven: p.t("CHƯA CHỨNG MINH", "NOT PROVEN")}
	for _, f := range s.Proofs {
		p.line("  %s: %s", words[f.Verdict], f.Text.In(p.lang))
	}
	for _, l := range s.Loops {
		p.line("  %s %s: %s", p.t("vòng có người, bước", "loop through people, step"), l.Step, strings.Join(l.States, " ↔ "))
	}
}

func (p *printer) finding(f Finding) {
	severity := p.t("lỗi", "error")
	if f.Severity != "error" {
		severity = p.t("cảnh báo", "warning")
	}
	p.line("%s:%d:%d: %s: %s [%s]", f.File, f.Line, f.Column, severity, f.Message.In(p.lang), f.Code)
	if h := f.Hint.In(p.lang); h != "" {
		p.line("    %s: %s", p.t("cách sửa", "to mend"), h)
	}
	if len(f.Story) == 0 {
		return
	}
	how := p.t("có thể xảy ra, chưa diễn lại được", "possible: the core did not play it to the end")
	if f.Played == Replayed {
		how = p.t("đã diễn lại qua lõi", "played again through the core")
	}
	p.line("    %s %s %s (%s):", p.t("câu chuyện ngắn nhất, dịch vụ", "shortest story, service"), f.Service, f.Version, how)
	for i, a := range f.Story {
		p.line("    %3d. %s", i+1, a.In(p.lang))
	}
}

// actors are the words for who acts.
var actors = map[string]engine.Text{
	engine.ByReception: {VI: "cán bộ một cửa", EN: "reception"}, engine.ByOfficer: {VI: "cán bộ thụ lý", EN: "an officer"},
	engine.ByLeader: {VI: "lãnh đạo", EN: "a leader"}, engine.ByApplicant: {VI: "người nộp", EN: "the applicant"},
	engine.ByTimer: {VI: "thời hạn", EN: "the deadline"}, engine.ByRegistry: {VI: "cơ sở dữ liệu", EN: "the registry"},
	engine.ByParty: {VI: "người được hỏi ý kiến", EN: "somebody asked"}, byElsewhere: {VI: "bước khác", EN: "another step"},
}

// In is an act as one line.
func (a Act) In(lang string) string {
	var b strings.Builder
	if a.Step != "" {
		b.WriteString(a.Step + ": ")
	}
	who, ok := actors[a.By]
	if !ok {
		who = engine.Text{VI: a.By, EN: a.By}
	}
	b.WriteString(who.In(lang))
	if a.Party != "" {
		b.WriteString(" (" + a.Party + ")")
	}
	switch {
	case a.Reply == "":
		b.WriteString(" → " + a.Action)
	case lang == "vi":
		b.WriteString(" trả lời " + a.Reply + " → " + a.Action)
	default:
		b.WriteString(" answers " + a.Reply + " → " + a.Action)
	}
	if a.Refused {
		b.WriteString(engine.Text{VI: ", bị điều kiện chặn", EN: ", refused by its condition"}.In(lang))
	}
	if a.Note == "fee" {
		b.WriteString(engine.Text{VI: ", phải nộp phí", EN: ", with a fee to pay"}.In(lang))
	}
	if a.From != "" || a.To != "" {
		b.WriteString(" [" + a.From + " → " + a.To + "]")
	}
	return b.String()
}
