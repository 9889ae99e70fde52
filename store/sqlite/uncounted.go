package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// A case that cannot be read keeps what it contributed and is set aside: the others are
// counted, and it is looked at again later, longer each time (damages). The file holds
// which those are, in the commit in which the position goes past them: otherwise they
// would be forgotten with the process, and the sums wrong without anybody knowing.

const (
	asideIn = `SELECT value FROM marks WHERE name = 'uncounted'`
	putMark = `INSERT INTO marks (name, value) VALUES ('uncounted', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value`
	noMark  = `DELETE FROM marks WHERE name = 'uncounted'`
)

// recounted is what a step of the projector found.
type recounted struct {
	parts []part
	delta map[engine.Figure]int64
	read  []string         // cases that were counted, or are not here
	aside map[string]error // cases that cannot be read, and why
}

// part is what a case contributes, encoded.
type part struct {
	code string
	now  []byte
}

// asides are the cases that are set aside, each once.
func (s *Store) asides() []string {
	var codes []string
	for k := range s.uncounted.all() {
		codes = append(codes, k.Case)
	}
	return codes
}

// recallAsides learns from the file which cases a process before had set aside.
func (s *Store) recallAsides(ctx context.Context) error {
	if s.recalled {
		return nil
	}
	var text string
	err := s.row(ctx, asideIn, nil, &text)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return failure("store.project", "", err)
	}
	var codes []string
	if err == nil && json.Unmarshal([]byte(text), &codes) != nil {
		s.log.Error("sqlite: which cases are not counted cannot be read; rebuild the sums")
	}
	for _, code := range codes {
		s.uncounted.met(rowenc.Key{Case: code}, "", errAside, 0)
	}
	s.recalled = true
	return nil
}

// errAside says that a process before could not read a case.
var errAside = errors.New("it could not be read before")

// awaited are the cases set aside that are to be looked at now.
func (s *Store) awaited(now time.Time) (codes []string) {
	rest := s.uncounted.resting(rowenc.Micros(now))
	for k := range s.uncounted.all() {
		if _, rests := rest[k]; !rests {
			codes = append(codes, k.Case)
		}
	}
	return codes
}

// marked is what the file is to hold of the cases set aside after a step; same says
// that it does.
func (s *Store) marked(r *recounted) (codes []string, same bool) {
	was := s.uncounted.all()
	is := map[string]bool{}
	for k := range was {
		is[k.Case] = true
	}
	for _, code := range r.read {
		delete(is, code)
	}
	for code := range r.aside {
		is[code] = true
	}
	codes = slices.Sorted(maps.Keys(is))
	same = len(is) == len(was)
	for code := range r.aside {
		_, known := was[rowenc.Key{Case: code}]
		same = same && known
	}
	return codes, same
}

// mark writes which cases are set aside.
func (w *writer) mark(codes []string) error {
	if len(codes) == 0 {
		return w.exec(noMark)
	}
	text, err := json.Marshal(codes)
	if err != nil {
		return err
	}
	return w.exec(putMark, string(text))
}

// setAside remembers what a step found, after its commit.
func (s *Store) setAside(r *recounted, now time.Time) {
	for _, code := range r.read {
		s.uncounted.mended(rowenc.Key{Case: code})
	}
	for code, why := range r.aside {
		times := s.uncounted.met(rowenc.Key{Case: code}, "", why, rowenc.Micros(now))
		s.log.Error("sqlite: a case cannot be counted and is left out of the indicators until it can be read", "case", code, "times", times, "err", why)
	}
}
