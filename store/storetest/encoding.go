package storetest

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
)

func testEncoding(t *testing.T, x Target) {
	t.Run("ids are what they are", func(t *testing.T) {
		s := x.open(t, Hooks{})
		ids := []string{"A", "a", "Đ", "đ", "\u00e9", "e\u0301", "A ", " A", "Á", "İ", "ı", "A\x01", "A%", "A_", "A'"}
		for _, id := range ids {
			c := File(Filing{Code: id, Key: id}).Change()
			c.Answer = &engine.Answer{Actor: id, Key: id, Digest: id, Case: id, Status: 201, At: T0}
			must(t, s.Append(t.Context(), c))
		}
		for _, id := range ids {
			if c := ok(s.Load(t.Context(), id))(t); c.Code != id {
				t.Errorf("%q loads %q", id, c.Code)
			}
			if got := ok(s.CaseOf(t.Context(), id+".1"))(t); got != id {
				t.Errorf("case of %q.1 is %q", id, got)
			}
			if a := ok(s.Answered(t.Context(), id, id))(t); a == nil || a.Case != id {
				t.Errorf("answer of %q is %+v", id, a)
			}
		}
		sound(t, s)
	})
	t.Run("times", func(t *testing.T) {
		s := x.open(t, Hooks{})
		at := time.Date(2026, 2, 28, 23, 59, 59, 999999999, time.FixedZone("", 7*3600))
		st := File(Filing{Code: "A", At: at}).Go("x", "birth", stateDue("birth", at), timers("birth", at))
		must(t, s.Append(t.Context(), st.Change()))
		same(t, ok(s.Load(t.Context(), "A"))(t), st.Case) // to the nanosecond, with the offset
		next, _, err := s.NextDue(t.Context())
		must(t, err)
		if want := at.Truncate(time.Microsecond).UTC(); next != want {
			t.Fatalf("timer at %v, want %v", next, want)
		}
		rows, _, err := s.Rows(t.Context(), engine.RowQuery{Offices: []string{"civil@00004"}})
		must(t, err)
		if rows[0].Due != next {
			t.Fatalf("due %v, want %v", rows[0].Due, next)
		}
		sound(t, s)
	})
	t.Run("values", func(t *testing.T) {
		s := x.open(t, Hooks{})
		app := map[string]any{
			"max": int64(math.MaxInt64), "min": int64(math.MinInt64), "odd": int64(1)<<53 + 1, "float": 1.5, "empty": "", "null": nil,
			"none": map[string]any{}, "list": []any{int64(1), "x", nil}, "nul": "a\x00b", "html": "<a&b>", "emoji": "👶",
		}
		st := File(Filing{Code: "A", App: app}).Go("x", "birth", recorded("birth", "v", app), recorded("birth", "nil", nil))
		must(t, s.Append(t.Context(), st.Change()))
		c := ok(s.Load(t.Context(), "A"))(t)
		same(t, c, st.Case)
		for _, k := range []string{"max", "min", "odd"} {
			if c.App[k] != app[k] || engine.At(c.Dossier("birth").Data, "v", k) != app[k] {
				t.Errorf("%s became %v", k, c.App[k])
			}
		}
		sound(t, s)
	})
	t.Run("one megabyte", func(t *testing.T) {
		s := x.open(t, Hooks{})
		st := File(Filing{Code: "A", App: map[string]any{"text": strings.Repeat("đủ ", 1<<18)}})
		must(t, s.Append(t.Context(), st.Change()))
		same(t, ok(s.Load(t.Context(), "A"))(t), st.Case)
		sound(t, s)
	})
	t.Run("empty and none", func(t *testing.T) {
		s := x.open(t, Hooks{})
		st := File(Filing{Code: "A"})
		st.Go("ask", "birth", requested("birth", st.Key(0), "r1", nil), requested("birth", st.Key(1), "r2", map[string]any{}))
		c := st.Change()
		c.Answer = &engine.Answer{Actor: "a", Key: "k", Status: 204}
		must(t, s.Append(t.Context(), c))
		if d := ok(s.Delivery(t.Context(), "A/2/0"))(t); d.Input != nil || d.Reply != nil || !d.Next.IsZero() {
			t.Errorf("%+v", d)
		}
		if d := ok(s.Delivery(t.Context(), "A/2/1"))(t); d.Input == nil || len(d.Input) != 0 {
			t.Errorf("%+v", d)
		}
		if a := ok(s.Answered(t.Context(), "a", "k"))(t); a.Body != nil || !a.At.IsZero() {
			t.Errorf("%+v", a)
		}
	})
	t.Run("a loaded case is changed by nobody", func(t *testing.T) {
		s := x.open(t, Hooks{})
		st := File(Filing{Code: "A"}).Go("x", "birth", recorded("birth", "v", map[string]any{"n": int64(1)}), timers("birth", T0))
		must(t, s.Append(t.Context(), st.Change()))
		before := ok(s.Load(t.Context(), "A"))(t)
		text := asJSON(t, before)
		// Two go on from one loaded case, as two deciders do, and one of them wins.
		one, two := Resume(t, s, "A"), Resume(t, s, "A")
		for i, x := range []*Story{one, two} {
			x.Go("y", "birth", recorded("birth", fmt.Sprintf("w%d", i), nil), moved("birth", "", "signing", 4, "o", ""), timers("birth"), stateDue("birth", T0),
				reviewOpened("birth"), issued("birth", "r"), transferred("birth", "o2"), opened("card", "A.9", "o"), engine.CaseClosed{Outcome: engine.Completed})
		}
		must(t, s.Append(t.Context(), two.Change()))
		wants(t, s.Append(t.Context(), one.Change()), engine.StaleVersion)
		if got := asJSON(t, before); got != text {
			t.Errorf("the loaded case became %s\nwas %s", got, text)
		}
		same(t, ok(s.Load(t.Context(), "A"))(t), two.Case)
		es := ok(s.History(t.Context(), "A", 0, 0))(t)
		es[0].Events = nil // the caller's own
		same(t, ok(s.History(t.Context(), "A", 0, 0))(t)[0], File(Filing{Code: "A"}).Pending[0])
		sound(t, s)
	})
}
