package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"lienthong/engine"
)

// Bench runs the benchmarks of a store. An Append is one decided command of an
// ordinary size with a stored answer, an effect and a notification.
func Bench(b *testing.B, x Target) {
	b.Run("AppendAlone", func(b *testing.B) { benchAppend(b, x, 1) })
	b.Run("Append64", func(b *testing.B) { benchAppend(b, x, 64) })
	b.Run("Append256", func(b *testing.B) { benchAppend(b, x, 256) })
	b.Run("Birth1", func(b *testing.B) { BenchBirth(b, x, 1) })
	b.Run("Birth64", func(b *testing.B) { BenchBirth(b, x, 64) })
	b.Run("Load", func(b *testing.B) {
		s := filled(b, x, 200)
		for i := 0; b.Loop(); i++ {
			ok(s.Load(b.Context(), fmt.Sprintf("F%06d", i%200)))(b)
		}
	})
	b.Run("Claim", func(b *testing.B) {
		s := filled(b, x, 200)
		now := wall
		for b.Loop() {
			now = now.Add(2 * time.Minute) // earlier leases are over
			if ds := ok(s.Claim(b.Context(), "n", now, now.Add(time.Minute), 50))(b); len(ds) != 50 {
				b.Fatalf("claimed %d", len(ds))
			}
		}
	})
	b.Run("Project", func(b *testing.B) {
		s := filled(b, x, 200)
		for b.Loop() {
			must(b, s.Rebuild(b.Context())) // 200 cases
		}
	})
	b.Run("Sums", func(b *testing.B) {
		s := filled(b, x, 200)
		must(b, s.Rebuild(b.Context()))
		q := engine.SumQuery{From: "2026-01-01", To: "2026-12-31"}
		for i := range 20 {
			q.Offices = append(q.Offices, fmt.Sprintf("civil@%05d", i))
		}
		for b.Loop() {
			if fs := ok(s.Sums(b.Context(), q))(b); len(fs) == 0 {
				b.Fatal("nothing is counted")
			}
		}
	})
	b.Run("Rows", func(b *testing.B) { benchRows(b, x, "") })
	b.Run("Search", func(b *testing.B) { benchRows(b, x, "nguyen hoa 7") })
}

// ordinary is what a command usually writes: about 2 kB of application.
func ordinary(code string, i int) Filing {
	return Filing{Code: code, Child: fmt.Sprintf("Nguyễn Thị Hoa %d", i), Person: fmt.Sprintf("%012d", i), Office: fmt.Sprintf("civil@%05d", i%20),
		App: map[string]any{"child": map[string]any{"name": fmt.Sprintf("Nguyễn Thị Hoa %d", i), "born": "2026-08-30", "place": "Trạm y tế xã Ba Vì"},
			"text": fmt.Sprintf("%01500d", i)}}
}

func benchAppend(b *testing.B, x Target, parallel int) {
	s := x.open(b, Hooks{})
	var n atomic.Int64
	b.SetParallelism(parallel)
	b.ReportAllocs()
	one := func() error {
		i := int(n.Add(1))
		st := File(ordinary(fmt.Sprintf("G%08d", i), i))
		st.Go("receive", "birth", moved("birth", "submitted", "received", 2, "civil@00004", ""),
			requested("birth", st.Key(1), "population", map[string]any{"name": "x"}), notified("birth", st.Key(2), "001"))
		c := st.Change()
		c.Answer = &engine.Answer{Actor: "an", Key: c.Case.Code, Digest: "d", Case: c.Case.Code, Status: 201, At: T0}
		return s.Append(context.Background(), c)
	}
	if parallel == 1 {
		for b.Loop() {
			must(b, one())
		}
		return
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := one(); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// filled is a store with n cases that owe one delivery each.
func filled(b *testing.B, x Target, n int) engine.Store {
	b.Helper()
	s := x.open(b, Hooks{})
	var cs []engine.Change
	for i := range n {
		st := File(ordinary(fmt.Sprintf("F%06d", i), i))
		st.Go("ask", "birth", requested("birth", st.Key(0), "population", nil), stateDue("birth", T0.Add(time.Duration(i)*time.Minute)))
		if cs = append(cs, st.Change()); len(cs) == 200 || i == n-1 {
			must(b, s.Append(b.Context(), cs...))
			cs = nil
		}
	}
	return s
}

func benchRows(b *testing.B, x Target, text string) {
	s := filled(b, x, 4000)
	q := engine.RowQuery{Offices: []string{"civil@00007"}, Limit: 25, Text: text}
	for b.Loop() {
		rows, _, err := s.Rows(b.Context(), q)
		must(b, err)
		if text == "" && len(rows) != 25 {
			b.Fatalf("%d rows", len(rows))
		}
	}
}
