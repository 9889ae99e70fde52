package sqlite

import (
	"bytes"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"lienthong/engine"
	"lienthong/store/storetest"
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

// Any byte of a published version or of a default that flips is found by a check, and not
// read as something else; what was written without a checksum is read as before.
func TestFlippedPublicationIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.db")
	s := desk(t, path)
	at := storetest.T0
	must(t, s.Publish(t.Context(), engine.Publishing{
		Versions: []engine.Publication{{Service: "birth", Version: "1", Hash: "aa", Tree: []byte(`{"a":1,"sum":2}`), Files: map[string]string{"x.yaml": "within: 3 days"}, By: "system", At: at}},
		Defaults: []engine.DefaultSet{{Service: "birth", Version: "1", By: "lan", At: at, Note: "vì"}}}))
	bodiesOf := func(table string) (b []byte) {
		t.Helper()
		must(t, s.row(t.Context(), `SELECT body FROM `+table, nil, &b))
		return b
	}
	must(t, s.Close())
	sound(t, path, CheckOptions{})
	s = desk(t, path)
	defer func() { must(t, s.Close()) }()
	for _, table := range []string{"publications", "defaults"} {
		whole := bodiesOf(table)
		put := func(b []byte) {
			behind(t, s, func(db *sql.DB) { run(t, db, `UPDATE `+table+` SET body = ?1`, b) })
		}
		for i := 0; i < len(whole); i += 3 {
			b := bytes.Clone(whole)
			b[i] ^= 1
			put(b)
			_, found := examine(t, path, CheckOptions{})
			if len(found) != 1 || !strings.HasPrefix(found[0], "publication: ") {
				t.Errorf("byte %d of %s: %q", i, table, found)
			}
		}
		put(whole)
	}
	behind(t, s, func(db *sql.DB) {
		run(t, db, `UPDATE publications SET body = CAST('{"service":"birth","version":"1","hash":"aa","by":"x","at":"2026-09-01T00:00:00Z"}' AS BLOB)`)
		run(t, db, `UPDATE defaults SET body = CAST('{"service":"birth","version":"1","by":"x","at":"2026-09-01T00:00:00Z"}' AS BLOB)`)
	})
	sound(t, path, CheckOptions{})
	behind(t, s, func(db *sql.DB) { run(t, db, `UPDATE publications SET hash = 'bb'`) })
	if _, found := examine(t, path, CheckOptions{}); len(found) != 1 {
		t.Errorf("another hash: %q", found)
	}
	behind(t, s, func(db *sql.DB) { run(t, db, `UPDATE publications SET hash = 'aa'`) })
}

// What is published counts in the bound of bytes that wait.
func TestPublicationsAreCounted(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "x.db"), MaxQueueBytes: 3 << 20, Hooks: Hooks{Commit: func(commit func() error) error {
		select {
		case begun <- struct{}{}:
		default:
		}
		<-goOn
		return commit()
	}}})
	must(t, err)
	defer s.Close()
	over := make(chan error, 4)
	publish := func(version string) {
		over <- s.Publish(t.Context(), engine.Publishing{Versions: []engine.Publication{{Service: "birth", Version: version, Hash: "aa", Files: map[string]string{"x": noise(version, 2<<20)}}}})
	}
	go publish("1")
	<-begun // and the next ones wait
	go publish("2")
	go publish("3")
	if err := <-over; engine.CodeOf(err) != engine.Unavailable {
		t.Errorf("more waits than may: %v", err)
	}
	close(goOn)
	must(t, <-over)
	must(t, <-over)
}
