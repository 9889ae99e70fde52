package rowenc

import (
	"bytes"
	"encoding/json"

	"lienthong/engine"
)

// Stored is everything a store has of one case, for CheckCase.
type Stored struct {
	Code    string
	Entries []Sealed // by seq
	Head    []byte   // the last hash, as the case row remembers it
	Seq     int64    // as the case row says
	Case    *engine.Case
	Err     error // why the case itself could not be read
	Present bool  // whether there is a case row at all
}

// CheckCase walks one case's chain and compares the case with the fold of its
// history. It names the first bad entry; "" when nothing is wrong.
func CheckCase(s Stored) (seq int64, what string) {
	covered := erasures(s.Entries)
	var prev []byte
	var folded *engine.Case
	whole := true
	for i := range s.Entries {
		e := &s.Entries[i]
		next := int64(i) + 1
		switch {
		case e.Seq != next:
			return next, "entry is missing"
		case e.fault() != "":
			return next, e.fault()
		case !bytes.Equal(e.Link(prev), e.Hash):
			return next, "entry does not match the chain"
		case e.Erased() && covered[i] < next:
			return next, "payload is missing and no entry says that it was erased"
		}
		prev = e.Hash
		if e.Erased() {
			whole = false
			continue
		}
		entry, err := e.Open()
		if err != nil {
			return next, engineDetail(err)
		}
		if what := e.differs(entry); what != "" {
			return next, what
		}
		if whole {
			folded = engine.Fold(folded, entry)
		}
	}
	return s.checkHead(prev, folded, whole)
}

// checkHead compares the case row with the end of the chain.
func (s *Stored) checkHead(last []byte, folded *engine.Case, whole bool) (int64, string) {
	n := int64(len(s.Entries))
	switch {
	case !s.Present:
		return n, "history without a case"
	case s.Seq > n:
		return n + 1, "entry is missing"
	case s.Seq < n || !bytes.Equal(s.Head, last):
		return n, "case row does not stand at the end of the chain"
	case s.Err != nil:
		return n, "stored case cannot be read: " + s.Err.Error()
	case !whole:
		return 0, ""
	}
	want, err := canonical(folded)
	if err != nil {
		return n, "history cannot be encoded: " + err.Error()
	}
	got, err := canonical(s.Case)
	if err != nil {
		return n, "stored case cannot be encoded: " + err.Error()
	}
	if !bytes.Equal(want, got) {
		return n, "stored case differs from the fold of its history"
	}
	return 0, ""
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
	return json.Marshal(c)
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
