package sqlite

import (
	"context"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// A text is looked up at one office in one of two ways. When few cases have the
// words, the index of words names them and they are sorted. When many have, the
// list is walked in its order and a page is full soon: the more there are, the
// sooner. Neither depends on how many cases there are altogether.

// fewCases is how many cases are looked up and sorted at most, about. A word that
// one case in some hundred has then takes the same time either way.
const fewCases = 600

// finding is a text that was looked into: how to find the cases of an office.
type finding struct {
	text   rowenc.Text
	rarest string   // the word that the fewest have
	others []string // the other words
	walk   bool     // so many cases have all of them that the list is walked
}

const countFew = `SELECT count(*) FROM (SELECT 1 FROM search WHERE office = ?1 AND word >= ?2 AND word < ?3 LIMIT ?4)`

// look chooses the way for a text; nil when the query has none.
func (s *Store) look(ctx context.Context, q engine.RowQuery, office string) (*finding, error) {
	text, ok := rowenc.ParseText(q.Text)
	if !ok {
		return nil, nil
	}
	f := &finding{text: text}
	if len(text.Words) == 0 {
		return f, nil
	}
	few := s.cfg.few
	n, err := s.chooseRarest(ctx, f, office)
	if err != nil || n <= few {
		return f, err
	}
	if len(f.others) > 0 {
		b := &query{}
		b.add(`SELECT count(*) FROM (SELECT 1 FROM search WHERE `)
		f.ofRarest(b, office)
		b.add(` LIMIT ?)`, few+1)
		if err := s.row(ctx, b.text.String(), b.args, &n); err != nil {
			return nil, err
		}
	}
	f.walk = n > few
	return f, nil
}

// chooseRarest finds the word that the fewest cases have, and how many, about:
// nothing is counted further than it takes to tell one.
func (s *Store) chooseRarest(ctx context.Context, f *finding, office string) (n int, err error) {
	words := f.text.Words
	for bound := s.cfg.few + 1; ; bound *= 8 {
		at, least := 0, bound
		for i, w := range words {
			if err := s.row(ctx, countFew, []any{office, w, rowenc.After(w), least}, &n); err != nil {
				return 0, err
			}
			if n < least {
				at, least = i, n
			}
		}
		if least < bound || len(words) == 1 || bound > 1<<24 {
			f.rarest = words[at]
			f.others = append(append(f.others, words[:at]...), words[at+1:]...)
			return least, nil
		}
	}
}

// ofRarest selects rows of the index of words that have all the words.
func (f *finding) ofRarest(b *query, office string) {
	b.add(`office = ? AND word >= ? AND word < ?`, office, f.rarest, rowenc.After(f.rarest))
	for _, w := range f.others {
		b.add(` AND instr(words, ?) > 0`, " "+w)
	}
}

// query selects the dossiers of one office and shelf in list order; without a text
// all of them.
func (f *finding) query(cols string, rq engine.RowQuery, office string, shelf int, from *engine.Row, limit int) (string, []any) {
	if f == nil {
		return rowsQuery(cols, rq, office, shelf, from, limit)
	}
	return rowsFound(cols, rq, f, office, shelf, from, limit)
}

// rowsFound selects the dossiers of one office and shelf that a text finds, in list
// order.
func rowsFound(cols string, rq engine.RowQuery, f *finding, office string, shelf int, from *engine.Row, limit int) (string, []any) {
	b := &query{}
	if f.walk {
		// x is the list's index, which has all that tells who is meant; CROSS JOIN keeps
		// the order.
		b.add(`SELECT `+cols+` FROM dossiers x CROSS JOIN dossiers d ON d.case_code = x.case_code AND d.step = x.step
	CROSS JOIN cases c ON c.code = d.case_code WHERE x.office = ? AND x.shelf = ? AND (x.case_code IN (SELECT case_code FROM codes WHERE folded = ?) OR `,
			office, shelf, f.text.Code)
		for i, w := range f.text.Words {
			b.add([]string{`instr(x.words, ?) > 0`, ` AND instr(x.words, ?) > 0`}[min(i, 1)], " "+w)
		}
		b.add(`)`)
		b.narrow(rq, "x", from, limit)
		return b.text.String(), b.args
	}
	b.add(`WITH found AS MATERIALIZED (`)
	if f.rarest != "" {
		b.add(`SELECT case_code FROM search WHERE `)
		f.ofRarest(b, office)
		b.add(` UNION `)
	}
	b.add(`SELECT case_code FROM codes WHERE folded = ?`, f.text.Code)
	// CROSS JOIN keeps the order: first what was found, then its dossiers.
	b.add(`) SELECT `+cols+` FROM found f CROSS JOIN dossiers d ON d.case_code = f.case_code
	CROSS JOIN cases c ON c.code = d.case_code WHERE +d.office = ? AND +d.shelf = ?`, office, shelf)
	b.narrow(rq, "d", from, limit)
	return b.text.String(), b.args
}
