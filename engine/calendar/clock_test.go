package calendar_test

import (
	"encoding/json"
	"testing"
	"time"

	"lienthong/engine/calendar"
)

// The on-time vectors of the indicators: due Wed 29 Apr 2026 17:00.
func TestOnTimeVectors(t *testing.T) {
	c := newest(t)
	k := c.Start(at(t, "2026-04-24 09:00"), limit(t, "2 working days"))
	wantTime(t, "due", k.Due, at(t, "2026-04-29 17:00"))

	if calendar.Stop(k, at(t, "2026-04-29 15:00")).Late() {
		t.Error("finished Wed 15:00 is on time")
	}
	if calendar.Stop(k, at(t, "2026-04-29 17:00")).Late() {
		t.Error("finished Wed 17:00 sharp is on time")
	}
	if !calendar.Stop(k, at(t, "2026-05-04 08:00")).Late() {
		t.Error("finished Mon 4 May is late")
	}

	k = c.Enter(k, at(t, "2026-04-24 10:00"), calendar.Paused)
	k = c.Enter(k, at(t, "2026-05-04 10:00"), calendar.Runs)
	wantTime(t, "due 3 working days later", k.Due, at(t, "2026-05-06 17:00"))
	if calendar.Stop(k, at(t, "2026-05-05 10:00")).Late() {
		t.Error("finished Tue 5 May after the supplement is on time")
	}
	if len(k.Moves) != 1 || k.Moves[0].Kind != calendar.MovePause || k.Moves[0].Calendar != c.ID ||
		k.Moves[0].Why != "pause from 2026-04-24 10:00 to 2026-05-04 10:00" {
		t.Errorf("moves %+v", k.Moves)
	}
}

// step is one thing done to a clock.
type step struct{ at, do, arg string }

func run(t *testing.T, c *calendar.Calendar, start, lim string, steps []step) calendar.Clock {
	t.Helper()
	k := c.Start(at(t, start), limit(t, lim))
	for _, s := range steps {
		now := at(t, s.at)
		switch s.do {
		case "stop":
			k = calendar.Stop(k, now)
		case "extend":
			k = k.Extend(now, at(t, s.arg), "waiting for another commune")
		default:
			k = c.Enter(k, now, calendar.Mode(s.do))
		}
		if again := c.Recompute(k); !again.Equal(k) {
			t.Errorf("after %v: Recompute gives %s, stored %s", s, again.Due, k.Due)
		}
	}
	return k
}

func TestClockMovesDue(t *testing.T) {
	c := newest(t)
	for _, tt := range []struct {
		name, limit, start string
		steps              []step
		want               string
	}{
		{"no pause", "3 working days", "2026-04-20 09:00", nil, "2026-04-23 17:00"},
		{"a pause within a day", "3 working days", "2026-04-20 09:00",
			[]step{{"2026-04-21 08:00", "paused", ""}, {"2026-04-21 16:00", "runs", ""}}, "2026-04-23 17:00"},
		{"two pauses", "3 working days", "2026-04-20 09:00",
			[]step{{"2026-04-20 10:00", "paused", ""}, {"2026-04-21 10:00", "runs", ""}, {"2026-04-22 10:00", "paused", ""}, {"2026-04-23 10:00", "runs", ""}}, "2026-04-28 17:00"},
		{"paused state to paused state is one pause", "3 working days", "2026-04-20 09:00",
			[]step{{"2026-04-20 10:00", "paused", ""}, {"2026-04-21 10:00", "paused", ""}, {"2026-04-22 10:00", "runs", ""}}, "2026-04-28 17:00"},
		{"running state to running state", "3 working days", "2026-04-20 09:00",
			[]step{{"2026-04-21 10:00", "runs", ""}, {"2026-04-22 10:00", "runs", ""}}, "2026-04-23 17:00"},
		{"overdue when paused", "1 working day", "2026-04-20 09:00",
			[]step{{"2026-04-21 17:01", "paused", ""}, {"2026-04-23 10:00", "runs", ""}}, "2026-04-21 17:00"},
		{"paused at the due time", "1 working day", "2026-04-20 09:00",
			[]step{{"2026-04-21 17:00", "paused", ""}, {"2026-04-23 10:00", "runs", ""}}, "2026-04-23 17:00"},

		{"same day, answered before the cutoff", "same working day, cutoff 15:00", "2026-04-20 09:00",
			[]step{{"2026-04-20 10:00", "paused", ""}, {"2026-04-20 14:00", "runs", ""}}, "2026-04-20 17:00"},
		{"same day, answered after the cutoff", "same working day, cutoff 15:00", "2026-04-20 09:00",
			[]step{{"2026-04-20 10:00", "paused", ""}, {"2026-04-20 15:00", "runs", ""}}, "2026-04-21 17:00"},
		{"same day, answered days later in the morning", "same working day, cutoff 15:00", "2026-04-24 09:00",
			[]step{{"2026-04-24 10:00", "paused", ""}, {"2026-05-04 10:00", "runs", ""}}, "2026-05-04 17:00"},
		{"same day, answered on a rest day", "same working day, cutoff 15:00", "2026-04-24 09:00",
			[]step{{"2026-04-24 10:00", "paused", ""}, {"2026-05-02 10:00", "runs", ""}}, "2026-05-04 17:00"},
		{"same day, due tomorrow and answered today", "same working day, cutoff 15:00", "2026-04-20 15:30",
			[]step{{"2026-04-20 15:40", "paused", ""}, {"2026-04-20 15:50", "runs", ""}}, "2026-04-21 17:00"},

		{"hours: exact", "24 hours", "2026-04-20 09:00",
			[]step{{"2026-04-20 10:00", "paused", ""}, {"2026-04-20 12:30", "runs", ""}}, "2026-04-21 11:30"},
		{"working hours: office time only", "8 working hours", "2026-04-20 07:30",
			[]step{{"2026-04-20 11:00", "paused", ""}, {"2026-04-20 14:00", "runs", ""}}, "2026-04-21 09:00"},
		{"working hours: paused overnight", "8 working hours", "2026-04-20 07:30",
			[]step{{"2026-04-20 17:00", "paused", ""}, {"2026-04-21 07:00", "runs", ""}}, "2026-04-20 17:00"},
		{"days: from the end before the rest day", "5 days", "2026-04-06 09:00", // Sat 11 → Mon 13
			[]step{{"2026-04-07 09:00", "paused", ""}, {"2026-04-08 09:00", "runs", ""}}, "2026-04-13 17:00"},
		{"days: calendar days", "5 days", "2026-04-06 09:00",
			[]step{{"2026-04-07 09:00", "paused", ""}, {"2026-04-11 09:00", "runs", ""}}, "2026-04-15 17:00"},
		{"months: calendar days", "1 month", "2026-06-15 09:00",
			[]step{{"2026-06-20 09:00", "paused", ""}, {"2026-06-30 09:00", "runs", ""}}, "2026-07-27 17:00"},

		{"restart", "3 working days", "2026-04-20 09:00",
			[]step{{"2026-04-20 10:00", "restarts", ""}, {"2026-04-22 10:00", "runs", ""}}, "2026-04-28 17:00"},
		{"restart within a day changes nothing", "3 working days", "2026-04-20 09:00",
			[]step{{"2026-04-20 10:00", "restarts", ""}, {"2026-04-20 11:00", "runs", ""}}, "2026-04-23 17:00"},
		{"restart, then wait for the fee", "3 working days", "2026-04-20 09:00",
			[]step{{"2026-04-21 10:00", "restarts", ""}, {"2026-04-22 10:00", "paused", ""}, {"2026-04-23 10:00", "runs", ""}}, "2026-04-29 17:00"},
		{"wait for the fee, then restart", "3 working days", "2026-04-20 09:00",
			[]step{{"2026-04-21 10:00", "paused", ""}, {"2026-04-22 10:00", "restarts", ""}, {"2026-04-23 10:00", "runs", ""}}, "2026-04-29 17:00"},
		{"restart when overdue", "1 working day", "2026-04-20 09:00",
			[]step{{"2026-04-22 10:00", "restarts", ""}, {"2026-04-23 10:00", "runs", ""}}, "2026-04-24 17:00"},

		{"apology", "3 working days", "2026-04-20 09:00",
			[]step{{"2026-04-22 10:00", "extend", "2026-04-29 11:30"}}, "2026-04-29 11:30"},
		{"apology, then a pause", "3 working days", "2026-04-20 09:00",
			[]step{{"2026-04-22 10:00", "extend", "2026-04-28 11:30"}, {"2026-04-22 11:00", "paused", ""}, {"2026-04-23 11:00", "runs", ""}}, "2026-04-29 11:30"},
		{"apology during a pause", "3 working days", "2026-04-20 09:00",
			[]step{{"2026-04-20 10:00", "paused", ""}, {"2026-04-22 10:00", "extend", "2026-04-28 17:00"}, {"2026-04-23 11:00", "runs", ""}}, "2026-04-29 17:00"},
		{"apology on a same-day limit, then a pause", "same working day, cutoff 15:00", "2026-04-20 09:00",
			[]step{{"2026-04-20 10:00", "extend", "2026-04-23 17:00"}, {"2026-04-20 11:00", "paused", ""}, {"2026-04-21 11:00", "runs", ""}}, "2026-04-24 17:00"},
		{"apology on hours, then a pause", "24 hours", "2026-04-20 09:00",
			[]step{{"2026-04-20 10:00", "extend", "2026-04-22 09:00"}, {"2026-04-20 11:00", "paused", ""}, {"2026-04-20 13:00", "runs", ""}}, "2026-04-22 11:00"},
		{"an earlier date is no extension", "3 working days", "2026-04-20 09:00",
			[]step{{"2026-04-21 10:00", "extend", "2026-04-22 17:00"}}, "2026-04-23 17:00"},
		{"restart keeps a later promise", "1 working day", "2026-04-20 09:00",
			[]step{{"2026-04-20 10:00", "extend", "2026-04-29 17:00"}, {"2026-04-20 11:00", "restarts", ""}, {"2026-04-21 10:00", "runs", ""}}, "2026-04-29 17:00"},
		{"resumed and extended in the same instant", "1 working day", "2026-04-20 09:00",
			[]step{{"2026-04-20 10:00", "paused", ""}, {"2026-04-21 10:00", "runs", ""}, {"2026-04-21 10:00", "extend", "2026-04-24 17:00"}}, "2026-04-24 17:00"},

		{"re-opened for a correction", "same working day, cutoff 15:00", "2026-04-20 09:00",
			[]step{{"2026-04-20 10:00", "stop", ""}, {"2026-05-12 10:00", "runs", ""}}, "2026-05-12 17:00"},
		{"re-opened into a pause", "1 working day", "2026-04-20 09:00",
			[]step{{"2026-04-20 10:00", "none", ""}, {"2026-05-12 10:00", "paused", ""}, {"2026-05-13 10:00", "runs", ""}}, "2026-05-14 17:00"},
		{"stopped stays stopped", "1 working day", "2026-04-20 09:00",
			[]step{{"2026-04-20 10:00", "stop", ""}, {"2026-05-12 10:00", "none", ""}, {"2026-05-12 10:00", "extend", "2026-06-01 17:00"}}, "2026-04-21 17:00"},
		{"time running backwards", "1 working day", "2026-04-20 09:00",
			[]step{{"2026-04-19 10:00", "paused", ""}, {"2026-04-18 10:00", "runs", ""}}, "2026-04-21 17:00"},
		{"unknown mode", "1 working day", "2026-04-20 09:00",
			[]step{{"2026-04-20 10:00", "sleeps", ""}}, "2026-04-21 17:00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := run(t, c, tt.start, tt.limit, tt.steps)
			wantTime(t, "Due", k.Due, at(t, tt.want))
		})
	}
}

func TestClockNotStarted(t *testing.T) {
	c := newest(t)
	now := at(t, "2026-04-20 09:00")
	prepared := calendar.Clock{Limit: limit(t, "3 working days")}
	for _, k := range []calendar.Clock{{}, prepared} {
		for _, m := range []calendar.Mode{calendar.None, calendar.Paused, calendar.Restarts, "x"} {
			if got := c.Enter(k, now, m); !got.Equal(k) {
				t.Errorf("Enter(%s) before reception = %+v", m, got)
			}
		}
		same := []calendar.Clock{calendar.Stop(k, now), k.Extend(now, now.AddDate(0, 0, 9), "x"), c.Recompute(k), c.Adopt(k, now)}
		for i, got := range same {
			if !got.Equal(k) {
				t.Errorf("operation %d touched a clock not started: %+v", i, got)
			}
		}
		if k.Overdue(now) || k.Late() || k.Running() || k.HasStarted() {
			t.Errorf("%+v counts as started", k)
		}
	}
	if got := c.Enter(calendar.Clock{}, now, calendar.Runs); got.HasStarted() {
		t.Errorf("started without a limit: %+v", got)
	}
	if got := c.Enter(prepared, now, calendar.Runs); !got.Equal(c.Start(now, prepared.Limit)) {
		t.Errorf("Enter(runs) = %+v", got)
	}
	if raw, _ := json.Marshal(calendar.Clock{}); string(raw) != "{}" {
		t.Errorf("zero clock is %s", raw)
	}
}

func TestOverdueAndLate(t *testing.T) {
	c := newest(t)
	k := c.Start(at(t, "2026-04-20 09:00"), limit(t, "1 working day")) // due Tue 21 17:00
	sharp, past := at(t, "2026-04-21 17:00"), at(t, "2026-04-21 17:00:01")
	if k.Overdue(sharp) || !k.Overdue(past) {
		t.Error("overdue must begin just after 17:00")
	}
	paused := c.Enter(k, at(t, "2026-04-21 10:00"), calendar.Paused)
	if paused.Overdue(past) || paused.Running() {
		t.Error("a dossier must not fall due in the citizen's hands")
	}
	expired := calendar.Stop(paused, at(t, "2026-05-20 17:00"))
	if expired.Late() {
		t.Error("expired while waiting for the citizen: the end is the moment of request")
	}
	if !c.Enter(k, past, calendar.Paused).Overdue(past) {
		t.Error("asking after the due time must not heal lateness")
	}
	done := calendar.Stop(k, past)
	if done.Overdue(past.AddDate(1, 0, 0)) || !done.Late() {
		t.Error("an ended dossier is late, not overdue")
	}
	if k.Late() {
		t.Error("an open dossier is not late yet")
	}
	if k = k.Extend(sharp, at(t, "2026-04-23 17:00"), "x"); k.Extensions() != 1 || k.Overdue(past) {
		t.Errorf("extended: %+v", k)
	}
}

func TestNewCalendarMovesOpenClocks(t *testing.T) {
	before, after := version(t, "vn-2025-10-17"), version(t, "vn-2025-12-25")
	now := at(t, "2025-12-25 18:00") // the swap of Fri 2 Jan is announced
	k := before.Start(at(t, "2025-12-24 09:00"), limit(t, "6 working days"))
	wantTime(t, "old due", k.Due, at(t, "2026-01-02 17:00"))

	moved := after.Adopt(k, now)
	wantTime(t, "new due", moved.Due, at(t, "2026-01-05 17:00"))
	if n := len(moved.Moves); n != 1 || moved.Moves[0].Kind != calendar.MoveCalendar || moved.Calendar != after.ID ||
		moved.Moves[0].Why != "calendar vn-2025-12-25 in place of vn-2025-10-17" {
		t.Errorf("moves %+v", moved.Moves)
	}
	if !after.Recompute(moved).Equal(moved) || !after.Adopt(moved, now).Equal(moved) {
		t.Error("adopting twice changes something")
	}
	wantTime(t, "what it was", before.Recompute(moved).Due, k.Due)

	// A working Saturday can also bring a due time forward, with its reason.
	k = before.Start(at(t, "2026-01-07 09:00"), limit(t, "3 working days"))
	wantTime(t, "old due", k.Due, at(t, "2026-01-12 17:00"))
	wantTime(t, "new due", after.Adopt(k, now).Due, at(t, "2026-01-10 17:00"))

	// Ended clocks are judged by the calendar of their time.
	ended := calendar.Stop(k, at(t, "2026-01-08 09:00"))
	if !after.Adopt(ended, now).Equal(ended) {
		t.Error("an ended clock moved")
	}

	// Entering a state under a newer version moves first, and says so.
	k = before.Start(at(t, "2025-12-24 09:00"), limit(t, "6 working days"))
	k = after.Enter(k, now, calendar.Paused)
	k = after.Enter(k, at(t, "2025-12-29 09:00"), calendar.Runs)
	if len(k.Moves) != 2 || k.Moves[0].Kind != calendar.MoveCalendar || k.Moves[1].Kind != calendar.MovePause {
		t.Errorf("moves %+v", k.Moves)
	}
	wantTime(t, "due", k.Due, at(t, "2026-01-07 17:00"))

	// An instant promised by apology stays what was promised.
	k = before.Start(at(t, "2025-12-24 09:00"), limit(t, "1 working day")).Extend(at(t, "2025-12-25 09:00"), at(t, "2026-01-02 17:00"), "x")
	wantTime(t, "promise", after.Adopt(k, now).Due, at(t, "2026-01-02 17:00"))
}

func TestReopenRecordsWhy(t *testing.T) {
	c := newest(t)
	k := run(t, c, "2026-04-20 09:00", "1 working day", []step{{"2026-04-20 10:00", "stop", ""}, {"2026-05-12 10:00", "runs", ""}})
	if k.HasStopped() || !k.Running() || len(k.Moves) != 1 || k.Moves[0].Kind != calendar.MoveReopen {
		t.Errorf("%+v", k)
	}
}

func TestClockIsAValue(t *testing.T) {
	c := newest(t)
	k := c.Start(at(t, "2026-04-20 09:00"), limit(t, "5 working days"))
	for _, d := range []string{"2026-04-20", "2026-04-21", "2026-04-22"} {
		k = c.Enter(c.Enter(k, at(t, d+" 10:00"), calendar.Paused), at(t, d+" 11:00").AddDate(0, 0, 1), calendar.Runs)
	}
	keep, _ := json.Marshal(k)
	a := c.Enter(c.Enter(k, at(t, "2026-04-28 08:00"), calendar.Paused), at(t, "2026-04-29 08:00"), calendar.Runs)
	first, _ := json.Marshal(a)
	b := c.Enter(c.Enter(k, at(t, "2026-04-28 09:00"), calendar.Paused), at(t, "2026-05-04 09:00"), calendar.Runs)
	_ = k.Extend(at(t, "2026-04-28 09:00"), at(t, "2026-06-01 17:00"), "x")
	if now, _ := json.Marshal(k); string(now) != string(keep) {
		t.Error("an operation changed its argument")
	}
	if now, _ := json.Marshal(a); string(now) != string(first) || a.Equal(b) {
		t.Error("two clocks grown from one share memory")
	}
	var back calendar.Clock
	if err := json.Unmarshal(first, &back); err != nil || !back.Equal(a) || !c.Recompute(back).Equal(a) {
		t.Errorf("through JSON: %v\n%+v\n%+v", err, a, back)
	}
	if again, _ := json.Marshal(c.Recompute(back)); string(again) != string(first) {
		t.Errorf("JSON changed:\n%s\n%s", first, again)
	}
}

func TestMonotonicReadingIsDropped(t *testing.T) {
	c := newest(t)
	k := c.Start(time.Date(2026, 4, 20, 2, 0, 0, 0, time.UTC), limit(t, "2 hours"))
	if k.Started.Location() != calendar.Zone || k.Due.Location() != calendar.Zone || k.Due.Format(time.RFC3339) != "2026-04-20T11:00:00+07:00" {
		t.Errorf("%+v", k)
	}
}
