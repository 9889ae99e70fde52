package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/store/sqlite"
)

// progress is one line that is written over and over on a terminal, and nothing
// anywhere else.
type progress struct {
	w     io.Writer           // nil = nobody watches
	of    func(string) string // what the store says, in a language
	began time.Time
	next  time.Time
	width int
}

// progress begins a line on the terminal, if there is one and a person reads it.
func (e *env) progress() *progress {
	p := &progress{began: time.Now(), of: e.of}
	f, ok := e.errs.(*os.File)
	if !ok || e.asJSON {
		return p
	}
	if st, err := f.Stat(); err == nil && st.Mode()&os.ModeCharDevice != 0 {
		p.w = f
	}
	return p
}

// show writes how far something is, a few times a second; total 0 = not known.
func (p *progress) show(what string, done, total int64) {
	now := time.Now()
	if p.w == nil || now.Before(p.next) {
		return
	}
	p.next = now.Add(200 * time.Millisecond)
	what = p.of(what)
	line := what
	if total > 0 {
		line = fmt.Sprintf("%s %s / %s (%d %%)", what, thousands(done), thousands(total), done*100/total)
		if s := now.Sub(p.began).Seconds(); s > 1 {
			line += fmt.Sprintf(", %s/s", thousands(int64(float64(done)/s)))
		}
	}
	fmt.Fprint(p.w, "\r"+line+strings.Repeat(" ", max(0, p.width-len(line))))
	p.width = len(line)
}

// end takes the line away.
func (p *progress) end() {
	if p.w != nil && p.width > 0 {
		fmt.Fprint(p.w, "\r"+strings.Repeat(" ", p.width)+"\r")
	}
	p.width = 0
}

// thousands writes a number in groups of three.
func thousands(n int64) string { return engine.Grouped(n, ",") }

// perSecond is a rate; 0 when it took no time.
func perSecond(n int64, took time.Duration) int64 {
	if took <= 0 {
		return 0
	}
	return int64(float64(n) / took.Seconds())
}

// json writes a value for a program.
func (e *env) json(v any) error {
	enc := json.NewEncoder(e.out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// maxFound bounds the findings that are kept for JSON; all are counted.
const maxFound = 10_000

// collect tells a person of every finding at once, and keeps them for a program.
func (e *env) collect(bar *progress, found *[]sqlite.Finding) func(sqlite.Finding) {
	return func(f sqlite.Finding) {
		if len(*found) < maxFound {
			*found = append(*found, f)
		}
		if !e.asJSON {
			bar.end()
			fmt.Fprintln(e.out, e.of(f.String()))
		}
	}
}

// failed tells a program what was found before the command gave up; the error
// itself is told to a person.
func (e *env) failed(err error, found []sqlite.Finding) error {
	if !e.asJSON {
		return err
	}
	why := err.Error()
	return errors.Join(e.json(map[string]any{"good": false, "error": why, "found": found}), err)
}

// newest is the last entry of a file.
type newest struct {
	Case string    `json:"case"`
	Seq  int64     `json:"seq"`
	At   time.Time `json:"at"`
}

func newestOf(e *engine.Entry) *newest {
	if e == nil {
		return nil
	}
	return &newest{e.Case, e.Seq, e.At}
}
