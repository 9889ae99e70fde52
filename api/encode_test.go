package api_test

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
	"time"

	"lienthong/api"
	"lienthong/engine"
)

// TestAnswersAreWrittenAsEncodingJSONDoes looks at what no flow brings; all other
// tests compare every answer that they get.
func TestAnswersAreWrittenAsEncodingJSONDoes(t *testing.T) {
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
		O api.Object         `json:"o,omitempty"`
		R api.Ordered        `json:"r,omitempty"`
		X engine.Text
	}
	values := []any{
		nil, "", "Nguyễn Văn An", `"quoted" \ back`, "tab\tline\nbell\a\x7f", "<b>&amp;</b>", "\u2028 and \u2029", "broken \xff utf", true, int64(math.MinInt64), 7, 1.5, 1e21,
		map[string]any(nil), []any(nil), map[string]any{}, []any{}, map[string]any{"b": []any{nil, int64(1), "x", map[string]any{"é": 2.5}}, "a": json.Number("12.50")},
		api.Object(nil), api.Object{"z": "1", "a": []string{"x"}}, &inner{}, (*inner)(nil), odd{}, &odd{F: -0.1, Q: 3, B: []byte("hi"), P: &inner{4}, Z: inner{1}, I: inner{2}, M: map[int]string{2: "b", 1: "a"},
			T: map[string][]inner{"y": nil, "x": {{1}, {}}}, S: "3", W: time.Unix(0, 5).UTC(), O: api.Object{"k": nil}, R: api.Ordered(`{"b":1,"a":"<"}`), X: engine.Text{VI: "Đ", EN: "D"}},
		struct {
			At  api.Time `json:"at"`
			Not api.Time `json:"not,omitzero"`
		}{At: api.Time{Time: time.Date(2026, 9, 3, 1, 2, 3, 4000, time.UTC)}},
	}
	for _, v := range values {
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			t.Fatalf("%#v: %v", v, err)
		}
		got, err := api.AppendJSON([]byte("before "), v)
		if err != nil || string(got)+"\n" != "before "+want.String() {
			t.Errorf("%#v is written as\n%s (%v)\nwant\nbefore %s", v, got, err, &want)
		}
	}
	for _, v := range []any{math.NaN(), make(chan int), map[string]any{"f": math.Inf(1)}, struct{ F func() }{}} {
		if b, err := api.AppendJSON(nil, v); err == nil {
			t.Errorf("%#v is written as %s", v, b)
		}
	}
}
