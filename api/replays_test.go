package api_test

import (
	"context"
	"slices"
	"testing"

	"lienthong/api"
	"lienthong/engine"
)

// redone is what a job was handed.
type redone struct {
	order api.ReplayOrder
	cases []string
}

// replaying is a world in which cases are decided again as run says.
func replaying(t *testing.T, run func(ctx context.Context, x redone, progress func(api.ReplayCounts)) (any, error)) *world {
	return newWorld(t, func(c *api.Config) {
		c.Tools.Again = func(history []engine.Entry, version string) any {
			return map[string]any{"entries": len(history), "under": version}
		}
		c.Tools.Replay = func(_ context.Context, o *api.ReplayOrder) (api.Redo, error) {
			if o.Files["services/bad.yaml"] != "" {
				return nil, engine.Fail(engine.Invalid, "sai", "services/bad.yaml:1:1: wrong")
			}
			if len(o.Files) > 0 {
				o.Service, o.Version = "birth", "2030"
			}
			order := *o
			return func(ctx context.Context, cases []string, progress func(api.ReplayCounts)) (any, error) {
				return run(ctx, redone{order, cases}, progress)
			}, nil
		}
	})
}

const replays = "/api/v1/replays"

// job waits for a status; each look is a request of its own.
func (w *world) job(id, status string) answer {
	w.t.Helper()
	for range 1000 {
		if a := w.send("tester", "GET", replays+"/"+id, nil).want(200); a.str("status") == status {
			return a
		}
	}
	w.t.Fatalf("%s never is %s", id, status)
	return answer{}
}

// One case is answered at once, only to who may see it.
func TestReplayOfOneCase(t *testing.T) {
	w := replaying(t, nil)
	code := w.file()
	w.settle()
	a := w.send("tester", "POST", replays, map[string]any{"case": code, "version": "2024-07-01"}).want(200)
	if a.get("entries") != w.read("tester", code).get("seq") || a.str("under") != "2024-07-01" {
		t.Errorf("replayed: %s", a.raw)
	}
	w.send("tester", "POST", replays, map[string]any{"case": code, "version": "nothing"}).refused(404, "not_found")
	w.send("tester", "POST", replays, map[string]any{"case": "nothing"}).refused(404, "not_found")
	w.send("officer."+officeBirth, "POST", replays, map[string]any{"case": code}).refused(403, "forbidden")
}

// All cases, or those of a service and period, are decided again in the background:
// one job at a time, with its progress, its report, and a way to stop it.
func TestReplayOfManyCases(t *testing.T) {
	release, ran := make(chan struct{}), make(chan redone, 1)
	w := replaying(t, func(ctx context.Context, x redone, progress func(api.ReplayCounts)) (any, error) {
		progress(api.ReplayCounts{Cases: 1, Identical: 1})
		ran <- x
		select {
		case <-release:
			return map[string]any{"cases": len(x.cases)}, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	})
	code := w.file()
	w.settle()
	filed := w.read("tester", code).str("filed")[:10]
	begin := func(order map[string]any) (string, redone) {
		t.Helper()
		id := w.send("tester", "POST", replays, order).want(202).str("id")
		return id, <-ran
	}
	id, x := begin(map[string]any{})
	if !slices.Equal(x.cases, []string{code}) {
		t.Errorf("all: %v", x.cases)
	}
	a := w.job(id, "running")
	if engine.At(a.get("counts"), "identical") != int64(1) || a.get("total") != int64(1) || a.get("report") != nil {
		t.Errorf("running: %s", a.raw)
	}
	w.send("tester", "POST", replays, map[string]any{}).refused(409, "wrong_state")
	close(release)
	if a := w.job(id, "done"); engine.At(a.get("report"), "cases") != int64(1) {
		t.Errorf("done: %s", a.raw)
	}
	for name, c := range map[string]struct {
		order map[string]any
		cases int
	}{
		"the service":     {map[string]any{"service": "birth", "version": "2024-07-01"}, 1},
		"another service": {map[string]any{"service": "death"}, 0},
		"the day":         {map[string]any{"from": filed, "to": filed}, 1},
		"before":          {map[string]any{"to": "2020-01-01"}, 0},
		"after":           {map[string]any{"from": "2099-01-01"}, 0},
	} {
		id, x := begin(c.order)
		if len(x.cases) != c.cases {
			t.Errorf("%s: %v", name, x.cases)
		}
		w.job(id, "done")
	}
	id, x = begin(map[string]any{"case": code, "files": map[string]any{"services/birth.yaml": "service: birth"}})
	if a := w.job(id, "done"); engine.At(a.get("order"), "version") != "2030" || engine.At(a.get("order"), "files", "0") != "services/birth.yaml" || len(x.cases) != 1 {
		t.Errorf("with files: %s %v", a.raw, x.cases)
	}
	release = make(chan struct{})
	id, _ = begin(map[string]any{})
	w.send("tester", "DELETE", replays+"/"+id, nil).want(204)
	w.job(id, "cancelled")
	all := w.send("tester", "GET", replays, nil).want(200)
	if first := engine.At(all.get("replays"), "0"); engine.At(first, "id") != id || len(all.get("replays").([]any)) != 5 || engine.At(all.get("replays"), "1", "report") != nil {
		t.Errorf("all: %s", all.raw)
	}
	w.send("tester", "GET", replays+"/1", nil).refused(404, "not_found") // not kept any more
	w.send("tester", "DELETE", replays+"/99", nil).refused(404, "not_found")
	w.send("operator", "GET", replays, nil).refused(403, "forbidden")
	w.send("operator", "POST", replays, map[string]any{}).refused(403, "forbidden")
}

// A case that waits for its fee is on no office's list, and is decided again too.
func TestReplayOfUnpaidCases(t *testing.T) {
	ran := make(chan redone, 1)
	w := replaying(t, func(_ context.Context, x redone, _ func(api.ReplayCounts)) (any, error) {
		ran <- x
		return map[string]any{}, nil
	})
	app := w.application("birth-b4", "residence", "identity")
	app["registration"].(map[string]any)["copies"] = 2 // which cost something
	code := w.send(father, "POST", "/api/v1/cases", map[string]any{"service": "birth", "application": app}).want(201).str("cases.0.code")
	if c, err := w.store.Load(t.Context(), code); err != nil || len(c.Rows()) > 0 {
		t.Fatalf("it is on a list: %v", err)
	}
	for service, want := range map[string][]string{"birth": {code}, "death": {}, "": {code}} {
		id := w.send("tester", "POST", replays, map[string]any{"service": service}).want(202).str("id")
		if x := <-ran; !slices.Equal(x.cases, want) {
			t.Errorf("%q: %v, want %v", service, x.cases, want)
		}
		if a := w.job(id, "done"); a.get("archived") != int64(0) {
			t.Errorf("archived: %s", a.raw)
		}
	}
}

// What cannot be carried out is refused before anything begins.
func TestReplayRefusesBadOrders(t *testing.T) {
	w := replaying(t, func(context.Context, redone, func(api.ReplayCounts)) (any, error) {
		t.Error("it began")
		return nil, nil
	})
	for name, c := range map[string]struct {
		order  map[string]any
		status int
	}{
		"no day":                    {map[string]any{"from": "yesterday"}, 422},
		"an impossible day":         {map[string]any{"from": "2026-02-31"}, 422},
		"days in the wrong order":   {map[string]any{"from": "2026-02-02", "to": "2026-02-01"}, 422},
		"an unknown service":        {map[string]any{"service": "nothing"}, 404},
		"an unknown version":        {map[string]any{"service": "birth", "version": "nothing"}, 404},
		"a version of no service":   {map[string]any{"version": "2024-07-01"}, 422},
		"a version beside files":    {map[string]any{"service": "birth", "version": "2024-07-01", "files": map[string]any{"a": "b"}}, 422},
		"files that do not compile": {map[string]any{"files": map[string]any{"services/bad.yaml": "x"}}, 422},
		"too many in the report":    {map[string]any{"found": 5000}, 422},
		"an unknown case":           {map[string]any{"case": "nothing", "files": map[string]any{"a": "b"}}, 404},
	} {
		if a := w.send("tester", "POST", replays, c.order); a.status != c.status {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if a := w.send("tester", "GET", replays, nil).want(200); len(a.get("replays").([]any)) != 0 {
		t.Errorf("kept: %s", a.raw)
	}
}
