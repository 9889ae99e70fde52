package chaos

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lienthong/cmd/lienthong/system"
	"lienthong/engine"
)

// Evidence is everything that the audit looks at.
type Evidence struct {
	Tries    []Try
	Book     Book
	Requests []Request         // what the registries were asked
	Records  []Record          // what stands in the registers
	Owed     map[string]string // deliveries that are not done, in words, by their keys
	Damaged  []string          // what Verify named
	Trouble  []string          // processes that died by themselves, alarming log lines
	Cases    []string          // codes that the store lists beside those of the tries
	Blind    bool              // the registers were not read: what they did is not asked
	Ends     engine.CaseStatus // what a case must have come to; CaseEnded when ""
}

// Book is the store, as far as the audit reads it. Missing things are nil, not
// errors.
type Book interface {
	Case(ctx context.Context, code string) (*engine.Case, []engine.Entry, error)
	Answer(ctx context.Context, actor, key string) (*engine.Answer, error)
	Account(ctx context.Context, id string) (rev int64, err error) // 0 = it is not there
}

// Request is one request as its registry keeps it.
type Request struct {
	Registry, Operation, Key, Case, State string
	Answer                                string // its data, as the registry keeps it
	Performed                             int
}

// Record is one line of a register: whose it is, and the birth notice it came from.
type Record struct {
	Registry, Kind, ID, Owner, Notice string
	Annulled                          bool
}

// Findings are what the audit found.
type Findings struct {
	Cases, Acknowledged, Requests int
	Losses, Doubles, Unended      []string
	Wrong                         []string
}

// Good tells whether nothing was lost, doubled, left or wrong.
func (f Findings) Good() bool { return len(f.Losses)+len(f.Doubles)+len(f.Unended)+len(f.Wrong) == 0 }

func (f *Findings) loss(format string, args ...any) {
	f.Losses = append(f.Losses, fmt.Sprintf(format, args...))
}
func (f *Findings) double(format string, args ...any) {
	f.Doubles = append(f.Doubles, fmt.Sprintf(format, args...))
}
func (f *Findings) wrong(format string, args ...any) {
	f.Wrong = append(f.Wrong, fmt.Sprintf(format, args...))
}
func (f *Findings) unended(format string, args ...any) {
	f.Unended = append(f.Unended, fmt.Sprintf(format, args...))
}

// place is where a command stands in history.
type place struct {
	code string
	seq  int64
}

// audit is one walk over the evidence.
type audit struct {
	Evidence
	Findings
	stands  map[place]*Try // whose command an entry is
	byCase  map[string][]Request
	notices map[string][]string // birth notice → cases that registered its child
	changed map[string][]*Try   // account → those that stand
}

// Audit holds the drivers' ledger against history, and history against the
// registers. An error means that the evidence itself could not be read.
//
// Losses: an acknowledged command that is not in history where its answer says, or
// whose place another one took, a registry's or a timer's too; a request performed
// that no entry owes; an answer in history that its registry never gave; a message that
// is settled and was never sent; a dossier that succeeded without its registry's record;
// an account that an answered
// change did not reach; damage that Verify names.
//
// Doubles: a request performed twice; two requests of one case for a thing that is
// done once; two records where a child has one; an entry by a person under no key
// of theirs; an account changed more often than under its keys; one birth notice
// registered by two cases.
//
// Unended: a case that has not ended, and a delivery that is still owed.
//
// Wrong: a refused command that stands, and what the processes did by themselves.
func Audit(ctx context.Context, e Evidence) (Findings, error) {
	a := &audit{Evidence: e, stands: map[place]*Try{}, byCase: map[string][]Request{}, notices: map[string][]string{}, changed: map[string][]*Try{}}
	if err := a.commands(ctx); err != nil {
		return a.Findings, err
	}
	if err := a.accounts(ctx); err != nil {
		return a.Findings, err
	}
	a.requests()
	codes := slices.Clone(e.Cases)
	for _, t := range e.Tries {
		if t.Fate == Acknowledged && t.Case != "" {
			codes = append(codes, t.Case)
		}
	}
	for code := range a.byCase {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	for _, code := range slices.Compact(codes) {
		c, entries, err := e.Book.Case(ctx, code)
		if err != nil {
			return a.Findings, fmt.Errorf("case %s: %w", code, err)
		}
		a.one(code, c, entries)
	}
	a.registers()
	for _, d := range e.Damaged {
		a.loss("history is damaged: %s", d)
	}
	a.Wrong = append(a.Wrong, e.Trouble...)
	for _, words := range e.Owed {
		a.unended("%s is still owed to its registry", words)
	}
	slices.Sort(a.Losses)
	slices.Sort(a.Doubles)
	slices.Sort(a.Unended)
	slices.Sort(a.Wrong)
	return a.Findings, nil
}

// commands finds for every try where its answer says that it stands.
func (a *audit) commands(ctx context.Context) error {
	for i := range a.Tries {
		t := &a.Tries[i]
		if t.Fate == Acknowledged {
			a.Acknowledged++
		}
		if t.Account != "" && a.changed[t.Account] == nil {
			a.changed[t.Account] = []*Try{}
		}
		ans, err := a.Book.Answer(ctx, t.Actor, t.Key)
		if err != nil {
			return fmt.Errorf("answer to %s: %w", t.Key, err)
		}
		switch {
		case ans == nil && t.Fate == Acknowledged:
			a.loss("%s was acknowledged, and no answer is kept", t)
		case ans == nil:
		case t.Fate == Refused:
			a.wrong("%s was refused (%s), and stands", t, t.Code)
		case t.Account != "":
			a.changed[t.Account] = append(a.changed[t.Account], t)
		default:
			a.claim(t, ans)
		}
	}
	return nil
}

// claim enters that a try stands where its answer says.
func (a *audit) claim(t *Try, ans *engine.Answer) {
	var b struct {
		Seq   int64
		Cases []string
	}
	if err := engine.Unmarshal(ans.Body, &b); err != nil {
		a.loss("%s: its answer cannot be read: %v", t, err)
		return
	}
	if t.Case != "" && t.Case != ans.Case {
		a.loss("%s was told case %s, and its answer is of %s", t, t.Case, ans.Case)
		return
	}
	p := place{ans.Case, b.Seq}
	if other := a.stands[p]; other != nil {
		a.loss("%s and %s both stand at %s entry %d", other, t, p.code, p.seq)
		return
	}
	a.stands[p] = t
}

// String names a try.
func (t *Try) String() string {
	s := t.Action
	if t.Step != "" {
		s = t.Step + " " + s
	}
	where := t.Case
	switch {
	case t.Account != "":
		where = "account " + t.Account
	case where == "":
		where = "notice " + t.Notice
	}
	return fmt.Sprintf("%q on %s by %s (key %s)", s, where, t.Actor, t.Key)
}

// requests sorts what the registries were asked by case.
func (a *audit) requests() {
	for _, r := range a.Evidence.Requests {
		a.Findings.Requests++
		if r.Performed > 1 {
			a.double("%s performed %s under %s %d times", r.Registry, r.Operation, r.Key, r.Performed)
		}
		if r.Case == "" {
			a.loss("%s was asked %s under %s for no case", r.Registry, r.Operation, r.Key)
			continue
		}
		a.byCase[r.Case] = append(a.byCase[r.Case], r)
	}
}

// one audits one case.
func (a *audit) one(code string, c *engine.Case, entries []engine.Entry) {
	if c == nil {
		for p, t := range a.stands {
			if p.code == code {
				a.loss("%s stands at entry %d of a case that is not there", t, p.seq)
			}
		}
		for _, r := range a.byCase[code] {
			a.loss("%s was asked %s under %s for a case that is not there", r.Registry, r.Operation, r.Key)
		}
		if a.stands[place{code, 1}] == nil && len(a.byCase[code]) == 0 {
			a.loss("case %s is not there", code)
		}
		return
	}
	a.Findings.Cases++
	owed := a.history(code, entries)
	if !a.Blind {
		a.performed(code, owed, calledRefused(entries))
		a.settled(code, owed, entries)
	}
	if c.Status != engine.CaseEnded {
		a.unended("case %s is %s: %s", code, c.Status, where(c))
	}
	if !a.Blind {
		a.results(c)
	}
}

// history holds a case's entries against the tries; it returns the requests that
// the entries owe, by the key that the registry knows.
func (a *audit) history(code string, entries []engine.Entry) map[string]engine.Delivery {
	owed := map[string]engine.Delivery{}
	for i := range entries {
		e := &entries[i]
		if e.Seq != int64(i)+1 {
			a.loss("case %s: entry %d is missing", code, i+1)
			break
		}
		for _, d := range e.Effects() {
			key, err := system.RequestKey(d)
			if err != nil {
				a.loss("case %s entry %d: what it asks of %s cannot be written: %v", code, e.Seq, d.Registry, err)
			}
			owed[key] = d
		}
		actor, action := by(e)
		t := a.stands[place{code, e.Seq}]
		switch {
		case actor == "" && t == nil:
		case t == nil:
			a.double("case %s entry %d: %s by %s is under no key of theirs", code, e.Seq, action, actor)
		case t.Action != action || t.Step != e.Command.Step || t.Actor != actor:
			a.loss("%s should stand at %s entry %d, where %s %s by %s is", t, code, e.Seq, e.Command.Step, action, actor)
		}
	}
	for p, t := range a.stands {
		if p.code == code && (p.seq < 1 || p.seq > int64(len(entries))) {
			a.loss("%s should stand at entry %d of %s, which ends at %d", t, p.seq, code, len(entries))
		}
	}
	return owed
}

// by tells which person did what an entry holds; "" is nobody. An answer that was
// recorded by hand stands as its registry's, and says who recorded it.
func by(e *engine.Entry) (actor, action string) {
	for _, v := range e.Events {
		if x, ok := v.(engine.ExchangeActed); ok {
			return string(engine.Staff) + ":" + x.By, engine.ActOperate
		}
	}
	who := e.Command.Actor
	if who.Kind != engine.Citizen && who.Kind != engine.Staff {
		return "", ""
	}
	return string(who.Kind) + ":" + who.ID, e.Command.Action
}

// once are the operations that a case of these drivers asks for at most once with
// success: nothing here corrects or repeats.
var once = []string{"population/assign_personal_id", "civil_status/register_birth", "residence/add_member",
	"social_insurance/issue_child_card", "identity_card/issue", "treasury/collect"}

// calledRefused are the requests of a case that were answered with a refusal first.
func calledRefused(entries []engine.Entry) map[string]bool {
	out := map[string]bool{}
	for i := range entries {
		if r := entries[i].Facts.Reply; r != nil && r.Outcome == engine.ReplyRefused {
			out[r.Request] = true
		}
	}
	return out
}

// performed holds what the registries did for a case against what it owes. A registry
// that did what it then called refused is asked again, and tells its first answer under
// the new key: that is done once.
func (a *audit) performed(code string, owed map[string]engine.Delivery, refused map[string]bool) {
	done, told, answers := map[string][]string{}, map[string]int{}, map[string]map[string]bool{}
	for _, r := range a.byCase[code] {
		d, ok := owed[r.Key]
		switch {
		case !ok:
			a.loss("%s was asked %s under %s, which no entry of the case owes", r.Registry, r.Operation, r.Key)
		case d.Registry != r.Registry || d.Operation != r.Operation:
			a.loss("%s was asked %s under %s, where the case owes %s/%s", r.Registry, r.Operation, r.Key, d.Registry, d.Operation)
		}
		if r.State == "done" {
			op := r.Registry + "/" + r.Operation
			if done[op] = append(done[op], r.Key); answers[op] == nil {
				answers[op] = map[string]bool{}
			}
			answers[op][r.Answer] = true
			if !refused[d.Key] {
				told[op]++
			}
		}
	}
	for _, op := range once {
		if told[op] > 1 || len(answers[op]) > 1 {
			a.double("case %s had %s done under %s", code, op, strings.Join(done[op], " and "))
		}
	}
}

// settled holds what a case takes for done against what the registries did: each gave
// every answer that history calls its own, and every message that nobody settled by
// hand was sent.
func (a *audit) settled(code string, owed map[string]engine.Delivery, entries []engine.Entry) {
	did := map[string]bool{} // by registry and key
	for _, r := range a.byCase[code] {
		did[r.Registry+" "+r.Key] = r.Performed > 0
	}
	answered, byHand := map[string]bool{}, map[string]bool{}
	for i := range entries {
		e := &entries[i]
		if r := e.Facts.Reply; r != nil && r.By == "" {
			answered[r.Request] = true
		}
		if e.Command.Action == engine.ActOperate {
			byHand[engine.Str(e.Command.Input, "key")] = true
		}
	}
	for key, d := range owed {
		_, waits := a.Owed[d.Key]
		switch {
		case did[d.Registry+" "+key]:
		case answered[d.Key]:
			a.loss("case %s holds an answer to %s that %s never gave", code, d.Key, d.Registry)
		case d.Registry == engine.NotificationRegistry && !waits && !byHand[d.Key]:
			a.loss("case %s: %s is settled, and its message was never sent", code, d.Key)
		}
	}
}

// proofs are what must stand in a register when a part has succeeded.
var proofs = map[string]string{"birth": "civil_status/register_birth", "residence": "residence/add_member",
	"card": "social_insurance/issue_child_card", "identity": "identity_card/issue"}

// results holds what a case says it reached against the registries.
func (a *audit) results(c *engine.Case) {
	for _, d := range c.Dossiers {
		if d.Final != engine.FinalSuccess {
			continue
		}
		op, ok := proofs[d.Step]
		if ok && !slices.ContainsFunc(a.byCase[c.Code], func(r Request) bool { return r.State == "done" && r.Registry+"/"+r.Operation == op }) {
			a.loss("case %s: %s succeeded, and %s was never done", c.Code, d.Step, op)
		}
		if d.Step == "birth" && c.Key != "" {
			a.notices[c.Key] = append(a.notices[c.Key], c.Code)
		}
	}
}

// registers looks for what a child has twice.
func (a *audit) registers() {
	held := map[string][]string{}
	for _, r := range a.Records {
		if r.Annulled {
			continue
		}
		if r.Owner != "" {
			held[r.Registry+" "+r.Kind+" of "+r.Owner] = append(held[r.Registry+" "+r.Kind+" of "+r.Owner], r.ID)
		}
		if r.Notice != "" {
			held[r.Registry+" "+r.Kind+" for notice "+r.Notice] = append(held[r.Registry+" "+r.Kind+" for notice "+r.Notice], r.ID)
		}
	}
	for what, ids := range held {
		if len(ids) > 1 {
			a.double("%d of %s: %s", len(ids), what, strings.Join(ids, ", "))
		}
	}
	for notice, codes := range a.notices {
		if len(codes) > 1 {
			a.double("notice %s was registered by %s", notice, strings.Join(codes, " and "))
		}
	}
}

// where says where a case stands.
func where(c *engine.Case) string {
	var parts []string
	if c.Fee != nil && c.Fee.Status == engine.FeeWaiting {
		parts = append(parts, "fee waiting")
	}
	for _, d := range c.Dossiers {
		if d.Status == engine.StatusOpen || d.Status == engine.StatusWaiting {
			s := d.Step + " " + string(d.Status) + " " + d.State
			if d.Request != nil {
				s += " (request " + d.Request.Key + ")"
			}
			parts = append(parts, s)
		}
	}
	return "seq " + strconv.FormatInt(c.Seq, 10) + ", " + strings.Join(parts, ", ")
}
