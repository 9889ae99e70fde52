package engine_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
)

// written is an entry with everything that could be mistaken for its borders.
func written(t testing.TB) (engine.Entry, string) {
	t.Helper()
	trap := map[string]any{"events": []any{map[string]any{"kind": "filed", "data": `","data":}]`}}, "command": map[string]any{"a": `\"}],"events":[`}, "n": int64(1) << 60}
	e := engine.Entry{Case: `C","command":{`, Seq: 7, At: time.Date(2026, 9, 1, 8, 0, 0, 1000, time.UTC),
		Command: engine.Command{Action: "file", Case: "C", Input: trap, Comment: `,"events":[`},
		Facts:   engine.Facts{Reply: &engine.Reply{Data: trap, Note: `"\\`}},
		Events:  engine.Events{engine.Recorded{Name: "x", Value: trap}, engine.ItemsClosed{}, engine.CaseClosed{Outcome: engine.Completed}}}
	b, err := e.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	return e, string(b)
}

// TestEventsOnly: the events read alone are those of the whole, whatever the data.
func TestEventsOnly(t *testing.T) {
	_, text := written(t)
	var whole engine.Entry
	if err := engine.Unmarshal([]byte(text), &whole); err != nil {
		t.Fatal(err)
	}
	got, ok := engine.EventsOnly([]byte(text))
	if !ok || got.Case != whole.Case || got.Seq != 7 || !got.At.Equal(whole.At) || !reflect.DeepEqual(got.Events, whole.Events) || len(got.Events) != 3 {
		t.Errorf("%v %+v\nwant %+v", ok, got, whole)
	}
	for _, bad := range []string{"", "{", "[]", "null", text[:len(text)-1], text[:len(text)/2], strings.Replace(text, `,"events":[{"kind"`, `,"events":[{"sort"`, 1)} {
		if _, ok := engine.EventsOnly([]byte(bad)); ok {
			t.Errorf("taken: %q", bad)
		}
	}
}

// TestEventsInAnyForm: what somebody else wrote, with other white space or order, is
// read as well.
func TestEventsInAnyForm(t *testing.T) {
	for text, want := range map[string]int{
		`[]`: 0, ` [ ] `: 0, `null`: 0, `[{"kind":"items_closed","data":{}}]`: 1,
		`[ {"data": {}, "kind": "items_closed"} , {"kind":"items_closed","data":{"step":"a"}} ]`: 2,
	} {
		var es engine.Events
		if err := json.Unmarshal([]byte(text), &es); err != nil || len(es) != want {
			t.Errorf("%s: %d events, %v", text, len(es), err)
		}
	}
	for _, text := range []string{`[{"kind":"nothing_known","data":{}}]`, `[{"kind":"items_closed","data":[]}]`, `{}`, `[1]`} {
		var es engine.Events
		if err := json.Unmarshal([]byte(text), &es); err == nil {
			t.Errorf("taken: %s", text)
		}
	}
}

// FuzzEventsOnly: no text makes it panic, and what it takes it reads as the whole does.
func FuzzEventsOnly(f *testing.F) {
	_, text := written(f)
	f.Add(text)
	f.Add(`{"case":"","command":{},"events":[]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if got, ok := engine.EventsOnly([]byte(text)); ok {
			var whole engine.Entry
			if engine.Unmarshal([]byte(text), &whole) == nil && whole.Seq == got.Seq && len(whole.Events) != len(got.Events) {
				t.Errorf("%d events, the whole has %d: %q", len(got.Events), len(whole.Events), text)
			}
		}
	})
}
