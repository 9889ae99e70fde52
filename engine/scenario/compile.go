package scenario

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"lienthong/engine"
	"lienthong/engine/machine"
)

// step is one line, ready to be played.
type step struct {
	line line
	play func(ctx context.Context, p *player) []Mismatch
}

func compile(b Book, s *Scenario) ([]step, []machine.Finding) {
	r := resolver{reader: &reader{}, book: b, story: s}
	for _, a := range s.people {
		if _, ok := r.person(a.who); !ok {
			r.unknown(a.who, engine.Text{VI: "người", EN: "person"}, a.who.Text, r.personWords()[len(s.people):])
		}
	}
	for _, h := range s.staff {
		r.office(h.office)
	}
	c := &compiler{resolver: r, service: map[string]string{}}
	var steps []step
	for _, l := range s.lines {
		if play := c.line(l); play != nil {
			steps = append(steps, step{l, play})
		}
	}
	return steps, r.found
}

type compiler struct {
	resolver
	service map[string]string // name of a case → its service; "" = the first one
}

type play = func(context.Context, *player) []Mismatch

func (c *compiler) line(l line) play {
	switch l.kind {
	case "file":
		return c.file(l)
	case "act":
		return c.act(l)
	case "complete":
		return c.complete(l)
	case "dial":
		registry, d := c.dial(l)
		return func(_ context.Context, p *player) []Mismatch {
			if err := p.w.Dial(registry, d); err != nil {
				return one(l.get("answers"), say("sổ nhận", "the register takes it"), err)
			}
			return nil
		}
	case "keep":
		return c.keep(l)
	case "until":
		n := l.get("until")
		at := c.instant(n)
		return func(ctx context.Context, p *player) []Mismatch {
			if !at.After(p.w.Now()) {
				return []Mismatch{mismatch(n, say("một thời điểm sau "+clock(p.w.Now()), "an instant after "+clock(p.w.Now())), n.Text)}
			}
			return p.pass(ctx, n, at)
		}
	case "after":
		n := l.get("after")
		span := c.span(n, c.text(n))
		return func(ctx context.Context, p *player) []Mismatch {
			now := p.w.Now()
			return p.pass(ctx, n, span.after(c.book.Definitions.Calendar(now), now))
		}
	}
	return c.then(l)
}

// known finds the case that a line is about; an unnamed one is the first.
func (c *compiler) known(l line) (name, service string) {
	n := l.get("case")
	if n != nil && n.Kind == "text" {
		name = fold(n.Text)
	}
	service, ok := c.service[name]
	if !ok {
		at, what := l.at, name
		if n != nil {
			at = n
		}
		var names []string
		for k := range c.service {
			names = append(names, k)
		}
		c.unknown(at, engine.Text{VI: "hồ sơ", EN: "case"}, what, names)
	}
	return name, service
}

// file opens cases of an example.
func (c *compiler) file(l line) play {
	n := l.get("files")
	name := c.text(n)
	ex, ok := c.book.Examples[name]
	if !ok {
		var known []string
		for k := range c.book.Examples {
			known = append(known, k)
		}
		c.unknown(n, engine.Text{VI: "mẫu đơn", EN: "example"}, name, known)
		return nil
	}
	var names []string
	for _, e := range c.list(l.get("as")) {
		names = append(names, fold(e.Text))
		c.service[fold(e.Text)] = ex.Service
	}
	if _, taken := c.service[""]; !taken {
		c.service[""] = ex.Service
	}
	by := account{id: ex.Requester.ID}
	if w := l.get("when"); w != nil {
		if by, _ = c.who(w); by.role == "requester" {
			by = account{id: ex.Requester.ID}
		}
		if by.role != "" {
			if at := l.get("at"); at == nil {
				c.wrong(w, "Cần cơ quan (tại).", "The office (at) is missing.")
			} else {
				by = account{id: by.role + "." + c.office(at)}
			}
		}
	}
	var behalf *engine.Person
	if f := l.get("for"); f != nil {
		who, ok := c.person(f)
		if !ok {
			c.unknown(f, engine.Text{VI: "người", EN: "person"}, f.Text, c.personWords())
		}
		behalf = &engine.Person{ID: who.ID, Name: who.Name}
	}
	channel := 0
	if t := l.get("through"); t != nil {
		channel = channelNumbers[c.oneOf(t, engine.Text{VI: "kênh", EN: "channel"}, channels)]
	}
	refusal := c.refused(l)
	return func(ctx context.Context, p *player) []Mismatch {
		app, _ := clone(ex.Application).(map[string]any)
		if err := change(app, l.get("change"), p.results(ctx)); err != nil {
			return one(l.get("change"), say("sửa được như vậy", "a change that fits"), err)
		}
		codes, err := p.w.File(ctx, by.id, ex.Service, app, behalf, channel)
		if bad := refusal(l.at, err); bad != nil || err != nil {
			return bad
		}
		p.opened(names, codes)
		return nil
	}
}

// keep writes into a register's record, as the world was before or as somebody else
// changed it.
func (c *compiler) keep(l line) play {
	reg := c.registry(l.get("agency"))
	record, id := c.text(l.get("record")), c.text(l.get("of"))
	if who, ok := c.person(l.get("of")); ok {
		id = who.ID
	}
	if reg == nil {
		return nil
	}
	return func(_ context.Context, p *player) []Mismatch {
		if err := p.w.Keep(reg.ID, record, id, func(r map[string]any) error { return change(r, l.get("holds"), nil) }); err != nil {
			return one(l.get("holds"), say("sổ nhận", "the register takes it"), err)
		}
		return nil
	}
}

// refused makes the check of what an act came to.
func (c *compiler) refused(l line) func(*node, error) []Mismatch {
	want, says := l.get("refused"), l.get("says")
	code := c.text(want)
	if want != nil && !known(engine.Code(code)) {
		var all []string
		for _, k := range codes {
			all = append(all, string(k))
		}
		c.unknown(want, engine.Text{VI: "mã từ chối", EN: "code of refusal"}, code, all)
	}
	c.text(says)
	return func(at *node, err error) []Mismatch {
		switch {
		case want == nil && err == nil:
			return nil
		case want == nil:
			return one(at, say("làm được", "it is done"), err)
		case err == nil:
			return []Mismatch{mismatch(want, say("bị từ chối "+code, "refused "+code), say("đã làm được", "it was done"))}
		case string(engine.CodeOf(err)) != code:
			return one(want, say("bị từ chối "+code, "refused "+code), err)
		}
		if says != nil && !strings.Contains(err.Error(), says.Text) {
			return one(says, says.Text, err)
		}
		return nil
	}
}

var codes = []engine.Code{engine.Invalid, engine.Unauthenticated, engine.NotFound, engine.Forbidden, engine.WrongState, engine.Precondition, engine.Duplicate,
	engine.VersionRequired, engine.StaleVersion, engine.DeadlinePassed, engine.DefinitionRetired, engine.Unavailable}

func known(code engine.Code) bool {
	for _, c := range codes {
		if c == code {
			return true
		}
	}
	return false
}

// act has somebody do something.
func (c *compiler) act(l line) play {
	who, _ := c.who(l.get("when"))
	refusal := c.refused(l)
	if who.id == "operator" {
		return c.operate(l, refusal)
	}
	name, service := c.known(l)
	part := ""
	if n := l.get("part"); n != nil {
		if part = c.part(service, n); part == "" {
			return nil
		}
	}
	action := c.action(service, part, l.get("does"))
	if n := l.get("at"); n != nil && who.role != "" && who.role != "requester" {
		who = account{id: who.role + "." + c.office(n)}
	}
	if who.role != "" && who.role != "requester" && part == "" {
		c.wrong(l.get("when"), "Cần phần hoặc cơ quan (tại).", "The part, or the office (at), is missing.")
	}
	in := l.get("input")
	declared := in != nil && in.Kind == "text"
	if declared && fold(in.Text) != "as declared" && fold(in.Text) != "như khai" {
		c.wrong(in, "Nhập là các mục, hoặc “như khai”.", "The input is a map, or “as declared”.")
	}
	return func(ctx context.Context, p *player) []Mismatch {
		code := p.cases[name]
		cs, err := p.w.Case(ctx, code)
		if err != nil {
			return one(l.at, say("hồ sơ", "the case"), err)
		}
		input := p.input(cs, part, action, in, declared)
		if err := change(input, l.get("change"), p.results(ctx)); err != nil {
			return one(l.get("change"), say("sửa được như vậy", "a change that fits"), err)
		}
		if len(input) == 0 {
			input = nil
		}
		id := p.account(who, cs, part)
		switch {
		case action == actPay || action == actDecline:
			err = p.w.Pay(ctx, code, action == actDecline)
		default:
			err = p.w.Act(ctx, id, code, part, action, input)
		}
		return refusal(l.at, err)
	}
}

// operate has the operator act on the oldest request to a register.
func (c *compiler) operate(l line, refusal func(*node, error) []Mismatch) play {
	what := c.pick(l.get("does"), engine.Text{VI: "thao tác", EN: "action"}, operated)
	n := l.get("agency")
	if n == nil {
		c.wrong(l.at, "Cần cơ sở dữ liệu.", "The agency is missing.")
		return nil
	}
	reg := c.registry(n)
	if reg == nil {
		return nil
	}
	return func(ctx context.Context, p *player) []Mismatch {
		input := map[string]any{}
		if in := l.get("input"); in != nil && in.Kind == "map" {
			input, _ = clone(in.Value).(map[string]any)
		}
		return refusal(l.at, p.w.Operate(ctx, reg.ID, what, input))
	}
}

// complete answers items that parts have asked for: "card" all of them, "card 1"
// the first that is open.
func (c *compiler) complete(l line) play {
	who, _ := c.who(l.get("when"))
	name, service := c.known(l)
	type item struct {
		part string
		nth  int
	}
	var items []item
	for _, n := range c.list(l.get("completes")) {
		word, nth := *n, 0
		if i := strings.LastIndexByte(n.Text, ' '); i > 0 {
			if k, err := strconv.Atoi(n.Text[i+1:]); err == nil && k > 0 {
				word.Text, nth = n.Text[:i], k
			}
		}
		items = append(items, item{c.part(service, &word), nth})
	}
	return func(ctx context.Context, p *player) []Mismatch {
		cs, err := p.w.Case(ctx, p.cases[name])
		if err != nil {
			return one(l.at, say("hồ sơ", "the case"), err)
		}
		answers := map[string]any{}
		for _, want := range items {
			n := 0
			for _, it := range cs.Items {
				if it.Step != want.part || it.Closed || !it.Answered.IsZero() {
					continue
				}
				if n++; want.nth == 0 || want.nth == n {
					answers[it.ID] = map[string]any{"document": "doc-" + it.ID}
				}
			}
		}
		if len(answers) == 0 {
			return []Mismatch{mismatch(l.get("completes"), say("mục được yêu cầu bổ sung", "items that are asked for"), say("không có mục nào", "none is open"))}
		}
		if err := p.w.Act(ctx, p.account(who, cs, ""), cs.Code, "", engine.ActAnswer, map[string]any{"items": answers}); err != nil {
			return one(l.at, say("làm được", "it is done"), err)
		}
		return nil
	}
}

// change sets values under dotted paths ("children.0.name"); nothing removes, and
// "=birth.child.id" is a value of a part's result.
func change(into map[string]any, n *node, results map[string]any) error {
	if n == nil {
		return nil
	}
	if n.Kind != "map" {
		return fmt.Errorf("changes are written “path: value”")
	}
	for i, k := range n.Keys {
		v := clone(n.Items[i].Value)
		if path, ok := strings.CutPrefix(n.Items[i].Text, "="); ok {
			if v = at(results, path); v == nil {
				return fmt.Errorf("%s: no result has %s", k.Text, path)
			}
		}
		if err := set(into, strings.Split(k.Text, "."), v); err != nil {
			return fmt.Errorf("%s: %w", k.Text, err)
		}
	}
	return nil
}

func set(into any, path []string, value any) error {
	key, rest := path[0], path[1:]
	switch x := into.(type) {
	case map[string]any:
		if len(rest) > 0 {
			if x[key] == nil {
				x[key] = map[string]any{}
			}
			return set(x[key], rest, value)
		}
		if value == nil {
			delete(x, key)
		} else {
			x[key] = value
		}
		return nil
	case []any:
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= len(x) {
			return fmt.Errorf("the list has no element %q", key)
		}
		if len(rest) > 0 {
			return set(x[i], rest, value)
		}
		x[i] = value
		return nil
	}
	return fmt.Errorf("%q is within %v, which holds nothing", key, into)
}

func clone(v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = clone(e)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = clone(e)
		}
		return out
	}
	return v
}
