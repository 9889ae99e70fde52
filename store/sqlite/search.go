package sqlite

import (
	"context"
	"slices"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// A text that is the code of a case finds that case alone. Any other is looked up at one
// office in one of two ways. When many cases have the words, the list is walked in its
// order and a page is full soon: the more there are, the sooner. Otherwise the volumes
// tell what has all words of that which is bound
// (volume.go), and for what is loose the index of words names those that have the rarest
// word and, as it says, the others too; they are sorted.
//
// Which way is shorter is told by the places in the volumes, or where there are none, or
// too many words begin as the text's, by the first rows of the list, the same few for
// every text: what they do not have often is rare. Nothing is counted through.

const (
	// fewCases: a word that no more cases have is looked up at once.
	fewCases = 200
	// tasted is how many rows at the head of a list are looked at before a walk.
	tasted = 500
	// promising is how many of them must have the words for the walk to be short: a
	// page of 50 is full after some six thousand rows.
	promising = 4
)

// finding is a text that was looked into: how to find the cases of an office.
type finding struct {
	text   rowenc.Text
	rarest string   // the word that the fewest seem to have; "" = the text is a code, or nobody's
	others []string // the other words
	walk   bool     // the list is walked
	bound  *bound   // what is found of the bound dossiers; nil = nothing is looked up there
}

const isCode = `SELECT count(*) FROM (SELECT 1 FROM codes WHERE folded = ?1 LIMIT 1)`

// look chooses the way for a text at an office; nil when the query has none.
func (l *lister) look(ctx context.Context, q engine.RowQuery, office string) (*finding, error) {
	text, ok := rowenc.ParseText(q.Text)
	if !ok {
		return nil, nil
	}
	f := &finding{text: text}
	var coded int
	if err := l.row(ctx, isCode, []any{text.Code}, &coded); err != nil || coded > 0 || len(text.Words) == 0 {
		return f, err
	}
	known := !q.Ended
	if q.Ended {
		var err error
		if f.bound, known, err = l.readBound(ctx, office, text.Words, false); err != nil {
			return nil, err
		}
		if known && f.bound.dense(&l.cfg) {
			return f.alongList(), nil
		}
	}
	if err := l.lookLoose(ctx, q, office, f); err != nil || f.walk || known {
		return f, err
	}
	var err error
	if f.bound, _, err = l.readBound(ctx, office, text.Words, true); err == nil && f.bound.dense(&l.cfg) {
		f.alongList()
	}
	return f, err
}

// alongList says that the list is walked, which has all that is bound.
func (f *finding) alongList() *finding {
	f.walk, f.bound = true, nil
	return f
}

// lookLoose finds the rarest word: what is rare among those that are bound is rare among
// those that are loose. When nothing is known of what is bound, as many as matter are
// counted, and when they are not few the list is looked at.
func (l *lister) lookLoose(ctx context.Context, q engine.RowQuery, office string, f *finding) error {
	if f.bound != nil && len(f.bound.volumes) > 0 {
		f.rare(slices.Index(f.text.Words, f.bound.rarest))
		return nil
	}
	b := &query{}
	for i, w := range f.text.Words {
		b.add([]string{`SELECT `, `, `}[min(i, 1)])
		b.add(`(SELECT count(*) FROM (SELECT 1 FROM search WHERE office = ? AND word >= ? AND word < ? LIMIT ?))`, office, w, rowenc.After(w), l.cfg.few+1)
	}
	has := make([]int, len(f.text.Words))
	if err := l.row(ctx, b.text.String(), b.args, places(has)...); err != nil {
		return err
	}
	if f.choose(has) <= l.cfg.few {
		return nil // so few that there is nothing to choose
	}
	return l.taste(ctx, f, office, slices.Max(shelves(q)))
}

// places are where the numbers of a row go.
func places(ns []int) (dest []any) {
	for i := range ns {
		dest = append(dest, &ns[i])
	}
	return dest
}

// choose makes the word that the fewest have the rarest one, and tells how many.
func (f *finding) choose(has []int) int {
	at := 0
	for i, n := range has {
		if n < has[at] {
			at = i
		}
	}
	f.rare(at)
	return has[at]
}

// rare makes one of the words the rarest.
func (f *finding) rare(at int) {
	words := f.text.Words
	f.rarest = words[at]
	f.others = append(append([]string(nil), words[:at]...), words[at+1:]...)
}

// taste looks at the first rows of a shelf and chooses.
func (l *lister) taste(ctx context.Context, f *finding, office string, shelf int) error {
	b := &query{}
	b.add(`SELECT `)
	for _, w := range f.text.Words {
		b.add(`coalesce(sum(instr(words, ?) > 0), 0), `, " "+w)
	}
	b.add(`coalesce(sum(`)
	allIn(b, `words`, f.text.Words)
	b.add(`), 0) FROM (SELECT words FROM dossiers WHERE office = ? AND shelf = ? ORDER BY urgency, code, case_code, step LIMIT ?)`, office, shelf, tasted)
	has := make([]int, len(f.text.Words)+1)
	if err := l.row(ctx, b.text.String(), b.args, places(has)...); err != nil {
		return err
	}
	last := len(has) - 1
	f.choose(has[:last])
	if has[last] >= promising {
		f.alongList()
	}
	return nil
}

// allIn says that a text holds all words.
func allIn(b *query, col string, words []string) {
	for i, w := range words {
		b.add([]string{``, ` AND `}[min(i, 1)]+`instr(`+col+`, ?) > 0`, " "+w)
	}
}

// shelves are those that are read one after the other; 0 means all at once.
func (f *finding) shelves(q engine.RowQuery) []int {
	if f != nil && !f.walk && q.Ended {
		return []int{0}
	}
	return shelves(q)
}

// query selects the dossiers of one office and shelf, the first ones in list order;
// without a text all of them.
func (f *finding) query(cols string, rq engine.RowQuery, office string, shelf int, p *page) (string, []any) {
	switch {
	case f == nil:
		return rowsQuery(cols, rq, office, shelf, p)
	case f.walk:
		return f.walked(cols, rq, office, shelf, p)
	}
	return f.lookedUp(cols, rq, office, shelf, p)
}

// walked meets the words along the list.
func (f *finding) walked(cols string, rq engine.RowQuery, office string, shelf int, p *page) (string, []any) {
	b := &query{}
	// x is the list's index, which has all that tells who is meant; CROSS JOIN keeps
	// the order.
	b.add(`SELECT `+cols+` FROM dossiers x CROSS JOIN dossiers d ON d.case_code = x.case_code AND d.step = x.step
	CROSS JOIN cases c ON c.code = d.case_code WHERE x.office = ? AND x.shelf = ? AND `, office, shelf)
	allIn(b, `x.words`, f.text.Words)
	b.narrow(rq, "x", p)
	return b.text.String(), b.args
}

// lookedUp finds the cases first and then the first ones of their dossiers; who is
// meant is read of those alone.
func (f *finding) lookedUp(cols string, rq engine.RowQuery, office string, shelf int, p *page) (string, []any) {
	b := &query{}
	b.add(`WITH found AS MATERIALIZED (`)
	if f.rarest != "" {
		b.add(`SELECT DISTINCT case_code FROM search WHERE office = ? AND word >= ? AND word < ?`, office, f.rarest, rowenc.After(f.rarest))
		if len(f.others) > 0 {
			b.add(` AND `)
			allIn(b, `words`, f.others)
		}
	} else {
		b.add(`SELECT case_code FROM codes WHERE folded = ?`, f.text.Code)
	}
	// CROSS JOIN keeps the order: first what was found, then its dossiers.
	b.add(`), listed AS MATERIALIZED (SELECT d.case_code, d.step FROM found f CROSS JOIN dossiers d ON d.case_code = f.case_code
	WHERE +d.office = ?`, office)
	if shelf != 0 {
		b.add(` AND +d.shelf = ?`, shelf)
	}
	b.narrow(rq, "d", p)
	b.add(`) SELECT ` + cols + ` FROM listed l CROSS JOIN dossiers d ON d.case_code = l.case_code AND d.step = l.step CROSS JOIN cases c ON c.code = d.case_code`)
	return b.text.String(), b.args
}
