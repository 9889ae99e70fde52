package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Binding follows the commits: when enough of an office's loose dossiers belong to
// cases that ended, the first ones of its list become volumes. First the places of all
// words are written, which changes nothing for anybody, for nobody stands there yet;
// then case by case, each in one transaction, its dossiers get their places and its rows
// leave the index of words. A case that was changed since its rows were read stays
// loose. What was begun and not ended leaves places that nobody has.

const (
	// bindRest: of a volume's size one in so many stays loose: those who ended last are
	// those who are changed and looked for most, and volumes overlap less.
	bindRest = 4
	// bindVolumes is how many volumes are made of one look at an office.
	bindVolumes = 16
	bindCases   = 16 // in one call of the writer
	bindWords   = 64
	bindWait    = 100 * time.Millisecond
)

// binder binds behind the commits.
type binder struct {
	store *Store
	stop  context.CancelFunc
	work  chan struct{} // holds a token when an office has enough, perhaps
	done  chan struct{} // it has ended

	mu    sync.Mutex
	ended map[string]int // cases of an office that ended since it was looked at
}

// newBinder starts one. Its owner stops it.
func newBinder(s *Store) *binder {
	ctx, cancel := context.WithCancel(context.Background())
	b := &binder{store: s, stop: cancel, work: make(chan struct{}, 1), done: make(chan struct{}), ended: map[string]int{}}
	give(b.work) // nobody has counted what a process before this one left
	go b.run(ctx)
	return b
}

func (b *binder) close() {
	if b != nil {
		b.stop()
		<-b.done
	}
}

func (b *binder) run(ctx context.Context) {
	defer close(b.done)
	all := true
	for {
		select {
		case <-b.work:
		case <-ctx.Done():
			return
		}
		var err error
		if all {
			_, err = b.store.Bind(ctx)
		} else {
			var errs []error
			for _, office := range b.ready() {
				_, err := b.store.bindOffice(ctx, office)
				errs = append(errs, err)
			}
			err = errors.Join(errs...)
		}
		all = false
		if err != nil && ctx.Err() == nil {
			b.store.log.Warn("sqlite: what has ended is not bound", "err", err)
		}
	}
}

// note counts a committed change.
func (b *binder) note(c *change) {
	if b == nil || c.Rows.Case.Status != "ended" || c.before != nil && c.before.rows.Case.Status == "ended" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range c.Rows.Dossiers {
		o := c.Rows.Dossiers[i].Office
		if b.ended[o]++; b.ended[o] >= b.store.cfg.volume/bindRest {
			give(b.work)
		}
	}
}

// ready are the offices where enough has ended; they are counted anew.
func (b *binder) ready() (offices []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range slices.Sorted(maps.Keys(b.ended)) {
		if b.ended[o] >= b.store.cfg.volume/bindRest {
			offices = append(offices, o)
			delete(b.ended, o)
		}
	}
	return offices
}

// Bind binds what there is to bind at every office, and tells how many dossiers that
// were. A store that serves does so by itself. What cannot be bound at one office keeps
// no other one.
func (s *Store) Bind(ctx context.Context) (sum int, err error) {
	var errs []error
	for office := ""; ; {
		err := s.row(ctx, nextOffice, []any{office}, &office)
		if errors.Is(err, sql.ErrNoRows) {
			return sum, errors.Join(errs...)
		}
		if err != nil {
			return sum, errors.Join(append(errs, failure("store.bind", "", err))...)
		}
		n, err := s.bindOffice(ctx, office)
		sum, errs = sum+n, append(errs, err)
	}
}

const nextOffice = `SELECT office FROM search WHERE office > ?1 ORDER BY office LIMIT 1`

// bindOffice makes volumes of an office's loose dossiers until there are no more to
// make.
func (s *Store) bindOffice(ctx context.Context, office string) (sum int, err error) {
	size, ended := s.cfg.volume, 0
	err = s.row(ctx, endedAt, []any{office, size + size/bindRest - 1}, &ended)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil // most offices never had enough
	}
	if err != nil {
		return 0, failure("store.bind", "", err)
	}
	for {
		found, more, err := s.loose(ctx, office)
		if err != nil {
			return sum, failure("store.bind", "", err)
		}
		volumes := fill(found, size)
		n, err := s.bindAll(ctx, office, volumes)
		if sum += n; err != nil || n == 0 || !more && len(volumes) < bindVolumes {
			return sum, failure("store.bind", "", err)
		}
	}
}

// endedCase is a case that can be bound at an office: with all its dossiers there.
type endedCase struct {
	code, words string
	seq         int64
	dossiers    []bindable // in the order of the list
}

type bindable struct {
	step    string
	urgency int64
	code    string
	place   int64
}

func (d *bindable) compare(o *bindable) int {
	return cmp.Or(cmp.Compare(d.urgency, o.urgency), strings.Compare(d.code, o.code))
}

// inOrderOfLists puts each case's dossiers in order, and the cases by their first.
func inOrderOfLists(found []endedCase) {
	for _, c := range found {
		slices.SortFunc(c.dossiers, func(a, b bindable) int { return cmp.Or(a.compare(&b), strings.Compare(a.step, b.step)) })
	}
	slices.SortFunc(found, func(a, b endedCase) int {
		return cmp.Or(a.dossiers[0].compare(&b.dossiers[0]), strings.Compare(a.code, b.code))
	})
}

// endedAt tells whether an office has more than so many ended dossiers.
const endedAt = `SELECT 1 FROM dossiers WHERE office = ?1 AND shelf = 2 LIMIT 1 OFFSET ?2`

// looseAt reads the dossiers at an office of cases that ended and are found there by
// their words, case by case: of each the row of its first word is taken.
const looseAt = `SELECT d.case_code, d.step, d.words, d.urgency, d.code, c.seq FROM search s CROSS JOIN cases c ON c.code = s.case_code
	CROSS JOIN dossiers d ON d.case_code = s.case_code WHERE s.office = ?1 AND instr(s.words || ' ', ' ' || s.word || ' ') = 1
	AND c.status = 'ended' AND +d.office = ?1 AND NOT EXISTS (SELECT 1 FROM dossiers x WHERE x.case_code = s.case_code AND x.shelf <> 2)`

// loose are an office's cases that can be bound, in the order of the list; of very many
// the first ones, and then there are more.
func (s *Store) loose(ctx context.Context, office string) (found []endedCase, more bool, err error) {
	most := 2 * (bindVolumes + 1) * s.cfg.volume
	err = s.each(ctx, looseAt, []any{office}, func(r *sql.Rows) error {
		var c endedCase
		var d bindable
		if err := r.Scan(&c.code, &d.step, &c.words, &d.urgency, &d.code, &c.seq); err != nil {
			return err
		}
		last := len(found) - 1
		if last >= 0 && found[last].code == c.code {
			found[last].dossiers = append(found[last].dossiers, d)
			return nil
		}
		if len(found) >= most {
			inOrderOfLists(found)
			found, more = found[:most/2], true
		}
		c.dossiers = []bindable{d}
		found = append(found, c)
		return nil
	})
	inOrderOfLists(found)
	return found, more, err
}

// binding runs a part of it in the writer, and waits before that while the log cannot be
// copied back: beside somebody who reads for an hour (a whole file is verified, or backed
// up) it would become as long as the file.
func binding[T any](ctx context.Context, s *Store, f func(*writer) (T, error)) (T, error) {
	for s.uncopied.Load() > logMost*s.cfg.logPages {
		_, err := do(ctx, s, "store.bind", func(w *writer) (_ any, err error) {
			w.copyAt = 0 // it is tried again, though nobody else commits
			return nil, nil
		})
		if err == nil {
			select {
			case <-time.After(bindWait):
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		if err != nil {
			var zero T
			return zero, err
		}
	}
	return do(ctx, s, "store.bind", f)
}

// fill makes full volumes, or nearly, of whole cases, the first ones; the rest stays.
func fill(found []endedCase, size int) (volumes [][]endedCase) {
	left := 0
	for _, c := range found {
		left += len(c.dossiers)
	}
	for left >= size+size/bindRest && len(volumes) < bindVolumes && len(found) > 0 {
		n, room := 0, size
		for n < len(found) && len(found[n].dossiers) <= room {
			room -= len(found[n].dossiers)
			n++
		}
		left -= size - room
		if n == 0 { // it fits into none
			left -= len(found[0].dossiers)
			found = found[1:]
			continue
		}
		volumes, found = append(volumes, found[:n]), found[n:]
	}
	return volumes
}

// bindAll binds cases in volumes, and tells how many dossiers were bound.
func (s *Store) bindAll(ctx context.Context, office string, volumes [][]endedCase) (sum int, err error) {
	var all []*endedCase
	for _, part := range volumes {
		if err := s.makeVolume(ctx, office, part); err != nil {
			return 0, err
		}
		for i := range part {
			all = append(all, &part[i])
		}
	}
	// In the order of the codes, as rows lie: those of one call share pages.
	slices.SortFunc(all, func(a, b *endedCase) int { return strings.Compare(a.code, b.code) })
	for cases := range slices.Chunk(all, bindCases) {
		n, err := binding(ctx, s, func(w *writer) (n int, err error) {
			for _, c := range cases {
				k, err := w.bind(office, c)
				if n += k; err != nil {
					return n, err
				}
			}
			return n, nil
		})
		if sum += n; err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// makeVolume gives the dossiers of cases their places, in the order of the list, and
// writes those of their words.
func (s *Store) makeVolume(ctx context.Context, office string, cases []endedCase) error {
	type stands struct {
		*bindable
		of *endedCase
	}
	var order []stands
	for i := range cases {
		for k := range cases[i].dossiers {
			order = append(order, stands{&cases[i].dossiers[k], &cases[i]})
		}
	}
	slices.SortFunc(order, func(a, b stands) int {
		return cmp.Or(a.compare(b.bindable), strings.Compare(a.of.code, b.of.code), strings.Compare(a.step, b.step))
	})
	n, err := do(ctx, s, "store.bind", func(w *writer) (n int64, err error) {
		err = w.one(`INSERT INTO volumes (office, first, last) VALUES (?1, ?2, ?3) RETURNING n`, []any{office, order[0].urgency, order[len(order)-1].urgency}, &n)
		return n, err
	})
	if err != nil {
		return err
	}
	words := map[string]*placeSet{}
	for i, d := range order {
		d.place = n*volumeSize + int64(i)
		for _, w := range strings.Fields(d.of.words) {
			if words[w] == nil {
				words[w] = &placeSet{}
			}
			words[w].add(i)
		}
	}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(words)), bindWords) {
		_, err := binding(ctx, s, func(w *writer) (_ any, err error) {
			for _, word := range part {
				if err := w.exec(`INSERT INTO volume_words (office, word, volume, places) VALUES (?1, ?2, ?3, ?4)`, office, word, n, words[word].encode()); err != nil {
					return nil, err
				}
			}
			return nil, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const (
	allVolumes = `SELECT n, office FROM volumes ORDER BY n`
	anyBound   = `SELECT count(*) FROM (SELECT 1 FROM dossiers WHERE place >= ?1 AND place < ?2 LIMIT 1)`
	dropPlaces = `DELETE FROM volume_words WHERE office = ?1 AND volume = ?2`
	dropVolume = `DELETE FROM volumes WHERE n = ?1`
)

// dropVolumes takes away the volumes in which nobody is bound any more: all were
// archived or came back, or the binding was broken. No binding may be under way.
func (s *Store) dropVolumes(ctx context.Context) error {
	_, err := do(ctx, s, "store.bind", func(w *writer) (_ any, err error) {
		offices := map[int64]string{}
		err = w.each(allVolumes, nil, func(r scanner) error {
			var n int64
			var office string
			err := r.Scan(&n, &office)
			offices[n] = office
			return err
		})
		for n, office := range offices {
			var bound int
			if err == nil {
				err = w.one(anyBound, []any{n * volumeSize, (n + 1) * volumeSize}, &bound)
			}
			if err == nil && bound == 0 {
				if err = w.exec(dropPlaces, office, n); err == nil {
					err = w.exec(dropVolume, n)
				}
			}
		}
		return nil, err
	})
	return failure("store.bind", "", err)
}

const (
	bindCheck   = `SELECT seq, (SELECT count(*) FROM dossiers d WHERE d.case_code = ?1 AND +d.office = ?2 AND d.place IS NULL) FROM cases WHERE code = ?1`
	bindDossier = `UPDATE dossiers SET place = ?3 WHERE case_code = ?1 AND step = ?2 AND place IS NULL`
)

// bind gives all of a case's dossiers at an office their places, and takes the case out
// of the office's index of words; or none of that when the case was changed or somebody
// else has bound it.
func (w *writer) bind(office string, c *endedCase) (int, error) {
	var seq int64
	var n int
	err := w.one(bindCheck, []any{c.code, office}, &seq, &n)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (seq != c.seq || n != len(c.dossiers)) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for _, d := range c.dossiers {
		n, err := w.changed(bindDossier, c.code, d.step, d.place)
		if err != nil {
			return 0, err
		}
		if n != 1 {
			return 0, fmt.Errorf("sqlite: dossier %s of case %s is bound, yet its case is found by its words", d.step, c.code)
		}
	}
	for _, word := range strings.Fields(c.words) {
		if err := w.exec(dropWord, office, word, c.code); err != nil {
			return 0, err
		}
	}
	return len(c.dossiers), nil
}
