package rowenc

import (
	"encoding/base64"
	"encoding/json"
	"strconv"

	"lienthong/engine"
)

// Cursor makes the opaque cursor that follows a row: the list's kind and the
// row's sort key.
func Cursor(kind string, key int64, rest ...string) string {
	b, err := json.Marshal(append([]string{kind, strconv.FormatInt(key, 10)}, rest...))
	if err != nil {
		return "" // strings always encode
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseCursor reads a cursor of a kind with n texts after its number. It answers
// Invalid for anything that Cursor did not make.
func ParseCursor(kind, s string, n int) (key int64, rest []string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return 0, nil, badCursor(err)
	}
	var parts []string
	if err := json.Unmarshal(b, &parts); err != nil || len(parts) != n+2 || parts[0] != kind {
		return 0, nil, badCursor(err)
	}
	key, err = strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return 0, nil, badCursor(err)
	}
	return key, parts[2:], nil
}

func badCursor(err error) error {
	e := engine.Fail(engine.Invalid, "Vị trí trang không hợp lệ.", "The page cursor is not valid.")
	e.Op, e.Err = "store.cursor", err
	return e
}

// ParseSkip reads the cursor of an append-only list: how many lines were read
// before; "" = none.
func ParseSkip(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, badCursor(err)
	}
	return n, nil
}
