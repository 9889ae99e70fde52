package engine

import "strings"

// ByOperator is the role that looks after the exchange with the registries.
const ByOperator = "operator"

// What an operator does to a delivery.
const (
	OperateRetry  = "retry"  // sends it again at once
	OperateRecord = "record" // enters an answer received another way
	OperateSkip   = "skip"   // gives a notification up
)

// MayOperate tells whether somebody may act on a request of a dossier (nil: of the
// whole case): an operator on every one, a supervisor on those of their own office's
// dossiers.
func MayOperate(a Actor, dos *Dossier) bool {
	if a.Kind != Staff {
		return false
	}
	own := dos != nil && a.Office != "" && (a.Office == dos.Office || a.Office == dos.Home)
	return a.Has(ByOperator) || a.Has(BySupervisor) && own
}

// NoOperator refuses who may not act on a request.
func NoOperator() error {
	return Fail(Forbidden, "Thao tác này dành cho người vận hành kết nối hoặc người giám sát của cơ quan đang giữ hồ sơ.",
		"This is for the operator of the exchange, or a supervisor of the office that has the dossier.")
}

// operate keeps in history what a person did to a delivery, and why: input {key,
// what, note}. It changes nothing of the case; the runtime changes the delivery in
// the same commit. An answer that the case waits for is no such command but a
// reply, whose entry says the same (see byHand).
func (d *decision) operate() error {
	a := d.cmd.Actor
	if !MayOperate(a, d.c.Dossier(d.cmd.Step)) {
		return NoOperator()
	}
	if d.cmd.Step != "" && d.c.Dossier(d.cmd.Step) == nil {
		return Fail(NotFound, "Hồ sơ không có phần này", "the case has no such part")
	}
	in := d.cmd.Input
	key, what, note := Str(in, "key"), Str(in, "what"), strings.TrimSpace(Str(in, "note"))
	var ps []Problem
	bad := func(pointer, code, vi, en string) {
		ps = append(ps, Problem{Pointer: pointer, Code: code, Detail: Text{VI: vi, EN: en}})
	}
	if !strings.HasPrefix(key, d.c.Code+"/") {
		bad("/key", "not_found", "Hồ sơ không có yêu cầu này", "the case has no such request")
	}
	switch what {
	case OperateRetry:
	case OperateRecord, OperateSkip:
		if note == "" {
			bad("/note", "required", "Cần ghi lý do", "say why")
		}
	default:
		bad("/what", "enum", "Thao tác không có", "there is no such act")
	}
	if len(ps) > 0 {
		return &Error{Code: Invalid, Op: "operate", Case: d.c.Code, Problems: ps,
			Detail: Text{VI: "Dữ liệu chưa hợp lệ", EN: "the input is not valid"}}
	}
	d.emit(ExchangeActed{ev{d.cmd.Step}, key, what, a.ID, note})
	return nil
}

// byHand says in a reply's entry that a person entered the answer, and where it
// comes from.
func (d *decision) byHand(rep *Reply) {
	if rep.By != "" && rep.Note != "" {
		d.emit(ExchangeActed{ev{d.cmd.Step}, rep.Request, OperateRecord, rep.By, rep.Note})
	}
}
