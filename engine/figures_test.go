package engine_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// april is the calendar of the days around 30 April 2026: 27 April (Hùng Kings), 30
// April and 1 May are off.
func april(t *testing.T) *calendar.Calendar {
	t.Helper()
	off := func(d calendar.Date) calendar.Holiday {
		return calendar.Holiday{Date: d, NameVI: "nghỉ", NameEN: "off"}
	}
	c, err := calendar.New(calendar.Spec{ID: "april", Announced: "2026-01-01", Hours: []calendar.Hours{{From: "07:30", To: "11:30"}, {From: "13:00", To: "17:00"}}, Cutoff: "15:00",
		Days: map[string]calendar.Year{"2026": {Holidays: []calendar.Holiday{off("2026-04-27"), off("2026-04-30"), off("2026-05-01")}}}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func on(month time.Month, day, hour int) time.Time {
	return time.Date(2026, month, day, hour, 0, 0, 0, calendar.Zone)
}

// figs are the figures of a case by name, the rows of parts or of the whole.
func figs(c *engine.Case, past []*engine.Dossier, whole bool) map[string]int64 {
	out := map[string]int64{}
	for _, f := range engine.Contributions(c, past) {
		if (f.Procedure == "") == whole {
			out[f.Name] += f.Value
		}
	}
	return out
}

// has checks figures by name; "" is none other than those.
func has(t *testing.T, what string, got map[string]int64, want map[string]int64) {
	t.Helper()
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if got[k] != want[k] {
			t.Errorf("%s: %s is %d, want %d in %v", what, k, got[k], want[k], got)
		}
	}
}

// part is a dossier whose clock of three working days started on Thursday 23 April:
// due Wednesday 29 April, 17:00.
func part(t *testing.T) *engine.Dossier {
	k := april(t).Start(on(time.April, 23, 9), lim(t, "3 working days"))
	if !k.Due.Equal(on(time.April, 29, 17)) {
		t.Fatalf("due %s", k.Due)
	}
	return &engine.Dossier{Step: "birth", Procedure: "birth_registration", Status: engine.StatusOpen, State: "received", Portal: 2,
		Home: "civil", Office: "civil", Opened: on(time.April, 22, 16), Clock: k}
}

func ended(d *engine.Dossier, kind engine.FinalKind, at time.Time) {
	d.Status, d.Final, d.Ended, d.Clock = engine.StatusEnded, kind, at, calendar.Stop(d.Clock, at)
}

func caseOf(ds ...*engine.Dossier) *engine.Case {
	return &engine.Case{Code: "A", Service: "birth", Channel: 2, Filed: on(time.April, 22, 16), Status: engine.CaseOpen, Dossiers: ds}
}

// TestOnTimeVectors: indicator 2.1 as the portal's formula tells it.
func TestOnTimeVectors(t *testing.T) {
	cal := april(t)
	asked := func(d *engine.Dossier, from, to time.Time) {
		d.Asked++
		d.Clock = cal.Enter(d.Clock, from, calendar.Paused)
		if !to.IsZero() {
			d.Clock = cal.Enter(d.Clock, to, calendar.Runs)
		}
	}
	for name, tt := range map[string]struct {
		story func(d *engine.Dossier)
		want  string
	}{
		"finished before the due time":     {func(d *engine.Dossier) { ended(d, engine.FinalSuccess, on(time.April, 29, 15)) }, engine.FigOnTime},
		"finished exactly at the due time": {func(d *engine.Dossier) { ended(d, engine.FinalSuccess, on(time.April, 29, 17)) }, engine.FigOnTime},
		"finished on the next working day": {func(d *engine.Dossier) { ended(d, engine.FinalSuccess, on(time.May, 4, 9)) }, engine.FigLate},
		"refused late":                     {func(d *engine.Dossier) { ended(d, engine.FinalRefused, on(time.May, 4, 9)) }, engine.FigLate},
		"supplement of three days, then in time": {func(d *engine.Dossier) {
			asked(d, on(time.April, 24, 10), on(time.May, 4, 10))
			ended(d, engine.FinalSuccess, on(time.May, 5, 9))
		}, engine.FigOnTime},
		"supplement of three days, then late": {func(d *engine.Dossier) {
			asked(d, on(time.April, 24, 10), on(time.May, 4, 10))
			ended(d, engine.FinalSuccess, on(time.May, 7, 9))
		}, engine.FigLate},
		"two requests are late whatever the date": {func(d *engine.Dossier) {
			asked(d, on(time.April, 24, 10), on(time.April, 24, 11))
			asked(d, on(time.April, 24, 13), on(time.April, 24, 14))
			ended(d, engine.FinalSuccess, on(time.April, 28, 9))
		}, engine.FigLate},
		"two requests and open": {func(d *engine.Dossier) {
			asked(d, on(time.April, 24, 10), on(time.April, 24, 11))
			asked(d, on(time.April, 24, 13), time.Time{})
		}, engine.FigOpenLate},
		"expired while completing: the end is the request": {func(d *engine.Dossier) {
			asked(d, on(time.April, 24, 10), time.Time{})
			ended(d, engine.FinalExpired, on(time.May, 20, 17))
		}, engine.FigOnTime},
		"asked for completion after the due time": {func(d *engine.Dossier) { asked(d, on(time.May, 4, 10), time.Time{}) }, engine.FigOpenLate},
		"with the citizen in time":                {func(d *engine.Dossier) { asked(d, on(time.April, 24, 10), time.Time{}) }, engine.FigOpenInTime},
		"open":                                    {func(*engine.Dossier) {}, engine.FigOpenDue},
		"corrected long after it was finished in time": {func(d *engine.Dossier) {
			ended(d, engine.FinalSuccess, on(time.April, 29, 15))
			d.Status, d.Clock = engine.StatusOpen, cal.Enter(d.Clock, on(time.June, 1, 9), calendar.Runs)
			d.Clock = calendar.Stop(d.Clock, on(time.June, 30, 9))
			d.Status = engine.StatusEnded
		}, engine.FigOnTime},
		"finished late, corrected quickly": {func(d *engine.Dossier) {
			ended(d, engine.FinalSuccess, on(time.May, 4, 9))
			d.Clock = calendar.Stop(cal.Enter(d.Clock, on(time.June, 1, 9), calendar.Runs), on(time.June, 1, 10))
		}, engine.FigLate},
		"a new date with an apology": {func(d *engine.Dossier) {
			d.Clock, d.Apologies = d.Clock.Extend(on(time.April, 28, 9), on(time.May, 5, 17), "mất điện"), 1
			ended(d, engine.FinalSuccess, on(time.May, 5, 9))
		}, engine.FigOnTime},
	} {
		t.Run(name, func(t *testing.T) {
			d := part(t)
			tt.story(d)
			got := figs(caseOf(d), nil, false)
			for _, k := range []string{engine.FigOnTime, engine.FigLate, engine.FigOpenLate, engine.FigOpenInTime, engine.FigOpenDue} {
				if want := map[bool]int64{true: 1}[k == tt.want]; got[k] != want {
					t.Errorf("%s is %d, want %d: %v", k, got[k], want, got)
				}
			}
			has(t, name, got, map[string]int64{engine.FigReceived: 1, engine.FigArrived: 1, engine.FigApologised: int64(d.Apologies)})
		})
	}
}

// TestFigureDays: a part counts on the day of its arrival, and as received on the
// day its clock started; an open one becomes late at the first full hour not before
// its due time.
func TestFigureDays(t *testing.T) {
	d := part(t)
	for _, f := range engine.Contributions(caseOf(d), nil) {
		want := calendar.Date("2026-04-23")
		if f.Name == engine.FigArrived || f.Name == engine.FigRunning || f.Procedure == "" {
			want = "2026-04-22"
		}
		if f.Day != want || f.Service != "birth" || f.Office != "civil" || f.Value != 1 {
			t.Errorf("%+v, want day %s", f, want)
		}
		if hour := on(time.April, 29, 17).Unix() / 3600; (f.Name == engine.FigOpenDue) != (f.Due == hour) || f.Due != 0 && f.Due != hour {
			t.Errorf("late from hour %d on: %+v", f.Due, f)
		}
	}
	d.Clock.Due = d.Clock.Due.Add(time.Second)
	if fs := engine.Contributions(caseOf(d), nil); !slices.ContainsFunc(fs, func(f engine.Figure) bool { return f.Due == on(time.April, 29, 18).Unix()/3600 }) {
		t.Errorf("a due time of 17:00:01 is not rounded up: %+v", fs)
	}
}

// TestStandingAddsUp: every part is in exactly one standing, and the case as a whole
// is counted once beside its parts.
func TestStandingAddsUp(t *testing.T) {
	open := part(t)
	fresh := &engine.Dossier{Step: "a", Procedure: "p", Status: engine.StatusOpen, Portal: 1, Home: "o", Opened: on(time.April, 22, 9), Clock: calendar.Clock{Limit: lim(t, "1 day")}}
	early := &engine.Dossier{Step: "b", Procedure: "p", Status: engine.StatusOpen, Portal: 5, Home: "o", Opened: on(time.April, 22, 9), Clock: calendar.Clock{Limit: lim(t, "1 day")}}
	paused := part(t)
	paused.Clock = april(t).Enter(paused.Clock, on(time.April, 24, 9), calendar.Paused)
	good, bad := part(t), part(t)
	ended(good, engine.FinalSuccess, on(time.April, 24, 9))
	good.Status = engine.StatusOpen // being corrected
	bad.EndedBy = "refuse"
	ended(bad, engine.FinalRefused, on(time.April, 24, 9))
	waiting := &engine.Dossier{Step: "w", Procedure: "p", Status: engine.StatusWaiting}
	closed := &engine.Dossier{Step: "c", Procedure: "p", Status: engine.StatusClosed, Closed: engine.ClosedRefused}
	c := caseOf(open, fresh, early, paused, good, bad, waiting, closed)
	got := figs(c, nil, false)
	has(t, "parts", got, map[string]int64{engine.FigArrived: 6, engine.FigUnreceived: 1, engine.FigPaused: 2, engine.FigRunning: 1, engine.FigEnded + "success": 1,
		engine.FigEnded + "refused": 1, engine.FigCorrecting: 1, engine.FigRefusedBy + "refuse": 1, engine.FigReceived: 4, engine.FigCases: 0,
		engine.FigElapsed: 2 * 41 * 3600, engine.FigHandled: 1, engine.FigHandling: 24 * 3600, engine.FigChannel + "2": 4})
	whole := figs(c, nil, true)
	has(t, "the case", whole, map[string]int64{engine.FigCases: 1, engine.FigCaseRunning: 1, engine.FigPartsByLaw: 1, engine.FigArrived: 0, engine.FigCaseChannel + "2": 1})
}

// TestHandlingTime: the citizen's time is not the office's (2.2).
func TestHandlingTime(t *testing.T) {
	cal, d := april(t), part(t)
	d.Clock = cal.Enter(cal.Enter(d.Clock, on(time.April, 24, 9), calendar.Paused), on(time.April, 28, 9), calendar.Runs)
	ended(d, engine.FinalSuccess, on(time.April, 29, 9))
	has(t, "two days", figs(caseOf(d), nil, false), map[string]int64{engine.FigHandling: 2 * 24 * 3600, engine.FigElapsed: (6*24 + 17) * 3600})
	d = part(t)
	d.Clock = cal.Enter(d.Clock, on(time.April, 24, 9), calendar.Paused)
	ended(d, engine.FinalSuccess, on(time.May, 24, 9))
	has(t, "ended while paused", figs(caseOf(d), nil, false), map[string]int64{engine.FigHandling: 24 * 3600})
}

// TestDataFigures: fields, reuse, papers and fees.
func TestDataFigures(t *testing.T) {
	d := part(t)
	c := caseOf(d)
	c.App = map[string]any{"child": map[string]any{"name": "x", "weight": int64(3200), "note": "", "none": nil, "born": "2026-04-01"},
		"mother": map[string]any{"id": "1", "name": "y"}, "choices": map[string]any{"card": false}, "list": []any{"a", "b"}}
	has(t, "no reuse", figs(c, nil, true), map[string]int64{engine.FigFields: 8, engine.FigPrefilled: 0})
	has(t, "no reuse", figs(c, nil, false), map[string]int64{engine.FigReused: 0, engine.FigDigitised: 0})
	c.Sources = map[string]string{"/mother": "population", "/child/born": "health", "/list/1": "x"}
	c.Disputed = map[string]string{"/child/born": "sai ngày"}
	has(t, "prefilled", figs(c, nil, true), map[string]int64{engine.FigFields: 8, engine.FigPrefilled: 4, engine.FigDisputed: 1})
	has(t, "prefilled", figs(c, nil, false), map[string]int64{engine.FigReused: 1, engine.FigDigitised: 1})
	c.Sources = nil
	c.App["attachments"] = []any{map[string]any{"kind": "authorisation", "document": "d1"}}
	has(t, "a paper", figs(c, nil, false), map[string]int64{engine.FigReused: 0, engine.FigDigitised: 1})
	has(t, "a paper is no field", figs(c, nil, true), map[string]int64{engine.FigFields: 8})
	ended(d, engine.FinalSuccess, on(time.April, 24, 9))
	has(t, "success without a result", figs(c, nil, false), map[string]int64{engine.FigDigitised: 0})
	d.Result = &engine.Result{ID: "r"}
	has(t, "with a result", figs(c, nil, false), map[string]int64{engine.FigDigitised: 1})
	d.Uses = map[string]int{"birth": 1}
	has(t, "an earlier result", figs(c, nil, false), map[string]int64{engine.FigReused: 1})

	c.Fee = &engine.FeeDue{Amount: 16000, Status: engine.FeeWaiting}
	has(t, "a fee", figs(c, nil, true), map[string]int64{engine.FigFees: 1, engine.FigFeesOnline: 0, engine.FigCaseUnpaid: 1})
	c.Fee.Status = engine.FeePaid
	has(t, "paid", figs(c, nil, true), map[string]int64{engine.FigFeesOnline: 1})
	c.Fee.By = "operator"
	has(t, "recorded by hand", figs(c, nil, true), map[string]int64{engine.FigFeesOnline: 0})
	c.Fee = &engine.FeeDue{Status: engine.FeePaid}
	has(t, "nothing to pay", figs(c, nil, true), map[string]int64{engine.FigFees: 0})

	c.Status, c.Outcome, c.Ended = engine.CaseEnded, engine.CompletedInPart, on(time.April, 24, 16)
	c.Clock = april(t).Start(on(time.April, 23, 9), lim(t, "1 day"))
	has(t, "ended", figs(c, nil, true), map[string]int64{engine.FigCaseEnded + "completed_in_part": 1, engine.FigCaseElapsed: 48 * 3600, engine.FigCaseTimed: 1, engine.FigCaseOnTime: 1})
}

// TestPastAttempts: a part that was refused and filed again stays counted.
func TestPastAttempts(t *testing.T) {
	d := part(t)
	ended(d, engine.FinalRefused, on(time.April, 24, 9))
	again := &engine.Dossier{Step: "birth", Procedure: "birth_registration", Status: engine.StatusOpen, Attempt: 2, Portal: 1, Home: "civil", Opened: on(time.May, 4, 9),
		Clock: calendar.Clock{Limit: lim(t, "3 working days")}}
	got := figs(caseOf(again), []*engine.Dossier{d}, false)
	has(t, "both attempts", got, map[string]int64{engine.FigArrived: 2, engine.FigUnreceived: 1, engine.FigEnded + "refused": 1, engine.FigReceived: 1, engine.FigOnTime: 1})
}

// TestSum: what is added and taken away leaves nothing behind.
func TestSum(t *testing.T) {
	c := caseOf(part(t), part(t))
	fs := engine.Contributions(c, nil)
	sums := map[engine.Figure]int64{}
	engine.Sum(sums, fs, 1)
	engine.Sum(sums, fs, 1)
	if out := engine.FiguresOf(sums); len(out) != len(fs) || out[0].Value != 2*fs[0].Value || !slices.IsSortedFunc(out, engine.CompareFigures) {
		t.Errorf("doubled: %+v", out)
	}
	engine.Sum(sums, fs, -1)
	engine.Sum(sums, fs, -1)
	if len(sums) != 0 {
		t.Errorf("left behind: %+v", sums)
	}
	for _, f := range fs {
		if strings.ContainsAny(f.Name, " \"") {
			t.Errorf("name %q", f.Name)
		}
	}
}
