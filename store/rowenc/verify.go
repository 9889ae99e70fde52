package rowenc

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"lienthong/engine"
	"lienthong/engine/appendjson"
)

// Stored is everything a store has of one case, for CheckCase.
type Stored struct {
	Code    string
	Entries []Sealed     // by seq
	Present bool         // whether there is a case row at all
	Seq     int64        // as the case row says
	Head    []byte       // the last hash, as the case row remembers it
	Case    *engine.Case // the newest stored state, at its own seq; nil = none
	Err     error        // why it could not be read
	Rows    *Rows        // what the lists hold of it, dossiers by step; nil = not looked at
	Leads   Leads        // nil = not looked at
	Copy    bool         // it may hold stand-ins for its payloads: an imported, pseudonymised copy
}

// StandIn is what is said of a stand-in for a payload where none may be.
const StandIn = "payload is a stand-in: it was replaced by a pseudonymised one"

// Leads is what leads to a case from elsewhere in the store.
type Leads interface {
	CaseOf(code string) (string, error)
	Result(id string) (code, step string, err error)
	Told(n NoteRow) (bool, error)
}

// CheckCase walks one case's chain, compares the stored state with the fold of
// its history, and the rows of the lists with what follows from it. It names the
// first bad entry; "" when nothing is wrong.
func CheckCase(s Stored) (seq int64, what string) {
	w := walker{s: &s, covered: erasures(s.Entries)}
	if seq, what = w.chain(); what != "" {
		return seq, what
	}
	if seq, what = w.state(); what != "" {
		return seq, what
	}
	if what = w.rows(); what != "" {
		return int64(len(s.Entries)), what
	}
	return 0, ""
}

// walker is one check on its way.
type walker struct {
	s       *Stored
	covered []int64
	last    []byte       // hash of the last entry
	folded  *engine.Case // from the first entry on; nil once one was erased
	whole   bool
	tail    []engine.Entry // after the stored state
	notes   []NoteRow      // of all entries that are not erased
	erased  int64          // the last erased entry
	at      []byte         // the stored state, as history gives it
}

func (w *walker) chain() (int64, string) {
	w.whole = true
	for i := range w.s.Entries {
		e := &w.s.Entries[i]
		next := int64(i) + 1
		switch {
		case e.Seq != next:
			return next, "entry is missing"
		case e.fault() != "":
			return next, e.fault()
		case !bytes.Equal(e.Link(w.last), e.Hash):
			return next, "entry does not match the chain"
		case e.StandIn != nil && !w.s.Copy:
			return next, StandIn
		case e.Erased() && w.covered[i] < next:
			return next, "payload is missing and no entry says that it was erased"
		}
		w.last = e.Hash
		if e.Erased() {
			w.whole, w.folded, w.erased = false, nil, next
			continue
		}
		entry, err := e.Open()
		if err != nil {
			return next, engineDetail(err)
		}
		if what := e.differs(entry); what != "" {
			return next, what
		}
		if what := w.fold(entry); what != "" {
			return next, what
		}
	}
	return 0, ""
}

// fold goes on by one entry.
func (w *walker) fold(e engine.Entry) string {
	for _, n := range e.Notifications() {
		r, err := NewNote(n, e.Seq)
		if err != nil {
			return "a notification's key is not case/seq/n"
		}
		w.notes = append(w.notes, r)
	}
	if c := w.s.Case; c != nil && e.Seq > c.Seq {
		w.tail = append(w.tail, e)
	}
	if !w.whole {
		return ""
	}
	w.folded = engine.Fold(w.folded, e)
	if c := w.s.Case; c != nil && e.Seq == c.Seq {
		b, err := canonical(w.folded)
		if err != nil {
			return "history cannot be encoded: " + err.Error()
		}
		w.at = b
	}
	return ""
}

// state compares the case row with the end of the chain and the stored state with
// the fold of history. What was erased cannot be folded: then the state that was
// stored since is what the case goes on from.
func (w *walker) state() (int64, string) {
	s, n := w.s, int64(len(w.s.Entries))
	switch {
	case !s.Present:
		return n, "history without a case"
	case s.Seq > n:
		return n + 1, "entry is missing"
	case s.Seq < n || !bytes.Equal(s.Head, w.last):
		return n, "case row does not stand at the end of the chain"
	case s.Err != nil:
		return n, "stored case cannot be read: " + s.Err.Error()
	case s.Case != nil && (s.Case.Seq > n || s.Case.Code != s.Code):
		return n, "stored case is not this one"
	case !w.whole && (s.Case == nil || s.Case.Seq < w.erased):
		return n, "no stored case stands after what was erased"
	}
	if s.Case != nil && w.whole {
		got, err := canonical(s.Case)
		if err != nil {
			return n, "stored case cannot be encoded: " + err.Error()
		}
		if !bytes.Equal(got, w.at) {
			return n, "stored case differs from the fold of its history"
		}
	}
	if !w.whole {
		w.folded = s.Case
		for _, e := range w.tail {
			w.folded = engine.Fold(w.folded, e)
		}
	}
	return 0, ""
}

// rows compares what the lists hold with what follows from the case.
func (w *walker) rows() string {
	if w.s.Rows == nil || w.folded == nil {
		return ""
	}
	want, got := Derive(w.folded, nil), w.s.Rows
	dossiers := slices.SortedFunc(slices.Values(want.Dossiers), func(a, b DossierRow) int { return strings.Compare(a.Step, b.Step) })
	switch {
	case want.Case != got.Case:
		return "the row of the case differs from the case"
	case want.Key != got.Key:
		return "the duplicate key held differs from the case"
	case !slices.Equal(dossiers, got.Dossiers):
		return "the rows of the dossiers differ from the case"
	case !slices.Equal(want.Tasks, got.Tasks):
		return "the tasks differ from the case"
	}
	return w.leads(want)
}

// leads follows what leads to the case: codes, results and notifications.
func (w *walker) leads(r *Rows) string {
	l := w.s.Leads
	if l == nil {
		return ""
	}
	for _, c := range r.Codes {
		if code, err := l.CaseOf(c); err != nil || code != w.s.Code {
			return fmt.Sprintf("code %s does not lead to the case (%q, %v)", c, code, err)
		}
	}
	for _, x := range r.Results {
		if code, step, err := l.Result(x.ID); err != nil || code != w.s.Code || step != x.Step {
			return fmt.Sprintf("result %s does not lead to %s of the case (%q, %v)", x.ID, x.Step, code, err)
		}
	}
	for _, n := range w.notes {
		if ok, err := l.Told(n); err != nil || !ok {
			return fmt.Sprintf("notification %s is not in the list of its addressee (%v)", n.Key(), err)
		}
	}
	return ""
}

// differs compares the metadata with the payload they were taken from.
func (s *Sealed) differs(e engine.Entry) string {
	if s.At != Micros(e.At) || s.Action != e.Command.Action || s.Step != e.Command.Step ||
		s.ActorKind != string(e.Command.Actor.Kind) || s.Definition != e.Versions.Definition ||
		s.Engine != e.Versions.Engine || s.Parameters != e.Versions.Parameters || s.Calendar != e.Versions.Calendar {
		return "metadata differs from the payload"
	}
	return ""
}

// erasures tells, for each entry, up to which sequence later entries that are
// whole say that payloads were erased.
func erasures(es []Sealed) []int64 {
	out := make([]int64, len(es))
	var upTo int64
	for i := len(es) - 1; i >= 0; i-- {
		out[i] = upTo
		if es[i].Erased() || !bytes.Contains(es[i].Payload, []byte(`"erased"`)) {
			continue
		}
		e, err := es[i].Open()
		if err != nil {
			continue // the walk will name it
		}
		for _, v := range e.Events {
			if x, ok := v.(engine.Erased); ok {
				upTo = max(upTo, min(x.UpTo, e.Seq-1))
			}
		}
	}
	return out
}

// canonical is a case's JSON; a case without dossiers has one form.
func canonical(c *engine.Case) ([]byte, error) {
	if c != nil && len(c.Dossiers) == 0 {
		n := *c
		n.Dossiers = nil
		c = &n
	}
	return appendjson.Value(nil, c)
}

func engineDetail(err error) string {
	if e, ok := err.(*engine.Error); ok && e.Err != nil {
		return e.Err.Error()
	}
	return err.Error()
}

// AccessWalk checks the access log line by line.
type AccessWalk struct {
	n    int64
	prev []byte
}

// Next checks the next line; "" when nothing is wrong.
func (w *AccessWalk) Next(a AccessRow) (n int64, what string) {
	w.n++
	if a.N != w.n {
		return w.n, "access log: line is missing"
	}
	if !bytes.Equal(a.Link(w.prev), a.Hash) {
		return w.n, "access log: line does not match the chain"
	}
	w.prev = a.Hash
	return 0, ""
}
