package replay

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// Kinds of divergence.
const (
	ByRefusal = "refused"   // a kept command is refused now
	ByNothing = "no_effect" // it changes nothing now
	ByEvent   = "event"     // an event is another one, is missing, or is new
	ByTime    = "time"      // the entry has another instant
	ByFiring  = "fired"     // a timer fires that history does not have here
	BySilence = "not_fired" // a timer does not fire where history has it
)

// Divergence is the first place where deciding again parts from history. State and
// Action say where on the procedure's diagram it is.
type Divergence struct {
	Seq       int64       `json:"seq"` // of the kept entry; one more than the last when history is over
	At        time.Time   `json:"at"`
	Step      string      `json:"step,omitempty"`
	Procedure string      `json:"procedure,omitempty"`
	State     string      `json:"state,omitempty"` // of the dossier before
	Action    string      `json:"action"`
	Kind      string      `json:"kind"`
	Event     string      `json:"event,omitempty"`   // kind of the event, when it is about one
	Pointer   string      `json:"pointer,omitempty"` // JSON Pointer into that event
	Expected  any         `json:"expected,omitempty"`
	Got       any         `json:"got,omitempty"`
	Why       engine.Text `json:"why"`
	// Kept and Now are what the dossier does from State, in history and when it is
	// decided again; nil when the divergence is not about a dossier's state.
	Kept *Way `json:"kept,omitempty"`
	Now  *Way `json:"now,omitempty"`
}

// Way is where a dossier goes: by an action ("" = nothing happens) to a state, which
// is the one that it is in when it stays.
type Way struct {
	Action string `json:"action,omitempty"`
	To     string `json:"to"`
}

// ways tells what two entries (nil = nothing happens) do with the dossier.
func (d *Divergence) ways(kept, now *engine.Entry) *Divergence {
	if d == nil || d.State == "" {
		return d
	}
	way := func(e *engine.Entry) *Way {
		if e == nil {
			return &Way{To: d.State}
		}
		w := &Way{Action: e.Command.Action, To: d.State}
		for _, v := range e.Events {
			if m, ok := v.(engine.Moved); ok && m.Step == d.Step {
				w.To = m.To
				if m.Action != "" {
					w.Action = m.Action
				}
			}
		}
		return w
	}
	d.Kept, d.Now = way(kept), way(now)
	return d
}

// place says where an entry happens.
func place(e *engine.Entry, c *engine.Case) *Divergence {
	d := &Divergence{Seq: e.Seq, At: e.At, Step: e.Command.Step, Action: e.Command.Action}
	if c != nil && d.Step != "" {
		if dos := c.Dossier(d.Step); dos != nil {
			d.State, d.Procedure = dos.State, dos.Procedure
		}
	}
	return d
}

var nobodyWaits = engine.Text{VI: "Thao tác được chấp nhận nhưng không làm thay đổi gì: không còn ai chờ.", EN: "It changes nothing now: nobody waits for it."}

func refused(e *engine.Entry, c *engine.Case, err error) *Divergence {
	d := place(e, c)
	d.Kind, d.Got, d.Why = ByRefusal, string(engine.CodeOf(err)), reason(err)
	d.Expected = "accepted"
	return d.ways(e, nil)
}

func idle(e *engine.Entry, c *engine.Case) *Divergence {
	d := place(e, c)
	d.Kind, d.Why = ByNothing, nobodyWaits
	return d.ways(e, nil)
}

// reason is why a command was refused, for people.
func reason(err error) engine.Text {
	var e *engine.Error
	if !errors.As(err, &e) {
		return engine.Text{VI: err.Error(), EN: err.Error()}
	}
	t := e.Detail
	if t.IsZero() {
		t = engine.Text{VI: string(e.Code), EN: string(e.Code)}
	}
	const most = 5
	for i, p := range e.Problems {
		if i == most {
			t.VI, t.EN = t.VI+"; …", t.EN+"; …"
			break
		}
		t.VI, t.EN = t.VI+"; "+p.Pointer+": "+p.Detail.VI, t.EN+"; "+p.Pointer+": "+p.Detail.EN
	}
	if len(e.Legal) > 0 {
		l := strings.Join(e.Legal, ", ")
		t.VI, t.EN = t.VI+" (được phép: "+l+")", t.EN+" (open: "+l+")"
	}
	return t
}

// early is a timer that fires before the next kept entry, or after the last one.
func (r *run) early(next, got *engine.Entry, before *engine.Case) *Divergence {
	d := place(got, before)
	d.Kind, d.Got = ByFiring, got.At.In(calendar.Zone).Format(time.RFC3339)
	if next != nil {
		d.Seq = next.Seq
	}
	d.Why = engine.Text{VI: "Hẹn giờ " + got.Command.Actor.ID + " đến hạn, điều không có trong lịch sử.",
		EN: "The timer " + got.Command.Actor.ID + " fires, which history does not have."}
	return d.ways(nil, got)
}

// notFired is a kept timer that does not fire at its instant.
func (r *run) notFired(e *engine.Entry) *Divergence {
	d := place(e, r.c)
	id := e.Command.Actor.ID
	d.Kind, d.Expected = BySilence, e.At.In(calendar.Zone).Format(time.RFC3339)
	d.Why = engine.Text{VI: "Hẹn giờ " + id + " không còn.", EN: "There is no timer " + id + " now."}
	if r.c == nil {
		return d
	}
	d.ways(e, nil)
	timers := r.c.Timers
	for _, dos := range r.c.Dossiers {
		timers = append(timers[:len(timers):len(timers)], dos.Timers...)
	}
	for _, t := range timers {
		if t.ID == id {
			d.Got = t.At.In(calendar.Zone).Format(time.RFC3339)
			d.Why = engine.Text{VI: "Hẹn giờ " + id + " đến hạn lúc khác.", EN: "The timer " + id + " is due at another time."}
		}
	}
	return d
}

// comparer compares entries; it keeps its room between them.
type comparer struct{ a, b []byte }

// entries names what is different about an entry, nil when nothing is.
func (c *comparer) entries(want, got *engine.Entry, before *engine.Case) *Divergence {
	return c.differ(want, got, before).ways(want, got)
}

func (c *comparer) differ(want, got *engine.Entry, before *engine.Case) *Divergence {
	if want.Command.Action != got.Command.Action || want.Command.Step != got.Command.Step {
		d := place(want, before)
		d.Kind, d.Expected, d.Got = ByFiring, want.Command.Actor.ID, got.Command.Actor.ID
		d.Why = engine.Text{VI: "Một hẹn giờ khác đến hạn trước.", EN: "Another timer fires first."}
		return d
	}
	if !want.At.Equal(got.At) {
		d := place(want, before)
		d.Kind, d.Expected, d.Got = ByTime, want.At.In(calendar.Zone).Format(time.RFC3339), got.At.In(calendar.Zone).Format(time.RFC3339)
		d.Why = engine.Text{VI: "Xảy ra vào lúc khác.", EN: "It happens at another time."}
		return d
	}
	a, errA := eventsOf(c.a[:0], want)
	b, errB := eventsOf(c.b[:0], got)
	c.a, c.b = a, b
	if errA == nil && errB == nil && bytes.Equal(a, b) {
		return nil
	}
	return differEvents(want, got, before)
}

// eventsOf is the JSON of an entry's events, without what the version of a
// definition says of itself.
func eventsOf(b []byte, e *engine.Entry) ([]byte, error) {
	es := e.Events
	for i, v := range es {
		if x, changed := unversioned(v); changed {
			if &es[0] == &e.Events[0] {
				es = slices.Clone(es)
			}
			es[i] = x
		}
	}
	return (&engine.Entry{Events: es}).AppendJSON(b)
}

// unversioned is an event without what the version of a definition says of itself: its
// hash, and at filing its name.
func unversioned(v engine.Event) (engine.Event, bool) {
	switch v := v.(type) {
	case engine.Filed:
		v.Version, v.Hash = "", ""
		return v, true
	case engine.Migrated:
		v.Hash, v.Before = "", ""
		return v, true
	case engine.Reverted:
		v.Hash = ""
		return v, true
	}
	return v, false
}

func differEvents(want, got *engine.Entry, before *engine.Case) *Divergence {
	for i := range max(len(want.Events), len(got.Events)) {
		d := place(want, before)
		d.Kind = ByEvent
		switch {
		case i >= len(got.Events):
			v := want.Events[i]
			d.Event, d.Expected = v.Kind(), plainEvent(v)
			d.Why = engine.Text{VI: "Thiếu một sự kiện.", EN: "An event is missing."}
			return at(d, v, before)
		case i >= len(want.Events):
			v := got.Events[i]
			d.Event, d.Got = v.Kind(), plainEvent(v)
			d.Why = engine.Text{VI: "Có thêm một sự kiện.", EN: "There is one more event."}
			return at(d, v, before)
		}
		w, g := want.Events[i], got.Events[i]
		if w.Kind() != g.Kind() || w.Of() != g.Of() {
			d.Event, d.Expected, d.Got = w.Kind(), name(w), name(g)
			d.Why = engine.Text{VI: "Sự kiện khác.", EN: "Another event happens."}
			return at(d, w, before)
		}
		if x := differ("", plainEvent(w), plainEvent(g)); x != nil {
			d.Event, d.Pointer, d.Expected, d.Got = w.Kind(), x.Pointer, x.Stored, x.Rebuilt
			d.Why = changed(w)
			return at(d, w, before)
		}
	}
	return nil
}

// changed says in words what kind of value came out otherwise.
func changed(v engine.Event) engine.Text {
	switch v.(type) {
	case engine.Moved:
		return engine.Text{VI: "Hồ sơ chuyển sang trạng thái khác.", EN: "The dossier moves elsewhere."}
	case engine.ClockChanged, engine.StateDueSet:
		return engine.Text{VI: "Thời hạn khác.", EN: "The time limit is another one."}
	case engine.TimersSet:
		return engine.Text{VI: "Hẹn giờ khác.", EN: "The timers are others."}
	case engine.ValueSet:
		return engine.Text{VI: "Giá trị tính ra khác.", EN: "A value is computed otherwise."}
	case engine.ResultIssued:
		return engine.Text{VI: "Kết quả khác.", EN: "The result is another one."}
	case engine.FeeAsked:
		return engine.Text{VI: "Phí khác.", EN: "The fee is another one."}
	case engine.Requested:
		return engine.Text{VI: "Yêu cầu gửi cơ sở dữ liệu khác.", EN: "Something else is asked of the registry."}
	case engine.Notified:
		return engine.Text{VI: "Thông báo khác.", EN: "People are told something else."}
	}
	return engine.Text{VI: "Sự kiện có nội dung khác.", EN: "The event says something else."}
}

// at adds the event's own step where the command has none.
func at(d *Divergence, v engine.Event, before *engine.Case) *Divergence {
	if d.Step == "" && v.Of() != "" {
		d.Step = v.Of()
		if before != nil {
			if dos := before.Dossier(d.Step); dos != nil {
				d.State, d.Procedure = dos.State, dos.Procedure
			}
		}
	}
	return d
}

func name(v engine.Event) string {
	if v.Of() == "" {
		return v.Kind()
	}
	return v.Of() + " " + v.Kind()
}

// titled are the parameters of a message that hold titles of the definition.
var titled = []string{"step", "state", "office", "service", "document", "then"}

// plainEvent is an event as JSON values, without what the version of a definition
// says of itself and without titles.
func plainEvent(v engine.Event) any {
	v, _ = unversioned(v)
	if e, ok := v.(engine.Notified); ok {
		e.Params = maps.Clone(e.Params)
		for _, k := range titled {
			if _, ok := e.Params[k].(map[string]any); ok {
				delete(e.Params, k)
			}
		}
		if items, ok := e.Params["items"].([]any); ok {
			e.Params["items"] = unlabelled(items)
		}
		v = e
	}
	p, err := plainOf(v)
	if err != nil {
		return err.Error()
	}
	return p
}

// unlabelled are the items of a supplement without what the form calls their fields.
func unlabelled(items []any) []any {
	out := make([]any, len(items))
	for i, x := range items {
		if m, ok := x.(map[string]any); ok {
			m = maps.Clone(m)
			delete(m, "label")
			x = m
		}
		out[i] = x
	}
	return out
}

// EndDiff is one thing about how a case ended, or stands, that came out otherwise.
type EndDiff struct {
	Step string `json:"step,omitempty"` // "" = the case
	What string `json:"what"`           // status, outcome, ended, state, final, closed, due, result
	Kept any    `json:"kept"`
	Now  any    `json:"now"`
}

// ends compares how two cases stand; now may be nil.
func ends(kept, now *engine.Case) []EndDiff {
	if now == nil {
		return []EndDiff{{What: "status", Kept: string(kept.Status), Now: "not filed"}}
	}
	var out []EndDiff
	see := func(step, what string, a, b any) {
		x, errA := plainOf(a)
		y, errB := plainOf(b)
		if errA != nil || errB != nil || differ("", x, y) != nil {
			out = append(out, EndDiff{step, what, x, y})
		}
	}
	see("", "status", kept.Status, now.Status)
	see("", "outcome", kept.Outcome, now.Outcome)
	see("", "ended", stamp(kept.Ended), stamp(now.Ended))
	for _, d := range kept.Dossiers {
		n := now.Dossier(d.Step)
		if n == nil {
			if cameToSomething(d) {
				out = append(out, EndDiff{d.Step, "status", string(d.Status), nil})
			}
			continue
		}
		see(d.Step, "status", d.Status, n.Status)
		see(d.Step, "state", d.State, n.State)
		see(d.Step, "final", d.Final, n.Final)
		see(d.Step, "closed", d.Closed, n.Closed)
		if d.Status == engine.StatusOpen {
			see(d.Step, "due", stamp(d.Due()), stamp(n.Due()))
		}
		see(d.Step, "result", resultOf(d), resultOf(n))
	}
	for _, n := range now.Dossiers {
		if kept.Dossier(n.Step) == nil && cameToSomething(n) {
			out = append(out, EndDiff{n.Step, "status", nil, string(n.Status)})
		}
	}
	return out
}

// cameToSomething tells whether it matters that only one of two cases has a part: not
// where nobody asked for it, or where it never opened.
func cameToSomething(d *engine.Dossier) bool {
	return d.Status != engine.StatusClosed || d.Closed == engine.ClosedRefused
}

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.In(calendar.Zone).Format(time.RFC3339)
}

// resultOf is what a dossier issued, without its number.
func resultOf(d *engine.Dossier) any {
	if d.Result == nil {
		return nil
	}
	return map[string]any{"document": d.Result.Document, "revoked": d.Result.Revoked, "data": d.Result.Data}
}
