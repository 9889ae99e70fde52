package rowenc_test

import (
	"encoding/json"
	"testing"

	"lienthong/engine"
	"lienthong/store/rowenc"
	"lienthong/store/storetest"
)

// TestPayload: the payload is the entry's JSON, and reads back as the entry.
func TestPayload(t *testing.T) {
	entries := []engine.Entry{{}, {Case: "<&>\u2028\"\\", Seq: 1, Events: engine.Events{}}}
	for _, c := range storetest.NewBirth(t, 7, "", storetest.T0).Changes {
		entries = append(entries, c.Entries...)
	}
	for i := range entries {
		s, err := rowenc.Seal(&entries[i])
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(entries[i])
		if err != nil {
			t.Fatal(err)
		}
		if string(s.Payload) != string(want) {
			t.Errorf("sealed %s\nwant   %s", s.Payload, want)
		}
		back, err := s.Open()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := json.Marshal(back); err != nil || string(again) != string(want) {
			t.Errorf("read back %s\nwant      %s (%v)", again, want, err)
		}
	}
}
