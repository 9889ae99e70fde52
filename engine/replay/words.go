package replay

import (
	"fmt"
	"strings"

	"lienthong/engine"
)

// verdicts in words.
var verdicts = map[Verdict]engine.Text{
	Identical: {VI: "giống hệt", EN: string(Identical)}, SameEnd: {VI: "khác đường, cùng kết thúc", EN: string(SameEnd)},
	OtherEnd: {VI: "kết thúc khác", EN: string(OtherEnd)}, Blank: {VI: "dữ liệu đã xóa", EN: string(Blank)},
	Unread: {VI: "không so sánh được", EN: string(Unread)}, LeftOut: {VI: "bỏ qua", EN: string(LeftOut)},
}

// kinds of divergence in words.
var kinds = map[string]engine.Text{
	ByRefusal: {VI: "bị từ chối", EN: ByRefusal}, ByNothing: {VI: "không còn tác dụng", EN: ByNothing}, ByEvent: {VI: "sự kiện khác", EN: ByEvent},
	ByTime: {VI: "lúc khác", EN: ByTime}, ByFiring: {VI: "hẹn giờ khác đến hạn", EN: ByFiring}, BySilence: {VI: "hẹn giờ không đến hạn", EN: BySilence},
}

// endWords name what about an end is otherwise.
var endWords = map[string]string{
	"status": "tình trạng", "outcome": "kết cục", "ended": "lúc kết thúc", "state": "trạng thái", "final": "kiểu kết thúc",
	"closed": "lý do không mở", "due": "hạn", "result": "kết quả",
}

// say is one of two texts, by language.
func say(lang, vi, en string) string { return engine.Text{VI: vi, EN: en}.In(lang) }

// String tells what became of the case in a few lines of English.
func (o Outcome) String() string { return o.In("en") }

// In tells what became of the case in a few lines.
func (o Outcome) In(lang string) string {
	s := fmt.Sprintf("%s: %s", o.Case, verdicts[o.Verdict].In(lang))
	if o.Error != "" {
		return s + ": " + o.Error
	}
	if o.First != nil {
		s += "\n  " + say(lang, "chỗ đầu tiên", "first") + ": " + o.First.In(lang)
	}
	for _, f := range o.Refused {
		s += fmt.Sprintf(say(lang, "\n  mục %d (%s) không còn làm được: %s: %s", "\n  entry %d (%s) no longer applies: %s: %s"),
			f.Seq, strings.TrimSpace(f.Step+" "+f.Action), f.Code, f.Why.In(lang))
	}
	if n := o.RefusedCount - len(o.Refused); n > 0 {
		s += fmt.Sprintf(say(lang, "\n  và %d mục nữa", "\n  and %d more"), n)
	}
	for _, e := range o.Ends {
		s += "\n  " + say(lang, "kết thúc", "end") + ": " + e.In(lang)
	}
	return s
}

// String tells it in one line of English.
func (d *Divergence) String() string { return d.In("en") }

// In tells it in one line.
func (d *Divergence) In(lang string) string {
	s := fmt.Sprintf(say(lang, "mục %d (%s", "entry %d (%s"), d.Seq, strings.TrimSpace(d.Step+" "+d.Action))
	if d.State != "" {
		s += say(lang, " ở ", " in ") + d.State
	}
	s += "): " + d.Why.In(lang)
	if d.Event != "" {
		s += " [" + d.Event + d.Pointer + "]"
	}
	if d.Expected != nil || d.Got != nil {
		s += ": " + kept(lang, d.Expected, d.Got)
	}
	return s
}

// kept says two values.
func kept(lang string, was, now any) string {
	return fmt.Sprintf(say(lang, "đã lưu %s, nay %s", "kept %s, now %s"), shortIn(lang, was), shortIn(lang, now))
}

func shortIn(lang string, v any) string {
	if v == nil {
		return say(lang, "không có", "nothing")
	}
	return short(v)
}

// String tells it in one line of English.
func (e EndDiff) String() string { return e.In("en") }

// In tells it in one line.
func (e EndDiff) In(lang string) string {
	what := e.What
	if vi := endWords[what]; vi != "" {
		what = say(lang, vi, e.What)
	}
	return strings.TrimSpace(e.Step+" "+what) + ": " + kept(lang, e.Kept, e.Now)
}

// In says where cases part, and how.
func (p Place) In(lang string) string {
	s := strings.TrimSpace(p.Service + " " + p.Under)
	if p.Step != "" {
		s += ", " + p.Step
	}
	s += ", " + p.Action
	if p.State != "" {
		s += say(lang, " ở ", " in ") + p.State
	}
	return s + ": " + kinds[p.Kind].In(lang)
}

// In tells the difference in one line; long values are cut.
func (d *Difference) In(lang string) string {
	return fmt.Sprintf(say(lang, "%s: đã lưu %s, dựng lại %s", "%s: stored %s, rebuilt %s"), d.Pointer, shortIn(lang, d.Stored), shortIn(lang, d.Rebuilt))
}
