package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
)

// Ceilings are the two writers that the engine is compared with, measured in the
// same run in turn with it: medians, and the ratios of the medians.
type Ceilings struct {
	// Rows is ceiling A: the same rows, without deciding.
	Rows Ceiling `json:"rows"`
	// Bare is ceiling B: two rows per command, seven commands per case.
	Bare Ceiling `json:"bare"`

	RatioToRows    Ratio `json:"ratio_to_rows"`    // our cases per second to A's
	RatioToCeiling Ratio `json:"ratio_to_ceiling"` // our cases per second to B's
	CommandsRatio  Ratio `json:"commands_ratio"`   // our entries per second to B's commands
	CPURatio       Ratio `json:"cpu_ratio"`        // A's processor time per case to ours: what ratio_to_rows would be on a machine that does nothing else
}

// Ratio is a ratio of medians, with the least and the greatest of a round.
type Ratio struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// ceilings measures us and both writers in turn.
func (c Config) ceilings(ctx context.Context, dir string, r *Report) error {
	recorded, want, err := c.record(ctx, dir)
	if err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	var as, bs []Ceiling
	for i := range c.Runs {
		f, err := c.ours(ctx, dir, fmt.Sprintf("ours-%d", i+1))
		if err != nil {
			return err
		}
		r.All = append(r.All, f)
		a, err := c.rows(ctx, dir, fmt.Sprintf("rows-%d", i+1), recorded, want)
		if err != nil {
			return fmt.Errorf("the writer of the same rows: %w", err)
		}
		as = append(as, a)
		debug.FreeOSMemory()
		b, err := c.bareRun(ctx, dir, fmt.Sprintf("bare-%d", i+1))
		if err != nil {
			return fmt.Errorf("the bare writer: %w", err)
		}
		bs = append(bs, b)
	}
	r.Ceilings = compare(r.All, as, bs)
	return nil
}

// record runs the engine once and keeps what it wrote in a file: what is not
// measured must not stand in the memory of what is.
func (c Config) record(ctx context.Context, dir string) (path string, want map[string]content, err error) {
	defer hoard()()
	c.HTTP, c.recording = false, true
	s, err := c.open(ctx, dir, "recorded")
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, s.close(), s.remove()); debug.FreeOSMemory() }()
	if _, err := c.measure(ctx, s); err != nil {
		return "", nil, err
	}
	if want, err = contents(ctx, s.path); err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "recorded.gob")
	f, err := os.Create(path)
	if err != nil {
		return "", nil, err
	}
	_, err = s.recorder.save(f)
	return path, want, errors.Join(err, f.Close())
}

// rows measures ceiling A and checks that it wrote what the engine had written.
func (c Config) rows(ctx context.Context, dir, name, recorded string, want map[string]content) (Ceiling, error) {
	out, path, err := c.replay(ctx, dir, name, recorded)
	if err != nil {
		return out, err
	}
	got, err := contents(ctx, path)
	if err == nil && !maps.Equal(got, want) {
		err = fmt.Errorf("it wrote %v, the engine %v", got, want)
	}
	return out, errors.Join(err, remove(path))
}

// compare makes medians and ratios of the rounds.
func compare(ours []Figures, as, bs []Ceiling) *Ceilings {
	out := &Ceilings{Rows: medians(as), Bare: medians(bs)}
	of := func(mine func(*Figures) float64, theirs func(i int) float64) Ratio {
		var xs, ys, rs []float64
		for i := range ours {
			x, y := mine(&ours[i]), theirs(i)
			xs, ys, rs = append(xs, x), append(ys, y), append(rs, x/y)
		}
		return Ratio{Median: median(xs) / median(ys), Min: slices.Min(rs), Max: slices.Max(rs)}
	}
	cases := func(f *Figures) float64 { return f.CasesPerSecond }
	out.RatioToRows = of(cases, func(i int) float64 { return as[i].CasesPerSecond })
	out.RatioToCeiling = of(cases, func(i int) float64 { return bs[i].CasesPerSecond })
	out.CommandsRatio = of(func(f *Figures) float64 { return f.EntriesPerSecond }, func(i int) float64 { return bs[i].CommandsPerSecond })
	rows := func(i int) float64 { return as[i].Cases / as[i].CPUSeconds }
	out.CPURatio = of(func(f *Figures) float64 { return f.Cases / f.CPUSeconds }, rows)
	return out
}
