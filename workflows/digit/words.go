package digit

import (
	"strconv"
	"strings"

	"lienthong/engine"
)

// vietnamese says common words of DIGIT names.
var vietnamese = map[string]string{
	"APPLY": "Nộp hồ sơ", "INITIATE": "Khởi tạo", "CREATE": "Tạo hồ sơ", "OPEN": "Mở hồ sơ", "SUBMIT": "Gửi hồ sơ", "RESUBMIT": "Gửi lại hồ sơ",
	"FORWARD": "Chuyển tiếp", "VERIFY": "Xác minh", "CHECK": "Kiểm tra", "APPROVE": "Phê duyệt", "REJECT": "Từ chối", "CANCEL": "Hủy", "PAY": "Nộp phí",
	"SKIPPAYMENT": "Bỏ qua thu phí", "SENDBACK": "Trả lại", "SENDBACKTOCITIZEN": "Trả lại công dân", "SENDTOCITIZEN": "Chuyển công dân", "REOPEN": "Mở lại",
	"ASSIGN": "Giao việc", "REASSIGN": "Giao lại", "COMMENT": "Góp ý", "RATE": "Đánh giá", "RESOLVE": "Giải quyết", "ESCALATE": "Chuyển cấp trên",
	"EXPIRE": "Hết hạn", "CLOSE": "Đóng", "EDIT": "Sửa", "ABANDON": "Từ bỏ", "START": "Bắt đầu",
	"INITIATED": "Đã khởi tạo", "APPLIED": "Đã nộp", "CREATED": "Đã tạo", "APPROVED": "Đã phê duyệt", "REJECTED": "Đã từ chối", "CANCELLED": "Đã hủy",
	"CANCELED": "Đã hủy", "EXPIRED": "Đã hết hạn", "COMPLETED": "Đã hoàn thành", "RESOLVED": "Đã giải quyết", "PAID": "Đã nộp phí", "INPROGRESS": "Đang xử lý",
	"PENDINGAPPROVAL": "Chờ phê duyệt", "PENDINGPAYMENT": "Chờ nộp phí", "FIELDINSPECTION": "Kiểm tra thực địa", "CITIZENACTIONREQUIRED": "Chờ công dân",
	"CORRECTIONPENDING": "Chờ sửa", "PENDINGFORASSIGNMENT": "Chờ giao việc", "SCHEDULED": "Đã lên lịch",
}

// title is what a foreign name is called: the name made readable.
func title(name string) engine.Text {
	words := strings.ToLower(strings.Join(strings.FieldsFunc(clip(name), func(r rune) bool { return r == '_' || r == ' ' || r == '-' || r == '.' }), " "))
	if words == "" {
		words = "?"
	}
	rs := []rune(words)
	en := strings.ToUpper(string(rs[:1])) + string(rs[1:])
	vi := vietnamese[plain(name)]
	if vi == "" {
		vi = en
	}
	return engine.Text{VI: vi, EN: en}
}

// namer gives ids that differ.
type namer struct {
	used   map[string]bool
	avoid  []string // words that may not be used as they are
	prefix string   // before such a word
}

const maxID = 40

// id makes an identifier of a foreign name.
func (n *namer) id(parts ...string) string {
	s := identifier(strings.Join(parts, "_"))
	if s == "" || s[0] >= '0' && s[0] <= '9' {
		s = n.prefix + s
	}
	for _, a := range n.avoid {
		if s == a {
			s = n.prefix + s
		}
	}
	s = strings.TrimRight(s[:min(len(s), maxID)], "_")
	id := s
	for i := 2; n.used[id]; i++ {
		tail := "_" + strconv.Itoa(i)
		id = strings.TrimRight(s[:min(len(s), maxID-len(tail))], "_") + tail
	}
	n.used[id] = true
	return id
}

// identifier keeps the ASCII letters and digits of a name.
func identifier(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			if gap && b.Len() > 0 {
				b.WriteByte('_')
			}
			gap = false
			b.WriteRune(r)
		default:
			gap = true
		}
		if b.Len() > 2*maxID {
			break
		}
	}
	return b.String()
}

// within turns milliseconds into a limit of ours: whole hours, or whole days where
// they are.
func within(ms int64) string {
	hours := (ms + 3_600_000 - 1) / 3_600_000
	n, unit := hours, "hour"
	if hours%24 == 0 || hours > 10_000 {
		n, unit = (hours+23)/24, "day"
	}
	if n > 10_000 {
		n, unit = n/30, "month"
	}
	if n != 1 {
		unit += "s"
	}
	return strconv.FormatInt(n, 10) + " " + unit
}

// exact tells whether a limit says a length of time without rounding.
func exact(ms int64) bool { return ms%3_600_000 == 0 && ms/3_600_000 <= 240_000 }
