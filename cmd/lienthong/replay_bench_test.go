package main

import (
	"path/filepath"
	"testing"

	"lienthong/engine/replay"
	"lienthong/store/sqlite"
	"lienthong/store/storetest"
	"lienthong/workflows"
)

// born is a file of so many births.
func born(b *testing.B, cases int) *sqlite.File {
	b.Helper()
	path := filepath.Join(b.TempDir(), "cases.db")
	s, err := sqlite.Open(b.Context(), sqlite.Config{Path: path})
	if err != nil {
		b.Fatal(err)
	}
	for i := range cases {
		for _, c := range storetest.NewBirth(b, i, "", storetest.T0).Changes {
			if err := s.Append(b.Context(), c); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	f, err := sqlite.OpenFile(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = f.Close() })
	return f
}

// BenchmarkReplay rebuilds the cases of a file and compares them with what is stored:
// 100,000 cases in a minute are 600,000 ns for each.
func BenchmarkReplay(b *testing.B) {
	const cases = 200
	f := born(b, cases)
	for b.Loop() {
		n, err := replay.All(b.Context(), f, 0, func(r replay.Result) {
			if !r.Good() {
				b.Fatalf("%+v", r)
			}
		})
		if err != nil || n != cases {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/cases, "ns/case")
}

// BenchmarkAgainst decides the same cases again.
func BenchmarkAgainst(b *testing.B) {
	const cases = 200
	f := born(b, cases)
	set, err := workflows.Load()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if r, err := replay.Against(b.Context(), f, set, replay.Options{}, 0, 0, nil); err != nil || r.Cases != cases {
			b.Fatal(r, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/cases, "ns/case")
}
