package scenario

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lienthong/engine"
)

var seesKeys = []string{"nothing", "portal", "view", "parts", "timeline", "case"}

// seen is what one person is to see.
type seen struct {
	n        *node
	who      account
	nothing  bool
	plain    map[string]*node // portal, view, parts
	timeline []*node
	parts    []open
}

// open is what a person can and cannot do on one part.
type open struct {
	part        string
	can, cannot []*node
	canIDs, no  []string
}

// expectSees checks what people are shown: actions, portal status, timeline.
func (c *compiler) expectSees(service string, n *node) expectation {
	var list []seen
	if n.Kind != "map" {
		c.wrong(n, "Thấy: “người: {…}”.", "Sees: “person: {…}”.")
	}
	for i, k := range n.Keys {
		s := seen{n: n.Items[i], plain: map[string]*node{}}
		s.who, _ = c.who(k)
		if s.who.role != "" && s.who.role != "requester" {
			c.wrong(k, "Cần tài khoản ở một cơ quan, ví dụ officer.police_00004.", "An account at an office is needed, such as officer.police_00004.")
		}
		c.sees(service, &s)
		list = append(list, s)
	}
	return func(ctx context.Context, p *player, cs *engine.Case) []Mismatch {
		var bad []Mismatch
		for _, s := range list {
			bad = append(bad, s.check(ctx, p, cs)...)
		}
		return bad
	}
}

func (c *compiler) sees(service string, s *seen) {
	if s.n.Kind != "map" {
		if fold(s.n.Text) != "nothing" && fold(s.n.Text) != "không gì cả" {
			c.wrong(s.n, "Thấy gì: các mục, hoặc “không gì cả”.", "What they see: entries, or “nothing”.")
		}
		s.nothing = true
		return
	}
	for i, k := range s.n.Keys {
		v := s.n.Items[i]
		switch word, _ := english(keys, k.Text); {
		case word == "case":
			s.parts = append(s.parts, c.open(service, "", v))
		case word == "timeline":
			s.timeline = c.list(v)
		case slices.Contains(seesKeys, word):
			s.plain[word] = v
		default:
			if part := c.partOr(service, k, seesKeys); part != "" {
				s.parts = append(s.parts, c.open(service, part, v))
			}
		}
	}
}

func (c *compiler) open(service, part string, n *node) open {
	f := c.fields(n, []string{"can", "cannot"})
	o := open{part: part, can: c.list(f["can"]), cannot: c.list(f["cannot"])}
	for _, a := range o.can {
		o.canIDs = append(o.canIDs, c.action(service, part, a))
	}
	for _, a := range o.cannot {
		o.no = append(o.no, c.action(service, part, a))
	}
	return o
}

func (s seen) check(ctx context.Context, p *player, cs *engine.Case) []Mismatch {
	v, err := p.w.See(ctx, p.account(s.who, cs, ""), cs.Code)
	if s.nothing {
		if engine.CodeOf(err) != engine.NotFound {
			return []Mismatch{mismatch(s.n, say("không thấy hồ sơ (not_found)", "not_found"), fmt.Sprintf("%s, %v", v.View, err))}
		}
		return nil
	}
	if err != nil {
		return one(s.n, say("thấy hồ sơ", "the case is shown"), err)
	}
	var bad []Mismatch
	if n := s.plain["portal"]; n != nil {
		bad = append(bad, differs(n, n.Value, int64(v.Portal))...)
	}
	if n := s.plain["view"]; n != nil {
		bad = append(bad, differs(n, n.Value, v.View)...)
	}
	if n := s.plain["parts"]; n != nil {
		if n.Kind == "list" {
			bad = append(bad, differs(n, n.Value, plain(v.Parts))...)
		} else {
			bad = append(bad, differs(n, n.Value, int64(len(v.Parts)))...)
		}
	}
	for _, o := range s.parts {
		for i, a := range o.canIDs {
			if !slices.Contains(v.Open[o.part], a) {
				bad = append(bad, mismatch(o.can[i], say("được làm "+a, "can "+a), say("được làm "+listed(v.Open[o.part]), "can "+listed(v.Open[o.part]))))
			}
		}
		for i, a := range o.no {
			if slices.Contains(v.Open[o.part], a) {
				bad = append(bad, mismatch(o.cannot[i], say("không được làm "+a, "cannot "+a), say("được làm "+listed(v.Open[o.part]), "can "+listed(v.Open[o.part]))))
			}
		}
	}
	i := 0
	for _, want := range s.timeline {
		for i < len(v.Timeline) && !strings.Contains(v.Timeline[i], want.Text) {
			i++
		}
		if i == len(v.Timeline) {
			bad = append(bad, mismatch(want, say("trong dòng thời gian: "+want.Text, "in the timeline: "+want.Text), strings.Join(v.Timeline, " | ")))
		}
		i++
	}
	return bad
}

func plain(s []string) []any {
	out := []any{}
	for _, e := range s {
		out = append(out, e)
	}
	return out
}

// expectMoney checks what the treasury moved for the case, in any order.
func (c *compiler) expectMoney(n *node) expectation {
	f := c.fields(n, []string{"paid", "collected"})
	return func(ctx context.Context, p *player, cs *engine.Case) []Mismatch {
		var bad []Mismatch
		for _, x := range [][2]string{{"paid", "pay"}, {"collected", "collect"}} {
			e, operation := f[x[0]], x[1]
			if e == nil {
				continue
			}
			got, err := p.w.Money(ctx, cs.Code, operation)
			if err != nil {
				return one(e, say("kho bạc", "the treasury"), err)
			}
			want := []int64{}
			for _, x := range e.Items {
				if k, ok := x.Value.(int64); ok {
					want = append(want, k)
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(want, got) {
				bad = append(bad, mismatch(e, fmt.Sprint(want), fmt.Sprint(got)))
			}
		}
		return bad
	}
}

// expectRegister reads registers: a list of {agency, operation, input} and what it
// gives, or the code of its refusal.
func (c *compiler) expectRegister(n *node) expectation {
	type look struct {
		n       *node
		reg, op string
		in      map[string]any
		gives   *node
		refusal *node
	}
	var list []look
	if n.Kind != "list" {
		c.wrong(n, "Sổ: một danh sách.", "Register: a list.")
		return nil
	}
	for _, e := range n.Items {
		f := c.fields(e, []string{"agency", "operation", "input", "gives", "refused"})
		if f["agency"] == nil || f["operation"] == nil || f["gives"] == nil && f["refused"] == nil {
			c.wrong(e, "Cần cơ sở dữ liệu, nghiệp vụ, và có hoặc bị từ chối.", "agency, operation, and gives or refused are needed.")
			continue
		}
		reg := c.registry(f["agency"])
		if reg == nil {
			continue
		}
		l := look{n: e, reg: reg.ID, op: c.operation(reg, f["operation"]), gives: f["gives"], refusal: f["refused"]}
		if in := f["input"]; in != nil {
			l.in, _ = clone(in.Value).(map[string]any)
		}
		list = append(list, l)
	}
	return func(ctx context.Context, p *player, _ *engine.Case) []Mismatch {
		var bad []Mismatch
		for _, l := range list {
			data, refused, err := p.w.Lookup(ctx, l.reg, l.op, l.in)
			switch {
			case err != nil:
				bad = append(bad, one(l.n, say("có trả lời", "an answer"), err)...)
			case l.refusal != nil:
				bad = append(bad, differs(l.refusal, l.refusal.Value, refused)...)
			case refused != "":
				bad = append(bad, mismatch(l.n, say("có trả lời", "an answer"), say("bị từ chối "+refused, "refused "+refused)))
			default:
				bad = append(bad, differs(l.gives, l.gives.Value, data)...)
			}
		}
		return bad
	}
}

// expectCounts checks counts by register: performed "registry/operation: n", owed
// "registry: {status: n}" or "registry: 0".
func (c *compiler) expectCounts(kind string, n *node) expectation {
	type count struct {
		n       *node
		reg, op string
	}
	var list []count
	for i, k := range n.Keys {
		name, op, _ := strings.Cut(k.Text, "/")
		rn, on := *k, *k
		rn.Text, on.Text = name, op
		reg := c.registry(&rn)
		if reg == nil {
			continue
		}
		x := count{n: n.Items[i], reg: reg.ID}
		if kind == "performed" {
			x.op = c.operation(reg, &on)
		}
		list = append(list, x)
	}
	return func(ctx context.Context, p *player, _ *engine.Case) []Mismatch {
		var bad []Mismatch
		for _, x := range list {
			if kind == "performed" {
				got, err := p.w.Performed(x.reg, x.op)
				if err != nil {
					bad = append(bad, one(x.n, say("mỗi yêu cầu làm một lần", "each request performed once"), err)...)
					continue
				}
				bad = append(bad, differs(x.n, x.n.Value, int64(got))...)
				continue
			}
			owed, err := p.w.Owed(ctx, x.reg)
			if err != nil {
				return one(x.n, say("việc còn nợ", "what is owed"), err)
			}
			sum, by := int64(0), map[string]any{}
			for status, k := range owed {
				sum, by[status] = sum+int64(k), int64(k)
			}
			if x.n.Kind == "map" {
				bad = append(bad, differs(x.n, x.n.Value, by)...)
			} else {
				bad = append(bad, differs(x.n, x.n.Value, sum)...)
			}
		}
		return bad
	}
}
