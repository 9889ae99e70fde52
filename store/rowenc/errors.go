package rowenc

import (
	"errors"
	"fmt"

	"lienthong/engine"
)

// Stale says that somebody was faster.
func Stale(op, code string) error {
	e := engine.Fail(engine.StaleVersion, "Dữ liệu vừa được người khác thay đổi.", "Somebody has changed this in the meantime.")
	e.Op, e.Case = op, code
	return e
}

// Answered says that the same request was answered before.
func Answered(code string) error { return Stale(engine.OpAnswered, code) }

// Mismatch says that a key was used for another request.
func Mismatch(op string) error {
	e := engine.Fail(engine.IdempotencyMismatch, "Khóa này đã dùng cho một yêu cầu khác.", "This key was used for another request.")
	e.Op = op
	return e
}

// Duplicate says that another case holds the key.
func Duplicate(op, code, other string) error {
	e := engine.Fail(engine.Duplicate, "Đã có hồ sơ cho việc này.", "There is a case for this already.")
	e.Op, e.Case, e.Other = op, code, other
	return e
}

// Missing says that there is no such thing.
func Missing(op, code string) error {
	e := engine.Fail(engine.NotFound, "Không tìm thấy.", "Not found.")
	e.Op, e.Case = op, code
	return e
}

// Busy says that the store cannot take more work now, or cannot work at all.
func Busy(op string, err error) error {
	e := engine.Fail(engine.Unavailable, "Hệ thống đang bận, xin thử lại sau ít phút.", "The system is busy; please try again in a moment.")
	e.Op, e.Err = op, err
	return e
}

// Unknown says that a commit may or may not have happened.
func Unknown(op string, err error) error {
	e := engine.Fail(engine.UnknownOutcome, "Chưa rõ kết quả; xin gửi lại với cùng khóa.", "The outcome is not known; repeat with the same key.")
	e.Op, e.Err = op, err
	return e
}

// Corrupt says that a stored entry does not match its chain or cannot be read.
func Corrupt(op, code string, seq int64, what string) error {
	e := engine.Fail(engine.CorruptHistory, "Dữ liệu lưu trữ không còn nguyên vẹn.", "Stored data is damaged.")
	e.Op, e.Case, e.Err = op, code, fmt.Errorf("entry %d: %s", seq, what)
	return e
}

// Archived says that the history of a case was moved to a file.
func Archived(op, code, archive string) error {
	e := engine.Fail(engine.Archived, "Hồ sơ đã được chuyển vào kho lưu trữ "+archive+"; cần khôi phục trước khi xem hoặc xử lý.",
		"The case was moved to the archive "+archive+"; it has to be brought back before it can be read or acted on.")
	e.Op, e.Case = op, code
	return e
}

// Bad says that a caller broke the contract of a store's method.
func Bad(op, format string, args ...any) error {
	e := engine.Fail(engine.Invalid, "Yêu cầu không hợp lệ.", "The request is not valid.")
	e.Op, e.Err = op, fmt.Errorf(format, args...)
	return e
}

// Defect wraps what should not happen; an engine.Error passes through.
func Defect(op, code string, err error) error {
	var e *engine.Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	e = engine.Fail(engine.Internal, "Lỗi hệ thống.", "Something went wrong.")
	e.Op, e.Case, e.Err = op, code, err
	return e
}

// Taken says that a code belongs to another case, which the allocator of codes
// never lets happen.
func Taken(op, code, taken string) error {
	return Defect(op, code, fmt.Errorf("code %s belongs to another case", taken))
}

// NoSession says that nobody is signed in with this token.
func NoSession(op string) error {
	e := engine.Fail(engine.Unauthenticated, "Phiên đăng nhập không còn hiệu lực.", "You are not signed in, or the session is over.")
	e.Op = op
	return e
}

// MaxDocument is the largest document that a store takes, in bytes.
const MaxDocument = 20 << 20

// CheckDocument refuses what no store takes.
func CheckDocument(d engine.Document, content []byte) error {
	const op = "store.put_document"
	if d.ID == "" {
		return Bad(op, "a document needs an id")
	}
	if len(content) > MaxDocument {
		return Bad(op, "%d bytes are more than %d", len(content), MaxDocument)
	}
	return nil
}

// CheckView refuses a view without an id or an owner, and encodes what it asks for.
func CheckView(op string, v engine.View) ([]byte, error) {
	if v.ID == "" || v.Owner == "" {
		return nil, Bad(op, "a view needs an id and an owner")
	}
	if v.Query == nil {
		v.Query = map[string]any{}
	}
	query, err := JSON(v.Query)
	if err != nil {
		return nil, Bad(op, "view: %w", err)
	}
	return query, nil
}
