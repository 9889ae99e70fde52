package main

import (
	"errors"
	"testing"

	"lienthong/cmd/lienthong/chaos"
)

// TestChaosEndsAsItsReport: one loss or double, or a fault that could not be made, and
// the command does not end well.
func TestChaosEndsAsItsReport(t *testing.T) {
	broke := errors.New("no disk")
	for name, x := range map[string]struct {
		row  chaos.Row
		err  error
		want error
	}{
		"good":       {want: nil},
		"a loss":     {row: chaos.Row{Losses: 1}, want: errNotGood},
		"a double":   {row: chaos.Row{Doubles: 1}, want: errNotGood},
		"slow":       {row: chaos.Row{Slow: 1}, want: nil},
		"skipped":    {row: chaos.Row{Skipped: "there is no C compiler (cc)"}, want: errNotGood},
		"broken off": {row: chaos.Row{Losses: 1}, err: broke, want: broke},
	} {
		if got := verdict(&chaos.Report{Rows: []chaos.Row{{}, x.row}}, x.err); got != x.want {
			t.Errorf("%s: %v, want %v", name, got, x.want)
		}
	}
}
