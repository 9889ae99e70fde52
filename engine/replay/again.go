package replay

import (
	"errors"
	"slices"
	"time"

	"lienthong/engine"
)

// Options say how commands are decided again.
type Options struct {
	// Version decides every case under this version of its service, whatever day it was
	// filed on. "" means the version that it was filed under, or, when the definitions
	// do not have that, the one in force on the day of filing.
	Version string
	// Service, From and To choose cases by how they were filed: of this service, not
	// before From, before To. Zero values choose all.
	Service  string
	From, To time.Time
}

// takes tells whether a case is among those that were asked for; first is its first
// entry.
func (o Options) takes(first engine.Entry) bool {
	for _, v := range first.Events {
		if f, ok := v.(engine.Filed); ok && o.Service != "" && f.Service != o.Service {
			return false
		}
	}
	return (o.From.IsZero() || !first.At.Before(o.From)) && (o.To.IsZero() || first.At.Before(o.To))
}

// Verdict says what became of a case that was decided again.
type Verdict string

// The verdicts.
const (
	Identical Verdict = "identical"      // every entry came out as it is kept
	SameEnd   Verdict = "same_end"       // it went another way, to the same end
	OtherEnd  Verdict = "different_end"  // it ended, or stands, elsewhere
	Blank     Verdict = "erased"         // a payload was erased: it cannot be decided again
	Unread    Verdict = "not_comparable" // its history cannot be read, or the definitions fail on it
	LeftOut   Verdict = "left_out"       // it was not asked for
)

// Outcome is one case decided again.
type Outcome struct {
	Case    string  `json:"case"`
	Service string  `json:"service"`
	Filed   string  `json:"filed"` // version it was filed under
	Under   string  `json:"under"` // version it was decided under; "" = the definitions have none
	Verdict Verdict `json:"verdict"`
	Entries int64   `json:"entries"` // kept
	// First is the first divergence; nil when there is none.
	First *Divergence `json:"first,omitempty"`
	// Refused are kept commands after it that could not be taken any more, at most
	// maxRefused of them; RefusedCount counts all.
	Refused      []Refusal `json:"refused,omitempty"`
	RefusedCount int       `json:"refused_count,omitempty"`
	Ends         []EndDiff `json:"ends,omitempty"` // how the ends differ
	Err          error     `json:"-"`
	Error        string    `json:"error,omitempty"`
}

// Refusal is a kept command that no longer applies.
type Refusal struct {
	Seq    int64       `json:"seq"`
	Step   string      `json:"step,omitempty"`
	Action string      `json:"action"`
	Code   engine.Code `json:"code"` // NoEffect when it changes nothing now
	Why    engine.Text `json:"why"`
}

// NoEffect is the code of a command that is not refused but changes nothing: an
// answer that nobody waits for.
const NoEffect engine.Code = "no_effect"

// maxRefused bounds the refusals told of one case.
const maxRefused = 20

// maxStray bounds the entries that one case may get beyond those it had: timers
// that chase each other under a faulty definition end there.
const maxStray = 5000

// Again decides the kept commands of one case again under other definitions and
// tells what becomes of it. history is the whole of it, from entry 1 on.
//
// Up to the first divergence every entry must come out as it is kept: its instant,
// its action and its events, but for the definition's version and hash and for the
// titles in messages. From there on it goes on with the kept commands at their own
// instants, as far as they still apply; what is refused is skipped and told. Timers
// are never taken from history: Decide fires them when they are due under the new
// definitions, up to the instant of the last kept entry and no further. A registry's
// answer goes to the request of the same step, registry and operation; one that
// nobody waits for is skipped.
func Again(defs engine.Definitions, history []engine.Entry, opt Options) Outcome {
	if len(history) == 0 {
		return Outcome{Verdict: Unread, Error: "no history"}
	}
	out := Outcome{Case: history[0].Case, Entries: history[len(history)-1].Seq}
	if f := history[0].Command.File; f != nil {
		out.Service, out.Filed = f.Service, f.Version
	}
	if slices.ContainsFunc(history, Erased) {
		out.Verdict = Blank
		return out
	}
	r := newRun(defs, opt)
	for i := range history {
		r.kept(&history[i], &out)
		if r.err != nil || r.c == nil { // nothing can be said of a case that cannot be filed
			break
		}
	}
	for i := range history {
		if e := &history[i]; r.was == nil || e.Seq > r.was.Seq {
			r.was = engine.Fold(r.was, *e)
		}
	}
	r.finish(&out)
	if d := out.First; d != nil {
		if was := history[min(d.Seq, int64(len(history)))-1].Versions.Engine; was != engine.EngineVersion {
			d.Why.VI += " Lúc đó chương trình quyết định theo quy tắc " + was + ", nay là " + engine.EngineVersion + "."
			d.Why.EN += " It was decided by rules " + was + " of the program, which are " + engine.EngineVersion + " now."
		}
	}
	return out
}

// run is one case on its way under other definitions.
type run struct {
	defs  *view
	c     *engine.Case // as decided
	was   *engine.Case // as kept
	asked map[string]engine.Requested
	ahead []engine.Entry // timers that fired and were not met in history yet
	made  []engine.Entry // everything decided; nil unless keep
	keep  bool
	stray int
	cmp   comparer
	err   error // the definitions fail
}

func newRun(defs engine.Definitions, opt Options) *run {
	return &run{defs: &view{Definitions: defs, version: opt.Version}, asked: map[string]engine.Requested{}}
}

// kept goes on by one kept entry.
func (r *run) kept(e *engine.Entry, out *Outcome) {
	before := r.c
	r.tick(e.At)
	switch {
	case r.err != nil:
	case out.First != nil:
		r.ahead = nil
		if !isTimer(e) {
			r.goOn(e, out)
		}
	case isTimer(e):
		if len(r.ahead) == 0 {
			out.First = r.notFired(e)
			break
		}
		got := r.ahead[0]
		r.ahead = r.ahead[1:]
		out.First = r.cmp.entries(e, &got, before)
	case len(r.ahead) > 0:
		out.First = r.early(e, &r.ahead[0], before)
		r.ahead = nil
		r.goOn(e, out)
	default:
		before = r.c
		got, err := r.decide(e)
		switch {
		case r.err != nil:
		case err != nil:
			out.First = refused(e, before, err)
		case got == nil:
			out.First = idle(e, before)
		default:
			out.First = r.cmp.entries(e, got, before)
		}
	}
	r.was = engine.Fold(r.was, *e)
	r.ask(e)
}

func isTimer(e *engine.Entry) bool { return e.Command.Actor.Kind == engine.Timer }

// goOn decides a kept command after the first divergence.
func (r *run) goOn(e *engine.Entry, out *Outcome) {
	got, err := r.decide(e)
	if r.err != nil || err == nil && got != nil {
		return
	}
	f := Refusal{Seq: e.Seq, Step: e.Command.Step, Action: e.Command.Action, Code: NoEffect, Why: nobodyWaits}
	if err != nil {
		f.Code, f.Why = engine.CodeOf(err), reason(err)
	}
	if out.RefusedCount++; len(out.Refused) < maxRefused {
		out.Refused = append(out.Refused, f)
	}
}

// tick fires the timers that are due.
func (r *run) tick(at time.Time) {
	if r.c == nil || r.err != nil {
		return
	}
	es, err := engine.Decide(r.defs, r.c, engine.Command{Action: engine.ActTick, Case: r.c.Code}, engine.Facts{}, at)
	r.take(es)
	r.ahead = append(r.ahead, es...)
	if err != nil {
		r.err = err
	}
	if r.stray += len(es); r.stray > maxStray {
		r.err = errors.New("timers fire without end")
	}
}

func (r *run) take(es []engine.Entry) {
	for _, e := range es {
		r.c = engine.Fold(r.c, e)
		if r.keep {
			r.made = append(r.made, e)
		}
	}
}

// decide decides one kept command; nil when it changes nothing. The timers have
// been fired. Defects of the definitions end the run.
func (r *run) decide(e *engine.Entry) (*engine.Entry, error) {
	cmd, facts := r.translate(e)
	if r.c == nil && cmd.Action != engine.ActFile {
		return nil, engine.Fail(engine.NotFound, "Hồ sơ không nộp được theo định nghĩa này.", "The case could not be filed under these definitions.")
	}
	es, err := engine.Decide(r.defs, r.c, cmd, facts, e.At)
	if err != nil {
		return nil, err
	}
	r.take(es)
	if len(es) == 0 {
		return nil, nil
	}
	return &es[len(es)-1], nil
}

// finish compares the ends.
func (r *run) finish(out *Outcome) {
	if r.err == nil && out.First == nil && len(r.ahead) > 0 {
		out.First = r.early(nil, &r.ahead[0], r.c)
	}
	if s := r.defs.service; s != nil {
		out.Under = s.Version
	}
	switch {
	case r.err != nil:
		out.Verdict, out.Err, out.Error = Unread, r.err, r.err.Error()
	case out.First == nil:
		out.Verdict = Identical
	default:
		out.Verdict = SameEnd
		if out.Ends = ends(r.was, r.c); len(out.Ends) > 0 {
			out.Verdict = OtherEnd
		}
	}
}

// view is definitions that give every case of a service one version, or the one in
// force when they do not have the one asked for.
type view struct {
	engine.Definitions
	version string
	at      time.Time // of the filing
	filed   string    // the version that the filing names
	asked   string    // the version that service was found for
	service *engine.Service
}

// Service gives the version to decide under. Forced or not the one that the case
// was filed under, it is taken whatever days it is in force for.
func (v *view) Service(id, version string) (*engine.Service, error) {
	if v.service != nil && v.service.ID == id && v.asked == version {
		return v.service, nil
	}
	s, err := v.find(id, version)
	if err == nil && v.version != "" {
		forced := *s
		forced.From, forced.To = time.Time{}, time.Time{}
		s = &forced
	}
	if err == nil {
		v.service, v.asked = s, version
	}
	return s, err
}

func (v *view) find(id, version string) (*engine.Service, error) {
	if v.version != "" {
		return v.Definitions.Service(id, v.version)
	}
	s, err := v.Definitions.Service(id, version)
	if engine.CodeOf(err) == engine.NotFound && version == v.filed && !v.at.IsZero() {
		return v.Definitions.ServiceAt(id, v.at)
	}
	return s, err
}
