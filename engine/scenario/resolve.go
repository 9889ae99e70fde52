package scenario

import (
	"fmt"
	"slices"
	"strings"

	"lienthong/engine"
	"lienthong/engine/machine"
)

// Book is what the words of a story are held against.
type Book struct {
	Definitions *machine.Set
	People      []Person
	Examples    map[string]Example
}

// resolver turns words of one story into the ids that the world knows. Every
// method reports an unknown word and returns "".
type resolver struct {
	*reader
	book  Book
	story *Scenario
}

// word is an id with its titles: a story may use any of them.
type word struct {
	id     string
	titles []engine.Text
}

func (r resolver) pick(n *node, what engine.Text, words []word) string {
	s := r.text(n)
	if s == "" {
		return ""
	}
	var known []string
	for _, w := range words {
		if fold(w.id) == fold(s) {
			return w.id
		}
		known = append(known, w.id)
	}
	for _, w := range words {
		for _, t := range w.titles {
			if fold(t.VI) == fold(s) || fold(t.EN) == fold(s) {
				return w.id
			}
		}
	}
	r.unknown(n, what, s, known)
	r.byTitle(s, words)
	return ""
}

// byTitle suggests the titles that hold what was written, for an unknown word that was
// just reported.
func (r resolver) byTitle(s string, words []word) {
	f := &r.found[len(r.found)-1]
	for _, w := range words {
		for _, t := range w.titles {
			if strings.Contains(fold(t.VI), fold(s)) {
				f.Hint.VI = fmt.Sprintf("Có phải %q (%s)? ", t.VI, w.id) + f.Hint.VI
				return
			}
			if strings.Contains(fold(t.EN), fold(s)) {
				f.Hint.EN = fmt.Sprintf("did you mean %q (%s)? ", t.EN, w.id) + f.Hint.EN
				return
			}
		}
	}
}

// oneOf finds the word of a table that a text is a form of.
func (r resolver) oneOf(n *node, what engine.Text, table map[string][]string) string {
	word, ok := english(table, r.text(n))
	if !ok {
		var known []string
		for w, forms := range table {
			known = append(append(known, w), forms...)
		}
		r.unknown(n, what, n.Text, known)
	}
	return word
}

// services lists the versions of a service.
func (r resolver) services(id string) []*engine.Service {
	return slices.DeleteFunc(r.book.Definitions.Services(), func(s *engine.Service) bool { return s.ID != id })
}

// steps lists a service's parts, of all its versions.
func (r resolver) steps(service string) []word {
	var out []word
	for _, s := range r.services(service) {
		for _, st := range s.Steps {
			out = append(out, word{st.ID, []engine.Text{st.Title, st.Procedure.Title}})
		}
	}
	return out
}

func (r resolver) part(service string, n *node) string {
	return r.pick(n, engine.Text{VI: "phần", EN: "part"}, r.steps(service))
}

// procedures lists the procedures that a part may run, of all versions.
func (r resolver) procedures(service, step string) []*engine.Procedure {
	var out []*engine.Procedure
	for _, s := range r.services(service) {
		if st := s.Step(step); st != nil {
			out = append(out, st.Procedure)
		}
	}
	return out
}

// built are the actions that every part has, own those of the case.
var (
	built = []word{
		{engine.ActClaim, text("Nhận xử lý", "Claim")}, {engine.ActRelease, text("Trả lại việc", "Release")}, {engine.ActAssign, text("Phân công", "Assign")},
		{engine.ActTransfer, text("Chuyển cơ quan", "Transfer")}, {engine.ActApologise, text("Xin lỗi và hẹn lại", "Apologise")},
		{engine.ActHandOver, text("Trả kết quả", "Hand over")}, {engine.ActRefile, text("Nộp lại", "File again")},
	}
	own = []word{
		{engine.ActWithdraw, text("Rút hồ sơ", "Withdraw")}, {engine.ActAnswer, text("Bổ sung hồ sơ", "Complete the file")},
		{engine.ActApologise, text("Xin lỗi và hẹn lại", "Apologise")}, {actPay, text("Nộp phí", "Pay")}, {actDecline, text("Không nộp phí", "Decline to pay")},
	}
	operated = []word{{engine.OperateRetry, text("Gửi lại", "Send again")}, {engine.OperateRecord, text("Ghi trả lời", "Record the answer")}, {engine.OperateSkip, text("Bỏ qua", "Skip")}}
)

// What a person does to the fee.
const (
	actPay     = "pay"
	actDecline = "decline_payment"
)

func text(vi, en string) []engine.Text { return []engine.Text{{VI: vi, EN: en}} }

// action finds an action of a part, or of the case when step is "".
func (r resolver) action(service, step string, n *node) string {
	words := slices.Clone(own)
	if step != "" {
		words = slices.Clone(built)
		for _, p := range r.procedures(service, step) {
			for _, a := range p.Actions {
				words = append(words, word{a.ID, []engine.Text{a.Title}})
			}
		}
	}
	return r.pick(n, engine.Text{VI: "thao tác", EN: "action"}, words)
}

func (r resolver) state(service, step string, n *node) string {
	var words []word
	for _, p := range r.procedures(service, step) {
		for _, st := range p.States {
			words = append(words, word{st.ID, []engine.Text{st.Title}})
		}
	}
	return r.pick(n, engine.Text{VI: "trạng thái", EN: "state"}, words)
}

// registry finds a register.
func (r resolver) registry(n *node) *machine.Registry {
	var words []word
	all := r.book.Definitions.Registries()
	for _, x := range all {
		words = append(words, word{x.ID, []engine.Text{x.Title}})
	}
	id := r.pick(n, engine.Text{VI: "cơ sở dữ liệu", EN: "register"}, words)
	for _, x := range all {
		if x.ID == id {
			return x
		}
	}
	return nil
}

func (r resolver) operation(reg *machine.Registry, n *node) string {
	var words []word
	for _, o := range reg.Operations {
		words = append(words, word{o.ID, []engine.Text{o.Title}})
	}
	return r.pick(n, engine.Text{VI: "nghiệp vụ", EN: "operation"}, words)
}

// person finds somebody by the story's name for them, handle, id or full name.
func (r resolver) person(n *node) (Person, bool) {
	s := fold(r.text(n))
	for _, a := range r.story.people {
		if fold(a.name.Text) == s && a.who != n {
			s = fold(a.who.Text)
			break
		}
	}
	for _, p := range r.book.People {
		if s == p.ID || s == fold(p.Handle) || s == fold(p.Name) {
			return p, true
		}
	}
	return Person{}, false
}

func (r resolver) personWords() []string {
	var out []string
	for _, a := range r.story.people {
		out = append(out, a.name.Text)
	}
	for _, p := range r.book.People {
		out = append(out, p.Handle)
	}
	return out
}

// account is who acts: a role at an office of their own, a person, or an account.
type account struct {
	role string // at the office where the part is
	id   string // or this account
}

func (r resolver) who(n *node) (account, bool) {
	s := r.text(n)
	if role, ok := english(roles, s); ok {
		if role == "operator" {
			return account{id: role}, true
		}
		return account{role: role}, true
	}
	if p, ok := r.person(n); ok {
		return account{id: p.ID}, true
	}
	for _, h := range r.story.staff {
		if h.id.Text == s {
			return account{id: s}, true
		}
	}
	if role, office, ok := strings.Cut(s, "."); ok {
		if _, known := r.book.Definitions.OfficeByID(office); known && roles[role] != nil {
			return account{id: s}, true
		}
	}
	if s != "" {
		r.unknown(n, engine.Text{VI: "người", EN: "person"}, s, append(roleWords(), r.personWords()...))
	}
	return account{}, false
}

func roleWords() []string {
	var out []string
	for role, forms := range roles {
		out = append(append(out, role), forms...)
	}
	return out
}

// office finds an office by id or name.
func (r resolver) office(n *node) string {
	var words []word
	for _, o := range r.book.Definitions.Offices() {
		words = append(words, word{o.ID, []engine.Text{o.Name}})
	}
	return r.pick(n, engine.Text{VI: "cơ quan", EN: "office"}, words)
}

// reader is who was told something: a personal id, "office:<id>", or a role.
func (r resolver) receiver(n *node) (to string, role string) {
	if _, ok := r.book.Definitions.OfficeByID(n.Text); ok {
		return "office:" + n.Text, ""
	}
	a, ok := r.who(n)
	if !ok {
		return "", ""
	}
	if a.role != "" {
		return "", a.role
	}
	if _, office, ok := strings.Cut(a.id, "."); ok {
		return "office:" + office, ""
	}
	return a.id, ""
}

// dial reads how a register behaves.
func (r resolver) dial(l line) (registry string, d Dial) {
	reg := r.registry(l.get("agency"))
	if reg == nil {
		return "", d
	}
	for _, n := range r.list(l.get("operation")) {
		d.Operations = append(d.Operations, r.operation(reg, n))
	}
	n := l.get("answers")
	s := fold(r.text(n))
	manner, form := "", ""
	for word, forms := range manners {
		for _, f := range append([]string{word}, forms...) {
			if after, ok := strings.CutPrefix(s, f); ok && (after == "" || after[0] == ' ') && len(f) > len(form) {
				manner, form = word, f
			}
		}
	}
	rest := strings.TrimSpace(s[len(form):])
	switch manner {
	case "":
		var known []string
		for word, forms := range manners {
			known = append(append(known, word), forms...)
		}
		r.unknown(n, engine.Text{VI: "cách trả lời", EN: "way to answer"}, n.Text, known)
	case "refused":
		d.Refuse = r.refusal(reg, n, rest, d.Operations)
	case "later":
		d.Later = r.reader.span(n, rest).exact
	case "silence", "outage":
		d.Silent = true
	case "lost reply":
		d.LoseReply = true
	case "duplicate", "contradiction":
		d.Twice, d.Contradict = manner == "duplicate", manner == "contradiction"
		d.Later = r.reader.span(n, orElse(rest, "30 minutes")).exact
	}
	return reg.ID, d
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// refusal checks that a register declares a refusal.
func (r resolver) refusal(reg *machine.Registry, n *node, code string, only []string) string {
	var known []string
	for _, o := range reg.Operations {
		if len(only) > 0 && !slices.Contains(only, o.ID) {
			continue
		}
		op, _ := r.book.Definitions.Operation(reg.ID, o.ID)
		for c := range op.Refusals {
			known = append(known, c)
		}
	}
	if !slices.Contains(known, code) {
		r.unknown(n, engine.Text{VI: "mã từ chối của " + reg.ID, EN: fmt.Sprintf("refusal of %s", reg.ID)}, code, known)
	}
	return code
}
