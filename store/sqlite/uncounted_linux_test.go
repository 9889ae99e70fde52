package sqlite

import (
	"maps"
	"path/filepath"
	"testing"

	"lienthong/store/storetest"
)

// A case that the disk does not read now is set aside: the others are counted, and it is
// when it can be read again.
func TestUnreadableCaseIsCountedLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cases.db")
	s, err := Open(t.Context(), Config{Path: path, TakeOver: true})
	must(t, err)
	filed := func(code string) {
		t.Helper()
		must(t, s.Append(t.Context(), storetest.File(storetest.Filing{Code: code, App: map[string]any{"x": noise(code, 40_000)}}).Change()))
	}
	filed("B")
	must(t, s.Close())
	s, err = Open(t.Context(), Config{Path: path, TakeOver: true})
	must(t, err)
	defer s.Close()
	filed("A") // what is written now is read from the log, which can be read
	projected(t, s)
	goesOn(t, s, "B", "more")
	filed("C")
	s.cache.drop("B")
	again := unreadable(t, path)
	_, lerr := s.Load(t.Context(), "B")
	for range 3 {
		_, err = s.Project(t.Context(), 100)
	}
	again()
	if must(t, err); lerr == nil {
		t.Fatal("B can be read")
	}
	if left := projected(t, s); left != 1 {
		t.Errorf("%d not counted, want B", left)
	}
	hurry(&s.uncounted)
	if left := projected(t, s); left != 0 {
		t.Errorf("%d not counted after the disk reads again", left)
	}
	is := everyFigure(t, s)
	must(t, s.Rebuild(t.Context()))
	if want := everyFigure(t, s); !maps.Equal(is, want) {
		t.Errorf("counted %v, want %v", is, want)
	}
}
