package calendar_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"lienthong/engine/calendar"
)

const dataDir = "../../workflows/calendars"

// load reads every version in the data folder, oldest first.
func load(t testing.TB) []*calendar.Calendar {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dataDir, "*.yaml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("want at least two calendar files in %s, got %v, %v", dataDir, files, err)
	}
	var all []*calendar.Calendar
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var spec calendar.Spec
		if err := yaml.UnmarshalWithOptions(raw, &spec, yaml.Strict()); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		if want := strings.TrimSuffix(filepath.Base(f), ".yaml"); spec.ID != want {
			t.Errorf("%s holds id %q", f, spec.ID)
		}
		c, err := calendar.New(spec)
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *calendar.Calendar) int {
		return strings.Compare(string(a.Announced), string(b.Announced))
	})
	return all
}

// newest is the version everything else is tested with.
func newest(t testing.TB) *calendar.Calendar {
	t.Helper()
	c := calendar.Newest(load(t), "9999-12-31")
	if c == nil {
		t.Fatal("no calendar")
	}
	return c
}

func version(t testing.TB, id string) *calendar.Calendar {
	t.Helper()
	for _, c := range load(t) {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no calendar %s", id)
	return nil
}

// at reads "2026-04-24 14:59" or "2026-04-24 14:59:59" in Zone.
func at(t testing.TB, s string) time.Time {
	t.Helper()
	layout := "2006-01-02 15:04"
	if len(s) > len(layout) {
		layout = "2006-01-02 15:04:05"
	}
	v, err := time.ParseInLocation(layout, s, calendar.Zone)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func limit(t testing.TB, s string) calendar.Limit {
	t.Helper()
	l, err := calendar.ParseLimit(s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func wantTime(t testing.TB, what string, got, want time.Time) {
	t.Helper()
	if !got.Equal(want) {
		t.Errorf("%s = %s, want %s", what, got.Format("Mon 2006-01-02 15:04:05"), want.Format("Mon 2006-01-02 15:04:05"))
	}
}
