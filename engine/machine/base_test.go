package machine_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"lienthong/engine/machine"
)

// base reads the valid set that the tests alter.
func base(t testing.TB) fstest.MapFS {
	t.Helper()
	files, err := machine.ReadFiles(os.DirFS("testdata/base"))
	if err != nil {
		t.Fatal(err)
	}
	out := fstest.MapFS{}
	for name, b := range files {
		out[name] = &fstest.MapFile{Data: b}
	}
	return out
}

// edit replaces text in a file of a set; an empty old text replaces the file.
func edit(t testing.TB, set fstest.MapFS, file, old, text string) {
	t.Helper()
	if old == "" {
		set[file] = &fstest.MapFile{Data: []byte(text)}
		return
	}
	s := string(set[file].Data)
	if strings.Count(s, old) != 1 {
		t.Fatalf("%s holds %q %d times, want once", file, old, strings.Count(s, old))
	}
	set[file] = &fstest.MapFile{Data: []byte(strings.Replace(s, old, text, 1))}
}

func load(t testing.TB, fsys fs.FS) *machine.Set {
	t.Helper()
	set, err := machine.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// findings loads a set and returns everything found.
func findings(t testing.TB, fsys fs.FS) []machine.Finding {
	t.Helper()
	set, err := machine.Load(fsys)
	var fe *machine.FindingsError
	switch {
	case err == nil:
		return set.Findings()
	case errors.As(err, &fe):
		return fe.Findings
	}
	t.Fatal(err)
	return nil
}

func TestBaseHasNoFindings(t *testing.T) {
	for _, f := range findings(t, base(t)) {
		t.Error(f)
	}
}
