package simulate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/engine/appendjson"
	"lienthong/engine/calendar"
	"lienthong/engine/replay"
)

// Invariants names what is checked, as docs/simulate.md explains it.
var Invariants = map[string]engine.Text{
	"fold":      {VI: "Lịch sử dựng lại đúng hồ sơ đã lưu", EN: "folding the history gives the stored case"},
	"version":   {VI: "Số phiên bản chỉ tăng, thời gian không lùi", EN: "versions only grow and entries stay in order of time"},
	"once":      {VI: "Không yêu cầu nào được thực hiện hai lần, hoặc khi không ai yêu cầu", EN: "no request is performed twice, or without being asked for"},
	"order":     {VI: "Bước sau không chạy trước điều nó cần", EN: "a dependent step never runs before what it needs"},
	"undone":    {VI: "Nhánh bị từ chối không hủy nhánh khác", EN: "what one part comes to never takes another part's end back"},
	"stuck":     {VI: "Không hồ sơ nào dở dang mà không chờ gì", EN: "no case is unfinished and waits for nothing"},
	"due":       {VI: "Hạn trả tính lại được từ lịch sử", EN: "due times are recomputable from history"},
	"duplicate": {VI: "Gửi trùng không làm thay đổi gì", EN: "what comes twice changes nothing"},
	"durable":   {VI: "Đã trả lời là đã lưu", EN: "what was answered is stored"},
	"chain":     {VI: "Chuỗi băm của kho dữ liệu đúng", EN: "the store's hash chains hold"},
	"runtime":   {VI: "Không lỗi nội bộ", EN: "nothing fails inside"},
}

// Failure is a broken promise.
type Failure struct {
	Invariant string          `json:"invariant"`
	Why       string          `json:"why"`
	At        time.Time       `json:"at"`
	Citizen   string          `json:"citizen,omitempty"`
	Case      string          `json:"case,omitempty"`
	Acts      []Act           `json:"acts"`            // the last ones, oldest first
	State     json.RawMessage `json:"state,omitempty"` // the case as stored
	Struck    []string        `json:"struck"`          // the faults that struck before
	Filed     []int           `json:"filed"`           // the citizens who had filed
}

// Act is one thing that somebody did.
type Act struct {
	At    time.Time `json:"at"`
	Who   string    `json:"who"`
	What  string    `json:"what"`
	Case  string    `json:"case,omitempty"`
	Step  string    `json:"step,omitempty"`
	Error string    `json:"error,omitempty"`
}

type act = Act

// ring keeps the last acts.
type ring struct {
	acts []act
	next int
}

const kept = 60

func (w *world) note(a act) {
	a.At = w.now
	r := &w.acts
	if len(r.acts) < kept {
		r.acts = append(r.acts, a)
		return
	}
	r.acts[r.next] = a
	r.next = (r.next + 1) % kept
}

func (r *ring) list() []act { return append(slices.Clone(r.acts[r.next:]), r.acts[:r.next]...) }

// breaks ends the run: a promise does not hold.
func (w *world) breaks(invariant string, f *file, why string) {
	if w.broken != nil {
		return
	}
	x := &Failure{Invariant: invariant, Why: why, At: w.now, Acts: w.acts.list(), Struck: slices.Clone(w.faults.log), Filed: []int{}}
	if f != nil {
		x.Citizen, x.Case = f.name, f.c.Code
		x.State, _ = json.Marshal(f.c)
	}
	for _, code := range w.codes() {
		if n := w.files[code].n; n >= 0 && !slices.Contains(x.Filed, n) {
			x.Filed = append(x.Filed, n)
		}
	}
	slices.Sort(x.Filed)
	w.broken = x
}

// check looks at one change as it was committed.
func (w *world) check(f *file, c engine.Change) {
	w.tally.checks++
	was := f.fold
	if f.svc == nil {
		w.breaks("runtime", f, "the definition of the case is not known")
		return
	}
	for i := range c.Entries {
		e := &c.Entries[i]
		now := engine.Fold(f.fold, *e)
		if f.fold != nil && (e.Seq != f.fold.Seq+1 || e.At.Before(f.fold.Updated)) {
			w.breaks("version", f, fmt.Sprintf("entry %d at %s follows %d at %s", e.Seq, e.At, f.fold.Seq, f.fold.Updated))
		}
		w.events(f, now, e)
		if f.fold != nil {
			w.undone(f, f.fold, now, e)
		}
		f.fold = now
	}
	if was != nil && (c.Base != was.Seq || c.Case.Rev < was.Rev) {
		w.breaks("version", f, fmt.Sprintf("a change of entry %d was taken after %d; version %d after %d", c.Base, was.Seq, c.Case.Rev, was.Rev))
	}
	if f.fold.Seq != c.Case.Seq || f.fold.Rev != c.Case.Rev || f.fold.Status != c.Case.Status || !f.fold.Updated.Equal(c.Case.Updated) {
		w.breaks("fold", f, fmt.Sprintf("entry %d %s folds to entry %d %s", c.Case.Seq, c.Case.Status, f.fold.Seq, f.fold.Status))
	}
	for i, d := range c.Case.Dossiers {
		o := f.fold.Dossiers[i]
		if d.State != o.State || d.Status != o.Status || d.Rev != o.Rev || d.Final != o.Final {
			w.breaks("fold", f, fmt.Sprintf("%s is %s %s, and folds to %s %s", d.Step, d.Status, d.State, o.Status, o.State))
		}
		if was != nil && d.Attempt == was.Dossiers[i].Attempt && d.Rev < was.Dossiers[i].Rev {
			w.breaks("version", f, fmt.Sprintf("%s went from version %d to %d", d.Step, was.Dossiers[i].Rev, d.Rev))
		}
	}
}

// events looks at what an entry says: requests, answers, steps that open, clocks.
func (w *world) events(f *file, now *engine.Case, e *engine.Entry) {
	for _, v := range e.Events {
		switch v := v.(type) {
		case engine.Replied:
			if _, asked := f.asked[v.Key]; !asked {
				w.breaks("once", f, "an answer to "+v.Key+", which was never asked")
			}
			if f.answered[v.Key] {
				w.breaks("once", f, "request "+v.Key+" is answered twice in history")
			}
			f.answered[v.Key] = true
			w.performed(f, v, e)
		case engine.StepOpened:
			w.needed(f, now, v)
		case engine.ClockChanged:
			w.recomputes(f, v.Of(), v.Clock)
		}
	}
}

// performed: an answer that stands in history was given by the registry, or by a
// person in its name.
func (w *world) performed(f *file, v engine.Replied, e *engine.Entry) {
	a := w.register.known[f.c.Code][v.Key]
	rep := e.Facts.Reply
	if rep == nil || rep.By != "" {
		return
	}
	if a == nil {
		w.breaks("once", f, "history has an answer to "+v.Key+", which no registry gave")
	}
}

// needed: a step opens only when what it needs has ended, in success where it must.
func (w *world) needed(f *file, now *engine.Case, v engine.StepOpened) {
	for _, n := range f.svc.Step(v.Of()).Needs {
		d := now.Dossier(n.Step)
		if d == nil || d.Status != engine.StatusClosed && d.Final == engine.FinalNone || !n.Optional && !d.Succeeded() {
			w.breaks("order", f, fmt.Sprintf("%s opened while %s has not ended well", v.Of(), n.Step))
		}
	}
}

// undone: an end is taken back by its own part only.
func (w *world) undone(f *file, was, now *engine.Case, e *engine.Entry) {
	for i, d := range was.Dossiers {
		if x := now.Dossiers[i]; d.Final != engine.FinalNone && d.Final != x.Final && e.Command.Step != d.Step && e.Command.Action != engine.ActRefile {
			w.breaks("undone", f, fmt.Sprintf("%s of %s turned %s from %s into %q", e.Command.Action, e.Command.Step, d.Step, d.Final, x.Final))
		}
	}
}

// recomputes: a due time follows from the clock's own record.
func (w *world) recomputes(f *file, step string, k calendar.Clock) {
	if !k.HasStarted() || k.Calendar == "" {
		return
	}
	for _, c := range w.set.Calendars() {
		if c.ID != k.Calendar {
			continue
		}
		if again := c.Recompute(k); !again.Due.Equal(k.Due) {
			w.breaks("due", f, fmt.Sprintf("%s is due %s, and recomputed %s", step, k.Due, again.Due))
		}
	}
}

// sound looks at a case as it stands after a step.
func (w *world) sound(f *file) {
	c := f.c
	for _, d := range c.Dossiers {
		if d.Request != nil {
			if _, asked := f.asked[d.Request.Key]; !asked || f.answered[d.Request.Key] {
				w.breaks("once", f, fmt.Sprintf("%s waits for %s, which is answered or was never asked", d.Step, d.Request.Key))
			}
		}
		if d.Status != engine.StatusOpen && (len(d.Timers) > 0 || d.Request != nil || d.Awaits) {
			w.breaks("stuck", f, fmt.Sprintf("%s is %s and still waits", d.Step, d.Status))
		}
	}
	open := slices.ContainsFunc(c.Dossiers, func(d *engine.Dossier) bool {
		return d.Status == engine.StatusWaiting || d.Status == engine.StatusOpen && d.Final == engine.FinalNone
	})
	if open != (c.Status == engine.CaseOpen) {
		w.breaks("stuck", f, fmt.Sprintf("the case is %s, and parts are open: %v", c.Status, open))
	}
	w.stuck(f, false)
}

// stuck asks the runtime's own detector. After a step it is not asked where all that
// is waited for is known here to be owed: it would read every delivery. Once a day it
// is.
func (w *world) stuck(f *file, daily bool) {
	if f.c.Status != engine.CaseOpen || !daily && f.awaits() {
		return
	}
	found, err := w.nodes[0].run.StuckCase(w.ctx, f.c.Code)
	if err != nil && engine.CodeOf(err) != engine.Unavailable {
		w.breaks("runtime", f, "looking for stuck parts: "+err.Error())
	}
	for _, s := range found {
		w.breaks("stuck", f, fmt.Sprintf("%s in %s: %s", s.Step, s.State, s.Why))
	}
}

// awaits tells whether some part waits for a registry that owes an answer, and each
// that waits for one does.
func (f *file) awaits() bool {
	if fee := f.c.Fee; fee != nil && fee.Status == engine.FeeWaiting {
		return f.owed[fee.Request]
	}
	some := false
	for _, d := range f.c.Dossiers {
		if d.Request == nil {
			continue
		}
		if !f.owed[d.Request.Key] {
			return false
		}
		some = true
	}
	return some
}

// whole looks at everything of one case: the stored history against the stored case,
// and both against what was seen being committed.
func (w *world) whole(f *file) {
	w.tally.wholes++
	history, err := w.store.History(w.ctx, f.c.Code, 1, 0)
	if err != nil {
		w.breaks("durable", f, "the history cannot be read: "+err.Error())
		return
	}
	if int64(len(history)) != f.c.Seq {
		w.breaks("durable", f, fmt.Sprintf("%d entries were committed, the history has %d", f.c.Seq, len(history)))
		return
	}
	var again *engine.Case
	for _, e := range history {
		again = engine.Fold(again, e)
	}
	w.kept(f, again)
}

// kept compares the stored case with what was seen being committed, and with others
// that should be the same.
func (w *world) kept(f *file, others ...*engine.Case) {
	stored, err := w.store.Load(w.ctx, f.c.Code)
	if err != nil {
		w.breaks("durable", f, "the case cannot be read: "+err.Error())
		return
	}
	if stored.Seq != f.c.Seq {
		w.breaks("durable", f, fmt.Sprintf("%d entries were committed, the case says %d", f.c.Seq, stored.Seq))
		return
	}
	for _, other := range append(others, f.fold) {
		if !reflect.DeepEqual(stored, other) && !w.alike(stored, other) {
			if diff, e := replay.Differ(stored, other); e != nil || diff != nil {
				w.breaks("fold", f, fmt.Sprint(diff, e))
			}
		}
	}
	w.requestsKept(f, stored)
}

// alike tells whether two cases are written alike. Cases that are equal are; others
// may be too: a time that was read back has another zone than one that was computed.
func (w *world) alike(a, b *engine.Case) (same bool) {
	one, err := appendjson.Value(w.rooms[0][:0], a)
	two, err2 := appendjson.Value(w.rooms[1][:0], b)
	w.rooms = [2][]byte{one, two}
	return err == nil && err2 == nil && bytes.Equal(one, two)
}

// requestsKept: no request got lost on its way to the outbox.
func (w *world) requestsKept(f *file, c *engine.Case) {
	for _, d := range c.Dossiers {
		if d.Request == nil {
			continue
		}
		if _, err := w.store.Delivery(w.ctx, d.Request.Key); err != nil {
			w.breaks("durable", f, d.Step+" waits for "+d.Request.Key+", which is in no outbox")
		}
	}
}

// fullEvery is how many days pass until a case that is open has been looked at whole
// again.
const fullEvery = 28

// full looks at all open cases once a day: whether anything is stuck, and, of some of
// them, the whole history.
func (w *world) full() {
	for _, code := range w.codes() {
		f := w.files[code]
		w.stuck(f, true)
		if (f.n+w.today())%fullEvery == 0 {
			w.whole(f)
		}
		if w.broken != nil {
			return
		}
	}
}

// finish looks at everything at the end. The store's Verify folds every history that
// it still has.
func (w *world) finish() {
	for _, code := range w.codes() {
		f := w.files[code]
		w.stuck(f, true)
		if w.rough {
			w.whole(f)
		} else {
			w.kept(f)
		}
		w.count(f)
		if w.broken != nil {
			return
		}
	}
	_, err := w.store.Verify(w.ctx, func(code string, seq int64, what string) {
		w.breaks("chain", w.files[code], fmt.Sprintf("%s entry %d: %s", code, seq, what))
	})
	if err != nil {
		w.breaks("runtime", nil, "verifying: "+err.Error())
	}
}
