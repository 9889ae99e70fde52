package bench

import (
	"fmt"
	"strings"
)

// In is the report for people; of says a line, or a piece of one, in their language.
func (r *Report) In(of func(string) string) string {
	var b strings.Builder
	how := "in process"
	if r.HTTP {
		how = "over HTTP"
	}
	fmt.Fprintln(&b, of(fmt.Sprintf("%s job, %s, store %s, %d drivers, medians of %d", r.Job, how, r.Store, r.Drivers, r.Runs)))
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-16s %s\n", of(name), of(fmt.Sprintf(format, args...)))
	}
	line("cases/s", "%.1f  (%.0f in %.1f s, of which %.1f s to settle what was owed)", r.CasesPerSecond, r.Cases, r.Seconds, r.Settling)
	line("transitions/s", "%.0f", r.TransitionsPerSecond)
	line("entries/s", "%.0f  (%.1f per case)", r.EntriesPerSecond, r.Entries/r.Cases)
	line("approval ms", "%s", r.Approval)
	line("filing ms", "%s", r.Filing)
	if r.Citizen.Max > 0 {
		line("citizen ms", "%s", r.Citizen)
	}
	line("opening ms", "%s", r.Opening)
	line("whole case ms", "%s", r.Case)
	if r.Commits > 0 {
		line("commits", "%.0f  (%.1f entries, %.1f calls in each)", r.Commits, r.EntriesPerCommit, r.CallsPerCommit)
		line("bytes per case", "%.0f", r.BytesPerCase)
	}
	line("peak memory", "%.0f MiB", r.PeakRSS/(1<<20))
	line("CPU", "%.1f s  (%.2f ms per case)", r.CPUSeconds, r.CPUSeconds/r.Cases*1000)
	if c := r.Ceilings; c != nil {
		line("same rows", "%.1f cases/s, %.2f ms CPU per case, approval %s", c.Rows.CasesPerSecond, c.Rows.CPUSeconds/c.Rows.Cases*1000, c.Rows.Approval)
		line("bare writer", "%.1f cases/s, %.0f commands/s, %.2f ms CPU per case, approval %s", c.Bare.CasesPerSecond, c.Bare.CommandsPerSecond, c.Bare.CPUSeconds/c.Bare.Cases*1000, c.Bare.Approval)
		line("ratio_to_rows", "%s", c.RatioToRows)
		line("ratio_to_ceiling", "%s", c.RatioToCeiling)
		line("commands_ratio", "%s", c.CommandsRatio)
		line("cpu_ratio", "%s", c.CPURatio)
	}
	return b.String()
}

// String is the ratio with its spread.
func (r Ratio) String() string {
	return fmt.Sprintf("%.3f  (%.3f to %.3f)", r.Median, r.Min, r.Max)
}

// String is the percentiles in one line.
func (t Times) String() string {
	return fmt.Sprintf("p50 %.2f  p95 %.2f  p99 %.2f  max %.2f", t.P50, t.P95, t.P99, t.Max)
}
