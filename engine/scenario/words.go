package scenario

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// A word of the language has one English form, by which the program knows it, and
// Vietnamese ones. Capital letters and spaces do not matter.
var keys = map[string][]string{
	"scenario": {"kịch bản"}, "law": {"căn cứ"}, "given": {"cho"}, "story": {"diễn biến"},
	"at": {"lúc", "tại"}, "people": {"người"}, "staff": {"cán bộ"}, "case": {"hồ sơ"}, "example": {"mẫu"}, "change": {"sửa"},
	"by": {"bởi"}, "through": {"qua"}, "as": {"gọi là"}, "unpaid": {"chưa nộp phí"}, "for": {"thay cho"}, "vi": nil, "en": nil, "note": {"ghi chú"},
	"office": {"cơ quan"}, "roles": {"vai trò"},
	"when": {"khi", "ai"}, "does": {"làm", "thực hiện"}, "files": {"nộp"}, "completes": {"bổ sung"}, "part": {"phần"},
	"input": {"nhập"}, "refused": {"bị từ chối"}, "says": {"lý do chứa"}, "code": {"mã"},
	"holds": {"ghi"}, "record": {"bản ghi"},
	"agency": {"cơ sở dữ liệu"}, "answers": {"trả lời"}, "operation": {"nghiệp vụ"}, "after": {"sau"}, "until": {"đến"}, "then": {"thì"}, "tell": {"kể"},
	"state": {"trạng thái"}, "closed": {"không thực hiện"}, "ended": {"kết thúc"}, "due": {"hạn"}, "portal": {"cổng"}, "overdue": {"quá hạn"},
	"clock": {"đồng hồ"}, "attempt": {"lần"}, "held": {"người giữ"}, "result": {"kết quả"}, "document": {"giấy tờ"}, "version": {"phiên bản"},
	"revoked": {"đã thu hồi"}, "data": {"dữ liệu"}, "with": {"đầu vào"}, "waits": {"đang chờ"}, "review": {"rà soát"}, "of": {"của"}, "from": {"từ"}, "to": {"thành"},
	"decision": {"quyết định"}, "status": {"tình trạng"}, "outcome": {"kết cục"}, "fee": {"phí"}, "parts": {"số phần"}, "channel": {"kênh"}, "amount": {"số tiền"},
	"told": {"được báo"}, "never told": {"không được báo"}, "tasks": {"việc phải làm"}, "events": {"sự kiện"}, "no events": {"không có sự kiện"},
	"sees": {"thấy"}, "can": {"được làm"}, "cannot": {"không được làm"}, "timeline": {"dòng thời gian"}, "view": {"góc nhìn"}, "nothing": {"không gì cả"},
	"opened": {"đã mở"}, "public": {"tra cứu công khai"}, "replaced by": {"thay bằng"},
	"performed": {"đã thực hiện"}, "money": {"tiền"}, "paid": {"đã chi"}, "collected": {"đã thu"}, "register": {"sổ"}, "gives": {"có"}, "owed": {"còn nợ"},
}

// roles are who acts at the office where a part is.
var roles = map[string][]string{
	"reception": {"một cửa"}, "officer": {"cán bộ", "thụ lý"}, "leader": {"lãnh đạo"}, "supervisor": {"kiểm soát"},
	"requester": {"người yêu cầu", "người nộp"}, "operator": {"người vận hành"},
}

// manners are what a register may do.
var manners = map[string][]string{
	"ok": {"bình thường"}, "refused": {"từ chối"}, "later": {"trả lời sau"}, "silence": {"im lặng"}, "outage": {"ngừng hoạt động"},
	"lost reply": {"mất trả lời"}, "duplicate": {"trả lời hai lần"}, "contradiction": {"trả lời trái nhau"},
}

// channels are how an application comes in, by the portal's numbers.
var channels = map[string][]string{"counter": {"một cửa", "trực tiếp"}, "online": {"trực tuyến"}, "post": {"bưu chính"}}

var channelNumbers = map[string]int{"counter": 1, "online": 2, "post": 3}

// standings are what anybody is told of a result.
var standings = map[string][]string{"genuine": {"thật"}, "replaced": {"đã thay"}, "revoked": {"đã thu hồi"}}

var yes = []string{"true", "yes", "có"}

// fold makes a word comparable.
func fold(s string) string {
	return norm.NFC.String(strings.ToLower(strings.Join(strings.Fields(s), " ")))
}

// english finds the word that s is a form of.
func english(table map[string][]string, s string) (string, bool) {
	f := fold(s)
	if _, ok := table[f]; ok {
		return f, true
	}
	for word, forms := range table {
		if slices.Contains(forms, f) {
			return word, true
		}
	}
	return "", false
}
