package simulate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/runtime"
)

// arrive is one citizen with a form.
func (w *world) arrive(n int) {
	w.tally.filed++
	who := citizenName(n)
	p := &w.cfg.Plan.Citizens
	ex := w.example(who)
	if w.dice.yes(p.Mistake, "mistake", who, 0) {
		if bad, cut := w.spoilt(ex, who); cut != "" {
			if !w.file(who, bad, "draft", n) {
				w.after(10*time.Minute, func() { w.file(who, ex, "form", n) })
			}
			return
		}
	}
	if w.file(who, ex, "form", n) && w.dice.yes(p.Twice, "twice", who, 0) {
		w.after(24*time.Hour, func() { w.file(who, ex, "again", n) })
	}
}

// example varies one of the examples for a citizen: its dates move to today, its
// long numbers become the citizen's own, some choices are left out.
func (w *world) example(who string) Example {
	weights := make([]float64, len(w.cfg.Examples))
	for i, e := range w.cfg.Examples {
		weights[i] = 1
		if len(w.cfg.Plan.Examples) > 0 {
			weights[i] = float64(w.cfg.Plan.Examples[e.Name])
		}
	}
	ex := w.cfg.Examples[max(w.dice.choose(weights, "example", who, 0), 0)]
	v := variation{n: w.dice.bits("number", who, 0), filed: calendar.DateOf(ex.Filed), today: calendar.DateOf(w.now)}
	ex.Application, _ = v.value(ex.Application).(map[string]any)
	ex.Requester.ID = v.text(ex.Requester.ID)
	ex.Requester.Phone = v.text(ex.Requester.Phone)
	if choices, ok := ex.Application["choices"].(map[string]any); ok {
		changed := false
		for _, k := range sorted(choices) {
			if keep, known := w.cfg.Plan.Choices[k]; choices[k] == true && known && !w.dice.yes(keep, "choice "+k, who, 0) {
				choices[k] = false
				changed = true
			}
		}
		if changed {
			w.tidy(ex)
		}
	}
	return ex
}

// tidy does what the pages do when a choice is taken back: what the form then has no
// place for is left out, and what hangs on it is taken back too.
func (w *world) tidy(ex Example) {
	svc, err := w.set.ServiceAt(ex.Service, w.now)
	if err != nil || svc.Form == nil {
		return
	}
	for range 5 {
		found := false
		for _, p := range svc.Form.Schema.Validate(ex.Application) {
			at := strings.Split(strings.TrimPrefix(p.Pointer, "/"), "/")
			in, _ := engine.At(ex.Application, at[:len(at)-1]...).(map[string]any)
			last := at[len(at)-1]
			switch {
			case in == nil:
			case p.Code == "unknown_field":
				delete(in, last)
				found = true
			case p.Code == "const" && in[last] == true:
				in[last], found = false, true
			}
		}
		if !found {
			return
		}
	}
}

// variation makes another person's form of an example.
type variation struct {
	n            uint64
	filed, today calendar.Date
}

func (v variation) value(x any) any {
	switch x := x.(type) {
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = v.value(e)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = v.value(e)
		}
		return out
	case string:
		return v.text(x)
	}
	return x
}

// recent is how long before filing a day still moves with it.
const recent = 400

func (v variation) text(s string) string {
	if d := calendar.Date(s); len(s) == 10 && d.Valid() {
		if d <= v.filed.AddDays(60) && d >= v.filed.AddDays(-recent) {
			return string(d.AddDays(daysBetween(v.filed, v.today)))
		}
		return s
	}
	// The last run of at least 5 digits, its last 5 or 6: personal numbers, notices,
	// accounts. A commune's code is nothing but 5 digits and stays.
	end := len(s)
	for end > 0 {
		for end > 0 && !digit(s[end-1]) {
			end--
		}
		from := end
		for from > 0 && digit(s[from-1]) {
			from--
		}
		if end-from >= 5 && end-from < len(s) || end-from > 5 {
			width := min(end-from, 6)
			mod, old := uint64(1), uint64(0)
			for _, c := range s[end-width : end] {
				mod, old = mod*10, old*10+uint64(c-'0')
			}
			return s[:end-width] + fmt.Sprintf("%0*d", width, (old+v.n)%mod) + s[end:]
		}
		end = from
	}
	return s
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

func daysBetween(a, b calendar.Date) int {
	return int(b.At(12, 0).Sub(a.At(12, 0)).Hours()+12) / 24
}

// spoilt leaves out one part of the form.
func (w *world) spoilt(ex Example, who string) (Example, string) {
	app := maps.Clone(ex.Application)
	keys := sorted(app)
	if len(keys) == 0 {
		return ex, ""
	}
	k := keys[w.dice.one(len(keys), "spoilt", who, 0)]
	delete(app, k)
	ex.Application = app
	return ex, k
}

// file files a form; true when it was taken.
func (w *world) file(who string, ex Example, key string, n int) bool {
	f := runtime.Filing{Service: ex.Service, Application: ex.Application, Requester: ex.Requester, Channel: 2,
		Actor: engine.Actor{Kind: engine.Citizen, ID: ex.Requester.ID, Name: ex.Requester.Name}, Key: who + "-" + key, Digest: who + key}
	var cases []*engine.Case
	w.acting = who
	err := w.insist(who+" "+key, func(r *runtime.Runtime) (err error) {
		cases, err = r.File(w.ctx, f)
		return err
	})
	w.acting = ""
	w.note(act{Who: who, What: "files " + ex.Name, Error: code(err)})
	if err != nil {
		w.tally.refusals[code(err)]++
		if c := engine.CodeOf(err); c == engine.Internal || c == engine.CorruptHistory {
			w.breaks("runtime", nil, who+" files "+ex.Name+": "+err.Error())
		}
		return false
	}
	w.digest()
	p := &w.cfg.Plan.Citizens
	for _, c := range cases {
		f := w.files[c.Code]
		if f == nil || f.n != n {
			continue
		}
		if w.dice.yes(p.Withdraw, "withdraw", f.name, 0) {
			w.after(time.Hour+w.dice.span(p.Change, "change", f.name, 0), func() { w.withdraw(f) })
		}
	}
	return true
}

// insist does what a client does: with the same key again, until something answers.
// Now and then it sends once more what was answered; that must change nothing.
func (w *world) insist(name string, do func(*runtime.Runtime) error) error {
	var err error
	for try := range 20 {
		n := w.pick(name, try)
		err = do(n.run)
		dead := n.wire.dead
		n.settle()
		if c := engine.CodeOf(err); err == nil || !dead && c != engine.Unavailable && c != engine.UnknownOutcome {
			break
		}
	}
	w.tally.commands++
	if err == nil && w.strikes(w.cfg.Faults.Repeat, "repeat", name) {
		w.digest()
		before := w.tally.entries
		n := w.pick(name, 99)
		again := do(n.run)
		dead := n.wire.dead
		n.settle()
		if again != nil && !dead && engine.CodeOf(again) != engine.Unavailable && engine.CodeOf(again) != engine.UnknownOutcome {
			w.breaks("duplicate", nil, name+", sent again under its key, is refused: "+again.Error())
		}
		for _, f := range w.touched {
			for _, c := range w.commits[f.c.Code] {
				if slices.ContainsFunc(c.Entries, func(e engine.Entry) bool { return e.Command.Actor.Kind != engine.Timer }) {
					w.breaks("duplicate", f, fmt.Sprintf("%s, sent again under its key, was done again (entries before: %d)", name, before))
				}
			}
		}
	}
	return err
}

// act does one command of a person on a case as it stands now.
func (w *world) act(f *file, cmd engine.Command, label string) error {
	w.acted++
	key := fmt.Sprintf("%s/%d", f.name, w.acted)
	cmd.Case = f.c.Code
	err := w.insist(f.name+" "+label, func(r *runtime.Runtime) error {
		_, err := r.Do(w.ctx, runtime.Request{Command: cmd, Key: key, Digest: key})
		return err
	})
	w.note(act{Who: string(cmd.Actor.Kind) + " " + cmd.Actor.ID, What: cmd.Action, Case: f.c.Code, Step: cmd.Step, Error: code(err)})
	if c := engine.CodeOf(err); c == engine.Internal || c == engine.CorruptHistory {
		w.breaks("runtime", f, cmd.Action+" of "+cmd.Step+": "+err.Error())
	}
	w.digest()
	return err
}

// tasks lets people do, after a while, what the case asks of them.
func (w *world) tasks(f *file) {
	p := &w.cfg.Plan.Citizens
	for _, t := range f.c.Tasks() {
		id := fmt.Sprintf("%s %s %s %d", t.Kind, t.Step, t.Person, t.Since.Unix())
		if f.tasks[id] || t.Kind == "pay" { // the treasury tells of payments
			continue
		}
		f.tasks[id] = true
		name := fmt.Sprintf("%s %s %s %d", t.Kind, t.Step, f.name, len(f.tasks))
		if w.dice.yes(p.Silent, "silent", name, 0) {
			w.tally.silent++
			continue
		}
		d := p.Confirm
		switch t.Kind {
		case "supplement":
			d = p.Supplement
		case "party":
			d = p.Agree
		}
		w.after(w.dice.span(d, "task", name, 0), func() { w.task(f, t, name, 0) })
	}
}

// task does it, if it is still to be done.
func (w *world) task(f *file, t engine.Task, name string, try int) {
	if !slices.ContainsFunc(f.c.Tasks(), func(x engine.Task) bool {
		return x.Kind == t.Kind && x.Step == t.Step && x.Person == t.Person && x.Since.Equal(t.Since)
	}) {
		return
	}
	me := engine.Actor{Kind: engine.Citizen, ID: t.Person}
	d := f.c.Dossier(t.Step)
	var err error
	switch t.Kind {
	case "supplement":
		err = w.supplement(f, t, name, try)
	case "party":
		a := w.partyAction(f, d, t.Person, w.dice.yes(w.cfg.Plan.Citizens.Decline, "decline", name, 0))
		if a == nil {
			return
		}
		err = w.act(f, engine.Command{Action: a.ID, Step: t.Step, Actor: me, Input: w.input(f, d, a, name)}, name)
	default:
		err = w.confirm(f, d, me, name)
	}
	if err != nil && try < 3 { // the citizen tries once more the next day
		w.after(24*time.Hour, func() { w.task(f, t, name, try+1) })
	}
}

// confirm takes the applicant's way on, or now and then another.
func (w *world) confirm(f *file, d *engine.Dossier, me engine.Actor, name string) error {
	p := w.procedure(f, d)
	dist := w.route(p)
	var on, back []*engine.Action
	for _, a := range p.Actions {
		if !slices.Contains(a.From, d.State) || !slices.Contains(a.By, engine.ByApplicant) || a.Input != nil && a.Input.ID == engine.FormSupplementAnswer {
			continue
		}
		switch w.kind(p, dist, a, d.State) {
		case forward:
			on = append(on, a)
		case around:
			back = append(back, a)
		}
	}
	if len(back) > 0 && (len(on) == 0 || w.dice.yes(w.cfg.Plan.Citizens.Dispute, "dispute", name, 0)) {
		on = back
	}
	if len(on) == 0 {
		return nil
	}
	a := on[w.dice.one(len(on), "way", name, 0)]
	return w.act(f, engine.Command{Action: a.ID, Step: d.Step, Actor: me, IfMatch: &d.Rev, Input: w.input(f, d, a, name)}, name)
}

// partyAction is how a person agrees or declines.
func (w *world) partyAction(f *file, d *engine.Dossier, person string, decline bool) *engine.Action {
	var other *engine.Action
	for _, a := range w.procedure(f, d).Actions {
		if a.Party == nil || !slices.Contains(a.From, d.State) || !slices.ContainsFunc(a.Party.Sets, func(s string) bool {
			return d.Parties[s] != nil && slices.Contains(d.Parties[s].People, person)
		}) {
			continue
		}
		if a.Party.Decline == decline {
			return a
		}
		other = a
	}
	return other
}

// supplement answers what is asked, sometimes one thing first.
func (w *world) supplement(f *file, t engine.Task, name string, try int) error {
	items := map[string]any{}
	for _, it := range f.c.Items {
		if it.Step != t.Step || it.Closed || !it.Answered.IsZero() {
			continue
		}
		if it.Kind == "field" {
			items[it.ID] = map[string]any{"value": "bổ sung"}
		} else {
			items[it.ID] = map[string]any{"document": "doc-" + strings.ReplaceAll(it.ID, " ", "")}
		}
	}
	if len(items) > 1 && try == 0 && w.dice.yes(w.cfg.Plan.Citizens.Partial, "partial", name, 0) {
		first := sorted(items)[0]
		items = map[string]any{first: items[first]}
		w.after(24*time.Hour, func() { w.task(f, t, name, 1) })
	}
	if len(items) == 0 {
		return nil
	}
	return w.act(f, engine.Command{Action: engine.ActAnswer, Actor: engine.Actor{Kind: engine.Citizen, ID: t.Person}, Input: map[string]any{"items": items}}, name)
}

// withdraw takes the whole case back, or finds out that it cannot be.
func (w *world) withdraw(f *file) {
	if w.files[f.c.Code] != f || f.c.Status != engine.CaseOpen {
		return
	}
	me := engine.Actor{Kind: engine.Citizen, ID: f.c.Requester.ID}
	if err := w.act(f, engine.Command{Action: engine.ActWithdraw, Actor: me, IfMatch: &f.c.Rev, Input: map[string]any{"reason": "đổi ý"}}, "withdraw"); err != nil {
		w.tally.refusals["withdraw."+code(err)]++
	}
}

// refile files a failed part again, now and then.
func (w *world) refile(f *file) {
	for _, d := range f.c.Dossiers {
		if d.Status != engine.StatusEnded || d.Attempt > 1 || d.Final != engine.FinalRefused && d.Final != engine.FinalExpired {
			continue
		}
		if !w.dice.yes(w.cfg.Plan.Citizens.Refile, "refile", f.name+" "+d.Step, 0) {
			continue
		}
		w.after(24*time.Hour+w.dice.span(w.cfg.Plan.Citizens.Confirm, "refile", f.name, 0), func() {
			if w.files[f.c.Code] == f {
				w.act(f, engine.Command{Action: engine.ActRefile, Step: d.Step, Actor: engine.Actor{Kind: engine.Citizen, ID: f.c.Requester.ID}}, "refile "+d.Step)
			}
		})
		return
	}
}
