package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lienthong/engine/replay"
	"lienthong/workflows"
)

// otherLaw writes the built-in definitions to a folder with one text changed.
func otherLaw(t *testing.T, name, old, new string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, workflows.Files()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	b, err := os.ReadFile(path)
	if err != nil || strings.Count(string(b), old) != 1 {
		t.Fatalf("%s has %d times %q (%v)", name, strings.Count(string(b), old), old, err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(b), old, new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestReplayAgainst(t *testing.T) {
	_, db := played(t)
	says(t, 0, "2 identical, 0 otherwise", "replay", "--lang", "en", "--db", db, "--against", "built-in")

	for _, x := range []struct {
		file, old, new string
		want           replay.Divergence
		verdict        replay.Verdict
		end            string // what differs about it
	}{
		{"procedures/birth_registration.yaml", "after: {1 day: silence}", "after: {2 days: silence}",
			replay.Divergence{Step: "birth", State: "received", Action: "draft", Kind: replay.ByEvent, Event: "timers_set"}, replay.SameEnd, ""},
		{"procedures/birth_registration.yaml", "to: recording\n    by: leader", "to: recording\n    by: officer",
			replay.Divergence{Step: "birth", State: "signing", Action: "sign", Kind: replay.ByRefusal}, replay.OtherEnd, "birth state"},
		{"procedures/birth_registration.yaml", "document: birth_certificate", "document: certificate_of_birth",
			replay.Divergence{Step: "birth", State: "recording", Action: "reply", Kind: replay.ByEvent, Event: "result_issued", Pointer: "/result/document"}, replay.OtherEnd, "birth result"},
	} {
		out := says(t, 1, "", "--json", "replay", "--lang", "en", "--db", db, "--against", otherLaw(t, x.file, x.old, x.new))
		var r replay.Report
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		if r.Cases != 2 || r.Identical != 1 || len(r.Found) != 1 || r.Found[0].First == nil {
			t.Fatalf("%s: %s", x.new, out)
		}
		o, got := r.Found[0], *r.Found[0].First
		if got.Step != x.want.Step || got.State != x.want.State || got.Action != x.want.Action || got.Kind != x.want.Kind ||
			got.Event != x.want.Event || x.want.Pointer != "" && got.Pointer != x.want.Pointer || got.Why.IsZero() || o.Verdict != x.verdict {
			t.Errorf("%s: %s", x.new, o)
		}
		if len(r.Places) != 1 || r.Places[0].Cases != 1 || r.Places[0].Procedure != "birth_registration" || r.Places[0].State != x.want.State {
			t.Errorf("%s: places %+v", x.new, r.Places)
		}
		if x.end != "" && (len(o.Ends) == 0 || !strings.Contains(o.String(), "end: "+x.end)) {
			t.Errorf("%s: ends %v", x.new, o.Ends)
		}
	}
}

// TestReplayAgainstAnotherVersion: a version that was not in force on the day of
// filing can be asked for, and one that is not there is said so for every case.
func TestReplayAgainstAnotherVersion(t *testing.T) {
	_, db := played(t)
	says(t, 1, `no service version "1999"; there are: birth@2024-07-01`, "replay", "--lang", "en", "--db", db, "--against", "built-in", "--version", "1999")
	set, err := workflows.Load()
	if err != nil {
		t.Fatal(err)
	}
	older := ""
	for _, s := range set.Services() {
		if s.ID == "birth" && older == "" {
			older = s.Version
		}
	}
	out := says(t, 1, "", "--json", "replay", "--lang", "en", "--db", db, "--against", "built-in", "--version", older)
	if !strings.Contains(out, "/choices: What else is asked for is not valid.") { // four steps where the older one has three
		t.Errorf("not decided under %s: %s", older, out)
	}
	says(t, 2, "--version goes with --against", "replay", "--lang", "en", "--db", db, "--version", older)
	says(t, 1, "no such file", "replay", "--lang", "en", "--db", db, "--against", filepath.Join(t.TempDir(), "nowhere"))
	bad := otherLaw(t, "procedures/birth_registration.yaml", "clock: runs}\n  verifying:", "clock: strolls}\n  verifying:")
	says(t, 1, "birth_registration.yaml:", "replay", "--lang", "en", "--db", db, "--against", bad)
}
