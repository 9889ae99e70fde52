package sqlite

import (
	"errors"
	"path/filepath"
	"testing"

	"lienthong/engine"
)

// TestDamagedPublicationIsNamed: a publication that cannot be read is damage, not a
// defect of the program: the server says so and does not start.
func TestDamagedPublicationIsNamed(t *testing.T) {
	s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "x.db"), TakeOver: true})
	must(t, err)
	defer s.Close()
	must(t, exec(t.Context(), s, "test", func(w *writer) error {
		if err := w.exec(`INSERT INTO publications (service, version, hash, body) VALUES ('birth', '1', 'aa', x'01ff')`); err != nil {
			return err
		}
		return w.exec(`INSERT INTO defaults (body) VALUES (x'7b')`)
	}))
	if _, err := s.Published(t.Context()); engine.CodeOf(err) != engine.CorruptHistory {
		t.Errorf("published: %v", err)
	}
	if _, err := s.Defaults(t.Context()); engine.CodeOf(err) != engine.CorruptHistory {
		t.Errorf("defaults: %v", err)
	}
}

// Whoever refuses what an older file has published leaves it to the program that wrote
// it; whoever agrees is asked once, and not about a file of this format or a new one.
func TestOlderFileIsBroughtUpOnlyByAgreement(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.db")
	s := stocked(t, path)
	must(t, s.Publish(t.Context(), engine.Publishing{Versions: []engine.Publication{{Service: "birth", Version: "1", Hash: "aa", Tree: []byte("{}"), By: "system"}}}))
	must(t, s.Close())
	rebuilt(t, path, 13)
	no := errors.New("other definitions")
	asked := 0
	open := func(answer error) error {
		s, err := Open(t.Context(), Config{Path: path, TakeOver: true, Agree: func(past []engine.Publication) error {
			asked++
			if len(past) != 1 || past[0].Hash != "aa" || past[0].By != "system" {
				t.Errorf("asked about %+v", past)
			}
			return answer
		}})
		if err != nil {
			return err
		}
		return s.Close()
	}
	format := func() int64 {
		t.Helper()
		f, have, err := openFile(t.Context(), path)
		must(t, err)
		must(t, f.Close())
		return have
	}
	if err := open(no); !errors.Is(err, no) || format() != 13 {
		t.Errorf("refused: %v, format %d", err, format())
	}
	if err := open(nil); err != nil || format() != Format() || asked != 2 {
		t.Errorf("agreed: %v, format %d, asked %d times", err, format(), asked)
	}
	if err := open(no); err != nil || asked != 2 {
		t.Errorf("of this format: %v, asked %d times", err, asked)
	}
}
