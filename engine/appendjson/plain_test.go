package appendjson

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
	"time"

	"lienthong/engine"
)

type object map[string]any

type own struct{ time.Time }

func (o own) AppendTo(b []byte) []byte {
	return append(append(append(b, '"'), o.Format(time.DateOnly)...), '"')
}
func (o own) MarshalJSON() ([]byte, error) { return o.AppendTo(nil), nil }

// Both ways are compared with encoding/json's.
func TestBothWaysOfWriting(t *testing.T) {
	type inner struct {
		N int `json:"n,omitempty"`
	}
	type embedded struct {
		inner
		A string
	}
	type odd struct {
		F float64            `json:"f"`
		Q int                `json:"q,string"`
		B []byte             `json:"b"`
		E embedded           `json:"e"`
		P *inner             `json:"p,omitempty"`
		Z inner              `json:"z,omitzero"`
		I any                `json:"i"`
		M map[int]string     `json:"m"`
		T map[string][]inner `json:"t,omitempty"`
		A [2]bool            `json:"a"`
		U uint8              `json:"-"`
		S json.Number        `json:"s"`
		W time.Time          `json:"w,omitzero"`
	}
	type even struct {
		O object `json:"o,omitempty"`
		D own    `json:"d"`
		N own    `json:"n,omitzero"`
		P *own   `json:"p"`
		X engine.Text
	}
	date := own{time.Date(2026, 9, 3, 1, 2, 3, 4000, time.UTC)}
	values := []any{
		nil, "", "Nguyễn Văn An", `"quoted" \ back`, "tab\tline\nbell\a\x7f", "<b>&amp;</b>", "<b> đồng & \"\u2028\"", "\u2028 and \u2029", "broken \xff utf", true, int64(math.MinInt64), 7, 1.5, 1e21,
		map[string]any(nil), []any(nil), map[string]any{}, []any{}, map[string]any{"<b>": []any{nil, int64(1), "x", map[string]any{"é": 2.5}}, "a": json.Number("12.50")},
		object(nil), object{"z": "<", "a": []string{"&"}}, &inner{}, (*inner)(nil), odd{},
		&odd{F: -0.1, Q: 3, B: []byte("hi"), P: &inner{4}, Z: inner{1}, I: inner{2}, M: map[int]string{2: "b", 1: "a"},
			T: map[string][]inner{"y": nil, "x": {{1}, {}}}, S: "3", W: time.Unix(0, 5).UTC()},
		even{D: date}, &even{O: object{"k": object{"<": nil}}, D: date, N: date, P: &date, X: engine.Text{VI: "Đ <", EN: "D"}},
	}
	for name, html := range map[string]bool{"Value": true, "Plain": false} {
		write := map[bool]func([]byte, any) ([]byte, error){true: Value, false: Plain}[html]
		for _, v := range values {
			var want bytes.Buffer
			enc := json.NewEncoder(&want)
			enc.SetEscapeHTML(html)
			if err := enc.Encode(v); err != nil {
				t.Fatalf("%#v: %v", v, err)
			}
			got, err := write([]byte("before "), v)
			if err != nil || string(got)+"\n" != "before "+want.String() {
				t.Errorf("%s: %#v is written as\n%s (%v)\nwant\nbefore %s", name, v, got, err, &want)
			}
		}
		for _, v := range []any{math.NaN(), make(chan int), map[string]any{"f": math.Inf(1)}, struct{ F func() }{}} {
			if b, err := write(nil, v); err == nil {
				t.Errorf("%s: %#v is written as %s", name, v, b)
			}
		}
	}
}
