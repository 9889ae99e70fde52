package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"lienthong/agencies/wire"
	"lienthong/cmd/lienthong/story"
	"lienthong/cmd/lienthong/system"
	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/engine/runtime"
	"lienthong/engine/scenario/paths"
	"lienthong/workflows"
)

// quiet takes every request for later: what registers answer is in the paths.
type quiet struct{}

func (quiet) Send(_ context.Context, d engine.Delivery) runtime.Answer {
	if d.Registry == engine.NotificationRegistry {
		return runtime.Answer{Outcome: runtime.Done}
	}
	return runtime.Answer{Outcome: runtime.Later}
}

func (quiet) Ask(context.Context, engine.Delivery) runtime.Answer {
	return runtime.Answer{Outcome: runtime.Later}
}

// quietWorld is a whole system in this process whose registers say nothing.
func quietWorld(t *testing.T, defs *machine.Set) *world {
	t.Helper()
	var sys *system.System
	start := time.Date(2026, 9, 7, 1, 0, 0, 0, time.UTC)
	sys, err := system.Open(t.Context(), system.Config{DB: system.Memory, Start: start, Still: true, Demo: true, InProcess: true, Secret: registrySecret, Definitions: defs,
		Wall: func() time.Time {
			if sys == nil {
				return start
			}
			return sys.Clock.Now()
		},
		Runtime: func(c *runtime.Config) { c.Exchange, c.Parallel, c.Tries = quiet{}, 1, 1000 }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sys.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{sys: sys, Client: &story.Client{Base: sys.URL, HTTP: &http.Client{Transport: wire.HandlerTransport(sys.Handler)}}}
}

// Every transition and every simple path that the core has gone is gone again over
// HTTP: by the accounts of the people concerned, with signed answers of the
// registers, and the states are the same.
func TestEveryPathOverHTTP(t *testing.T) {
	set, subs, err := paths.Load(workflows.Files())
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(subs, func(a, b paths.Subject) int { return a.Start.Compare(b.Start) }) // the clock only goes on
	w := quietWorld(t, set)
	gone, n := map[paths.Edge]bool{}, 0
	for _, s := range subs {
		r, err := paths.Explore(set, s, paths.Bounds{})
		if err != nil {
			t.Fatal(err)
		}
		if w.Now().Before(s.Start) {
			if err := w.sys.Runtime.Advance(t.Context(), s.Start); err != nil {
				t.Fatal(err)
			}
		}
		for _, moves := range walks(r) {
			if n++; testing.Short() && n%8 != 0 {
				continue
			}
			if err := w.goes(t.Context(), s, moves); err != nil {
				t.Errorf("%s %v: %v", s.Name(), moves, err)
			}
			for _, e := range edges(s, moves) {
				gone[e] = true
			}
		}
		for _, e := range r.Edges {
			if !gone[e] && !testing.Short() {
				t.Errorf("%s: %s was not taken over HTTP", s.Name(), e)
			}
		}
		clear(gone)
	}
	t.Logf("%d walks", n)
	if err := w.Sound(t.Context()); err != nil {
		t.Error(err)
	}
}

// walks are the walks of a report that no longer one begins with.
func walks(r paths.Report) [][]paths.Move {
	var all [][]paths.Move
	for _, p := range r.Paths {
		if len(p.Moves) > 0 && p.End {
			all = append(all, p.Moves)
		}
	}
	for _, e := range r.Edges {
		if m := r.Driven[e]; m != nil && !slices.ContainsFunc(all, func(l []paths.Move) bool { return len(l) >= len(m) && fmt.Sprint(l[:len(m)]) == fmt.Sprint(m) }) {
			all = append(all, m)
		}
	}
	return all
}

// edges are the transitions of the procedure that a walk takes.
func edges(s paths.Subject, moves []paths.Move) []paths.Edge {
	var out []paths.Edge
	at := s.Procedure.States[0].ID
	for _, m := range moves {
		if m.State != "" {
			for _, e := range paths.Edges(s.Procedure) {
				if e.From == at && e.To == m.State && e.Action == taken(s, m, at) {
					out = append(out, e)
				}
			}
			at = m.State
		}
	}
	return out
}

// taken is the procedure's action that a move has caused: its own, or the one that
// follows when another step corrects or returns something.
func taken(s paths.Subject, m paths.Move, from string) string {
	if m.Step == "subject" {
		return m.Action
	}
	want := engine.ByUpstream
	if m.Step == "later" {
		want = engine.ByDownstream
	}
	for _, a := range s.Procedure.Actions {
		if slices.Contains(a.By, want) && slices.Contains(a.From, from) {
			return a.ID
		}
	}
	return ""
}

// goes files a case and repeats a walk on it.
func (w *world) goes(ctx context.Context, s paths.Subject, moves []paths.Move) error {
	codes, err := w.File(ctx, paths.Requester.ID, s.Service.ID, s.Application(), nil, 0)
	if err != nil {
		return err
	}
	for i, m := range moves {
		if err := w.move(ctx, codes[0], m); err != nil {
			return fmt.Errorf("move %d, %s: %w", i, m, err)
		}
		c, err := w.Case(ctx, codes[0])
		if err != nil {
			return err
		}
		if got := c.Dossier("subject").State; got != m.State {
			return fmt.Errorf("move %d, %s: it is in %q", i, m, got)
		}
	}
	return nil
}

func (w *world) move(ctx context.Context, code string, m paths.Move) error {
	c, err := w.Case(ctx, code)
	if err != nil {
		return err
	}
	d := c.Dossier(m.Step)
	switch m.Kind {
	case paths.MoveAnswer:
		return w.Act(ctx, c.Requester.ID, code, "", engine.ActAnswer, paths.Answers(c, m.Step))
	case paths.MoveTimer:
		at, ok := paths.TimerAt(d, m.Action)
		if !ok {
			return fmt.Errorf("no timer")
		}
		return w.sys.Runtime.Advance(ctx, at)
	case paths.MoveReply:
		return w.replies(ctx, c, d, m)
	}
	account := m.By + "." + d.Office
	switch {
	case m.By == "requester":
		account = c.Requester.ID
	case len(m.By) == 12:
		account = m.By
	}
	return w.Act(ctx, account, code, m.Step, m.Action, m.Input)
}

// replies posts the signed answer of a register.
func (w *world) replies(ctx context.Context, c *engine.Case, d *engine.Dossier, m paths.Move) error {
	if d.Request == nil {
		return fmt.Errorf("nothing was asked")
	}
	q := d.Request
	owed, err := w.sys.Store.Delivery(ctx, q.Key)
	if err != nil {
		return err
	}
	key, err := system.RequestKey(*owed)
	if err != nil {
		return err
	}
	body, err := json.Marshal(wire.Callback{Key: key, Registry: q.Registry, Operation: q.Operation, Case: c.Code, Step: d.Step, Outcome: wire.Outcome(m.Outcome), Code: m.Code, Data: m.Data})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.Base+"/api/v1/exchange/"+q.Registry+"/replies", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if err := wire.Sign(req.Header, wire.DeriveSecret(registrySecret, q.Registry), key, w.Now(), body); err != nil {
		return err
	}
	res, err := w.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		return fmt.Errorf("the answer is refused: %d %s", res.StatusCode, text)
	}
	return w.sys.Settle(ctx)
}
