package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"lienthong/engine/replay"
	"lienthong/store/sqlite"
)

// whatIf goes on from an entry of a case with other commands.
func (c *replayCommand) whatIf(e *env, f *sqlite.File) error {
	text, err := c.then()
	if err != nil {
		return err
	}
	then, err := replay.ParseThen(text)
	if err != nil {
		return err
	}
	defs, err := definitions(c.Against)
	if err != nil {
		return err
	}
	code, err := caseOf(e.ctx, f, c.Case)
	if err != nil {
		return err
	}
	history, err := replay.History(e.ctx, f, code)
	if err != nil {
		return err
	}
	at := history[len(history)-1].Seq
	if c.At != nil {
		at = *c.At
	}
	a, err := replay.WhatIf(defs, history, at, then, c.GoOn, replay.Options{Version: c.Version})
	if err != nil {
		return err
	}
	if e.asJSON {
		return e.json(a)
	}
	fmt.Fprintf(e.out, c.say("%s sau mục %d, rồi:\n", "%s after entry %d, and then:\n"), code, at)
	printEntries(e.out, a.Entries)
	for _, r := range a.Refused {
		fmt.Fprintf(e.out, c.say("  bị từ chối: %d (%s): %s: %s\n", "  refused: %d (%s): %s: %s\n"), r.Seq, strings.TrimSpace(r.Step+" "+r.Action), r.Code, r.Why.In(c.Lang))
	}
	if a.Case == nil {
		fmt.Fprintln(e.out, c.say("sẽ không có hồ sơ nào", "there would be no case"))
		return nil
	}
	c.printCase(e.out, a.Case)
	for _, k := range a.Clocks {
		if k.Step == "" && !k.Due.IsZero() {
			fmt.Fprintf(e.out, c.say("  hạn của cả hồ sơ: %s\n", "  the whole is due %s\n"), local(k.Due))
		}
	}
	for _, d := range a.Ends {
		fmt.Fprintln(e.out, c.say("  khác với đã lưu:", "  otherwise than kept:"), d.In(c.Lang))
	}
	return nil
}

// then is what --then gives: JSON itself, or a file that holds it.
func (c *replayCommand) then() ([]byte, error) {
	if t := strings.TrimSpace(c.Then); strings.HasPrefix(t, "{") || strings.HasPrefix(t, "[") {
		return []byte(t), nil
	}
	f, err := os.Open(c.Then)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	return io.ReadAll(io.LimitReader(f, replay.MaxThen+1))
}
