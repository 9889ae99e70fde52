package agencies

import (
	"testing"
	"time"

	"lienthong/agencies/wire"
)

func TestChildCardUntil(t *testing.T) {
	now := time.Date(2026, 9, 15, 0, 0, 0, 0, time.UTC)
	for birth, want := range map[string]string{
		"2026-08-28": "2032-09-30", // six before the school intake
		"2026-09-30": "2032-09-30",
		"2026-10-01": "2032-10-01", // six after it: the day itself
		"2026-12-31": "2032-12-31",
		"2024-02-29": "2030-09-30",
	} {
		if got, under := childCardUntil(birth, now); got != want || !under {
			t.Errorf("born %s: until %s (%v), want %s", birth, got, under, want)
		}
	}
	if _, under := childCardUntil("2020-05-01", time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)); under {
		t.Error("under six after the card has ended")
	}
}

func TestCardValidUntil(t *testing.T) {
	now := time.Date(2026, 9, 15, 0, 0, 0, 0, time.UTC)
	for birth, want := range map[string]string{
		"2026-08-28": "2040-08-28",
		"2013-03-15": "2038-03-15", // within two years of 14: the next change
		"1993-07-20": "2033-07-20",
		"1958-03-12": "9999-12-31",
		"soon":       "9999-12-31",
	} {
		if got := cardValidUntil(birth, now); got != want {
			t.Errorf("born %s: until %s, want %s", birth, got, want)
		}
	}
}

func TestSameName(t *testing.T) {
	composed, decomposed := "Trần Thu Hà", "Tr\u00e2\u0300n Thu Ha\u0300"
	if !sameName(composed, decomposed) || !sameName("  trần thu   HÀ ", composed) || sameName("Trần Thu Ha", composed) {
		t.Error("names are compared as people read them")
	}
}

// TestSettings reads back what the data source name has to bring about.
func TestSettings(t *testing.T) {
	a, err := Open(Config{Dir: t.TempDir() + "/a b?%", Secrets: func(r string) string { return wire.DeriveSecret("t", r) }, Empty: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000"} {
		var got string
		if err := a.registries["health"].db.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, want %s (%v)", pragma, got, want, err)
		}
	}
}

// TestDrawsAreSpread keeps rates honest.
func TestDrawsAreSpread(t *testing.T) {
	r := merit()
	hits := 0
	for i := range 10_000 {
		if r.happens(Faults{Seed: 1}, 0.2, "x", "key", i) {
			hits++
		}
	}
	if hits < 1800 || hits > 2200 {
		t.Errorf("%d of 10000 at a rate of 0.2", hits)
	}
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		a, err := Open(Config{Secrets: func(r string) string { return wire.DeriveSecret("t", r) }})
		if err != nil {
			b.Fatal(err)
		}
		_ = a.Close()
	}
}
