package machine_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// eval compiles an expression as the value of a subform's field, against the
// base set's application, and evaluates it.
func eval(t *testing.T, src string, vars engine.Vars) (any, error) {
	t.Helper()
	set := base(t)
	edit(t, set, aParams, "values:\n", "values:\n  words: [{from: \"2026-01-01\", value: [a, b]}]\n")
	edit(t, set, "subforms/ct01.yaml", "", "subform: ct01\ntitle: {vi: a, en: b}\nfields:\n  - no: \"1\"\n    label: {vi: a, en: b}\n    value: |\n      "+
		strings.ReplaceAll(src, "\n", "\n      ")+"\n")
	return load(t, set).Subforms()[0].Fields[0].Value.Eval(vars)
}

func TestFunctions(t *testing.T) {
	at := time.Date(2026, 9, 1, 18, 30, 0, 0, time.UTC) // 01:30 of the next day in Vietnam
	vars := engine.Vars{"now": day("2026-09-03"), "filed_at": at, "requester": map[string]any{"id": "1"}, "steps": map[string]any{},
		"application": map[string]any{"commune": "00004", "weight": int64(3), "child": map[string]any{"name": "A"}}}
	for _, c := range []struct {
		src  string
		want any
	}{
		{`param("fee", "2026-08-01")`, int64(9500)},
		{`param("fee", filed_at) * 2`, int64(19000)},
		{`param("fe" + "e", date(filed_at))`, int64(9500)},
		{`param("words", filed_at)`, []any{"a", "b"}},
		{`sum([1, 2, 3])`, int64(6)},
		{`sum([1].filter(x, x > 1))`, int64(0)},
		{`sum([1.5, 2.0])`, 3.5},
		{`fraction(5, 1, 2)`, int64(3)},
		{`fraction(-5, 1, 2)`, int64(-3)},
		{`fraction(9000000000000000000, 2, 3)`, int64(6000000000000000000)},
		{`fraction(4, 1, 3)`, int64(1)},
		{`round_half_up(2.5)`, int64(3)},
		{`round_half_up(7)`, int64(7)},
		{`min(2, 3) + max(2, 3)`, int64(5)},
		{`max("2026-01-02", "2026-01-10")`, "2026-01-10"},
		{`date(filed_at)`, "2026-09-02"},
		{`date("2026-09-01T18:30:00Z")`, "2026-09-02"},
		{`month_start(filed_at)`, "2026-09-01"},
		{`years_between("2020-09-02", filed_at)`, int64(6)},
		{`years_between("2020-09-03", filed_at)`, int64(5)},
		{`years_between("2024-02-29", "2025-02-28")`, int64(1)},
		{`months_between("2026-01-31", "2026-02-28")`, int64(1)},
		{`months_between("2026-02-28", "2026-01-31")`, int64(-1)},
		{`months_between("2026-01-31", "2026-02-27")`, int64(0)},
		{`day_after_months("2026-01-31", 1)`, "2026-02-28"},
		{`day_after_months("2026-01-31", -11)`, "2025-02-28"},
		{`application.weight`, int64(3)}, // untyped in a subform
		{`application.?mother.?name`, nil},
		{`{'a': application.?mother.?name, ?'b': application.?mother.?name, 'c': [null, 1u]}`, map[string]any{"c": []any{nil, int64(1)}}},
		{`filed_at`, at},
		{"// a comment\n1 +\n1", int64(2)},
	} {
		v, err := eval(t, c.src, vars)
		if err != nil || !reflect.DeepEqual(v, c.want) {
			t.Errorf("%s = %#v, %v; want %#v", c.src, v, err, c.want)
		}
	}
	for src, why := range map[string]string{
		`dyn(application).nothing`:              "no such key",
		`fraction(1, 1, 0)`:                     "denominator",
		`fraction(9000000000000000000, 9, 2)`:   "range",
		`9223372036854775807 + 1`:               "overflow",
		`param("fee", "2020-01-01")`:            "not_found",
		`date("2026-02-30")`:                    "not a date",
		`day_after_months("2026-01-01", 99999)`: "months",
		`{1: 2}`:                                "keys",
		`dyn(application).big.filter(a, dyn(application).big.exists(b, a == -b))`: "cost limit",
	} {
		big := make([]any, 3000)
		for i := range big {
			big[i] = int64(i + 1)
		}
		vars["application"].(map[string]any)["big"] = big
		_, err := eval(t, src, vars)
		if engine.CodeOf(err) != engine.Internal && engine.CodeOf(err) != engine.NotFound || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want %q", src, err, why)
		}
	}
}

// TestTypedReads: fields typed by forms, read from plain maps as history gives them.
func TestTypedReads(t *testing.T) {
	set := base(t)
	edit(t, set, sBirth, "key: application.?notice.?code", "key: string(application.weight * 2.5)")
	edit(t, set, pBirth, "size(dossier.child.name)", "dossier.draft.at.getFullYear('+07:00') + (has(dossier.mother) ? 1 : 0)")
	s := load(t, set).Services()[0]
	v, err := s.Key.Eval(engine.Vars{"application": map[string]any{"weight": int64(3)}, "now": day("2026-09-01"), "filed_at": day("2026-09-01"), "requester": map[string]any{}})
	if err != nil || v != "7.5" {
		t.Error(v, err)
	}
	draft := s.Step("birth").Procedure.Action("draft")
	for _, at := range []any{calendar.Date("2025-12-31").At(23, 0), "2025-12-31T23:00:00+07:00"} {
		v, err := draft.Set[0].Value.Eval(engine.Vars{"dossier": map[string]any{"draft": map[string]any{"at": at, "by": "x"}, "mother": nil},
			"now": day("2026-09-01"), "filed_at": day("2026-09-01"), "requester": map[string]any{}, "actor": map[string]any{}})
		if err != nil || v != int64(2025) {
			t.Error(v, err)
		}
	}
	if draft.Set[1].Value.Source() != "dossier.copies * 2" {
		t.Error(draft.Set[1].Value.Source())
	}
}

// TestEvalIsSafeToShare: compiled expressions are used by many goroutines.
func TestEvalIsSafeToShare(t *testing.T) {
	s := load(t, base(t)).Services()[0]
	done := make(chan error)
	for range 4 {
		go func() {
			var err error
			for range 100 {
				_, e := s.Fee.Amount.Eval(engine.Vars{"application": map[string]any{"copies": int64(2)}, "now": day("2026-09-01"),
					"filed_at": day("2026-09-01"), "requester": map[string]any{}})
				if e != nil {
					err = e
				}
			}
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	s := load(b, base(b)).Services()[0]
	vars := engine.Vars{"application": map[string]any{"copies": int64(2)}, "now": day("2026-09-01"), "filed_at": day("2026-09-01"), "requester": map[string]any{}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Fee.Amount.Eval(vars); err != nil {
			b.Fatal(err)
		}
	}
}
