package main

import (
	"strings"
	"testing"

	"lienthong/engine"
	"lienthong/engine/replay"
)

// TestReplayWhatIf: from any entry another decision, another input, another day.
func TestReplayWhatIf(t *testing.T) {
	_, db := played(t)
	code := ask(t, db, `SELECT code FROM cases ORDER BY code LIMIT 1`)
	if service := ask(t, db, `SELECT case_code FROM dossiers WHERE step = 'birth' LIMIT 1`); service != code {
		code = service
	}
	what := func(at, then string, more ...string) replay.Alternative {
		t.Helper()
		out := says(t, 0, "", append([]string{"--json", "replay", "--lang", "en", "--db", db, "--case", code, "--at", at, "--then", then}, more...)...)
		var a replay.Alternative
		if err := engine.Unmarshal([]byte(out), &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	state := func(a replay.Alternative) string { return a.Case.Dossier("birth").State }

	if a := what("4", `{"action":"dispute","input":{"comment":"Sai tên"}}`); state(a) != "received" || len(a.Refused) != 0 || len(a.Entries) != 1 {
		t.Errorf("another decision: %s, refused %+v", state(a), a.Refused)
	}
	if a := what("4", `{"action":"tick","at":"2026-09-20T09:00:00+07:00"}`); state(a) != "assigning" || a.Entries[0].Command.Actor.Kind != engine.Timer {
		t.Errorf("nobody confirms: %s after %+v", state(a), a.Entries)
	}
	late := what("5", `{"at":"2026-09-20T09:00:00+07:00"}`, "--go-on")
	if late.Case.Outcome != engine.Completed || len(late.Refused) != 0 || len(late.Ends) == 0 || late.Ends[0].What != "ended" || len(late.Clocks) == 0 {
		t.Errorf("another day: %+v, refused %+v", late.Ends, late.Refused)
	}
	if a := what("6", `{"action":"refuse","input":{"reason":"Giấy chứng sinh giả","legal_basis":"Luật Hộ tịch"}}`, "--go-on"); a.Case.Outcome != engine.Refused ||
		a.Case.Dossier("residence").Status != engine.StatusClosed || len(a.Refused) == 0 {
		t.Errorf("refused instead of signed: %s %+v", a.Case.Outcome, a.Refused)
	}
	if a := what("5", `{"facts":{"reply":{"outcome":"refused","code":"mismatch","detail":{"vi":"Không khớp","en":"Does not match"}}}}`); state(a) != "received" {
		t.Errorf("the registry refuses: %s %+v", state(a), a.Refused)
	}
	if a := what("0", `{"at":"2026-09-12T09:00:00+07:00"}`); a.Case.Seq != 1 || a.Case.Filed.Day() != 12 {
		t.Errorf("filed on another day: %+v", a.Refused)
	}
	if a := what("6", `{"actor":{"kind":"staff","id":"x","office":"police_00004","roles":["leader"]}}`); len(a.Refused) != 1 || a.Refused[0].Code != engine.Forbidden {
		t.Errorf("somebody else signs: %+v", a.Refused)
	}
	for then, want := range map[string]string{
		`{"actoin":"x"}`: `unknown field "actoin"`, `[`: "unexpected EOF", `[] []`: "cannot be read", `[]`: "0 commands",
		`{"comment":"` + strings.Repeat("x", replay.MaxThen) + `"}`: "more than", "nowhere.json": "no such file",
	} {
		says(t, 1, want, "replay", "--lang", "en", "--db", db, "--case", code, "--at", "4", "--then", then)
	}
	says(t, 1, "there is no entry 99", "replay", "--lang", "en", "--db", db, "--case", code, "--at", "99", "--then", "{}")
	says(t, 2, "--then needs --case", "replay", "--lang", "en", "--db", db, "--then", "{}")
	says(t, 0, "otherwise than kept: birth state", "replay", "--lang", "en", "--db", db, "--case", code, "--at", "4", "--then", `{"action":"dispute","input":{"comment":"Sai"}}`)
}
