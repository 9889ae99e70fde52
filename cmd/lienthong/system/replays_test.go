package system

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"lienthong/api"
	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/workflows"
)

// replayed waits until a job is over; each look is a request of its own.
func (x *site) replayed(order map[string]any) map[string]any {
	x.Helper()
	id := engine.Str(x.call("look", "POST", "/replays", order, 202), "id")
	for range 5000 {
		if v := x.call("look", "GET", "/replays/"+id, nil, 200); v["status"] != "running" {
			return v
		}
	}
	x.Fatal("it does not end")
	return nil
}

// TestReplayAll: every case is decided again as it was decided, under another
// published version and under one that only files hold; what comes out otherwise is
// told.
func TestReplayAll(t *testing.T) {
	x := newSite(t, Memory)
	if err := x.Store.PutAccount(t.Context(), engine.Account{ID: "look", Kind: engine.Staff, Name: "Kiểm thử", Roles: []string{"tester"}}, 0, nil); err != nil && engine.CodeOf(err) != engine.Duplicate {
		t.Fatal(err)
	}
	for _, name := range []string{"birth-b3", "death-o4"} {
		ex, err := workflows.LoadExample(name)
		if err != nil {
			t.Fatal(err)
		}
		service := strings.SplitN(name, "-", 2)[0]
		x.call(ex.Requester.ID, "POST", "/cases", map[string]any{"service": service, "application": ex.Application}, 201)
	}
	if err := x.Runtime.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := x.Runtime.Advance(t.Context(), time.Date(2026, 9, 7, 9, 0, 0, 0, calendar.Zone)); err != nil {
		t.Fatal(err)
	}
	all := x.replayed(map[string]any{})
	if all["status"] != "done" || all["total"] != int64(2) || engine.At(all, "counts", "identical") != int64(2) || engine.At(all, "report", "identical") != int64(2) {
		t.Errorf("as they were decided: %v", all)
	}
	b3, err := fs.ReadFile(workflows.Files(), "services/birth-b3.yaml")
	if err != nil {
		t.Fatal(err)
	}
	other := strings.NewReplacer(`version: "2024-07-01"`, `version: "2026-12-01"`, `{from: "2024-07-01", to: "2026-09-01"}`, `{from: "2026-12-01"}`, "key: application.child.?notice.?code #", `key: '"one for all"' #`).Replace(string(b3))
	v := x.replayed(map[string]any{"files": map[string]any{"services/birth-x.yaml": other}})
	if v["status"] != "done" || engine.At(v, "order", "service") != "birth" || engine.At(v, "order", "version") != "2026-12-01" || v["total"] != int64(1) {
		t.Fatalf("under files: %v", v)
	}
	first := engine.At(v, "report", "found", "0", "first")
	if engine.At(v, "counts", "identical") != int64(0) || engine.Str(first, "got") != "birth:one for all" || engine.Str(first, "pointer") != "/key" {
		t.Errorf("under files: %v", v)
	}
	for name, c := range map[string]struct {
		order map[string]any
		says  string
	}{
		"not YAML":       {map[string]any{"files": map[string]any{"services/x.yaml": "service: [\n"}}, "services/x.yaml:"},
		"nothing new":    {map[string]any{"files": map[string]any{"services/birth-b3.yaml": string(b3)}}, "no new version"},
		"of another one": {map[string]any{"service": "death", "files": map[string]any{"services/birth-x.yaml": other}}, "no new version"},
	} {
		if p := x.call("look", "POST", "/replays", c.order, 422); !strings.Contains(engine.Str(p, "detail")+engine.Str(p, "errors", "0", "detail"), c.says) {
			t.Errorf("%s: %v", name, p)
		}
	}
}

// TestReplayEndsWithTheProcess: no job goes on when the system is closed.
func TestReplayEndsWithTheProcess(t *testing.T) {
	x := newSite(t, Memory)
	redo, err := x.replay(t.Context(), &api.ReplayOrder{})
	if err != nil {
		t.Fatal(err)
	}
	x.end()
	if _, err := redo(t.Context(), []string{"none"}, func(api.ReplayCounts) {}); err == nil {
		t.Error("it goes on")
	}
}
