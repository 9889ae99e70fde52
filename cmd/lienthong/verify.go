package main

import (
	"compress/gzip"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"lienthong/engine/calendar"
	"lienthong/store/rowenc"
	"lienthong/store/sqlite"
)

type verifyCommand struct {
	spoken
	DB            string `help:"Database, backup or archive; a server may be running on it." required:"" type:"path"`
	Heads         string `help:"Write where every history ends to this file, for an auditor to keep (compressed when it ends in .gz)." type:"path"`
	Against       string `help:"A heads file or a backup: name every case that lost entries or was replaced since." type:"path"`
	Pseudonymised bool   `help:"The file is a pseudonymised copy that import made: stand-ins for payloads are no damage."`
	RepairIndexes bool   `help:"Make damaged indexes anew from their tables, in a copy that takes the database's place when all of it is sound; no server may be running on it."`
	Checkpoint    string `help:"Number and hash of a checkpoint that somebody kept: N:HASH."`
}

// Validate refuses a checkpoint that cannot be read, and what a repair does not do.
func (c *verifyCommand) Validate() error {
	if c.RepairIndexes && (c.Heads != "" || c.Against != "" || c.Checkpoint != "") {
		return errors.New("--repair-indexes goes with --pseudonymised only")
	}
	_, err := c.known()
	return errors.Join(err, notItself(c.DB, c.Heads), notItself(c.Against, c.Heads))
}

func (c *verifyCommand) known() (*rowenc.Checkpoint, error) {
	if c.Checkpoint == "" {
		return nil, nil
	}
	n, hash, ok := strings.Cut(c.Checkpoint, ":")
	number, err := strconv.ParseInt(n, 10, 64)
	b, herr := hex.DecodeString(hash)
	if !ok || err != nil || herr != nil || number < 1 || len(b) == 0 {
		return nil, fmt.Errorf("--checkpoint %q: want N:HASH", c.Checkpoint)
	}
	return &rowenc.Checkpoint{N: number, Hash: b}, nil
}

// verified is what the command says.
type verified struct {
	Good bool   `json:"good"`
	File string `json:"file"`
	sqlite.Checked
	Newest     *newest          `json:"newest,omitempty"`
	Checkpoint string           `json:"checkpoint,omitempty"`
	Found      []sqlite.Finding `json:"found"`
	Took       float64          `json:"took_s"`
	Rate       int64            `json:"entries_per_s"`
}

// Run checks a whole file: exit 0 only when nothing is wrong with it.
func (c *verifyCommand) Run(e *env) (err error) {
	if c.RepairIndexes {
		return c.repair(e)
	}
	f, err := sqlite.OpenFile(e.ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := verified{File: c.DB, Found: []sqlite.Finding{}}
	bar := e.progress()
	opt := sqlite.CheckOptions{Progress: bar.show, Bad: e.collect(bar, &out.Found), Copy: c.Pseudonymised}
	if opt.Known, err = c.known(); err != nil {
		return err
	}
	if c.Against != "" {
		heads, done, err := openHeads(e, c.Against)
		if err != nil {
			return err
		}
		defer done()
		opt.Against = heads
	}
	save, drop := func() error { return nil }, func() {}
	if c.Heads != "" {
		if opt.Head, save, drop, err = writeHeads(c.Heads, filepath.Base(c.DB)); err != nil {
			return err
		}
	}
	defer drop()
	began := time.Now()
	out.Checked, err = f.Check(e.ctx, opt)
	bar.end()
	if err != nil {
		return err
	}
	took := time.Since(began)
	out.Good, out.Took, out.Rate = out.Findings == 0, took.Seconds(), perSecond(out.Entries, took)
	if x, err := f.Newest(e.ctx); err == nil {
		out.Newest = newestOf(&x)
	}
	if p := out.Checked.Checkpoint; p.N > 0 {
		out.Checkpoint = fmt.Sprintf("%d:%x", p.N, p.Hash)
	}
	if out.Good {
		if err := save(); err != nil {
			return err
		}
	}
	return out.tell(e)
}

func (v verified) tell(e *env) error {
	if e.asJSON {
		if err := e.json(v); err != nil {
			return err
		}
	} else {
		v.print(e)
	}
	if !v.Good {
		return errNotGood
	}
	return nil
}

func (v verified) print(e *env) {
	w := e.out
	for _, s := range v.Skipped {
		fmt.Fprintln(w, e.say("lưu ý:", "note:"), e.of(s))
	}
	if s := v.Seal; s != nil {
		fmt.Fprintf(w, e.say("kho lưu trữ của %s, niêm phong %s: hồ sơ kết thúc trước %s\n", "archive of %s, sealed %s: cases that ended before %s\n"), s.Source, local(s.At), s.Before.In(calendar.Zone).Format(time.DateOnly))
	}
	if v.Newest != nil {
		fmt.Fprintf(w, e.say("mục mới nhất: %s/%d lúc %s\n", "newest entry: %s/%d of %s\n"), v.Newest.Case, v.Newest.Seq, local(v.Newest.At))
	}
	if v.Checkpoint != "" {
		fmt.Fprintf(w, e.say("điểm chốt mới nhất: %s\n", "newest checkpoint: %s\n"), v.Checkpoint)
	}
	if v.StandIns > 0 {
		fmt.Fprintf(w, e.say("%s mục có nội dung thay thế: nội dung không phải điều đã quyết định, nhưng chúng có đó và theo thứ tự này\n",
			"%s entries hold a stand-in for their payload: what they say is not what was decided, that they are there and in this order is\n"), thousands(v.StandIns))
	}
	if v.Held > 0 {
		fmt.Fprintf(w, e.say("%s hồ sơ vẫn có đủ những gì đã biết về chúng\n", "%s cases still have what was known of them\n"), thousands(v.Held))
	}
	verdict := e.say("nguyên vẹn", "sound")
	if !v.Good {
		verdict = fmt.Sprintf(e.say("KHÔNG TỐT: %s phát hiện", "NOT GOOD: %s found"), thousands(int64(v.Findings)))
	}
	fmt.Fprintf(w, e.say("%s: %s hồ sơ, %s mục, %s đã lưu trữ, %s lượt xem được ghi, %s giấy tờ trong %.1f giây (%s mục/giây): %s\n",
		"%s: %s cases, %s entries, %s archived, %s reads logged, %s documents in %.1f s (%s entries/s): %s\n"), v.File,
		thousands(v.Cases), thousands(v.Entries), thousands(v.Archived), thousands(v.Access), thousands(v.Documents), v.Took, thousands(v.Rate), verdict)
	if hint := v.hint(e); hint != "" {
		fmt.Fprintln(w, hint)
	}
}

// openHeads opens what was known before: a heads file or a database.
func openHeads(e *env, name string) (sqlite.Heads, func(), error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	start := make([]byte, 16)
	n, err := io.ReadFull(f, start)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	if strings.HasPrefix(string(start[:n]), "SQLite format 3") {
		if err := f.Close(); err != nil {
			return nil, nil, err
		}
		return storedHeads(e, name)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	var r io.Reader = f
	if n > 1 && start[0] == 0x1f && start[1] == 0x8b {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
		}
	}
	heads, err := sqlite.ReadHeads(r)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return heads, func() { _ = f.Close() }, nil
}

func storedHeads(e *env, name string) (sqlite.Heads, func(), error) {
	db, err := sqlite.OpenFile(e.ctx, name)
	if err != nil {
		return nil, nil, err
	}
	heads, err := db.Heads(e.ctx)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return heads, func() { _, _ = heads.Close(), db.Close() }, nil
}

// writeHeads begins a heads file under another name. save gives it its own; drop
// removes what was not saved.
func writeHeads(name, of string) (add func(rowenc.Head) error, save func() error, drop func(), err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".heads-*")
	if err != nil {
		return nil, nil, nil, err
	}
	drop = func() { _, _ = f.Close(), os.Remove(f.Name()) }
	var w io.Writer = f
	end := func() error { return nil }
	if strings.HasSuffix(name, ".gz") {
		z := gzip.NewWriter(f)
		w, end = z, z.Close
	}
	h, err := sqlite.NewHeadWriter(w, of, time.Now())
	if err != nil {
		drop()
		return nil, nil, nil, err
	}
	save = func() error {
		_, err := h.Close()
		if err = errors.Join(err, end(), f.Sync(), f.Close()); err != nil {
			return err
		}
		return os.Rename(f.Name(), name)
	}
	return h.Add, save, drop, nil
}
