package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"lienthong/store/rowenc"
)

// The rows that follow from a case, as the walk reads them.
const (
	caseRowOf     = `SELECT ` + caseCols + ` FROM cases WHERE code = ?1`
	snapshotOf    = `SELECT seq, body FROM snapshots WHERE case_code = ?1`
	dossierRowsOf = `SELECT step, shelf, office, urgency, code, procedure, state, status, final, portal, assignee, opened, rev, review, words, coalesce(place, 0)
		FROM dossiers WHERE case_code = ?1 ORDER BY step`
	taskRowsOf = `SELECT case_code, step, person, kind, state, due, since FROM tasks WHERE case_code = ?1 ORDER BY n`
	countKey   = `SELECT count(*) FROM case_keys WHERE key = ?1 AND case_code = ?2`
	countWord  = `SELECT count(*) FROM search WHERE office = ?1 AND word = ?2 AND case_code = ?3 AND words = ?4`
	volumeHas  = `SELECT count(*) FROM volumes WHERE n = ?1 AND office = ?2 AND ?3 BETWEEN first AND last`
	placesIn   = `SELECT places FROM volume_words WHERE office = ?1 AND word = ?2 AND volume = ?3`
	countNote  = `SELECT count(*) FROM notifications WHERE addressee = ?1 AND at = ?2 AND case_code = ?3 AND seq = ?4 AND n = ?5 AND step = ?6 AND what = ?7`
)

// fillRows reads the case's row, its stored state and what the lists hold of it.
func (w *walker) fillRows(ctx context.Context, k *kept) error {
	r := &rowenc.Rows{}
	err := w.each(ctx, caseRowOf, []any{k.Code}, func(rows *sql.Rows) error {
		k.Present, k.Rows = true, r
		c := &r.Case
		err := rows.Scan(&c.Code, &c.Seq, &k.Head, &c.Updated, &c.Service, &c.Version, &c.Status, &c.Outcome, &c.Portal, &c.Filed, &c.Due, &c.Timer,
			&c.Requester, &c.Name, &c.Subject, &r.Key)
		k.Seq = c.Seq
		return err
	})
	if err != nil {
		return err
	}
	st := stored{code: k.Code}
	err = w.each(ctx, snapshotOf, []any{k.Code}, func(rows *sql.Rows) error { return rows.Scan(&st.at, &st.body) })
	if err != nil {
		return err
	}
	k.Case, k.Err = st.state()
	var places []int64
	err = w.each(ctx, dossierRowsOf, []any{k.Code}, func(rows *sql.Rows) error {
		var d rowenc.DossierRow
		var place int64
		err := rows.Scan(&d.Step, &d.Shelf, &d.Office, &d.Urgency, &d.Code, &d.Procedure, &d.State, &d.Status, &d.Final, &d.Portal, &d.Assignee,
			&d.Opened, &d.Rev, &d.Review, &d.Words, &place)
		r.Dossiers = append(r.Dossiers, d)
		places = append(places, place)
		return err
	})
	if err != nil {
		return err
	}
	err = w.each(ctx, taskRowsOf, []any{k.Code}, func(rows *sql.Rows) error {
		t, err := scanTask(rows)
		r.Tasks = append(r.Tasks, t)
		return err
	})
	if err != nil || !k.Present || k.stub != nil {
		return err
	}
	k.Leads = leads{ctx, w.s}
	if r.Key != "" {
		var n int
		if err := w.one(ctx, countKey, []any{r.Key, k.Code}, &n); err != nil {
			return err
		}
		if n == 0 {
			k.blame(k.Seq, "the case holds the duplicate key %q, yet it is not taken", r.Key)
		}
	}
	return w.findWords(ctx, k, places)
}

// findWords looks the case up by every word and office that its rows say: in the index
// of words, or where its dossiers are bound, at their places.
func (w *walker) findWords(ctx context.Context, k *kept, places []int64) error {
	r := k.Rows
	r.Words = rowenc.WordsOf(r.Case.Subject, r.Case.Name)
	bound := map[string]bool{}
	for i, d := range r.Dossiers {
		if places[i] == 0 {
			continue
		}
		bound[d.Office] = true
		var fits int
		if err := w.one(ctx, volumeHas, []any{places[i] / volumeSize, d.Office, d.Urgency}, &fits); err != nil {
			return err
		}
		if fits == 0 {
			k.blame(k.Seq, "no volume of office %s has a place for the dossier %s", d.Office, d.Step)
		}
		for _, word := range r.Words {
			found, err := w.stands(ctx, d.Office, word, places[i])
			if err != nil {
				return err
			}
			if !found {
				k.blame(k.Seq, "office %s does not find the dossier %s by the word %q", d.Office, d.Step, word)
			}
		}
	}
	for i, d := range r.Dossiers {
		if bound[d.Office] && (places[i] == 0 || d.Shelf != rowenc.ShelfEnded) {
			k.blame(k.Seq, "the dossier %s is not bound as the others of office %s, or has not ended", d.Step, d.Office)
		}
	}
	for _, s := range r.Search() {
		if bound[s.Office] {
			continue // a row would be one too many
		}
		var n int64
		if err := w.one(ctx, countWord, []any{s.Office, s.Word, k.Code, s.Words}, &n); err != nil {
			return err
		}
		if n == 0 {
			k.blame(k.Seq, "office %s does not find the case by the word %q", s.Office, s.Word)
		}
		w.words += n
	}
	return nil
}

// stands tells whether a place is among those of a word. What was read of the volumes
// last is remembered.
func (w *walker) stands(ctx context.Context, office, word string, place int64) (bool, error) {
	key := wordOf{office, word, place / volumeSize}
	set := w.volumes[key]
	if set == nil {
		set = &placeSet{}
		err := w.each(ctx, placesIn, []any{office, word, key.volume}, func(rows *sql.Rows) error {
			var b sql.RawBytes
			if err := rows.Scan(&b); err != nil {
				return err
			}
			return set.decode(b)
		})
		if err != nil {
			return false, err
		}
		if len(w.volumes) >= wordsAtOnce {
			clear(w.volumes)
		}
		w.volumes[key] = set
	}
	return set.has(int(place % volumeSize)), nil
}

// wordOf names the places of a word in a volume.
type wordOf struct {
	office, word string
	volume       int64
}

// wordsAtOnce bounds what is remembered of the volumes, to some 32 MiB.
const wordsAtOnce = 32 << 10

// countWords tells whether the index of words holds more than belongs to cases.
func (w *walker) countWords(ctx context.Context) error {
	if w.unread {
		return nil
	}
	var n int64
	if err := w.one(ctx, `SELECT count(*) FROM search`, nil, &n); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.bad(Finding{Area: AreaFile, What: fmt.Sprintf("the index of words cannot be read: %v", err)})
		return nil
	}
	if n != w.words {
		w.bad(Finding{Area: AreaFile, What: fmt.Sprintf("the index of words has %d rows that belong to no case", n-w.words)})
	}
	return nil
}

// leads is what a check follows. It reads a newer state than the walk does, but
// nothing of this is ever deleted.
type leads struct {
	ctx context.Context
	s   *Store
}

func (l leads) CaseOf(code string) (string, error) { return l.s.CaseOf(l.ctx, code) }

func (l leads) Result(id string) (code, step string, err error) { return l.s.Result(l.ctx, id) }

func (l leads) Told(n rowenc.NoteRow) (bool, error) {
	var found int
	err := l.s.reading(l.ctx, func(c *conn) error {
		return c.one(countNote, []any{n.To, n.At, n.Case, n.Seq, n.N, n.Step, n.What}, &found)
	})
	return found == 1, err
}
