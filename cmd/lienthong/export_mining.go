package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"lienthong/engine"
	"lienthong/engine/replay"
	"lienthong/engine/replay/mining"
	"lienthong/store/sqlite"
)

// eventLog is a log of either format.
type eventLog interface {
	Add(history []engine.Entry) error
	Close() error
}

// mine writes an event log for process-mining tools.
func (c *exportCommand) mine(e *env, f *sqlite.File) error {
	var cases, entries int64
	err := c.file(e, func(w io.Writer) (err error) {
		var log eventLog
		if c.Format == "xes" {
			log, err = mining.NewXES(w)
		} else {
			var objects *os.File
			if objects, err = os.CreateTemp("", "lienthong-objects-"); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, objects.Close(), os.Remove(objects.Name())) }()
			log, err = mining.NewOCEL(w, objects)
		}
		if err != nil {
			return err
		}
		bar := e.progress()
		defer bar.end()
		err = c.cases(e, f, func(code string) error {
			history, err := replay.History(e.ctx, f, code)
			if err != nil {
				return err
			}
			cases, entries = cases+1, entries+int64(len(history))
			bar.show(e.say("hồ sơ ", "cases ")+thousands(cases), 0, 0)
			return log.Add(history)
		})
		if err != nil {
			return err
		}
		return log.Close()
	})
	if err != nil {
		return err
	}
	if e.asJSON {
		return e.json(map[string]any{"good": true, "file": c.To, "cases": cases, "entries": entries})
	}
	fmt.Fprintf(e.out, e.say("%s: %s hồ sơ với %s sự kiện\n", "%s: %s cases with %s events\n"), c.To, thousands(cases), thousands(entries))
	return nil
}
