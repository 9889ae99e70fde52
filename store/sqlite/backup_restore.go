package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/store/rowenc"
)

// RestoreOptions say how a backup is put back. The zero value is the usual way.
type RestoreOptions struct {
	Force    bool // a database that stands there is kept under another name
	Now      time.Time
	Above    int64 // numbers of codes go on above this one, such as another restore of the backup told
	Bad      func(Finding)
	Progress func(what string, done, total int64)
}

// Restored is what was put back.
type Restored struct {
	Path   string        `json:"path"`
	Kept   string        `json:"kept,omitempty"` // where the database that stood there is now
	Newest *engine.Entry `json:"-"`              // nothing that was answered after it is there; nil = no entry
	Open   int64         `json:"open"`           // unfinished cases
	Owed   int64         `json:"owed"`           // deliveries that are not done: some may have been, after the backup
	Above  int64         `json:"numbers_above"`  // numbers of codes go on above this one
	Counts
}

// Restore puts a backup in the place of a database. The backup is copied, brought
// up to this program's schema and checked as Check does before anything that
// stands there is touched; what stood there keeps its data under another name.
//
// Everything that was answered after the backup was made is lost with it. Two
// things are done so that the lost and the new do not mix: leases are void, and
// numbers of codes go on far above those that may have been given since.
//
// ErrDamaged when the backup is not good (Bad hears why), ErrInUse when a process
// serves the database.
func Restore(ctx context.Context, from, to string, o RestoreOptions) (out Restored, err error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	to = followed(to)
	out.Path = to
	l, err := lockFile(to)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, l.release()) }()
	if err := vacant(to, o.Force); err != nil {
		return out, err
	}
	temp, err := tempBeside(to)
	if err != nil {
		return out, err
	}
	defer sweep(temp)
	if err := fetch(ctx, from, temp, o); err != nil {
		return out, err
	}
	if err := out.prepare(ctx, temp, o, max(o.Above, given(ctx, to))); err != nil {
		return out, err
	}
	if out.Kept, err = makeWay(to, o.Now); err != nil {
		return out, err
	}
	if err := settleFile(temp, to); err != nil {
		return out, err
	}
	return out, os.Remove(to + restoring)
}

// restoring is what the name of a database has after it while it makes way for a backup:
// who finds that, and no database, must not begin an empty one.
const restoring = ".restoring"

// makeWay gives a database that stands somewhere another name.
func makeWay(to string, now time.Time) (string, error) {
	err := os.WriteFile(to+restoring, []byte("since "+now.UTC().Format(time.RFC3339)+"\n"), 0o600)
	if err == nil {
		err = errors.Join(syncFile(to+restoring), syncFile(filepath.Dir(to)))
	}
	if err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	kept, err := moveAway(to, now)
	if _, stands := os.Lstat(to); err != nil && stands == nil {
		err = errors.Join(err, os.Remove(to+restoring))
	}
	return kept, err
}

// brokenRestore refuses to begin a database where one made way for a backup that did not
// take its place.
func brokenRestore(path string) error {
	if _, err := os.Lstat(path + restoring); err != nil {
		return nil
	}
	return fmt.Errorf("sqlite: %s made way for a backup that did not take its place: run `restore` again, or give the database beside it that has .before- in its name that name back and remove %s",
		path, path+restoring)
}

// vacant refuses a place that is taken. A write-ahead log without its database
// would be read into the next one of that name, so it takes the place too; an empty
// one, which a reader leaves behind, does not.
func vacant(to string, force bool) error {
	_, err := os.Lstat(to)
	switch {
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("sqlite: %w", err)
	case openHere(to):
		return fmt.Errorf("sqlite: %s: %w", to, ErrInUse)
	case err == nil && !force:
		return existing(to)
	case hasWAL(to) && !force:
		return existing(to + "-wal")
	}
	return nil
}

// fetch copies the backup.
func fetch(ctx context.Context, from, temp string, o RestoreOptions) error {
	src, _, err := openFile(ctx, from)
	if err != nil {
		return err
	}
	defer src.Close() //nolint:errcheck // it only read
	if err := copyPages(ctx, src.s.readDB, temp, BackupOptions{Fast: true, Progress: o.Progress}); err != nil {
		return fmt.Errorf("sqlite: restore: %w", err)
	}
	return nil
}

// prepare makes a database of the copy and checks it.
func (out *Restored) prepare(ctx context.Context, temp string, o RestoreOptions, given int64) error {
	s, err := Open(ctx, Config{Path: temp, TakeOver: true, Check: CheckOff})
	if err != nil {
		return err
	}
	s.binder.close() // nothing is written beside the check: it would stay in the log to its end
	err = out.look(ctx, s, o)
	if err == nil {
		out.Above, err = s.leap(ctx, out.Newest, o.Now, given)
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	return unlog(ctx, temp)
}

const restoredCounts = `SELECT (SELECT count(*) FROM cases WHERE status = 'open'), (SELECT count(*) FROM outbox WHERE status NOT IN ('done', 'skipped'))`

// look checks the copy and says what it holds.
func (out *Restored) look(ctx context.Context, s *Store, o RestoreOptions) error {
	d := &damage{}
	c, err := s.checkAll(ctx, CheckOptions{Progress: o.Progress, Bad: func(f Finding) {
		d.add(f)
		if o.Bad != nil {
			o.Bad(f)
		}
	}}, nil)
	switch {
	case err != nil:
		return err
	case len(d.found) > 0:
		return fmt.Errorf("sqlite: %w: the backup is not put back", ErrDamaged)
	case c.Seal != nil:
		return errors.New("sqlite: the file is an archive: its cases are brought back one by one")
	}
	out.Counts = c.Counts
	f := File{s: s}
	if e, err := f.Newest(ctx); err == nil {
		out.Newest = &e
	} else if engine.CodeOf(err) != engine.NotFound {
		return err
	}
	return failure("store.restore", "", s.row(ctx, restoredCounts, nil, &out.Open, &out.Owed))
}

// stride is how far numbers of codes leap when a backup is put back: more than any
// unit gives in a day.
const stride = 100_000

// given is the highest number of a code that the database at a place is known to have
// given: the one that makes way may itself stand upon a backup, even this one. Where it
// cannot be read, each that made way before may have leapt.
func given(ctx context.Context, name string) (highest int64) {
	db, err := sql.Open("sqlite3", readerDSN(Config{Path: name}.withDefaults()))
	if err == nil {
		err = db.QueryRowContext(ctx, `SELECT coalesce(max(last), 0) FROM counters`).Scan(&highest)
		err = errors.Join(err, db.Close())
	}
	if err == nil {
		return highest
	}
	beside, err := os.ReadDir(filepath.Dir(name))
	if err != nil {
		return 0
	}
	for _, e := range beside {
		if n := e.Name(); strings.HasPrefix(n, filepath.Base(name)+madeWay) && !strings.HasSuffix(n, "-wal") && !strings.HasSuffix(n, "-shm") {
			highest += stride
		}
	}
	return highest
}

// leap makes sure that no code that may have been given after the backup is given
// again, for another case: from the day of the newest entry to today numbers go on
// at the next multiple of the stride, also of units that have none yet.
func (s *Store) leap(ctx context.Context, newest *engine.Entry, now time.Time, given int64) (int64, error) {
	from, to := now, now
	if newest != nil {
		from = newest.At
		if to.Before(from) {
			to = from
		}
	}
	first, last := from.In(calendar.Zone).Format("060102"), to.In(calendar.Zone).Format("060102")
	return do(ctx, s, "store.restore", func(w *writer) (int64, error) {
		var highest int64
		if err := w.one(`SELECT coalesce(max(last), 0) FROM counters`, nil, &highest); err != nil {
			return 0, err
		}
		floor := (max(highest, given)/stride + 1) * stride
		if err := w.exec(`UPDATE counters SET last = ?1 WHERE day >= ?2`, floor, first); err != nil {
			return 0, err
		}
		if err := w.exec(`INSERT INTO counters (unit, day, last) VALUES ('', ?1, ?2) ON CONFLICT (unit, day) DO UPDATE SET last = excluded.last`, last, floor); err != nil {
			return 0, err
		}
		return floor, w.exec(`INSERT INTO marks (name, value) VALUES ('restored', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
			rowenc.Time(rowenc.Micros(now)).Format(time.RFC3339)+", numbers from "+strconv.FormatInt(floor, 10))
	})
}

// madeWay stands between the name that a database had and when it made way.
const madeWay = ".before-"

// moveAway gives a database another name, with what SQLite keeps beside it; "" when
// there is none.
func moveAway(name string, now time.Time) (string, error) {
	if _, err := os.Lstat(name); errors.Is(err, os.ErrNotExist) && !hasWAL(name) {
		_, _ = os.Remove(name+"-wal"), os.Remove(name+"-shm")
		return "", nil
	}
	kept := name + madeWay + now.UTC().Format("20060102-150405")
	for base, i := kept, 2; taken(kept); i++ { // by one that made way in the same second
		kept = base + "-" + strconv.Itoa(i)
	}
	// Dying in between leaves a write-ahead log without its database, which Open
	// refuses: the two can be put together by hand.
	for _, suffix := range []string{"", "-wal", "-shm"} {
		err := os.Rename(name+suffix, kept+suffix)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return kept, fmt.Errorf("sqlite: %w", err)
		}
	}
	return kept, nil
}

// taken tells whether a name is a file's, or that of one whose write-ahead log is there.
func taken(name string) bool {
	_, err := os.Lstat(name)
	return err == nil || hasWAL(name)
}
