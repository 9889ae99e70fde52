package main

import (
	"errors"
	"fmt"
	"time"

	"lienthong/engine/calendar"
	"lienthong/store/sqlite"
)

type archiveCommand struct {
	spoken
	DB      string `help:"Database; no server may be running on it." required:"" type:"path"`
	To      string `help:"Sealed file to move closed cases to; a run that died is finished by naming it again." type:"path"`
	Before  string `help:"Move cases that ended before this day, YYYY-MM-DD (Vietnam time)."`
	Limit   int    `help:"Move at most so many; 0 moves all."`
	Restore string `help:"Bring this case back instead, by any of its codes."`
	From    string `help:"With --restore: where the archive is; without it, beside the database." type:"path"`
}

// Validate refuses what makes no sense together.
func (c *archiveCommand) Validate() error {
	switch {
	case c.Restore != "" && (c.To != "" || c.Before != "" || c.Limit != 0):
		return errors.New("--restore goes with --from only")
	case c.Restore == "" && (c.To == "" || c.Before == ""):
		return errors.New("want --to and --before, or --restore")
	case c.Restore == "" && c.From != "":
		return errors.New("--from goes with --restore")
	case c.Limit < 0:
		return errors.New("--limit is negative")
	}
	_, err := c.before()
	return err
}

func (c *archiveCommand) before() (time.Time, error) {
	if c.Before == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, c.Before, calendar.Zone)
	if err != nil {
		return t, fmt.Errorf("--before %q: want YYYY-MM-DD", c.Before)
	}
	return t, nil
}

// Run moves closed cases out, or one back in.
func (c *archiveCommand) Run(e *env) error {
	if c.Restore != "" {
		return c.back(e)
	}
	before, err := c.before()
	if err != nil {
		return err
	}
	bar := e.progress()
	found := []sqlite.Finding{}
	a, err := sqlite.Archive(e.ctx, c.DB, c.To, sqlite.ArchiveOptions{Before: before, Limit: c.Limit, Now: time.Now(), Progress: bar.show, Bad: e.collect(bar, &found)})
	bar.end()
	if err != nil {
		return e.failed(err, found)
	}
	if a.Left > 0 {
		err = fmt.Errorf("%d cases are damaged or cannot be read: they stay in the database", a.Left)
	}
	if e.asJSON {
		return errors.Join(e.json(struct {
			Good  bool             `json:"good"`
			Found []sqlite.Finding `json:"found,omitempty"`
			sqlite.Archived
		}{err == nil, found, a}), err)
	}
	switch {
	case a.Cases == 0 && a.Left > 0:
	case a.Cases == 0:
		fmt.Fprintf(e.out, e.say("không có hồ sơ nào kết thúc trước %s mà không còn chờ gì: không chuyển gì\n", "no case ended before %s and waits for nothing: nothing was moved\n"), c.Before)
	case a.Finished && a.Moved == 0 && a.WentOn == 0 && a.Left == 0:
		fmt.Fprintf(e.out, e.say("%s: cả %s hồ sơ của nó đã rời cơ sở dữ liệu từ trước; không còn gì phải làm\n", "%s: all of its %s cases had left the database before; nothing was left to do\n"), a.Path, thousands(a.Cases))
	default:
		fmt.Fprintf(e.out, e.say("%s: %s hồ sơ với %s mục, %s byte, SHA-256 %s\n", "%s: %s cases with %s entries, %s bytes, SHA-256 %s\n"), a.Path, thousands(a.Cases), thousands(a.Entries), thousands(a.Bytes), a.SHA256)
		fmt.Fprintf(e.out, e.say("%s hồ sơ vừa rời cơ sở dữ liệu", "%s cases left the database now"), thousands(a.Moved))
		if a.WentOn > 0 {
			fmt.Fprintf(e.out, e.say("; %s hồ sơ có diễn biến từ khi được sao chép nên ở lại", "; %s went on since they were copied, and stay"), thousands(a.WentOn))
		}
		fmt.Fprintln(e.out, e.say(". Chỗ của chúng được dùng lại; tệp không nhỏ đi.", ". Their room in it is used again; the file does not become smaller."))
	}
	return err
}

func (c *archiveCommand) back(e *env) error {
	r, err := sqlite.Unarchive(e.ctx, c.DB, c.From, c.Restore)
	if err != nil {
		return e.failed(unknownCase(err, c.Restore), nil)
	}
	if e.asJSON {
		return e.json(struct {
			Good bool `json:"good"`
			sqlite.Returned
		}{true, r})
	}
	fmt.Fprintf(e.out, e.say("%s: đã trở lại với %s mục từ %s; kho đó giữ nguyên\n", "%s: back with %s entries from %s, which stays as it is\n"), r.Case, thousands(r.Entries), r.Archive)
	return nil
}
