package bench

import (
	"fmt"
	"strings"
)

// In is the report for people: a line for each question, a column for each
// size, and how much longer the largest size takes than the smallest. of says a
// piece of it in their language; a question keeps the name by which it is asked for.
func (r *GrowthReport) In(of func(string) string) string {
	var b strings.Builder
	for _, s := range r.Sizes {
		line := fmt.Sprintf("%9d finished, %6d open: %7.2f GB, %.0f bytes a case", s.Finished, s.Open, float64(s.Bytes)/1e9, float64(s.Bytes)/float64(s.Finished+s.Open))
		if s.Loaded > 0 {
			line += fmt.Sprintf("; %d loaded in %.0f s, %.0f a second", s.Loaded, s.Seconds, float64(s.Loaded)/s.Seconds)
		}
		fmt.Fprintln(&b, of(line))
	}
	if len(r.Sizes) == 0 || len(r.Sizes[len(r.Sizes)-1].Probes) == 0 {
		return b.String()
	}
	fmt.Fprintf(&b, "\n%-32s", of("milliseconds, warm p50 / p99"))
	for _, s := range r.Sizes {
		fmt.Fprintf(&b, " %20d", s.Finished)
	}
	fmt.Fprintf(&b, " %14s %24s %16s %16s %20s\n", of("ratio"), of("processor (ratio)"), of("rows (first)"), of("reads (first)"), of("cold p50 (ratio)"))
	last := r.Sizes[len(r.Sizes)-1]
	for _, p := range last.Probes {
		fmt.Fprintf(&b, "%-32s", p.Name)
		for _, s := range r.Sizes {
			if q := s.probe(p.Name); q != nil {
				fmt.Fprintf(&b, " %20s", fmt.Sprintf("%.2f / %.2f", q.Warm.P50, q.Warm.P99))
			}
		}
		q := r.Sizes[0].probe(p.Name)
		if q == nil {
			b.WriteString("\n")
			continue
		}
		fmt.Fprintf(&b, " %14s", fmt.Sprintf("%.2f / %.2f", ratio(p.Warm.P50, q.Warm.P50), ratio(p.Warm.P99, q.Warm.P99)))
		fmt.Fprintf(&b, " %24s %16s %16s", fmt.Sprintf("%.2f / %.2f (%.2f)", p.CPU.P50, p.CPU.P99, ratio(p.CPU.P50, q.CPU.P50)), fmt.Sprintf("%.0f (%.0f)", p.Rows, q.Rows), fmt.Sprintf("%.0f (%.0f)", p.Reads, q.Reads))
		if p.Cold != nil && q.Cold != nil {
			fmt.Fprintf(&b, " %20s", fmt.Sprintf("%.2f (%.2f)", p.Cold.P50, ratio(p.Cold.P50, q.Cold.P50)))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// String is a line for people.
func (p Probed) String() string {
	return fmt.Sprintf("  %-28s warm %s   processor p50 %.2f  p99 %.2f   rows %.0f  reads %.0f", p.Name, p.Warm, p.CPU.P50, p.CPU.P99, p.Rows, p.Reads)
}

// probe finds what was measured under a name, or nil.
func (s *Size) probe(name string) *Probed {
	for i := range s.Probes {
		if s.Probes[i].Name == name {
			return &s.Probes[i]
		}
	}
	return nil
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
