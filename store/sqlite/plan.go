package sqlite

import (
	"database/sql"
	"fmt"
	"maps"

	"lienthong/store/rowenc"
)

// standing is a case as it is committed, read once for a transaction.
type standing struct {
	seq      int64
	head     []byte
	held     string
	digest   []byte
	tasks    []byte
	dossiers map[string]standingDossier
}

// standingDossier is what decides whether a dossier's rows are written again.
type standingDossier struct {
	digest []byte
	office string
	tokens string
	shelf  int
}

// pair is a key of two texts.
type pair struct{ a, b string }

// told is a stored answer, as far as the check needs it.
type told struct{ digest, code string }

// plan is what is true in this transaction while calls are checked one after
// the other: committed state, and the calls accepted so far on top of it.
type plan struct {
	was     map[string]*standing // committed; nil = no such case
	seq     map[string]int64
	keys    map[string]string // duplicate key → case
	held    map[string]string // case → duplicate key
	codes   map[string]string // any code → case
	stored  map[string]string // codes as committed
	answers map[pair]told
	owed    map[string]string // delivery to be settled → its case
}

// newPlan reads what the calls' checks need, with a few statements for all.
func (w *writer) newPlan(jobs []*job) (*plan, error) {
	p := &plan{was: map[string]*standing{}, seq: map[string]int64{}, keys: map[string]string{},
		held: map[string]string{}, codes: map[string]string{}, answers: map[pair]told{}, owed: map[string]string{}}
	var cases, keys, codes, owed []string
	var answers []pair
	for _, j := range jobs {
		for _, c := range j.changes {
			if _, ok := p.was[c.Case.Code]; !ok {
				p.was[c.Case.Code] = nil
				cases = append(cases, c.Case.Code)
			}
			if c.Key != "" {
				keys = append(keys, c.Key)
			}
			codes = append(codes, c.Codes...)
			for i := range c.Settled {
				owed = append(owed, c.Settled[i].Key)
			}
			if a := c.Answer; a != nil {
				answers = append(answers, pair{a.Actor, a.Key})
			}
		}
	}
	if err := w.readCases(p, cases); err != nil {
		return nil, err
	}
	if err := w.readOwners(`SELECT key, case_code FROM case_keys WHERE key IN `, keys, p.keys); err != nil {
		return nil, err
	}
	if err := w.readOwners(`SELECT code, case_code FROM codes WHERE code IN `, codes, p.codes); err != nil {
		return nil, err
	}
	if err := w.readOwners(`SELECT key, case_code FROM outbox WHERE key IN `, owed, p.owed); err != nil {
		return nil, err
	}
	p.stored = maps.Clone(p.codes)
	return p, w.readAnswers(p, answers)
}

func (w *writer) readCases(p *plan, codes []string) error {
	err := w.among(`SELECT code, seq, head, held, digest, tasks_digest FROM cases WHERE code IN `, codes, func(r *sql.Rows) error {
		var code string
		st := &standing{dossiers: map[string]standingDossier{}}
		if err := r.Scan(&code, &st.seq, &st.head, &st.held, &st.digest, &st.tasks); err != nil {
			return err
		}
		p.was[code], p.seq[code], p.held[code] = st, st.seq, st.held
		return nil
	})
	if err != nil || len(p.seq) == 0 {
		return err
	}
	known := make([]string, 0, len(p.seq))
	for code := range p.seq {
		known = append(known, code)
	}
	return w.among(`SELECT case_code, step, digest, office, tokens, shelf FROM dossiers WHERE case_code IN `, known, func(r *sql.Rows) error {
		var code, step string
		var d standingDossier
		if err := r.Scan(&code, &step, &d.digest, &d.office, &d.tokens, &d.shelf); err != nil {
			return err
		}
		p.was[code].dossiers[step] = d
		return nil
	})
}

func (w *writer) readOwners(q string, keys []string, into map[string]string) error {
	return w.among(q, keys, func(r *sql.Rows) error {
		var k, code string
		if err := r.Scan(&k, &code); err != nil {
			return err
		}
		into[k] = code
		return nil
	})
}

func (w *writer) readAnswers(p *plan, keys []pair) error {
	for len(keys) > 0 {
		n := padded(len(keys))
		args := make([]any, 0, 2*n)
		for i := range n {
			k := keys[min(i, len(keys)-1)]
			args = append(args, k.a, k.b)
		}
		err := w.each(`SELECT actor, key, digest, case_code FROM answers WHERE (actor, key) IN (VALUES `+tuples(n, 2)+`)`, args, func(r *sql.Rows) error {
			var k pair
			var t told
			if err := r.Scan(&k.a, &k.b, &t.digest, &t.code); err != nil {
				return err
			}
			p.answers[k] = t
			return nil
		})
		if err != nil {
			return err
		}
		keys = keys[min(n, len(keys)):]
	}
	return nil
}

// accept checks all changes of one call on top of the calls before; a refused
// call, or one that panics, leaves the plan as it was.
func (p *plan) accept(j *job, hook func(code string)) (err error) {
	var u rowenc.Undo
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
		if err != nil {
			u.Rollback()
		}
	}()
	if err := j.ctx.Err(); err != nil {
		return rowenc.Unknown(j.op, err)
	}
	for _, c := range j.changes {
		if hook != nil {
			hook(c.Case.Code)
		}
		if err := p.check(c); err != nil {
			return err
		}
		p.apply(&u, c)
	}
	return nil
}

// check refuses a change: answered before, stale, duplicate, or code taken.
func (p *plan) check(c *rowenc.Change) error {
	const op = "store.append"
	code := c.Case.Code
	if a := c.Answer; a != nil {
		if old, ok := p.answers[pair{a.Actor, a.Key}]; ok && old.digest == a.Digest {
			return rowenc.Answered(old.code)
		} else if ok {
			return rowenc.Mismatch(op)
		}
	}
	if p.seq[code] != c.Base {
		return rowenc.Stale(op, code)
	}
	if c.Key != "" {
		if other, ok := p.keys[c.Key]; ok && other != code {
			return rowenc.Duplicate(op, code, other)
		}
	}
	for _, x := range c.Codes {
		if other, ok := p.codes[x]; ok && other != code {
			return rowenc.Taken(op, code, x)
		}
	}
	for i := range c.Settled {
		if p.owed[c.Settled[i].Key] != code {
			return rowenc.Missing(op, code)
		}
	}
	return nil
}

func (p *plan) apply(u *rowenc.Undo, c *rowenc.Change) {
	code := c.Case.Code
	if old := p.held[code]; old != "" && old != c.Key {
		rowenc.Drop(u, p.keys, old)
	}
	if c.Key != "" {
		rowenc.Put(u, p.keys, c.Key, code)
	}
	rowenc.Put(u, p.held, code, c.Key)
	rowenc.Put(u, p.seq, code, c.Case.Seq)
	for _, x := range c.Codes {
		if _, ok := p.codes[x]; !ok {
			rowenc.Put(u, p.codes, x, code)
		}
	}
	for i := range c.Effects { // a later call of this transaction may settle it
		rowenc.Put(u, p.owed, c.Effects[i].Key, code)
	}
	if a := c.Answer; a != nil {
		rowenc.Put(u, p.answers, pair{a.Actor, a.Key}, told{a.Digest, c.Case.Code})
	}
}
