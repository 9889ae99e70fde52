package bench

import (
	"math"
	"slices"
	"time"
)

// Figures are what one run came to, or the medians of several.
type Figures struct {
	Cases       float64 `json:"cases"`
	Entries     float64 `json:"entries"`
	Transitions float64 `json:"transitions"` // moves of dossiers into a state
	Seconds     float64 `json:"seconds"`     // until the last delivery was settled
	Settling    float64 `json:"settling"`    // of those, after the last case had ended

	CasesPerSecond       float64 `json:"cases_per_second"`
	EntriesPerSecond     float64 `json:"entries_per_second"`
	TransitionsPerSecond float64 `json:"transitions_per_second"`

	Filing   Times `json:"filing_ms"`
	Approval Times `json:"approval_ms"` // any command of a clerk or a leader
	Citizen  Times `json:"citizen_ms"`  // confirming, consenting
	Opening  Times `json:"opening_ms"`  // reading the case before acting, logged for staff
	Case     Times `json:"case_ms"`     // from filing to the card that is handed over

	Commits          float64 `json:"commits"` // of the writer; 0 in memory
	EntriesPerCommit float64 `json:"entries_per_commit"`
	CallsPerCommit   float64 `json:"calls_per_commit"`
	BytesPerCase     float64 `json:"bytes_per_case"` // of the file, the log moved into it; 0 in memory
	PeakRSS          float64 `json:"peak_rss_bytes"`
	CPUSeconds       float64 `json:"cpu_seconds"`
}

// Times are percentiles in milliseconds.
type Times struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// timesOf sorts its argument.
func timesOf(ds []time.Duration) Times {
	if len(ds) == 0 {
		return Times{}
	}
	slices.Sort(ds)
	at := func(p float64) float64 {
		i := int(math.Ceil(p*float64(len(ds)))) - 1
		return float64(ds[min(max(i, 0), len(ds)-1)]) / float64(time.Millisecond)
	}
	return Times{P50: at(0.50), P95: at(0.95), P99: at(0.99), Max: at(1)}
}

// numbers are all values, for taking medians.
func (f *Figures) numbers() []*float64 {
	out := []*float64{&f.Cases, &f.Entries, &f.Transitions, &f.Seconds, &f.Settling, &f.CasesPerSecond, &f.EntriesPerSecond, &f.TransitionsPerSecond,
		&f.Commits, &f.EntriesPerCommit, &f.CallsPerCommit, &f.BytesPerCase, &f.PeakRSS, &f.CPUSeconds}
	for _, t := range []*Times{&f.Filing, &f.Approval, &f.Citizen, &f.Opening, &f.Case} {
		out = append(out, &t.P50, &t.P95, &t.P99, &t.Max)
	}
	return out
}

// medians takes the median of every value by itself.
func medians[T any, P interface {
	*T
	numbers() []*float64
}](runs []T) T {
	var out T
	for i, into := range P(&out).numbers() {
		var vs []float64
		for j := range runs {
			vs = append(vs, *P(&runs[j]).numbers()[i])
		}
		*into = median(vs)
	}
	return out
}

// median of the values; 0 of none.
func median(vs []float64) float64 {
	if len(vs) == 0 {
		return 0
	}
	vs = slices.Sorted(slices.Values(vs))
	m := len(vs) / 2
	if len(vs)%2 == 1 {
		return vs[m]
	}
	return (vs[m-1] + vs[m]) / 2
}
