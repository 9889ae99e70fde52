package machine

import (
	"regexp"
	"slices"
	"strings"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// things name what a part of a path is about; {0} is its name.
var things = map[string]engine.Text{
	"steps":      {VI: "bước {0}", EN: "step {0}"},
	"procedures": {VI: "thủ tục {0}", EN: "procedure {0}"},
	"states":     {VI: "trạng thái {0}", EN: "state {0}"},
	"actions":    {VI: "thao tác {0}", EN: "action {0}"},
	"parties":    {VI: "nhóm người được hỏi {0}", EN: "people asked {0}"},
	"forms":      {VI: "biểu mẫu {0}", EN: "form {0}"},
	"properties": {VI: "trường {0}", EN: "field {0}"},
	"$defs":      {VI: "phần {0}", EN: "part {0}"},
	"needs":      {VI: "cần bước {0}", EN: "dependence on step {0}"},
	"with":       {VI: "giá trị bàn giao {0}", EN: "value handed over {0}"},
}

// properties name the leaves.
var propertyWords = map[string]engine.Text{
	"in_force": {VI: "hiệu lực", EN: "in force"}, "not": {VI: "không được có", EN: "must not have"},
	"version": {VI: "phiên bản", EN: "version"}, "code": {VI: "mã", EN: "code"}, "from": {VI: "từ", EN: "from"}, "to": {VI: "đến", EN: "to"},
	"limit": {VI: "thời hạn", EN: "time limit"}, "within": {VI: "độ dài", EN: "length"}, "cutoff": {VI: "giờ chốt trong ngày", EN: "cut-off hour"},
	"param": {VI: "tham số", EN: "parameter"}, "warn": {VI: "cảnh báo trước", EN: "warning time"}, "apologise": {VI: "xin lỗi và hẹn lại", EN: "apology and new date"},
	"times": {VI: "số lần", EN: "how often"}, "fee": {VI: "lệ phí", EN: "fee"}, "amount": {VI: "số tiền", EN: "amount"}, "form": {VI: "biểu mẫu", EN: "the form"},
	"schema": {VI: "nội dung", EN: "content"}, "each": {VI: "tách tờ khai", EN: "cases of one form"}, "key": {VI: "khóa chống trùng", EN: "key against duplicates"},
	"key_step": {VI: "bước giữ khóa", EN: "step that holds the key"}, "reception": {VI: "bước tiếp nhận", EN: "step of reception"},
	"at": {VI: "nơi giải quyết", EN: "place of handling"}, "agency": {VI: "cơ quan", EN: "agency"}, "if": {VI: "điều kiện", EN: "condition"},
	"else": {VI: "khi điều kiện sai", EN: "when the condition is false"}, "procedure": {VI: "thủ tục", EN: "procedure"}, "portal": {VI: "trạng thái cổng", EN: "portal status"},
	"clock": {VI: "đồng hồ", EN: "clock"}, "final": {VI: "kết thúc", EN: "kind of end"}, "initial": {VI: "trạng thái đầu", EN: "initial state"},
	"result": {VI: "kết quả", EN: "result"}, "request": {VI: "yêu cầu gửi cơ sở dữ liệu", EN: "request to a register"}, "after": {VI: "tự động theo thời gian", EN: "what happens by time"},
	"by": {VI: "người thực hiện", EN: "who takes it"}, "input": {VI: "biểu mẫu nhập", EN: "input form"}, "set": {VI: "giá trị tính", EN: "computed values"},
	"returns": {VI: "trả lại kết quả", EN: "result sent back"}, "review": {VI: "rà soát", EN: "review"}, "party": {VI: "người được hỏi", EN: "people asked"},
	"people": {VI: "là những ai", EN: "who they are"}, "any": {VI: "một người là đủ", EN: "one is enough"}, "data": {VI: "dữ liệu", EN: "data"},
	"document": {VI: "giấy tờ", EN: "document"}, "paper": {VI: "bản giấy", EN: "on paper"}, "replies": {VI: "cách xử lý trả lời", EN: "what answers lead to"},
	"registry": {VI: "cơ sở dữ liệu", EN: "register"}, "operation": {VI: "thao tác dữ liệu", EN: "operation"}, "required": {VI: "trường bắt buộc", EN: "required fields"},
	"enum": {VI: "các lựa chọn", EN: "choices"}, "type": {VI: "kiểu", EN: "type"}, "format": {VI: "định dạng", EN: "format"}, "pattern": {VI: "mẫu ký tự", EN: "pattern"},
	"minLength": {VI: "độ dài tối thiểu", EN: "least length"}, "maxLength": {VI: "độ dài tối đa", EN: "greatest length"}, "minimum": {VI: "giá trị nhỏ nhất", EN: "least value"},
	"maximum": {VI: "giá trị lớn nhất", EN: "greatest value"}, "minItems": {VI: "số mục ít nhất", EN: "fewest items"}, "maxItems": {VI: "số mục nhiều nhất", EN: "most items"},
	"items": {VI: "từng mục", EN: "each item"}, "decline": {VI: "là từ chối", EN: "is a refusal"}, "sets": {VI: "các nhóm", EN: "groups"},
	"schemas": {VI: "cấu trúc", EN: "structure"}, "reply": {VI: "trả lời", EN: "reply"}, "refusals": {VI: "mã từ chối", EN: "refusals"},
	"changes": {VI: "thay đổi sổ", EN: "changes the register"}, "cancellable": {VI: "hủy được", EN: "can be cancelled"}, "list": {VI: "danh sách", EN: "list"}, "as": {VI: "tên", EN: "name"},
}

// actionWords mean something else in an action.
var actionWords = map[string]engine.Text{
	"from": {VI: "các trạng thái thực hiện được", EN: "states it is taken in"},
	"to":   {VI: "trạng thái đến", EN: "state it leads to"},
}

// words says a difference.
func (d *differ) words(v Difference) engine.Text {
	about := d.about(v.Path)
	none := engine.Text{VI: "không có", EN: "none"}
	quoted := func(s string, t engine.Text) engine.Text {
		if s == "" {
			return t
		}
		return engine.Text{VI: "“" + s + "”", EN: "“" + s + "”"}
	}
	a, b := quoted(v.Before, none), quoted(v.After, none)
	switch v.Path[strings.LastIndex(v.Path, ".")+1:] {
	case "within", "warn", "after":
		a.VI, b.VI = span.ReplaceAllStringFunc(a.VI, spanWords), span.ReplaceAllStringFunc(b.VI, spanWords)
	}
	if nameOf(v.Path) != "" && v.Kind != Changed {
		if v.Kind == Added {
			return engine.Text{VI: "Thêm " + about.vi + ".", EN: "Added " + about.where + "."}
		}
		return engine.Text{VI: "Bỏ " + about.vi + ".", EN: "Removed " + about.where + "."}
	}
	switch v.Kind {
	case Added:
		return engine.Text{VI: "Thêm " + about.vi + ": " + b.VI + ".", EN: about.did("added", "", ": "+b.EN)}
	case Removed:
		return engine.Text{VI: "Bỏ " + about.vi + " (trước là " + a.VI + ").", EN: about.did("removed", "", " (was "+a.EN+")")}
	}
	return engine.Text{VI: "Đổi " + about.vi + ": " + a.VI + " thành " + b.VI + ".", EN: about.did("changed", "", " from "+a.EN+" to "+b.EN)}
}

// matter is what a path is about: Vietnamese from the leaf up; English parts the thing
// from what it has.
type matter struct{ vi, where, what string }

// did says in English what was done to it, or to something in it.
func (m matter) did(done, something, rest string) string {
	where := m.where
	if something == "" {
		something = m.what
	} else if m.what != "" {
		where = strings.TrimSuffix(m.what+" of "+where, " of ")
	}
	if where != "" {
		return "In " + where + ": " + done + " " + something + rest + "."
	}
	return strings.ToUpper(done[:1]) + done[1:] + " " + something + rest + "."
}

// span is a length of time as a definition writes it.
var span = regexp.MustCompile(`\b(\d+ (working )?(hour|day|month)s?|same working day)\b`)

// spanWords is a length of time in Vietnamese.
func spanWords(s string) string {
	if l, err := calendar.ParseLimit(s); err == nil {
		return l.In("vi")
	}
	return s
}

// nameOf is the name that ends a path which names a thing as a whole; "" otherwise.
func nameOf(path string) string {
	parts := strings.Split(path, ".")
	if n := len(parts); n >= 2 && things[parts[n-2]] != (engine.Text{}) {
		return parts[n-1]
	}
	return ""
}

// about says what a path is about, from the leaf up.
func (d *differ) about(path string) matter {
	switch path {
	case "form.form":
		return matter{vi: "mẫu tờ khai", what: "the form that is filed"}
	case "in_force.from":
		return matter{vi: "ngày bắt đầu hiệu lực", what: "the first day in force"}
	case "in_force.to":
		return matter{vi: "ngày hết hiệu lực", what: "the first day no longer in force"}
	}
	var vi, where, what []string
	parts := strings.Split(path, ".")
	inAction := len(parts) == 5 && parts[2] == "actions"
	for i := 0; i < len(parts); i++ {
		if t, ok := things[parts[i]]; ok && i+1 < len(parts) {
			name := d.title(parts[:i+2])
			vi = append(vi, strings.Replace(t.VI, "{0}", name.VI, 1))
			where = append(append(where, what...), strings.Replace(t.EN, "{0}", name.EN, 1))
			what = nil
			i++
			continue
		}
		t, ok := propertyWords[parts[i]]
		if w, special := actionWords[parts[i]]; special && inAction && i == 4 {
			t, ok = w, true
		}
		if !ok {
			t = engine.Text{VI: parts[i], EN: parts[i]}
		}
		if parts[i] == "schema" || parts[i] == "input" && i+1 < len(parts) {
			continue
		}
		vi, what = append(vi, t.VI), append(what, t.EN)
	}
	for _, parts := range [][]string{vi, where, what} { // the leaf first
		slices.Reverse(parts)
	}
	return matter{strings.Join(slices.Compact(vi), ", "), strings.Join(where, " of "), strings.Join(slices.Compact(what), " of ")}
}

// title is what people call a thing: its title with its id.
func (d *differ) title(parts []string) engine.Text {
	id := parts[len(parts)-1]
	t := d.new.title(parts)
	if t.IsZero() {
		t = d.old.title(parts)
	}
	if t.IsZero() {
		return engine.Text{VI: id, EN: id}
	}
	return engine.Text{VI: "“" + t.VI + "” (" + id + ")", EN: "“" + t.EN + "” (" + id + ")"}
}

func (s side) title(parts []string) engine.Text {
	switch {
	case len(parts) == 2 && parts[0] == "steps":
		if st := s.svc.Step(parts[1]); st != nil {
			return st.Title
		}
	case len(parts) == 2 && parts[0] == "forms":
		if f := s.set.forms[parts[1]]; f != nil {
			return f.Title
		}
	case parts[0] == "procedures":
		for _, st := range s.svc.Steps {
			if st.Procedure.ID == parts[1] {
				return titleIn(st.Procedure, parts[2:])
			}
		}
	}
	return engine.Text{}
}

func titleIn(p *engine.Procedure, parts []string) engine.Text {
	if len(parts) == 0 {
		return p.Title
	}
	if len(parts) != 2 {
		return engine.Text{}
	}
	switch parts[0] {
	case "states":
		if x := p.State(parts[1]); x != nil {
			return x.Title
		}
	case "actions":
		if x := p.Action(parts[1]); x != nil {
			return x.Title
		}
	case "parties":
		if x := p.Party(parts[1]); x != nil {
			return x.Title
		}
	}
	return engine.Text{}
}
