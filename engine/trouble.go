package engine

import "strings"

// Trouble is why a delivery is not answered yet, or waits for a person: what happened,
// by a stable code, and what was said of it.
type Trouble struct {
	Code string `json:"code"` // Trouble…; "" = no trouble, or words alone, as older rows have them
	Said Text   `json:"said"` // by a registry, in its words, or by an error
}

// What can be the trouble with a delivery.
const (
	TroubleAnswer        = "answer"        // the registry answered something else, or nothing; Said tells
	TroubleBreaker       = "breaker"       // not sent: the registry has not answered for a while
	TroubleForgotten     = "forgotten"     // the registry does not know what was sent; it is sent again
	TroubleOverdue       = "overdue"       // taken, and not answered by the time that was expected
	TroubleRefused       = "refused"       // a message was refused
	TroubleNotTaken      = "not_taken"     // the answer cannot be entered in the case
	TroubleContradiction = "contradiction" // another answer than the first
	TroubleUndeliverable = "undeliverable" // an error of our own
	TroubleUnread        = "unread"        // its entry in history cannot be read
	TroubleDamaged       = "damaged"       // it was damaged in the file
	TroubleImported      = "imported"      // it was sent elsewhere
)

var troubles = map[string]Text{
	TroubleBreaker:       {VI: "Chưa gửi: cơ sở dữ liệu đã lâu không trả lời", EN: "Not sent: the registry has not answered for a while"},
	TroubleForgotten:     {VI: "Cơ sở dữ liệu không biết yêu cầu này; đang gửi lại", EN: "The registry does not know the request; it is sent again"},
	TroubleOverdue:       {VI: "Chưa có trả lời, đã quá thời điểm hẹn", EN: "Not answered yet, later than expected"},
	TroubleRefused:       {VI: "Bị từ chối", EN: "Refused"},
	TroubleNotTaken:      {VI: "Không ghi nhận được trả lời", EN: "The answer cannot be taken"},
	TroubleContradiction: {VI: "Trả lời mâu thuẫn", EN: "Contradiction"},
	TroubleUndeliverable: {VI: "Không gửi được", EN: "It cannot be delivered"},
	TroubleUnread:        {VI: "Không đọc được mục của yêu cầu này trong lịch sử hồ sơ", EN: "Its entry in history cannot be read"},
	TroubleDamaged:       {VI: "Đã bị hỏng trong tệp dữ liệu; không rõ đã gửi hay chưa", EN: "It was damaged in the file; whether it was sent is not known"},
	TroubleImported:      {VI: "Được nhập vào: đã gửi ở hệ thống khác, ở đây không tự gửi", EN: "Imported: it was sent elsewhere, and is not sent from here by itself"},
}

// IsZero tells whether there is none.
func (t Trouble) IsZero() bool { return t == Trouble{} }

// Text says it in both languages.
func (t Trouble) Text() Text {
	words := troubles[t.Code]
	switch {
	case words.IsZero() && t.Said.IsZero():
		return Text{EN: t.Code}
	case words.IsZero():
		return t.Said
	case t.Said.IsZero():
		return words
	}
	return Text{VI: words.VI + ": " + t.Said.In("vi"), EN: words.EN + ": " + t.Said.In("en")}
}

// longestSaid bounds what is kept of what was said, in bytes a language: a registry may
// say anything.
const longestSaid = 500

// String writes it as stores keep it: the code behind a mark, and what was said, a line
// each; words alone as they are.
func (t Trouble) String() string {
	en, vi := line(t.Said.EN), line(t.Said.VI)
	if t.Code == "" {
		return Text{EN: en, VI: vi}.In("en")
	}
	s := "#" + t.Code
	if en != "" || vi != "" {
		s += "\n" + en
	}
	if vi != "" && vi != en {
		s += "\n" + vi
	}
	return s
}

// line leaves of a text what fits.
func line(s string) string {
	s = strings.ReplaceAll(s, "\n", " ")
	if len(s) > longestSaid {
		s = strings.ToValidUTF8(s[:longestSaid], "") + "…"
	}
	return s
}

// ParseTrouble reads what String wrote, and words alone.
func ParseTrouble(s string) Trouble {
	code, marked := strings.CutPrefix(s, "#")
	if !marked {
		return Trouble{Said: Text{EN: s}}
	}
	code, said, _ := strings.Cut(code, "\n")
	en, vi, _ := strings.Cut(said, "\n")
	return Trouble{Code: code, Said: Text{EN: en, VI: vi}}
}
