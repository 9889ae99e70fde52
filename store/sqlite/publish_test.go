package sqlite

import (
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
