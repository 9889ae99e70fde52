package hide

import (
	"encoding/json"
	"maps"
	"regexp"
	"strings"

	"lienthong/engine"
)

// words are those that the definitions and the engine use themselves: they say
// nothing about a person.
type words map[string]bool

// ours are the engine's own words in histories.
var ours = strings.Fields(`completed completed_in_part refused withdrawn expired success not_applicable annulled done keep amend annul retry record skip
	case warn fee warn_state after open ended closed waiting paused runs restarts none absent need_failed citizen staff registry timer system file
	migrate revert withdraw answer_supplement refile apologise claim release assign transfer hand_over reply operate paid cancelled male female undetermined parties review kept amended annulled corrected upstream downstream`)

// ethnicities are the 54 of Vietnam, and its nationality.
var ethnicities = strings.Split("Kinh,Tày,Thái,Mường,Khmer,Hoa,Nùng,Mông,Dao,Gia Rai,Ê Đê,Ba Na,Xơ Đăng,Sán Chay,Cơ Ho,Chăm,Sán Dìu,Hrê,Mnông,Raglay,Xtiêng,"+
	"Bru Vân Kiều,Thổ,Khơ Mú,Cơ Tu,Giáy,Giẻ Triêng,Tà Ôi,Mạ,Co,Chơ Ro,Xinh Mun,Hà Nhì,Chu Ru,Lào,Kháng,La Chí,Phù Lá,La Hủ,La Ha,Pà Thẻn,Chứt,Lự,Lô Lô,"+
	"Mảng,Cờ Lao,Bố Y,Cống,Ngái,Si La,Pu Péo,Rơ Măm,Brâu,Ơ Đu,Việt Nam", ",")

// wordsOf collects what a version of a service uses.
func wordsOf(defs engine.Definitions, svc *engine.Service) words {
	w := words{}
	w.add(ours...)
	w.add(engine.ByReception, engine.ByOfficer, engine.ByLeader, engine.BySupervisor, engine.ByOperator, engine.ByAdministrator) // roles are nobody's
	if svc == nil {
		return w
	}
	w.add(svc.ID, svc.Version, svc.KeyStep, svc.Reception, svc.Code)
	w.text(svc.Title)
	w.form(svc.Form)
	w.expr(svc.Key)
	if svc.Fee != nil {
		w.expr(svc.Fee.Amount)
		w.text(svc.Fee.Purpose)
	}
	for _, st := range svc.Steps {
		w.add(st.ID)
		w.text(st.Title)
		w.expr(st.At, st.If)
		w.bindings(st.With)
		w.text(st.Else.Reason)
		w.procedure(defs, st.Procedure)
	}
	return w
}

// with are the words of both.
func (w words) with(other words) words {
	both := maps.Clone(w)
	maps.Copy(both, other)
	return both
}

func (w words) procedure(defs engine.Definitions, p *engine.Procedure) {
	w.add(p.ID, p.Agency, p.Code)
	for _, f := range p.Inputs {
		w.form(f)
	}
	for _, ps := range p.Parties {
		w.add(ps.ID)
		w.expr(ps.People)
	}
	for _, s := range p.States {
		w.add(s.ID, s.Agency)
		w.text(s.Title)
		w.expr(s.At)
		if s.Result != nil {
			w.add(s.Result.Document, s.Result.Code)
			w.text(s.Result.Title)
			w.bindings(s.Result.Data)
		}
		if r := s.Request; r != nil {
			w.add(r.Registry, r.Operation)
			w.expr(r.Input)
			for code, action := range r.Replies {
				w.add(code, action)
			}
			if op, ok := defs.Operation(r.Registry, r.Operation); ok {
				w.schema(op.Input)
				w.schema(op.Reply)
				for code, text := range op.Refusals {
					w.add(code)
					w.text(text)
				}
			}
		}
	}
	for _, a := range p.Actions {
		w.add(a.ID, a.Returns)
		w.add(a.By...)
		w.form(a.Input)
		w.expr(a.If)
		w.bindings(a.Set)
		for _, t := range a.To {
			w.add(t.State)
			w.expr(t.If)
		}
	}
}

func (w words) add(all ...string) {
	for _, s := range all {
		if s != "" {
			w[s] = true
		}
	}
}

func (w words) text(t engine.Text) { w.add(t.VI, t.EN) }

func (w words) bindings(bs []engine.Binding) {
	for _, b := range bs {
		w.add(b.Name)
		w.expr(b.Value)
	}
}

var literal = regexp.MustCompile(`'([^'\\]*)'|"([^"\\]*)"`)

// expr adds the literals of expressions.
func (w words) expr(xs ...engine.Expr) {
	for _, x := range xs {
		if x == nil {
			continue
		}
		for _, m := range literal.FindAllStringSubmatch(x.Source(), -1) {
			w.add(m[1], m[2])
		}
	}
}

func (w words) form(f *engine.Form) {
	if f != nil {
		w.add(f.ID)
		w.schema(f.Schema)
	}
}

// schema adds the values that a schema allows by name.
func (w words) schema(s engine.Schema) {
	if s == nil {
		return
	}
	var v any
	if json.Unmarshal(s.JSON(), &v) == nil {
		w.allowed(v)
	}
}

func (w words) allowed(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			w.allowed(e)
		}
	case map[string]any:
		for k, e := range v {
			switch k {
			case "enum":
				list, _ := e.([]any)
				for _, x := range list {
					if s, ok := x.(string); ok {
						w.add(s)
					}
				}
			case "properties":
				if fields, ok := e.(map[string]any); ok {
					for name := range fields {
						w.add(name)
					}
				}
				w.allowed(e)
			case "const", "default":
				if s, ok := e.(string); ok {
					w.add(s)
				}
			default:
				w.allowed(e)
			}
		}
	}
}
