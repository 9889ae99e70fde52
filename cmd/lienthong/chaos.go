package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"lienthong/cmd/lienthong/chaos"
)

type chaosCommand struct {
	spoken
	Minutes float64  `help:"How long the faults strike, all together; cases are given time to end on top." default:"15"`
	Seed    uint64   `help:"Of the plan of faults."  default:"1"`
	Only    []string `help:"Only these faults, by name."`
	Dir     string   `help:"Keep the files in this folder; without it they are removed when all is good." type:"path"`
	Drivers int      `help:"People who act at once." default:"64"`
	Rounds  int      `help:"How often each fault strikes; by the time without it."`
}

// Validate refuses what no run can be.
func (c *chaosCommand) Validate() error {
	if c.Minutes < 0 || c.Drivers < 0 || c.Rounds < 0 {
		return errors.New("a length or a number is negative")
	}
	_, err := chaos.Chosen(c.Only)
	return err
}

// Run hurts the system and exits with 1 when anything was lost, doubled or left, or a
// fault could not be made.
func (c *chaosCommand) Run(e *env) error {
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	r, err := chaos.Run(e.ctx, chaos.Config{
		Self:   func(args ...string) *exec.Cmd { return exec.Command(binary, args...) },
		Length: time.Duration(c.Minutes * float64(time.Minute)), Seed: c.Seed, Only: c.Only, Dir: c.Dir, Drivers: c.Drivers, Rounds: c.Rounds,
		Say: func(format string, args ...any) {
			if !e.asJSON {
				fmt.Fprintln(e.out, e.of(fmt.Sprintf(format, args...)))
			}
		},
	})
	if r != nil && e.asJSON {
		if jerr := e.json(r); err == nil {
			err = jerr
		}
	} else if r != nil {
		r.Print(e.out, e.of)
	}
	return verdict(r, err)
}

// verdict is how the command ends: well only when the run came to its end with every
// fault that was asked for, and nothing was lost, doubled, left or wrong.
func verdict(r *chaos.Report, err error) error {
	if err == nil && (!r.Good() || r.Skipped() > 0) {
		err = errNotGood
	}
	return err
}
