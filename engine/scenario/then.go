package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lienthong/engine"
)

// expectation checks one entry of a then.
type expectation func(ctx context.Context, p *player, c *engine.Case) []Mismatch

// thens are the entries that are not parts.
var thens = []string{"case", "told", "never told", "tasks", "events", "no events", "sees", "opened", "public", "performed", "money", "register", "owed"}

func (c *compiler) then(l line) play {
	name, service := c.known(l)
	n := l.get("then")
	if n.Kind != "map" {
		c.wrong(n, "Thì: các mục “phần: trạng thái”.", "Then: entries “part: state”.")
		return nil
	}
	var all []expectation
	for i, k := range n.Keys {
		word, ok := english(keys, k.Text)
		if !ok || !slices.Contains(thens, word) {
			if part := c.partOr(service, k, thens); part != "" {
				all = append(all, c.expectPart(service, part, n.Items[i]))
			}
			continue
		}
		if e := c.expect(service, word, n.Items[i]); e != nil {
			all = append(all, e)
		}
	}
	return func(ctx context.Context, p *player) []Mismatch {
		cs, err := p.w.Case(ctx, p.cases[name])
		if err != nil {
			return one(n, say("hồ sơ", "the case"), err)
		}
		var bad []Mismatch
		for _, e := range all {
			bad = append(bad, e(ctx, p, cs)...)
		}
		return bad
	}
}

// partOr finds a part; words that could stand there too are named when it is none.
func (c *compiler) partOr(service string, n *node, words []string) string {
	steps := c.resolver.steps(service)
	for _, w := range words {
		steps = append(steps, word{id: w})
	}
	return c.pick(n, engine.Text{VI: "phần", EN: "part"}, steps)
}

func (c *compiler) expect(service, word string, n *node) expectation {
	switch word {
	case "case":
		return c.expectCase(n)
	case "told", "never told":
		return c.expectTold(n, word == "told")
	case "tasks":
		return c.expectTasks(n)
	case "events", "no events":
		return c.expectEvents(n, word == "events")
	case "sees":
		return c.expectSees(service, n)
	case "opened":
		return c.expectOpened(n)
	case "public":
		return c.expectPublic(service, n)
	case "money":
		return c.expectMoney(n)
	case "register":
		return c.expectRegister(n)
	}
	return c.expectCounts(word, n)
}

var partKeys = []string{"state", "closed", "ended", "status", "due", "office", "portal", "overdue", "clock", "attempt", "held", "result", "data", "with", "waits", "review"}

// expectPart is a state, or a map of what a part is like.
func (c *compiler) expectPart(service, part string, n *node) expectation {
	if n.Kind == "text" {
		state := c.state(service, part, n)
		return func(_ context.Context, p *player, cs *engine.Case) []Mismatch { return stateIs(p, cs, part, n, state) }
	}
	f := c.fields(n, partKeys)
	state := ""
	if s := f["state"]; s != nil {
		state = c.state(service, part, s)
	}
	office := ""
	if o := f["office"]; o != nil && fold(o.Text) != "none" && fold(o.Text) != "không" {
		office = c.office(o)
	}
	return func(ctx context.Context, p *player, cs *engine.Case) []Mismatch {
		d := cs.Dossier(part)
		if d == nil {
			return []Mismatch{mismatch(n, part, say("hồ sơ không có phần này", "the case has no such part"))}
		}
		var bad []Mismatch
		for _, k := range partKeys {
			e := f[k]
			if e == nil {
				continue
			}
			switch k {
			case "state":
				bad = append(bad, stateIs(p, cs, part, e, state)...)
			case "office":
				bad = append(bad, differs(e, office, d.Office)...)
			default:
				bad = append(bad, differs(e, e.Value, p.facet(cs, d, k))...)
			}
		}
		return bad
	}
}

func stateIs(p *player, cs *engine.Case, part string, n *node, want string) []Mismatch {
	d := cs.Dossier(part)
	if d == nil {
		return []Mismatch{mismatch(n, part, say("hồ sơ không có phần này", "the case has no such part"))}
	}
	if d.State == want {
		return nil
	}
	w := p.wordsOf(cs)
	expected := say(part+" ở trạng thái "+named(want, w.state(part, want).VI), part+" is "+named(want, w.state(part, want).EN))
	return []Mismatch{mismatch(n, expected, w.standing(d))}
}

// facet is one thing about a part, as a story writes it.
func (p *player) facet(cs *engine.Case, d *engine.Dossier, key string) any {
	switch key {
	case "closed":
		return d.Closed
	case "ended":
		return string(d.Final)
	case "status":
		return string(d.Status)
	case "due":
		return clock(d.Due())
	case "portal":
		return int64(d.Portal)
	case "overdue":
		due := d.Due()
		return d.Status == engine.StatusOpen && !due.IsZero() && p.w.Now().After(due)
	case "clock":
		switch {
		case !d.Clock.HasStarted():
			return "none"
		case d.Clock.HasStopped():
			return "stopped"
		case d.Clock.Running():
			return "runs"
		}
		return "paused"
	case "attempt":
		return int64(d.Attempt)
	case "held":
		return d.Assignee
	case "data":
		return d.Data
	case "with":
		return d.With
	case "waits":
		if d.Request == nil {
			return nil
		}
		return map[string]any{"registry": d.Request.Registry, "operation": d.Request.Operation, "since": clock(d.Request.At)}
	case "result":
		if d.Result == nil {
			return nil
		}
		return map[string]any{"document": d.Result.Document, "code": d.Result.Code, "version": int64(d.Result.Version), "revoked": d.Result.Revoked, "data": d.Result.Data}
	}
	r := d.OpenReview()
	if r == nil {
		return nil
	}
	return map[string]any{"of": r.Of, "from": int64(r.From), "to": int64(r.To), "due": clock(r.Due)}
}

var caseKeys = []string{"status", "outcome", "portal", "due", "overdue", "version", "parts", "channel", "fee"}

func (c *compiler) expectCase(n *node) expectation {
	f := c.fields(n, caseKeys)
	return func(_ context.Context, p *player, cs *engine.Case) []Mismatch {
		var bad []Mismatch
		for _, k := range caseKeys {
			if e := f[k]; e != nil {
				bad = append(bad, differs(e, e.Value, p.caseFacet(cs, k))...)
			}
		}
		return bad
	}
}

func (p *player) caseFacet(c *engine.Case, key string) any {
	switch key {
	case "status":
		return string(c.Status)
	case "outcome":
		return string(c.Outcome)
	case "portal":
		return int64(c.Portal())
	case "due":
		return clock(c.Clock.Due)
	case "overdue":
		return c.Status == engine.CaseOpen && !c.Clock.Due.IsZero() && p.w.Now().After(c.Clock.Due)
	case "version":
		return c.Version
	case "parts":
		return int64(len(c.Dossiers))
	case "channel":
		return int64(c.Channel)
	}
	if c.Fee == nil {
		return nil
	}
	return map[string]any{"amount": c.Fee.Amount, "status": c.Fee.Status, "receipt": c.Fee.Receipt, "paid": clock(c.Fee.PaidAt)}
}

// expectTold checks all that somebody was told since the story last said so; never
// told, that something was not among all that they were told.
func (c *compiler) expectTold(n *node, all bool) expectation {
	type told struct {
		n    *node
		to   string
		role string
		want []*node
	}
	var list []told
	if n.Kind != "map" {
		c.wrong(n, "Được báo: “người: [nội dung phần, …]”.", "Told: “person: [what part, …]”.")
	}
	for i, k := range n.Keys {
		t := told{n: n.Items[i]}
		t.to, t.role = c.receiver(k)
		t.want = c.list(n.Items[i])
		list = append(list, t)
	}
	return func(ctx context.Context, p *player, cs *engine.Case) []Mismatch {
		entries, err := p.w.History(ctx, cs.Code)
		if err != nil {
			return one(n, say("lịch sử", "the history"), err)
		}
		var bad []Mismatch
		for _, t := range list {
			to := t.to
			if t.role == "requester" {
				to = cs.Requester.ID
			}
			var got []string
			for _, e := range entries {
				for _, x := range e.Notifications() {
					if x.To == to {
						got = append(got, strings.TrimSpace(x.What+" "+x.Step))
					}
				}
			}
			var want []string
			for _, w := range t.want {
				want = append(want, w.Text)
			}
			if !all {
				for _, w := range want {
					if slices.Contains(got, w) {
						bad = append(bad, mismatch(t.n, say("không được báo "+w, "never told "+w), strings.Join(got, ", ")))
					}
				}
				continue
			}
			at := to + " " + cs.Code
			since := got[min(p.heard[at], len(got)):]
			p.heard[at] = len(got)
			if !slices.Equal(since, want) {
				bad = append(bad, mismatch(t.n, listed(want), listed(since)))
			}
		}
		return bad
	}
}

func listed(s []string) string { return "[" + strings.Join(s, ", ") + "]" }

// expectTasks checks what somebody must do in the case: "kind part due".
func (c *compiler) expectTasks(n *node) expectation {
	type tasks struct {
		n    *node
		who  account
		want []*node
	}
	var list []tasks
	for i, k := range n.Keys {
		who, _ := c.who(k)
		list = append(list, tasks{n.Items[i], who, c.list(n.Items[i])})
	}
	return func(_ context.Context, p *player, cs *engine.Case) []Mismatch {
		var bad []Mismatch
		for _, t := range list {
			id := p.account(t.who, cs, "")
			var got, want []string
			for _, x := range cs.Tasks() {
				if x.Person == id {
					s := strings.TrimSpace(x.Kind + " " + x.Step)
					if !x.Due.IsZero() {
						s += " " + clock(x.Due)
					}
					got = append(got, s)
				}
			}
			for _, w := range t.want {
				want = append(want, w.Text)
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				bad = append(bad, mismatch(t.n, listed(want), listed(got)))
			}
		}
		return bad
	}
}

// expectEvents checks that events stand in the history in this order, others
// between them; or that none does. An event is its kind and words of its fields.
func (c *compiler) expectEvents(n *node, there bool) expectation {
	want := c.list(n)
	for _, w := range want {
		kind, _, _ := strings.Cut(w.Text, " ")
		if !slices.Contains(engine.EventKinds(), kind) {
			c.unknown(w, engine.Text{VI: "sự kiện", EN: "event"}, kind, engine.EventKinds())
		}
	}
	return func(ctx context.Context, p *player, cs *engine.Case) []Mismatch {
		entries, err := p.w.History(ctx, cs.Code)
		if err != nil {
			return one(n, say("lịch sử", "the history"), err)
		}
		var lines [][]string
		for _, e := range entries {
			for _, v := range e.Events {
				lines = append(lines, words(v))
			}
		}
		var bad []Mismatch
		i := 0
		for _, w := range want {
			if !there {
				i = 0
			}
			for i < len(lines) && !says(lines[i], strings.Fields(w.Text)) {
				i++
			}
			if found := i < len(lines); found != there {
				bad = append(bad, mismatch(w, map[bool]engine.Text{true: say("sự kiện đúng thứ tự", "the event in its turn"), false: say("không có sự kiện này", "no such event")}[there], history(lines, w.Text)))
			}
			i++
		}
		return bad
	}
}

// words are an event's kind and the texts in its fields.
func words(v engine.Event) []string {
	out := []string{v.Kind()}
	b, err := json.Marshal(v)
	if err != nil {
		return out
	}
	var m map[string]any
	if json.Unmarshal(b, &m) != nil {
		return out
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if s, ok := m[k].(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func says(event, want []string) bool {
	if event[0] != want[0] {
		return false
	}
	for _, w := range want[1:] {
		if !slices.Contains(event[1:], w) {
			return false
		}
	}
	return true
}

func history(lines [][]string, want string) engine.Text {
	kind, _, _ := strings.Cut(want, " ")
	var same []string
	for _, l := range lines {
		if l[0] == kind {
			same = append(same, strings.Join(l, " "))
		}
	}
	all := strings.Join(same, "; ")
	return say(fmt.Sprintf("%d sự kiện loại này: %s", len(same), all), fmt.Sprintf("%d events of this kind: %s", len(same), all))
}

// differs compares what a story says with what is there.
func differs(n *node, want, got any) []Mismatch {
	bad := differ("", want, got)
	if bad == nil {
		return nil
	}
	where := ""
	if bad.path != "" {
		where = bad.path + ": "
	}
	return []Mismatch{mismatch(n, where+show(bad.want), where+show(bad.got))}
}

func show(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}
