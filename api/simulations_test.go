package api_test

import (
	"context"
	"errors"
	"testing"

	"lienthong/api"
	"lienthong/engine"
)

// One simulation at a time, with its progress, its report, and a way to stop it.
func TestSimulations(t *testing.T) {
	release, ended := make(chan struct{}), make(chan struct{}, 1)
	w := newWorld(t, func(c *api.Config) {
		c.Tools.Simulate = func(o api.SimulationOrder) (api.Play, error) {
			if o.Plan == "bad" {
				return nil, engine.Fail(engine.Invalid, "sai", "plan:1:1: wrong")
			}
			return func(ctx context.Context, progress func(day, open int)) (any, error) {
				defer func() { ended <- struct{}{} }()
				progress(3, 17)
				select {
				case <-release:
				case <-ctx.Done():
					return nil, context.Cause(ctx)
				}
				if o.Seed == 9 {
					return nil, errors.New("it broke down")
				}
				return map[string]any{"good": true, "forms": o.Cases}, nil
			}, nil
		}
	})
	const path = "/api/v1/simulations"
	order := map[string]any{"cases": 10, "days": 5}
	// until waits for a status; each look is a request of its own.
	until := func(id, status string) answer {
		for range 1000 {
			if a := w.send("tester", "GET", path+"/"+id, nil).want(200); a.str("status") == status {
				return a
			}
		}
		t.Fatalf("simulation %s never is %s", id, status)
		return answer{}
	}
	w.send("operator", "POST", path, order).refused(403, "forbidden")
	w.send("tester", "POST", path, map[string]any{"cases": 0, "days": 5}).want(422)
	w.send("tester", "POST", path, map[string]any{"cases": 1, "days": 5, "plan": "bad"}).want(422)
	id := w.send("tester", "POST", path, order).want(202).str("id")
	w.send("tester", "POST", path, order).refused(409, "wrong_state")
	w.send("operator", "GET", path+"/"+id, nil).refused(403, "forbidden")
	close(release)
	<-ended
	if x := until(id, "done"); engine.At(x.get("report"), "forms") != int64(10) || x.get("day") != int64(3) || x.get("open") != int64(17) {
		t.Errorf("done: %s", x.raw)
	}
	failed := w.send("tester", "POST", path, map[string]any{"cases": 1, "days": 1, "seed": 9}).want(202).str("id")
	<-ended
	if x := until(failed, "failed"); x.str("error") != "it broke down" {
		t.Errorf("failed: %s", x.raw)
	}
	release = make(chan struct{})
	id = w.send("tester", "POST", path, order).want(202).str("id")
	w.send("tester", "DELETE", path+"/"+id, nil).want(204)
	<-ended
	until(id, "cancelled")
	all := w.send("tester", "GET", path, nil).want(200)
	if first := engine.At(all.get("simulations"), "0"); engine.At(first, "id") != "3" || engine.At(first, "status") != "cancelled" || engine.At(all.get("simulations"), "2", "report") != nil {
		t.Errorf("all: %s", all.raw)
	}
	w.send("operator", "GET", path, nil).refused(403, "forbidden")
	w.send("tester", "GET", path+"/99", nil).refused(404, "not_found")
}
