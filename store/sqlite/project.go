package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/store/rowenc"
)

// The projector follows the entries by their id: one writer commits them in that
// order, so nothing can appear before the position later. It reads cases as they
// are now, which may be newer than the position: a case is replaced as a whole, and
// is looked at again when the position reaches its later entry.

const (
	figurePosition = `SELECT entry, version FROM figure_position`
	figureFeed     = `SELECT id, case_code FROM entries WHERE id > ?1 ORDER BY id LIMIT ?2`
	figureFeed2    = `SELECT id, case_code FROM entries INDEXED BY sqlite_autoindex_entries_1 WHERE +id > ?1 ORDER BY +id LIMIT ?2` // without the rows
	figureParts    = `SELECT parts FROM figure_parts WHERE case_code = ?1`
	moveFigures    = `UPDATE figure_position SET entry = ?3, version = ?4 WHERE entry = ?1 AND version = ?2`
	putParts       = `INSERT INTO figure_parts (case_code, parts) VALUES (?1, ?2) ON CONFLICT (case_code) DO UPDATE SET parts = excluded.parts`
	addFigure      = `INSERT INTO figure_sums (office, day, service, procedure, name, due, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
	ON CONFLICT (office, day, service, procedure, name, due) DO UPDATE SET value = value + excluded.value`
	dropFigure = `DELETE FROM figure_sums WHERE office = ?1 AND day = ?2 AND service = ?3 AND procedure = ?4 AND name = ?5 AND due = ?6 AND value = 0`
)

// feedLimit bounds one step of the projector when the caller does not.
const feedLimit = 500

// Project brings the sums up to what changed.
func (s *Store) Project(ctx context.Context, limit int) (int, error) {
	if limit <= 0 {
		defer s.hurry()()
	}
	s.projecting.Lock()
	defer s.projecting.Unlock()
	return s.project(ctx, limit)
}

// hurry says that somebody waits for the sums, until what it returns is called.
func (s *Store) hurry() (over func()) {
	s.hurried.Add(1)
	return func() { s.hurried.Add(-1) }
}

// aside leaves three times as long to those who act as a case took to be counted, while
// there are some and nobody waits for the sums: hundreds of cases in a row are a quarter
// of a second in which everybody else has half of the processors.
func (s *Store) aside(ctx context.Context, took time.Duration) {
	if s.company.Load() && s.hurried.Load() == 0 {
		s.cfg.rest(ctx, 3*took)
	}
}

// rest waits, at most until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// position is how far the projector has come.
type position struct{ entry, version int64 }

func (s *Store) figuresAt(ctx context.Context) (p position, err error) {
	err = s.row(ctx, figurePosition, nil, &p.entry, &p.version)
	return p, failure("store.project", "", err)
}

func (s *Store) project(ctx context.Context, limit int) (int, error) {
	const op = "store.project"
	if err := s.recallAsides(ctx); err != nil {
		return 0, err
	}
	at, err := s.figuresAt(ctx)
	if err != nil {
		return 0, err
	}
	from := at
	if at.version != engine.FiguresVersion {
		from = position{0, engine.FiguresVersion} // everything counts anew
	}
	if limit <= 0 {
		limit = feedLimit
	}
	now := time.Now()
	n, to, codes, err := s.feed(ctx, from, limit)
	if err != nil {
		return 0, failure(op, "", err)
	}
	codes = append(codes, s.awaited(now)...)
	if to == at && len(codes) == 0 {
		return 0, nil
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	for hurt := map[string]error{}; ; {
		r, err := s.recount(ctx, codes, hurt)
		if err != nil {
			return 0, err
		}
		var in atomic.Pointer[harmed]
		if err = s.countStep(ctx, at, to, r, &in); err == nil {
			s.setAside(r, now)
		} else {
			s.recalled = false // it may have been committed: the file knows
		}
		h := in.Load()
		if h == nil || ctx.Err() != nil {
			return n, err
		}
		hurt[h.Case] = h.err
	}
}

// feed reads whose entries follow a position, and what the position is after them. Where a
// row of them cannot be read, an index knows.
func (s *Store) feed(ctx context.Context, from position, limit int) (n int, to position, codes []string, err error) {
	for _, q := range []string{figureFeed, figureFeed2} {
		n, to, codes = 0, from, nil
		err = s.each(ctx, q, []any{from.entry, limit}, func(r *sql.Rows) error {
			var code string
			n++
			err := r.Scan(&to.entry, &code)
			codes = append(codes, code)
			return err
		})
		if err == nil || ctx.Err() != nil || !harm(err) {
			break
		}
	}
	return n, to, codes, err
}

// countStep writes what a step of the projector found. Where a case's row cannot be
// written nothing is, and in tells which.
func (s *Store) countStep(ctx context.Context, at, to position, r *recounted, in *atomic.Pointer[harmed]) error {
	aside, same := s.marked(r)
	if to == at && same && len(r.parts) == 0 {
		return nil
	}
	return s.writeFigures(ctx, at, to, spread(r.delta), func(w *writer) error {
		in.Store(nil)
		for _, p := range r.parts {
			if err := w.exec(putParts, p.code, p.now); err != nil {
				if harm(err) {
					in.Store(&harmed{turn{Key: rowenc.Key{Case: p.code}}, err})
				}
				return err
			}
		}
		if same {
			return nil
		}
		return w.mark(aside)
	})
}

// recount compares what cases contribute with what they are known to, but for those that
// are known to be hurt.
func (s *Store) recount(ctx context.Context, codes []string, hurt map[string]error) (*recounted, error) {
	out := &recounted{delta: map[engine.Figure]int64{}, aside: maps.Clone(hurt)}
	for _, code := range codes {
		if hurt[code] != nil {
			continue
		}
		began := time.Now()
		fs, old, known, err := s.contributions(ctx, code)
		switch {
		case err != nil && ctx.Err() == nil && harm(err):
			out.aside[code] = err
			continue
		case err != nil:
			return nil, failure("store.project", code, err)
		}
		s.aside(ctx, time.Since(began))
		out.read = append(out.read, code)
		now := rowenc.EncodeFigures(fs)
		if !known || bytes.Equal(old, now) {
			continue
		}
		out.parts = append(out.parts, part{code, now})
		engine.Sum(out.delta, s.decoded(code, old), -1)
		engine.Sum(out.delta, fs, 1)
	}
	return out, nil
}

// decoded reads what a case contributed. What cannot be read counts as nothing;
// Rebuild mends the sums.
func (s *Store) decoded(code string, b []byte) []engine.Figure {
	if b == nil {
		return nil
	}
	fs, err := rowenc.DecodeFigures(b)
	if err != nil {
		s.log.Error("sqlite: figures of a case cannot be read; rebuild them", "case", code, "err", err)
	}
	return fs
}

// contributions counts one case as it is now; old is what it contributed. A case that
// is not here (it was archived) keeps that.
func (s *Store) contributions(ctx context.Context, code string) (fs []engine.Figure, old []byte, known bool, err error) {
	defer func() {
		if p := recover(); p != nil { // what was decoded from damage is not to be trusted
			err = rowenc.Corrupt("store.project", code, 0, fmt.Sprintf("its rows make no sense: %v", p))
		}
	}()
	c, err := s.Load(ctx, code)
	var past []*engine.Dossier
	if err == nil && slices.ContainsFunc(c.Dossiers, func(d *engine.Dossier) bool { return d.Attempt > 1 }) {
		var history []engine.Entry
		if history, err = s.History(ctx, code, 1, 0); err == nil {
			past = engine.PastAttempts(history)
		}
	}
	switch engine.CodeOf(err) {
	case "":
	case engine.NotFound, engine.Archived:
		return nil, nil, false, nil
	default:
		return nil, nil, false, err
	}
	err = s.row(ctx, figureParts, []any{code}, &old)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return engine.Contributions(c, past), old, true, err
}

// writeFigures writes one step, and what beside writes with it (nil = nothing), unless
// somebody else did meanwhile.
func (s *Store) writeFigures(ctx context.Context, at, to position, delta cells, beside func(*writer) error) error {
	const op = "store.project"
	sums, gone := delta.rows()
	return exec(ctx, s, op, func(w *writer) error {
		n, err := w.changed(moveFigures, at.entry, at.version, to.entry, to.version)
		if err == nil && n != 1 {
			err = rowenc.Stale(op, "")
		}
		if err == nil && beside != nil {
			err = beside(w)
		}
		if err != nil {
			return err
		}
		for _, put := range []struct {
			q    string
			rows [][]any
		}{{addFigure, sums}, {dropFigure, gone}} {
			for _, row := range put.rows {
				if err := w.exec(put.q, row...); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// Rebuild counts every case again.
func (s *Store) Rebuild(ctx context.Context) error {
	defer s.hurry()()
	s.projecting.Lock()
	defer s.projecting.Unlock()
	at, err := s.figuresAt(ctx)
	if err != nil {
		return err
	}
	if err := s.writeFigures(ctx, at, position{0, engine.FiguresVersion}, nil, nil); err != nil {
		return err
	}
	if err := s.catchUp(ctx); err != nil {
		return err
	}
	return s.resum(ctx)
}

// catchUp brings the sums up to the last entry.
func (s *Store) catchUp(ctx context.Context) error {
	for {
		n, err := s.project(ctx, feedLimit)
		if err != nil || n == 0 {
			return err
		}
	}
}

const (
	allParts = `SELECT case_code, parts FROM figure_parts`
	allSums  = `SELECT office, day, service, procedure, name, due, value FROM figure_sums`
)

// resum makes the sums those of all parts, and writes where they were not.
func (s *Store) resum(ctx context.Context) error {
	const op = "store.rebuild"
	parts := map[engine.Figure]int64{}
	err := s.each(ctx, allParts, nil, func(r *sql.Rows) error {
		var code string
		var b []byte
		err := r.Scan(&code, &b)
		engine.Sum(parts, s.decoded(code, b), 1)
		return err
	})
	delta := spread(parts)
	if err == nil {
		err = s.each(ctx, allSums, nil, func(r *sql.Rows) error {
			var k cell
			var value int64
			err := r.Scan(&k.Office, &k.day, &k.Service, &k.Procedure, &k.Name, &k.Due, &value)
			if delta[k] -= value; delta[k] == 0 {
				delete(delta, k)
			}
			return err
		})
	}
	if err != nil {
		return failure(op, "", err)
	}
	at, err := s.figuresAt(ctx)
	if err != nil || len(delta) == 0 {
		return err
	}
	return s.writeFigures(ctx, at, at, delta, nil)
}

// cell is a row of the sums: a figure, without its day and value, of a day or of a
// whole month.
type cell struct {
	engine.Figure
	day int64
}

// cells are sums, or what is to be added to them.
type cells map[cell]int64

// spread sums figures by day and by month. The months answer for long periods: a
// year is then twelve rows for each thing that is counted, however many cases and
// days it had.
func spread(fs map[engine.Figure]int64) cells {
	out := cells{}
	for f, v := range fs {
		day, _ := rowenc.DayOf(f.Day)
		month := -monthOf(f.Day)
		f.Day = ""
		for _, d := range []int64{day, month} {
			k := cell{f, d}
			if out[k] += v; out[k] == 0 {
				delete(out, k)
			}
		}
	}
	return out
}

// rows are the values to insert, and the keys of those that may come to nothing.
func (c cells) rows() (sums, gone [][]any) {
	for k, v := range c {
		row := []any{k.Office, k.day, k.Service, k.Procedure, k.Name, k.Due, v}
		sums = append(sums, row)
		if v < 0 {
			gone = append(gone, row[:6])
		}
	}
	return sums, gone
}

// monthOf numbers a day's month.
func monthOf(d calendar.Date) int64 {
	t := d.At(0, 0)
	return int64(12*t.Year() + int(t.Month()) - 1)
}

// spans are the rows that make up a period: the days before its first whole month,
// its whole months, the days after them. A span that ends before it begins is empty.
func spans(from, to calendar.Date) [][2]int64 {
	first, _ := rowenc.DayOf(from)
	last, _ := rowenc.DayOf(to)
	begin, end := monthOf(from), monthOf(to) // whole months
	if from[8:] != "01" {
		begin++
	}
	if monthOf(to.AddDays(1)) == end {
		end--
	}
	if begin > end {
		return [][2]int64{{first, last}}
	}
	day := func(month int64) int64 {
		n, _ := rowenc.DayOf(calendar.Date(fmt.Sprintf("%04d-%02d-01", month/12, month%12+1)))
		return n
	}
	return [][2]int64{{first, day(begin) - 1}, {-end, -begin}, {day(end + 1), last}}
}

// sumFigures adds up one office's figures: its part of the key is read in order.
const sumFigures = `SELECT service, procedure, name, due, sum(value) FROM figure_sums WHERE office = ?1 AND day BETWEEN ?2 AND ?3
	GROUP BY service, procedure, name, due`

// Sums adds up the figures of offices and days.
func (s *Store) Sums(ctx context.Context, q engine.SumQuery) ([]engine.Figure, error) {
	const op = "store.sums"
	if !q.From.Valid() || !q.To.Valid() || q.To.AddDays(1) == "" {
		return nil, rowenc.Bad(op, "%q to %q is no period", q.From, q.To)
	}
	sums := map[engine.Figure]int64{}
	for _, office := range slices.Compact(slices.Sorted(slices.Values(q.Offices))) {
		for _, span := range spans(q.From, q.To) {
			if span[0] > span[1] {
				continue
			}
			err := s.each(ctx, sumFigures, []any{office, span[0], span[1]}, func(r *sql.Rows) error {
				f := engine.Figure{Office: office}
				err := r.Scan(&f.Service, &f.Procedure, &f.Name, &f.Due, &f.Value)
				engine.Sum(sums, []engine.Figure{f}, 1)
				return err
			})
			if err != nil {
				return nil, failure(op, "", err)
			}
		}
	}
	return engine.FiguresOf(sums), nil
}
