package digit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lienthong/engine"
	"lienthong/engine/machine"
)

// SeverityNote marks what is worth knowing though nothing is wrong.
const SeverityNote machine.Severity = "note"

// Finding is one thing that is wrong, guessed or worth knowing. Line and Column
// count from 1.
type Finding struct {
	machine.Finding
	Pointer string `json:"pointer"` // JSON Pointer into the file
}

// String is the finding as one line of English.
func (f Finding) String() string { return f.In("en") }

// In is the finding as one line of Vietnamese ("vi") or English.
func (f Finding) In(lang string) string {
	s := f.Finding.In(lang)
	if f.Pointer != "" {
		s += " (" + f.Pointer + ")"
	}
	return s
}

// maxFindings bounds what one file reports.
const maxFindings = 500

type report struct {
	file   string
	data   []byte
	all    []Finding
	errors int
}

// at adds a finding of a code. args fill {0}, {1}, … of its texts.
func (r *report) at(n *node, code string, args ...any) { r.add(n.off, n.pointer(), code, args...) }

func (r *report) add(off int, pointer, code string, args ...any) {
	e, ok := catalogue[code]
	if !ok {
		panic("digit: no text for finding " + code)
	}
	if e.severity == machine.SeverityError {
		r.errors++
	}
	if len(r.all) >= maxFindings {
		return
	}
	pairs := make([]string, 0, 2*len(args))
	for i, a := range args {
		pairs = append(pairs, fmt.Sprintf("{%d}", i), clip(fmt.Sprint(a)))
	}
	fill := strings.NewReplacer(pairs...).Replace
	line, col := place(r.data, off)
	r.all = append(r.all, Finding{Pointer: pointer, Finding: machine.Finding{
		File: r.file, Line: line, Column: col, Severity: e.severity, Code: code,
		Message: engine.Text{VI: fill(e.vi), EN: fill(e.en)},
	}})
}

func (r *report) sorted() []Finding {
	slices.SortStableFunc(r.all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code))
	})
	return r.all
}

type text struct {
	severity machine.Severity
	vi, en   string
}

const (
	fault   = machine.SeverityError
	warning = machine.SeverityWarning
	note    = SeverityNote
)

// catalogue holds every finding code.
var catalogue = map[string]text{
	// The file.
	"too_large":     {fault, "Tệp dài {0} byte, quá giới hạn {1}.", "The file has {0} bytes, more than {1}."},
	"json_syntax":   {fault, "JSON sai cú pháp: {0}.", "Not valid JSON: {0}."},
	"duplicate_key": {warning, "Khóa {0} lặp lại; giá trị sau được dùng.", "Key {0} is repeated; the later value counts."},
	"no_service":    {fault, "Không có business service nào: cần một đối tượng có danh sách states.", "There is no business service: wanted an object with a list of states."},
	"too_many":      {fault, "Quá {0} {1}.", "More than {0} {1}."},
	"wrong_type":    {fault, "{0} phải là {1}.", "{0} must be {2}."},
	"quoted_value":  {warning, "{0} viết thành chữ; được hiểu là {1}.", "{0} is written as text; taken as {1}."},
	"no_name":       {warning, "Thiếu businessService; gọi là {0}.", "businessService is missing; called {0}."},
	"placeholder":   {note, "{0} còn là chỗ trống để điền: {1}.", "{0} is still a place to fill in: {1}."},
	"not_compiled":  {fault, "Kết quả không biên dịch được: {0}", "The result does not compile: {1}"},
	// States.
	"no_states":           {fault, "Không có trạng thái nào.", "There are no states."},
	"duplicate_state":     {fault, "Trạng thái {0} đã có; phần sau bị bỏ.", "State {0} is already there; the later one was left out."},
	"second_null_state":   {fault, "Đã có trạng thái null (chưa nộp); phần sau bị bỏ.", "There is a null state (not yet filed) already; the later one was left out."},
	"no_start":            {warning, "Không trạng thái nào được đánh dấu bắt đầu; bắt đầu từ {0}.", "No state is marked as the start; it starts at {0}."},
	"start_again":         {warning, "{0} cũng được đánh dấu bắt đầu, nhưng quy trình bắt đầu từ {1}.", "{0} is marked as a start too, but the procedure starts at {1}."},
	"several_starts":      {warning, "Nhiều trạng thái bắt đầu ({0}); thêm trạng thái chưa nộp để chọn một.", "Several start states ({0}); a state \"not yet filed\" was added to choose one."},
	"start_not_flagged":   {warning, "Trạng thái null là nơi bắt đầu nhưng không được đánh dấu.", "The null state is where it starts, but it is not marked so."},
	"unreachable_state":   {warning, "Không thao tác nào dẫn đến {0}; bị bỏ.", "Nothing leads to {0}; it was left out."},
	"end_not_flagged":     {warning, "{0} không có thao tác nào nhưng không được đánh dấu kết thúc; được hiểu là kết thúc.", "{0} has no action but is not marked as an end; taken as one."},
	"end_has_actions":     {warning, "{0} được đánh dấu kết thúc nhưng quy trình còn đi tiếp từ đó; đánh dấu bị bỏ qua.", "{0} is marked as an end, but the procedure goes on from there; the mark was ignored."},
	"end_can_be_left":     {note, "{0} là kết thúc nhưng còn thao tác ({1}); hồ sơ kết thúc ở đây và có thể được mở lại.", "{0} is an end that still has actions ({1}); the dossier ends here and may be taken up again."},
	"end_guessed":         {note, "Kết thúc {0} được hiểu theo tên là {1}.", "The end {0} is taken, by its name, as {1}."},
	"no_success":          {warning, "Không có kết thúc nào là thành công theo tên.", "No end is a success by its name."},
	"no_way_to_end":       {fault, "Từ {0} không có đường đến một kết thúc nào.", "There is no way from {0} to an end."},
	"no_end_kept":         {warning, "{0} được giữ là kết thúc vì nếu không thì không có đường kết thúc.", "{0} was kept as an end, because there is no other way to one."},
	"start_is_end":        {warning, "Quy trình bắt đầu ở một trạng thái kết thúc ({0}).", "The procedure starts at an end ({0})."},
	"documents_at_filing": {note, "docUploadRequired của trạng thái null không bao giờ được DIGIT kiểm tra (chỉ trạng thái đến); giấy tờ được yêu cầu khi nộp.", "DIGIT never checks docUploadRequired of the null state (only of the state arrived at); documents are required on filing."},
	// Time.
	"bad_sla":       {warning, "sla {0} không dùng được; bị bỏ.", "sla {0} cannot be used; it was left out."},
	"sla_unit":      {warning, "sla {0} mili giây quá ngắn, chắc là đơn vị khác; bị bỏ.", "sla of {0} ms is too short, so probably in another unit; it was left out."},
	"sla_rounded":   {note, "sla {0} mili giây được làm tròn lên {1}.", "sla of {0} ms was rounded up to {1}."},
	"sla_end":       {note, "sla của trạng thái kết thúc {0} không có tác dụng; bị bỏ.", "sla of the end {0} has no effect; it was left out."},
	"sla_above_all": {warning, "sla của {0} dài hơn của cả thủ tục.", "sla of {0} is longer than that of the whole service."},
	// Actions.
	"no_action_name":    {fault, "Thao tác không có tên; bị bỏ.", "The action has no name; it was left out."},
	"no_next_state":     {fault, "Thao tác {0} không nói đến trạng thái nào; bị bỏ.", "Action {0} says no next state; it was left out."},
	"unknown_state":     {fault, "Thao tác {0} dẫn đến {1}, trạng thái không có; bị bỏ.", "Action {0} leads to {1}, which is no state; it was left out."},
	"state_case":        {warning, "Không có trạng thái {0}; hiểu là {1}.", "There is no state {0}; taken as {1}."},
	"to_filing":         {fault, "Thao tác {0} dẫn về trạng thái null; bị bỏ.", "Action {0} leads back to the null state; it was left out."},
	"inactive_action":   {note, "Thao tác {0} không còn hiệu lực (active: false); bị bỏ.", "Action {0} is not active; it was left out."},
	"duplicate_action":  {warning, "Thao tác {0} có hai lần; gộp vai trò.", "Action {0} is there twice; the roles were joined."},
	"ambiguous_action":  {fault, "Thao tác {0} dẫn đến hai trạng thái ({1}, {2}); lần sau bị bỏ.", "Action {0} leads to two states ({1}, {2}); the later one was left out."},
	"no_roles":          {fault, "Thao tác {0} không có vai trò nào nên không ai làm được; bị bỏ.", "Action {0} has no role, so that nobody can take it; it was left out."},
	"roles_text":        {warning, "roles viết thành một chữ; tách theo dấu phẩy.", "roles is one text; split at commas."},
	"system_without_at": {warning, "Thao tác {0} chỉ do hệ thống ({1}) làm nhưng không có sla nói khi nào; giao cho {2}.", "Action {0} is taken by a system alone ({1}) and no sla says when; given to {2}."},
	"system_timer":      {note, "Thao tác {0} do hệ thống ({1}) làm khi hết sla: {2}.", "Action {0} is taken by a system ({1}) when the sla is over: {2}."},
	"system_dropped":    {note, "Thao tác {0}: vai trò hệ thống ({1}) bị bỏ, còn vai trò của người.", "Action {0}: system roles ({1}) were left out; people's remain."},
	"role_mapped":       {note, "Vai trò {0} được hiểu là {1}.", "Role {0} is taken as {1}."},
	"bad_role":          {fault, "Vai trò {0} không phải của ta: {1}.", "{0} is no role of ours: {1}."},
}
