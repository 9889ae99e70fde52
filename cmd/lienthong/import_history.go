package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"lienthong/engine"
	"lienthong/store/sqlite"
	"lienthong/store/transfer"
)

type importHistoryCommand struct {
	spoken
	File  string `arg:"" help:"File that export wrote." type:"existingfile"`
	DB    string `help:"Database to make; it must not exist. Without it the file is only checked." type:"path"`
	Known string `help:"What export said the SHA-256 of the content is." placeholder:"HEX"`
}

// Run checks a file and writes its cases to a fresh database, all or none.
func (c *importHistoryCommand) Run(e *env) (err error) {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read
	r, err := open(f)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	add, finish, drop := func(*transfer.Case) error { return nil }, func() error { return nil }, func() {}
	if c.DB != "" {
		if add, finish, drop, err = fresh(e, c.DB); err != nil {
			return err
		}
	}
	defer drop()
	bar := e.progress()
	for n := int64(0); ; n++ {
		k, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = e.ctx.Err()
		}
		if err == nil {
			err = add(k)
		}
		if err != nil {
			bar.end()
			return fmt.Errorf("%s: %w", c.File, err)
		}
		bar.show(e.say("hồ sơ ", "cases ")+thousands(n), 0, 0)
	}
	bar.end()
	if c.Known != "" && !strings.EqualFold(c.Known, r.Total.Digest) {
		return fmt.Errorf(e.say("%s: SHA-256 của nội dung là %s, không phải %s: tệp nguyên vẹn nhưng là tệp khác",
			"%s: SHA-256 of its content is %s, not %s: it is whole, but another file"), c.File, r.Total.Digest, c.Known)
	}
	if err := finish(); err != nil {
		return err
	}
	return c.tell(e, r)
}

func (c *importHistoryCommand) tell(e *env, r *transfer.Reader) error {
	if e.asJSON {
		return e.json(struct {
			Good          bool   `json:"good"`
			DB            string `json:"db,omitempty"`
			Pseudonymised bool   `json:"pseudonymised"`
			transfer.Total
		}{true, c.DB, r.Header.Pseudonymised, r.Total})
	}
	kind := e.say("với dữ liệu nguyên gốc", "with the data as it was")
	if r.Header.Pseudonymised {
		kind = e.say("với dữ liệu cá nhân đã thay thế", "with stand-ins for personal data")
	}
	to := e.say("nguyên vẹn", "sound")
	if c.DB != "" {
		to = e.say("đã nhập vào ", "brought into ") + c.DB
	}
	fmt.Fprintf(e.out, e.say("%s: %s hồ sơ, %s mục %s, SHA-256 của nội dung %s: %s\n", "%s: %s cases, %s entries %s, SHA-256 of the content %s: %s\n"), c.File, thousands(r.Total.Cases), thousands(r.Total.Entries), kind, r.Total.Digest, to)
	if c.DB != "" && r.Header.Pseudonymised {
		fmt.Fprintf(e.out, e.say("kiểm tra bằng", "check it with")+": lienthong verify --pseudonymised --db %s\n", c.DB)
	}
	return nil
}

// open begins to read a file, compressed or not.
func open(f io.Reader) (*transfer.Reader, error) {
	b := bufio.NewReader(f)
	if start, err := b.Peek(2); err == nil && start[0] == 0x1f && start[1] == 0x8b {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, err
		}
		return transfer.NewReader(z)
	}
	return transfer.NewReader(b)
}

// fresh begins a database under another name. finish gives it its own; drop removes
// what was not finished.
func fresh(e *env, name string) (add func(*transfer.Case) error, finish func() error, drop func(), err error) {
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil, fmt.Errorf(e.say("%s đã có: lịch sử được nhập vào một cơ sở dữ liệu mới", "%s is there already: histories are brought into a fresh database"), name)
	}
	dir, err := os.MkdirTemp(filepath.Dir(name), ".import-")
	if err != nil {
		return nil, nil, nil, err
	}
	drop = func() { _ = os.RemoveAll(dir) }
	tmp := filepath.Join(dir, filepath.Base(name))
	s, err := sqlite.Open(e.ctx, sqlite.Config{Path: tmp, TakeOver: true})
	if err != nil {
		drop()
		return nil, nil, nil, err
	}
	remove, closed := drop, false
	end := func() error {
		if closed {
			return nil
		}
		closed = true
		return s.Close()
	}
	drop = func() { _ = end(); remove() }
	finish = func() error {
		if err := end(); err != nil {
			return err
		}
		return os.Rename(tmp, name)
	}
	add = func(k *transfer.Case) error { return bring(e.ctx, s, k) }
	return add, finish, drop, nil
}

// bring writes one case. What it owes was owed elsewhere: nothing of it is sent.
// An answer that history holds settles its delivery; a request without one waits for
// a person; messages are given up.
func bring(ctx context.Context, s *sqlite.Store, k *transfer.Case) error {
	c := engine.Change{Entries: k.Entries}
	answers := map[string]*engine.Reply{}
	for i := range k.Entries {
		e := &k.Entries[i]
		c.Case = engine.Fold(c.Case, *e)
		if rep := e.Facts.Reply; rep != nil && e.Command.Action == engine.ActReply {
			answers[rep.Request] = rep
		}
	}
	for i := range k.Entries {
		for _, d := range k.Entries[i].Effects() {
			switch rep := answers[d.Key]; {
			case rep != nil:
				d.Status, d.Reply, d.SentAt, d.DoneAt = engine.DeliveryDone, rep, d.At, d.At
			case d.Registry == engine.NotificationRegistry:
				d.Status, d.Note, d.DoneAt = engine.DeliverySkipped, "imported", d.At
			default:
				d.Status, d.LastError = engine.DeliveryIncident, engine.Trouble{Code: engine.TroubleImported}
			}
			c.Settled = append(c.Settled, d)
		}
	}
	return s.Import(ctx, c, k.Sealed)
}
