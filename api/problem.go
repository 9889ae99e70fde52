package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"lienthong/engine"
)

// Codes that only HTTP has; all others are engine codes.
const (
	codeMalformed   engine.Code = "malformed"            // the request cannot be read
	codeTooLarge    engine.Code = "too_large"            // the body is over its limit
	codeMedia       engine.Code = "unsupported_media"    // not a type that is taken here
	codeMethod      engine.Code = "method_not_allowed"   // the path exists, the method does not
	codeTimeout     engine.Code = "request_timeout"      // the body came too slowly
	codeTooMany     engine.Code = "too_many_requests"    // slow down
	codeNotAccepted engine.Code = "not_acceptable"       // no representation that the caller accepts
	codeDocument    engine.Code = "unsupported_document" // the file is not of an accepted kind
)

// kind is how one code is told over HTTP.
type kind struct {
	status int
	title  Text // its short name
	detail Text // what to do, when the error itself has no sentence
}

// kinds is the one table from error codes to HTTP.
var kinds = map[engine.Code]kind{
	engine.Invalid: {http.StatusUnprocessableEntity, Text{VI: "Dữ liệu chưa hợp lệ", EN: "Invalid input"}, Text{}},
	engine.Unauthenticated: {http.StatusUnauthorized, Text{VI: "Chưa đăng nhập", EN: "Not signed in"},
		Text{VI: "Hãy đăng nhập rồi thử lại.", EN: "Sign in and try again."}},
	engine.NotFound: {http.StatusNotFound, Text{VI: "Không tìm thấy", EN: "Not found"},
		Text{VI: "Không có nội dung này, hoặc bạn không được xem.", EN: "There is nothing here, or it is not for you to see."}},
	engine.Forbidden: {http.StatusForbidden, Text{VI: "Không được phép", EN: "Not allowed"},
		Text{VI: "Vai trò của bạn không có quyền này.", EN: "Your role does not allow this."}},
	engine.WrongState:   {http.StatusConflict, Text{VI: "Trạng thái không cho phép", EN: "Not open in this state"}, Text{}},
	engine.Precondition: {http.StatusConflict, Text{VI: "Chưa đủ điều kiện", EN: "A condition is not met"}, Text{}},
	engine.Duplicate:    {http.StatusConflict, Text{VI: "Hồ sơ đã được nộp", EN: "Already filed"}, Text{}},
	engine.VersionRequired: {http.StatusPreconditionRequired, Text{VI: "Thiếu phiên bản", EN: "Version required"},
		Text{VI: "Gửi kèm tiêu đề If-Match với phiên bản bạn đã xem.", EN: "Send If-Match with the version you have seen."}},
	engine.StaleVersion: {http.StatusPreconditionFailed, Text{VI: "Dữ liệu đã thay đổi", EN: "Changed in the meantime"},
		Text{VI: "Người khác đã cập nhật trước. Hãy xem lại rồi thực hiện.", EN: "Somebody else was faster. Look again, then act."}},
	engine.IdempotencyMismatch: {http.StatusUnprocessableEntity, Text{VI: "Khóa yêu cầu đã dùng cho nội dung khác", EN: "Key used for another request"},
		Text{VI: "Idempotency-Key này đã được dùng cho một yêu cầu khác.", EN: "This Idempotency-Key was used for another request."}},
	engine.DeadlinePassed:    {http.StatusConflict, Text{VI: "Đã quá thời hạn", EN: "Too late"}, Text{}},
	engine.DefinitionRetired: {http.StatusConflict, Text{VI: "Dịch vụ không còn hiệu lực", EN: "Service not in force"}, Text{}},
	engine.Unavailable: {http.StatusServiceUnavailable, Text{VI: "Tạm thời không phục vụ được", EN: "Temporarily unavailable"},
		Text{VI: "Hãy thử lại sau ít phút.", EN: "Try again in a few minutes."}},
	engine.UnknownOutcome: {http.StatusServiceUnavailable, Text{VI: "Chưa rõ kết quả", EN: "Outcome unknown"},
		Text{VI: "Hãy gửi lại với cùng Idempotency-Key để biết kết quả.", EN: "Repeat with the same Idempotency-Key to learn what happened."}},
	engine.CorruptHistory: {http.StatusInternalServerError, Text{VI: "Lịch sử hồ sơ bị hỏng", EN: "Corrupt history"},
		Text{VI: "Hồ sơ đang được kiểm tra. Hãy liên hệ cơ quan vận hành.", EN: "The record is being examined. Contact the operator."}},
	engine.Archived: {http.StatusGone, Text{VI: "Hồ sơ đã lưu trữ", EN: "Archived"},
		Text{VI: "Hồ sơ nằm trong kho lưu trữ. Hãy đề nghị cơ quan vận hành khôi phục.", EN: "The case is in an archive. Ask the operator to bring it back."}},
	engine.Internal: {http.StatusInternalServerError, Text{VI: "Lỗi hệ thống", EN: "Internal error"},
		Text{VI: "Đã ghi nhận lỗi. Hãy thử lại sau.", EN: "The error was recorded. Try again later."}},
	codeMalformed: {http.StatusBadRequest, Text{VI: "Yêu cầu không đọc được", EN: "Malformed request"},
		Text{VI: "Nội dung gửi lên không phải JSON hợp lệ hoặc bị thiếu.", EN: "The body is missing or is not valid JSON."}},
	codeTooLarge: {http.StatusRequestEntityTooLarge, Text{VI: "Nội dung quá lớn", EN: "Too large"},
		Text{VI: "Hãy gửi nội dung nhỏ hơn.", EN: "Send less."}},
	codeMedia: {http.StatusUnsupportedMediaType, Text{VI: "Kiểu nội dung không được hỗ trợ", EN: "Unsupported media type"},
		Text{VI: "Hãy gửi application/json.", EN: "Send application/json."}},
	codeMethod: {http.StatusMethodNotAllowed, Text{VI: "Phương thức không được hỗ trợ", EN: "Method not allowed"},
		Text{VI: "Địa chỉ này có phương thức khác.", EN: "This address has other methods."}},
	codeTimeout: {http.StatusRequestTimeout, Text{VI: "Quá thời gian chờ", EN: "Request timeout"}, Text{}},
	codeTooMany: {http.StatusTooManyRequests, Text{VI: "Quá nhiều yêu cầu", EN: "Too many requests"},
		Text{VI: "Hãy chờ một lát.", EN: "Wait a moment."}},
	codeNotAccepted: {http.StatusNotAcceptable, Text{VI: "Không có định dạng phù hợp", EN: "Not acceptable"}, Text{}},
	codeDocument:    {http.StatusUnsupportedMediaType, Text{VI: "Loại tệp không được nhận", EN: "Kind of file not accepted"}, Text{}},
}

// Problem is RFC 9457 problem+json with this system's members.
type Problem struct {
	Type   string        `json:"type" doc:"urn:lienthong:problem:<code>"`
	Title  string        `json:"title"`
	Status int           `json:"status"`
	Detail string        `json:"detail,omitempty"`
	Code   engine.Code   `json:"code" doc:"Stable name of the kind of problem"`
	Errors []FieldError  `json:"errors,omitempty"`
	Case   string        `json:"case,omitempty" doc:"Case concerned; for duplicate the case that holds the key, when the caller may see it"`
	Legal  []string      `json:"actions,omitempty" doc:"Actions open now, for wrong_state"`
	Now    *CurrentState `json:"current,omitempty" doc:"What stands now, for stale_version and wrong_state"`
	Trace  string        `json:"trace,omitempty" doc:"Name this when asking for help"`

	header http.Header
}

// FieldError is one thing wrong with one field.
type FieldError struct {
	Pointer string `json:"pointer" doc:"JSON Pointer: for what a form says into the application or the action's input, else into the body; query:name and header:name outside it"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// CurrentState is the version that stands and who made it.
type CurrentState struct {
	ETag   string `json:"etag"`
	Rev    int64  `json:"rev"`
	State  string `json:"state,omitempty"`
	Action string `json:"action,omitempty" doc:"The last change"`
	By     string `json:"by,omitempty" doc:"Who made it"`
	Office string `json:"office,omitempty"`
	At     *Time  `json:"at,omitempty"`
}

// Error makes Problem an error.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus tells huma the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType makes JSON answers problem+json.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// refusal is an error with what only api knows about it.
type refusal struct {
	err    error
	now    *CurrentState
	header http.Header
}

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// problemOf turns any error into a problem in one language.
func problemOf(err error, lang string) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var e *engine.Error
	if !errors.As(err, &e) {
		switch {
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
			e = &engine.Error{Code: engine.Unavailable, Err: err}
		default:
			e = &engine.Error{Code: engine.Internal, Err: err}
		}
	}
	p = newProblem(e.Code, lang)
	if d := e.Detail.In(lang); d != "" && p.Status < 500 {
		p.Detail = d
	}
	p.Legal = e.Legal
	if e.Code == engine.Duplicate {
		p.Case = e.Other
	} else {
		p.Case = e.Case
	}
	for _, f := range e.Problems {
		p.Errors = append(p.Errors, FieldError{f.Pointer, f.Code, f.Detail.In(lang)})
	}
	var r *refusal
	if errors.As(err, &r) {
		p.Now, p.header = r.now, r.header
	}
	return p
}

// newProblem is a problem of a kind with its usual words.
func newProblem(code engine.Code, lang string) *Problem {
	k, ok := kinds[code]
	if !ok {
		code = engine.Internal
		k = kinds[code]
	}
	return &Problem{Type: "urn:lienthong:problem:" + string(code), Title: k.title.In(lang), Status: k.status, Detail: k.detail.In(lang), Code: code}
}

// setHeaders writes what HTTP wants beside some answers.
func (p *Problem) setHeaders(set func(name, value string), lang string) {
	for k, vs := range p.header {
		for _, v := range vs {
			set(k, v)
		}
	}
	switch p.Status {
	case http.StatusUnauthorized:
		set("WWW-Authenticate", `Bearer realm="lienthong"`)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		if p.header.Get("Retry-After") == "" {
			set("Retry-After", "5")
		}
	}
	set("Content-Language", lang)
}

// write sends the problem on a bare response writer (the router's own refusals).
func (p *Problem) write(w http.ResponseWriter, lang string) {
	p.setHeaders(w.Header().Set, lang)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client has gone: nobody to tell
}

// codeOfStatus names what huma refuses by itself.
func codeOfStatus(status int) engine.Code {
	switch status {
	case http.StatusBadRequest:
		return codeMalformed
	case http.StatusUnprocessableEntity:
		return engine.Invalid
	case http.StatusRequestEntityTooLarge:
		return codeTooLarge
	case http.StatusUnsupportedMediaType:
		return codeMedia
	case http.StatusRequestTimeout:
		return codeTimeout
	case http.StatusNotAcceptable:
		return codeNotAccepted
	}
	return engine.Internal
}

var adoptOnce sync.Once

// adoptProblems makes huma answer with our problems. huma keeps its constructor of
// errors in package variables, so this is done once for the process.
func adoptProblems() {
	adoptOnce.Do(func() {
		huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
			return fromHuma(vi, status, errs)
		}
		huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
			lang := languageOf(ctx.Header("Accept-Language"))
			p := fromHuma(lang, status, errs)
			p.Trace = traceOf(ctx.Context())
			p.setHeaders(ctx.SetHeader, lang)
			note(ctx.Context(), p, errs)
			return p
		}
	})
}

func fromHuma(lang string, status int, errs []error) *Problem {
	if status == http.StatusInternalServerError && len(errs) == 1 {
		return problemOf(errs[0], lang)
	}
	p := newProblem(codeOfStatus(status), lang)
	for _, err := range errs {
		var d huma.ErrorDetailer
		if !errors.As(err, &d) {
			continue
		}
		detail := d.ErrorDetail()
		f := fieldError(detail, lang)
		if status == http.StatusBadRequest || status == http.StatusUnsupportedMediaType {
			continue // what a parser says about the text is no field's fault
		}
		p.Errors = append(p.Errors, f)
	}
	return p
}

// phrase maps huma's words for a wrong value to a stable code and Vietnamese.
type phrase struct{ prefix, code, vi string }

var phrases = []phrase{
	{"expected required property", "required", "Thiếu thông tin bắt buộc."},
	{"required", "required", "Thiếu thông tin bắt buộc."},
	{"unexpected property", "unknown_field", "Không có trường này."},
	{"unknown query parameter", "unknown_field", "Không có tham số này."},
	{"expected string to be RFC", "format", "Sai định dạng."},
	{"expected string to match", "format", "Sai định dạng."},
	{"expected string to be", "format", "Sai định dạng."},
	{"expected string", "type", "Phải là chuỗi ký tự."},
	{"expected boolean", "type", "Phải là đúng hoặc sai."},
	{"expected integer", "type", "Phải là số nguyên."},
	{"expected array length", "length", "Số phần tử không hợp lệ."},
	{"expected array items", "unique", "Các phần tử bị trùng."},
	{"expected array", "type", "Phải là danh sách."},
	{"expected object with", "length", "Số trường không hợp lệ."},
	{"expected object", "type", "Phải là một đối tượng."},
	{"expected value to be one of", "enum", "Giá trị không có trong danh sách."},
	{"expected number <", "range", "Giá trị quá lớn."},
	{"expected number >", "range", "Giá trị quá nhỏ."},
	{"expected number", "type", "Phải là số."},
	{"expected length", "length", "Độ dài không hợp lệ."},
	{"invalid integer", "type", "Phải là số nguyên."},
	{"invalid boolean", "type", "Phải là đúng hoặc sai."},
	{"invalid date", "format", "Sai định dạng ngày giờ."},
}

func fieldError(d *huma.ErrorDetail, lang string) FieldError {
	f := FieldError{Pointer: pointerOf(d.Location), Code: "invalid", Detail: d.Message}
	for _, p := range phrases {
		if !strings.HasPrefix(d.Message, p.prefix) {
			continue
		}
		f.Code = p.code
		if lang == vi {
			f.Detail = p.vi
		}
		if p.code == "required" {
			if name, ok := strings.CutPrefix(d.Message, "expected required property "); ok {
				name, _, _ = strings.Cut(name, " ")
				f.Pointer += "/" + escapePointer(name)
			}
		}
		break
	}
	return f
}

// pointerOf turns huma's "body.a[3].b" into "/a/3/b"; a place outside the body
// keeps its name: "query.limit" is "query:limit".
func pointerOf(location string) string {
	rest, ok := strings.CutPrefix(location, "body")
	if !ok {
		return strings.Replace(location, ".", ":", 1)
	}
	var b strings.Builder
	for _, part := range strings.FieldsFunc(rest, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		b.WriteString("/" + escapePointer(part))
	}
	return b.String()
}

func escapePointer(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(s)
}

// quoted writes a version as an ETag.
func quoted(rev int64) string { return `"` + strconv.FormatInt(rev, 10) + `"` }
