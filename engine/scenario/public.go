package scenario

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"lienthong/engine"
)

// expectOpened checks who looked into the case, as a person is shown it: all members
// of staff, in the order of their first look.
func (c *compiler) expectOpened(n *node) expectation {
	type looks struct {
		n    *node
		who  account
		want []*node
	}
	var list []looks
	if n.Kind != "map" {
		c.wrong(n, "Đã mở: “người: [tài khoản, …]”.", "Opened: “person: [account, …]”.")
	}
	for i, k := range n.Keys {
		who, _ := c.who(k)
		list = append(list, looks{n.Items[i], who, c.list(n.Items[i])})
	}
	return func(ctx context.Context, p *player, cs *engine.Case) []Mismatch {
		var bad []Mismatch
		for _, l := range list {
			got, err := p.w.Opened(ctx, p.account(l.who, cs, ""), cs.Code)
			if err != nil {
				bad = append(bad, one(l.n, say("danh sách người đã mở hồ sơ", "the list of who opened the case"), err)...)
				continue
			}
			var want []string
			for _, w := range l.want {
				want = append(want, w.Text)
			}
			if !slices.Equal(got, want) {
				bad = append(bad, mismatch(l.n, listed(want), listed(got)))
			}
		}
		return bad
	}
}

var publicKeys = []string{"status", "document", "code", "version", "replaced by"}

// expectPublic checks what anybody is told of the results of parts: "birth" is the
// one that stands or was revoked, "birth 1" its first version.
func (c *compiler) expectPublic(service string, n *node) expectation {
	type asked struct {
		n       *node
		part    string
		version int // 0: the last one
		want    map[string]*node
	}
	var list []asked
	if n.Kind != "map" {
		c.wrong(n, "Tra cứu công khai: “phần: thật, đã thay, đã thu hồi”.", "Public: “part: genuine, replaced, revoked”.")
	}
	for i, k := range n.Keys {
		a, word := asked{n: n.Items[i]}, *k
		if at := strings.LastIndexByte(k.Text, ' '); at > 0 {
			if v, err := strconv.Atoi(k.Text[at+1:]); err == nil && v > 0 {
				word.Text, a.version = k.Text[:at], v
			}
		}
		a.part = c.part(service, &word)
		a.want = map[string]*node{"status": a.n}
		if a.n.Kind == "map" {
			a.want = c.fields(a.n, publicKeys)
		}
		if st := a.want["status"]; st != nil {
			plain := *st
			plain.Value = c.oneOf(st, engine.Text{VI: "hiệu lực của kết quả", EN: "standing of a result"}, standings)
			a.want["status"] = &plain
		}
		list = append(list, a)
	}
	return func(ctx context.Context, p *player, cs *engine.Case) []Mismatch {
		var bad []Mismatch
		for _, a := range list {
			id := p.resultID(ctx, cs, a.part, a.version)
			if id == "" {
				bad = append(bad, mismatch(a.n, say("một kết quả", "a result"), say("chưa cấp lần nào", "none was issued")))
				continue
			}
			s, err := p.w.Public(ctx, id)
			if err != nil {
				bad = append(bad, one(a.n, say("câu trả lời cho bất kỳ ai", "an answer to anybody"), err)...)
				continue
			}
			got := map[string]any{"status": s.Status, "document": s.Document, "code": s.Code, "version": int64(s.Version), "replaced by": int64(s.ReplacedBy)}
			for _, k := range publicKeys {
				if w := a.want[k]; w != nil {
					bad = append(bad, differs(w, w.Value, got[k])...)
				}
			}
		}
		return bad
	}
}

// resultID is the id of a version of a part's result; 0 is the last one. "" when it
// was never issued.
func (p *player) resultID(ctx context.Context, cs *engine.Case, part string, version int) string {
	entries, err := p.w.History(ctx, cs.Code)
	if err != nil {
		return ""
	}
	id := ""
	for _, e := range entries {
		for _, v := range e.Events {
			if r, ok := v.(engine.ResultIssued); ok && r.Step == part && (version == 0 || r.Result.Version == version) {
				id = r.Result.ID
			}
		}
	}
	return id
}
