package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/machine"
)

// Report is what became of one scenario.
type Report struct {
	File     string            `json:"file"`
	Title    engine.Text       `json:"title"`
	Good     bool              `json:"good"`
	Lines    int               `json:"lines"` // played
	Findings []machine.Finding `json:"findings,omitempty"`
	Failure  *Failure          `json:"failure,omitempty"`
	Took     time.Duration     `json:"took_ns"`
}

// player plays one story.
type player struct {
	w     World
	b     Book
	cases map[string]string // name → code; "" = the first
	order []string          // codes
	heard map[string]int    // receiver and case → messages that the story has spoken of
}

// Run plays a scenario in a world of its own. The error is of the world only.
func Run(ctx context.Context, ws Worlds, b Book, s *Scenario) (rep Report, err error) {
	rep = Report{File: s.File, Title: s.Title}
	steps, found := compile(b, s)
	if len(found) > 0 {
		rep.Findings = found
		return rep, nil
	}
	w, err := ws.Open(ctx, s.at, s.unpaid)
	if err != nil {
		return rep, fmt.Errorf("%s: %w", s.File, err)
	}
	defer func() {
		if cerr := w.Close(); err == nil {
			err = cerr
		}
	}()
	for _, h := range s.staff {
		if err := w.Hire(ctx, h.id.Text, h.office.Text, h.roles); err != nil {
			return rep, fmt.Errorf("%s: %w", s.File, err)
		}
	}
	p := &player{w: w, b: b, cases: map[string]string{}, heard: map[string]int{}}
	for _, st := range steps {
		rep.Lines++
		if bad := st.play(ctx, p); len(bad) > 0 {
			rep.Failure = p.failure(ctx, st.line, bad)
			return rep, ctx.Err()
		}
	}
	if err := w.Sound(ctx); err != nil {
		n := &node{File: s.File, Line: len(s.source), Column: 1}
		rep.Failure = p.failure(ctx, line{at: n, text: "(hết · the end)"}, one(n, say("chuỗi băm đúng, hồ sơ khớp lịch sử, không hồ sơ nào mắc kẹt", "chains hold, every case is what its history gives, none is stuck"), err))
		return rep, ctx.Err()
	}
	rep.Good = true
	return rep, nil
}

// results are what the parts of the first case have issued, by part.
func (p *player) results(ctx context.Context) map[string]any {
	out := map[string]any{}
	c, err := p.w.Case(ctx, p.cases[""])
	if err != nil {
		return out
	}
	for _, d := range c.Dossiers {
		if d.Result != nil {
			out[d.Step] = d.Result.Data
		}
	}
	return out
}

func (p *player) pass(ctx context.Context, n *node, to time.Time) []Mismatch {
	if err := p.w.Pass(ctx, to); err != nil {
		return one(n, say("thời gian trôi", "time passes"), err)
	}
	return nil
}

// opened gives new cases their names.
func (p *player) opened(names, codes []string) {
	for i, code := range codes {
		if _, taken := p.cases[""]; !taken {
			p.cases[""] = code
		}
		if i < len(names) {
			p.cases[names[i]] = code
		}
		p.order = append(p.order, code)
	}
}

// account is who acts: a role at the office where the part is.
func (p *player) account(a account, c *engine.Case, part string) string {
	switch {
	case a.role == "requester":
		return c.Requester.ID
	case a.role != "":
		office := ""
		if d := c.Dossier(part); d != nil {
			office = d.Office
		}
		return a.role + "." + office
	}
	return a.id
}

// input is what an action is given; as declared = what its form asks for and the
// part was handed.
func (p *player) input(c *engine.Case, part, action string, in *node, declared bool) map[string]any {
	out := map[string]any{}
	switch {
	case in != nil && in.Kind == "map":
		out, _ = clone(in.Value).(map[string]any)
	case declared:
		svc, err := p.b.Definitions.Service(c.Service, c.Version)
		if err != nil || svc.Step(part) == nil || c.Dossier(part) == nil {
			break
		}
		a := svc.Step(part).Procedure.Action(action)
		if a == nil || a.Input == nil {
			break
		}
		var schema map[string]any
		if json.Unmarshal(a.Input.Schema.JSON(), &schema) == nil {
			if m, ok := prune(schema, schema, map[string]any(c.Dossier(part).With)).(map[string]any); ok {
				out = m
			}
		}
	}
	return out
}

// prune keeps what a schema has a place for.
func prune(root, schema map[string]any, v any) any {
	for range 20 {
		ref, ok := schema["$ref"].(string)
		if !ok {
			break
		}
		var at any = root
		for _, k := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			at = engine.At(at, k)
		}
		schema, _ = at.(map[string]any)
	}
	switch x := v.(type) {
	case map[string]any:
		props, ok := schema["properties"].(map[string]any)
		if !ok {
			return clone(x)
		}
		out := map[string]any{}
		for k, e := range x {
			if sub, ok := props[k].(map[string]any); ok && e != nil {
				out[k] = prune(root, sub, e)
			}
		}
		return out
	case []any:
		items, _ := schema["items"].(map[string]any)
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = prune(root, items, e)
		}
		return out
	}
	return v
}

// clock writes an instant as stories do.
func clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	if t.Second() != 0 || t.Nanosecond() != 0 {
		return t.In(calendar.Zone).Format("2006-01-02 15:04:05")
	}
	return t.In(calendar.Zone).Format(layout)
}
