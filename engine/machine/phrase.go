package machine

import (
	"regexp"
	"strings"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// phrase is an argument of a finding in the English of this package, of the YAML
// parser or of CEL. What stands in a file is never one: it is told as it is written.
type phrase string

// said is an argument in both languages.
func said(arg any) (engine.Text, bool) {
	switch a := arg.(type) {
	case phrase:
		return engine.Text{VI: clip(a.vietnamese()), EN: clip(string(a))}, true
	case engine.Text:
		return engine.Text{VI: clip(a.VI), EN: clip(a.EN)}, true
	case calendar.Limit:
		return engine.Text{VI: a.In("vi"), EN: a.In("en")}, true
	}
	return engine.Text{}, false
}

// phrases are those that hold no name.
var phrases = map[phrase]string{
	"nothing": "giá trị trống", "true/false": "đúng/sai", "true or false": "true hoặc false", "a number": "số", "a whole number": "số nguyên",
	"text": "chữ", "a list": "danh sách", "a mapping": "bảng {khóa: giá trị}", "a record": "bản ghi", "a value": "một giá trị", "an expression": "biểu thức",
	"Vietnamese": "tiếng Việt", "English": "tiếng Anh", "Vietnamese and English": "tiếng Việt và tiếng Anh",
	"text or a number": "chữ hoặc số", "text, or a list of text": "chữ, hoặc danh sách chữ",
	"string": "chữ", "int": "số nguyên", "bool": "đúng/sai", "double": "số thập phân", "timestamp": "thời điểm", "null": "giá trị trống", "dyn": "giá trị bất kỳ",

	"the file is not UTF-8 text":                                         "tệp không phải văn bản UTF-8",
	"the number is out of range":                                         "số quá lớn",
	"the number is not understood":                                       "không đọc được số này",
	"a key must be one word":                                             "khóa phải là một từ",
	"',' or '}' must be specified":                                       "thiếu ',' hoặc '}', hay dấu nháy đóng quá sớm",
	"',' or ']' must be specified":                                       "thiếu ',' hoặc ']', hay dấu nháy đóng quá sớm",
	"non-map value is specified":                                         "ở đây cần khóa: giá trị",
	"unexpected key name":                                                "khóa không đúng chỗ: xem lại thụt lề và dấu hai chấm",
	"unexpected scalar value":                                            "giá trị không đúng chỗ: xem lại thụt lề",
	"unexpected map key-value pair":                                      "khóa: giá trị không đúng chỗ: xem lại thụt lề",
	"value is not allowed in this context":                               "giá trị không đúng chỗ: xem lại thụt lề",
	"value is not allowed in this context. map key-value is pre-defined": "giá trị không đúng chỗ: trước đó đã là khóa: giá trị; xem lại thụt lề",
	"mapping value is not allowed in this context":                       "dấu hai chấm không đúng chỗ: đặt chữ trong dấu nháy",
	"block sequence entries are not allowed in this context":             "dấu - không đúng chỗ: xem lại thụt lề",
	"sequence end token ']' not found":                                   "thiếu ']' đóng danh sách",
	"could not find flow mapping end token '}'":                          "thiếu '}' đóng bảng",
	"map key definition includes an implicit line break":                 "khóa bị ngắt dòng",
	"could not find end character of double-quoted text":                 "thiếu dấu nháy kép đóng",
	"could not find end character of single-quoted text":                 "thiếu dấu nháy đơn đóng",
}

// patterns are phrases about a name.
var patterns = []struct {
	en *regexp.Regexp
	vi string
}{
	{regexp.MustCompile(`^a record of (.+)$`), "bản ghi gồm $1"},
	{regexp.MustCompile(`^mapping key "(.+)" already defined at \[(\d+):(\d+)\]$`), "khóa “$1” đã có ở dòng $2, cột $3"},
	{regexp.MustCompile(`^the key (.+) stands here twice$`), "khóa $1 đứng đây hai lần"},
	{regexp.MustCompile(`^found character '\t' that cannot start any token$`), "dấu Tab không dùng để thụt lề: dùng dấu cách"},
	{regexp.MustCompile(`^found character '(.+)' that cannot start any token$`), "không thể bắt đầu bằng ký tự $1: đặt chữ trong dấu nháy"},
	{regexp.MustCompile(`^could not find '(.)' character corresponding to '(.)'$`), "thiếu '$1' ứng với '$2'"},
	{regexp.MustCompile(`^the YAML parser gave up: (?s:(.*))$`), "không phân tích được YAML ($1)"},
	{regexp.MustCompile(`^this form of YAML is not used here: (.*)$`), "không dùng dạng YAML này: $1"},
	{regexp.MustCompile(`^expression recursion limit exceeded: (\d+)$`), "lồng nhau quá $1 tầng"},
	{regexp.MustCompile(`^expression code point size exceeds limit: size: (\d+), limit (\d+)$`), "dài $1 ký tự, quá giới hạn $2"},
	{regexp.MustCompile(`^undefined field '(.+)'$`), "không có trường “$1”"},
	{regexp.MustCompile(`^undeclared reference to '(.+?)' \(.*\)$`), "không có tên “$1” ở đây"},
	{regexp.MustCompile(`^found no matching overload for '(.+)' applied to '(.+)'$`), "không áp dụng được $1 cho $2"},
	{regexp.MustCompile(`^Syntax error: token recognition error at: '(?s:(.+))'$`), "ký hiệu “$1” không dùng được"},
	{regexp.MustCompile(`^Syntax error: mismatched input '(?s:(.+?))' expecting .*$`), "“$1” không đúng chỗ"},
	{regexp.MustCompile(`^Syntax error: extraneous input '(?s:(.+?))' expecting .*$`), "thừa “$1”"},
	{regexp.MustCompile(`^Syntax error: no viable alternative at input '(?s:(.+))'$`), "không hiểu được từ “$1”"},
	{regexp.MustCompile(`^Syntax error: missing '(.+?)' at .*$`), "thiếu “$1”"},
}

// vietnamese is the phrase in Vietnamese; as it is where it is not known.
func (p phrase) vietnamese() string {
	if vi, ok := phrases[p]; ok {
		return vi
	}
	if rest, ok := strings.CutPrefix(string(p), "a list of "); ok {
		return "danh sách " + phrase(rest).vietnamese()
	}
	for _, m := range patterns {
		if m.en.MatchString(string(p)) {
			return m.en.ReplaceAllString(string(p), m.vi)
		}
	}
	return string(p)
}

// mend says how the commonest mistakes of an expression are mended. known are the
// names that it may have meant.
func mend(msg string, known []string) engine.Text {
	near := func(t engine.Text) engine.Text {
		for _, start := range []string{"undefined field '", "undeclared reference to '"} {
			if rest, ok := strings.CutPrefix(msg, start); ok {
				word, _, _ := strings.Cut(rest, "'")
				if n := Nearest(word, known); n != "" {
					return engine.Text{VI: "Gần nhất: " + n + ". " + t.VI, EN: "nearest: " + n + "; " + t.EN}
				}
			}
		}
		return t
	}
	switch {
	case strings.Contains(msg, "'_?_:_'"):
		return engine.Text{VI: "Hai bên của ? : có cấu trúc khác nhau: cho cùng một biểu mẫu, hoặc bọc một bên trong dyn(…).",
			EN: "the two sides have different shapes: give both the same form, or wrap one in dyn(…)"}
	case strings.Contains(msg, "undefined field"):
		return near(engine.Text{VI: "Gọi tên một trường có trong biểu mẫu, trong trả lời của cơ sở dữ liệu, hoặc trong set.",
			EN: "name a field that the form, the operation's reply or `set` gives"})
	case strings.Contains(msg, "undeclared reference"):
		return near(engine.Text{VI: "Dịch vụ thấy application, requester, filed_at, now, steps; thủ tục thấy dossier, actor, requester, filed_at, now.",
			EN: "a service sees application, requester, filed_at, now, steps; a procedure sees dossier, actor, requester, filed_at, now"})
	case strings.Contains(msg, "no matching overload"):
		return engine.Text{VI: "So sánh và cộng các giá trị cùng kiểu; int(…), double(…), string(…) đổi kiểu.",
			EN: "compare and add values of one type; int(…), double(…), string(…) convert"}
	}
	return engine.Text{VI: "Xem phần biểu thức trong docs/definitions.md.", EN: "see the section on expressions in docs/definitions.md"}
}
