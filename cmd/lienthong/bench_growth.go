package main

import (
	"errors"
	"fmt"
	"time"

	"lienthong/cmd/lienthong/bench"
)

type benchGrowth struct {
	spoken
	DB         string   `help:"SQLite file to fill; a load that was stopped goes on." required:"" type:"path"`
	Finished   int      `help:"Finished cases." default:"1000000"`
	Open       int      `help:"Open cases." default:"50000"`
	At         []int    `help:"Numbers of finished cases at which to measure, beside the end."`
	Seed       uint64   `help:"Of everything that is drawn." default:"1"`
	Workers    int      `help:"That make cases at once." default:"3"`
	Samples    int      `help:"Of each question, warm." default:"300"`
	Cold       int      `help:"Of each question, with nothing in memory; below 0 means none." default:"20"`
	HTTP       bool     `help:"Act and ask over TCP, as people do; nothing cold." name:"http"`
	Only       []string `help:"Measure only the questions whose name contains one of these."`
	Counted    int      `help:"Entries to be counted before the indicators are asked for; 0 means all. Later runs go on." default:"0"`
	LoadOnly   bool     `help:"Fill the file and measure nothing."`
	CPUProfile string   `help:"Write a CPU profile here." name:"cpuprofile" type:"path"`
}

// Run fills, measures and prints; what happens is told on the way.
func (c *benchGrowth) Run(e *env) (err error) {
	stop, err := profile(c.CPUProfile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	began := time.Now()
	r, err := bench.Grow(e.ctx, bench.GrowthConfig{Database: c.DB, Finished: c.Finished, Open: c.Open, At: c.At, Seed: c.Seed, Workers: c.Workers,
		Samples: c.Samples, Cold: c.Cold, Skip: c.LoadOnly, Only: c.Only, HTTP: c.HTTP, Counted: c.Counted, Tell: func(format string, args ...any) {
			if !e.asJSON {
				fmt.Fprintf(e.out, "%6.0fs  %s\n", time.Since(began).Seconds(), e.of(fmt.Sprintf(format, args...)))
			}
		}})
	if err != nil {
		return err
	}
	if e.asJSON {
		return e.json(r)
	}
	_, err = fmt.Fprintf(e.out, "\n%s", r.In(e.of))
	return err
}
