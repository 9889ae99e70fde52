package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/storetest"
)

// names are the files of a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	es, err := os.ReadDir(dir)
	must(t, err)
	out := []string{}
	for _, e := range es {
		out = append(out, e.Name())
	}
	return out
}

// The copy is one state of the file although something is committed between any two
// of its steps, and the writer does not wait for it.
func TestBackupBesideAWriter(t *testing.T) {
	dir := t.TempDir()
	path, to := filepath.Join(dir, "cases.db"), filepath.Join(dir, "kept.db")
	s := stocked(t, path)
	defer s.Close()
	pages, written := int64(0), 0
	b, err := Backup(t.Context(), path, to, BackupOptions{Pages: 3, Full: true, Progress: func(what string, done, total int64) {
		if what == "pages" && total > 0 {
			pages = total
			story := storetest.File(storetest.Filing{Code: fmt.Sprintf("W%05d", written), Key: fmt.Sprint("w", written)})
			must(t, s.Append(t.Context(), story.Go("note", "birth", step("n", "viết")).Change()))
			written++
		}
	}})
	must(t, err)
	if written < 10 || int64(written) > pages/3+1 {
		t.Errorf("%d cases written during %d pages: it began again, or not step by step", written, pages)
	}
	c := sound(t, to, CheckOptions{})
	if c.Cases != 5 || b.Newest == nil || b.Newest.Case != "E" || b.Bytes != pages*4096 || len(b.SHA256) != 64 {
		t.Errorf("copied %d cases, %+v", c.Cases, b)
	}
	if c := sound(t, path, CheckOptions{}); c.Cases != int64(5+written) {
		t.Errorf("%d cases, %d were written", c.Cases, written)
	}
	if got := names(t, dir); slices.ContainsFunc(got, func(s string) bool {
		return strings.HasPrefix(s, "kept.db-") && s != "kept.db-shm" || strings.HasSuffix(s, ".part")
	}) {
		t.Errorf("left beside it: %q", got)
	}
}

func TestBackupIsRefused(t *testing.T) {
	dir := t.TempDir()
	path, to := filepath.Join(dir, "cases.db"), filepath.Join(dir, "kept.db")
	must(t, stocked(t, path).Close())
	try := func(want string, from, to string, o BackupOptions) {
		t.Helper()
		if _, err := Backup(t.Context(), from, to, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	must(t, os.WriteFile(to, []byte("x"), 0o600))
	try("kept.db exists", path, to, BackupOptions{})
	try("is a folder", path, dir, BackupOptions{Force: true})
	try("no such file", filepath.Join(dir, "nowhere.db"), filepath.Join(dir, "new.db"), BackupOptions{})
	try("no such file", path, filepath.Join(dir, "no", "folder.db"), BackupOptions{})
	if _, err := Backup(t.Context(), path, to, BackupOptions{Force: true}); err != nil {
		t.Errorf("overwriting: %v", err)
	}
	s, err := Open(t.Context(), Config{Path: to, TakeOver: true})
	must(t, err)
	try("in use", path, to, BackupOptions{Force: true})
	must(t, s.Close())

	ctx, cancel := context.WithCancel(t.Context())
	_, err = Backup(ctx, path, filepath.Join(dir, "stopped.db"), BackupOptions{Pages: 1, Progress: func(string, int64, int64) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}

	flipAt(t, path, (root(t, path, "snapshots")-1)*4096, 0xff)
	var found []string
	_, err = Backup(t.Context(), path, filepath.Join(dir, "bad.db"), BackupOptions{Bad: func(f Finding) { found = append(found, f.String()) }})
	if !errors.Is(err, ErrDamaged) || len(found) == 0 || !strings.Contains(found[0], "snapshots") {
		t.Errorf("a damaged file: %v, %q", err, found)
	}
	if got := names(t, dir); slices.ContainsFunc(got, func(s string) bool {
		return strings.HasPrefix(s, ".") || strings.HasPrefix(s, "bad") || strings.HasPrefix(s, "stopped")
	}) {
		t.Errorf("left behind: %q", got)
	}
}

// aged makes a database as the first version of the program made it.
func aged(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL")
	must(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	p, err := migrator(t.Context(), db, migrations)
	must(t, err)
	_, err = p.UpTo(t.Context(), 1)
	must(t, err)
	run(t, db, `INSERT INTO accounts VALUES ('lan', 'staff', '', 'Lan', '', '', 'o', '[]', '', 0, 0, 0, 1)`)
}

// A file of an older program is read as a copy that is brought up to date, is backed
// up as it is, and restored as a new one.
func TestOlderSchema(t *testing.T) {
	dir := t.TempDir()
	path, to, back := filepath.Join(dir, "old.db"), filepath.Join(dir, "kept.db"), filepath.Join(dir, "back.db")
	aged(t, path)
	whole, err := os.ReadFile(path)
	must(t, err)
	sound(t, path, CheckOptions{})
	if _, err := Backup(t.Context(), path, to, BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	if f, have, err := openFile(t.Context(), to); err != nil || have != 1 {
		t.Errorf("the copy has schema %d: %v", have, err)
	} else {
		must(t, f.Close())
	}
	if _, err := Backup(t.Context(), path, to, BackupOptions{Force: true, Full: true}); err != nil {
		t.Fatal(err)
	}
	now, err := os.ReadFile(path)
	must(t, err)
	if !slices.Equal(whole, now) {
		t.Error("the old file was changed")
	}
	if _, err := Restore(t.Context(), to, back, RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	s := desk(t, back)
	defer s.Close()
	if a, err := s.Account(t.Context(), "lan"); err != nil || a.Name != "Lan" {
		t.Errorf("the account: %v %v", a, err)
	}
}

func TestRestore(t *testing.T) {
	dir := t.TempDir()
	path, kept := filepath.Join(dir, "cases.db"), filepath.Join(dir, "kept.db")
	s := stocked(t, path)
	first, err := s.Codes(t.Context(), "H26.1", "260901", 7)
	if err != nil || first != 1 {
		t.Fatal(first, err)
	}
	story := storetest.Resume(t, s, "B")
	must(t, s.Append(t.Context(), story.Go("send", "birth", engine.Requested{Key: story.Key(0), Registry: "civil_status", Operation: "register", Input: map[string]any{}}).Change()))
	if _, err := Backup(t.Context(), path, kept, BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	goesOn(t, s, "C", "after the backup")
	taken, err := s.Codes(t.Context(), "H26.1", "260901", 60)
	must(t, err)
	must(t, s.Close())

	if _, err := Restore(t.Context(), kept, path, RestoreOptions{}); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("over a database: %v", err)
	}
	s, err = Open(t.Context(), Config{Path: path, TakeOver: true})
	must(t, err)
	if _, err := Restore(t.Context(), kept, path, RestoreOptions{Force: true}); !errors.Is(err, ErrInUse) {
		t.Errorf("under a server: %v", err)
	}
	must(t, s.Close())

	now := time.Date(2026, 9, 3, 3, 0, 0, 0, time.UTC)
	r, err := Restore(t.Context(), kept, path, RestoreOptions{Force: true, Now: now})
	must(t, err)
	if r.Newest == nil || r.Newest.Case != "B" || r.Newest.Seq != 5 || r.Cases != 5 || r.Open != 5 || r.Owed != 1 {
		t.Errorf("restored %+v, newest %+v", r, r.Newest)
	}
	if before := sound(t, r.Kept, CheckOptions{}); before.Entries != 22 || r.Kept != path+".before-20260903-030000" {
		t.Errorf("what stood there: %s with %d entries", r.Kept, before.Entries)
	}
	s, err = Open(t.Context(), Config{Path: path, TakeOver: true})
	must(t, err)
	defer s.Close()
	if c, err := s.Load(t.Context(), "C"); err != nil || c.Seq != 4 {
		t.Errorf("C: %v %v", c, err)
	}
	for _, x := range []struct {
		unit, day string
		want      int
	}{{"H26.1", "260901", 100_001}, {"H26.2", "260903", 100_001}, {"H26.2", "260902", 100_001}, {"H26.2", "260904", 1}, {"H26.1", "260904", 1}, {"H26.1", "260901", 100_002}} {
		if n, err := s.Codes(t.Context(), x.unit, x.day, 1); err != nil || n != x.want {
			t.Errorf("the next number of %s on %s is %d %v, want %d (%d was given before)", x.unit, x.day, n, err, x.want, taken)
		}
	}
}

// What was leased when the backup was made is free when it is put back, and a second
// time numbers leap further.
func TestRestoreAgain(t *testing.T) {
	dir := t.TempDir()
	path, kept := filepath.Join(dir, "cases.db"), filepath.Join(dir, "kept.db")
	s := stocked(t, path)
	story := storetest.Resume(t, s, "B")
	must(t, s.Append(t.Context(), story.Go("send", "birth", engine.Requested{Key: story.Key(0), Registry: "civil_status", Operation: "register", Input: map[string]any{}}).Change()))
	now := time.Now()
	leased, err := s.Claim(t.Context(), "n", now, now.Add(time.Hour), 10)
	if err != nil || len(leased) != 1 {
		t.Fatal(leased, err)
	}
	must(t, s.Close())
	for i := range 2 {
		_, err := Backup(t.Context(), path, kept, BackupOptions{Force: true})
		must(t, err)
		must(t, os.Remove(path))
		_, err = Restore(t.Context(), kept, path, RestoreOptions{Now: storetest.T0.AddDate(0, 0, i)})
		must(t, err)
	}
	s = desk(t, path)
	defer s.Close()
	if n, err := s.Codes(t.Context(), "u", storetest.T0.Format("060102"), 1); err != nil || n != 200_001 {
		t.Errorf("the next number is %d %v", n, err)
	}
	if err := s.Settle(t.Context(), leased[0]); engine.CodeOf(err) != engine.StaleVersion {
		t.Errorf("an acknowledgement from before: %v", err)
	}
	if again, err := s.Claim(t.Context(), "n", now, now.Add(time.Hour), 10); err != nil || len(again) != 1 {
		t.Errorf("claimed %v %v", again, err)
	}
}

// One backup put back on two machines gives the same numbers twice, unless the second is
// told from where the first went on.
func TestRestoreElsewhere(t *testing.T) {
	kept := filepath.Join(t.TempDir(), "kept.db")
	must(t, stocked(t, kept).Close())
	above := int64(0)
	for want := range int64(3) {
		path := filepath.Join(t.TempDir(), "cases.db")
		r, err := Restore(t.Context(), kept, path, RestoreOptions{Now: storetest.T0, Above: above})
		must(t, err)
		if above = r.Above; above != (want+1)*stride {
			t.Errorf("numbers go on above %d", above)
		}
		s := desk(t, path)
		if n, err := s.Codes(t.Context(), "u", storetest.T0.Format("060102"), 1); err != nil || int64(n) != above+1 {
			t.Errorf("the next number is %d %v", n, err)
		}
		must(t, s.Close())
	}
}

// Two databases that make way within a second are both kept.
func TestRestoreKeepsEveryDatabase(t *testing.T) {
	dir := t.TempDir()
	path, kept := filepath.Join(dir, "cases.db"), filepath.Join(dir, "kept.db")
	must(t, stocked(t, kept).Close())
	now := storetest.T0
	for i := range 3 {
		s := desk(t, path)
		must(t, s.Append(t.Context(), storetest.File(storetest.Filing{Code: fmt.Sprint("OWN", i), Key: fmt.Sprint("own", i)}).Change()))
		must(t, s.Close())
		_, err := Restore(t.Context(), kept, path, RestoreOptions{Force: true, Now: now})
		must(t, err)
	}
	for i := range 3 {
		found := 0
		for _, name := range names(t, dir) {
			if !strings.Contains(name, ".before-") || strings.HasSuffix(name, "-shm") || strings.HasSuffix(name, "-wal") {
				continue
			}
			f, err := OpenFile(t.Context(), filepath.Join(dir, name))
			must(t, err)
			if _, err := f.Load(t.Context(), fmt.Sprint("OWN", i)); err == nil {
				found++
			}
			must(t, f.Close())
		}
		if found != 1 {
			t.Errorf("database %d is kept %d times: %q", i, found, names(t, dir))
		}
	}
}

// A restore that dies when the old database has made way, and the backup has not taken its
// place, leaves nothing that a server would begin anew in.
func TestRestoreDies(t *testing.T) {
	dir := t.TempDir()
	path, kept := filepath.Join(dir, "cases.db"), filepath.Join(dir, "kept.db")
	must(t, stocked(t, kept).Close())
	must(t, stocked(t, path).Close())
	_, err := makeWay(path, storetest.T0)
	must(t, err)
	for range 2 {
		if s, err := Open(t.Context(), Config{Path: path, TakeOver: true}); err == nil || !strings.Contains(err.Error(), "run `restore` again") {
			t.Errorf("opened: %v", err)
			must(t, s.Close())
		}
	}
	_, err = Restore(t.Context(), kept, path, RestoreOptions{})
	must(t, err)
	must(t, desk(t, path).Close())
	if got := names(t, dir); slices.Contains(got, "cases.db.restoring") {
		t.Errorf("left behind: %q", got)
	}
	sound(t, path, CheckOptions{})
}

func TestRestoreIsRefused(t *testing.T) {
	dir := t.TempDir()
	path, kept := filepath.Join(dir, "cases.db"), filepath.Join(dir, "kept.db")
	must(t, stocked(t, kept).Close())
	must(t, os.WriteFile(path+"-wal", []byte("x"), 0o600))
	if _, err := Restore(t.Context(), kept, path, RestoreOptions{}); err == nil || !strings.Contains(err.Error(), "cases.db-wal exists") {
		t.Errorf("beside a write-ahead log: %v", err)
	}
	must(t, os.Remove(path+"-wal"))
	db, err := sql.Open("sqlite3", "file:"+kept)
	must(t, err)
	run(t, db, `DROP TRIGGER entries_only_erase`)
	run(t, db, `UPDATE entries SET at = at + 1 WHERE case_code = 'C' AND seq = 2`)
	must(t, db.Close())
	var found []string
	_, err = Restore(t.Context(), kept, path, RestoreOptions{Bad: func(f Finding) { found = append(found, f.String()) }})
	if !errors.Is(err, ErrDamaged) || !slices.Contains(found, "case C entry 2: entry does not match the chain") {
		t.Errorf("a damaged backup: %v, %q", err, found)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"cases.db.lock", "kept.db"}) && !slices.Equal(got, []string{"cases.db.lock", "kept.db", "kept.db-shm", "kept.db-wal"}) {
		t.Errorf("left behind: %q", got)
	}
}

// One backup that is put back twice gives no number again that was given in between,
// though the database of that time can or cannot be read.
func TestRestoreOfTheSameBackupTwice(t *testing.T) {
	for _, readable := range []bool{true, false} {
		dir := t.TempDir()
		path, kept := filepath.Join(dir, "cases.db"), filepath.Join(dir, "kept.db")
		must(t, stocked(t, path).Close())
		_, err := Backup(t.Context(), path, kept, BackupOptions{})
		must(t, err)
		given := map[int]bool{}
		for i := range 3 {
			if !readable {
				must(t, os.WriteFile(path, []byte("not a database"), 0o600))
			}
			_, err := Restore(t.Context(), kept, path, RestoreOptions{Force: true, Now: storetest.T0.Add(time.Duration(i) * time.Hour)})
			must(t, err)
			s := desk(t, path)
			n, err := s.Codes(t.Context(), "u", storetest.T0.Format("060102"), 1)
			must(t, errors.Join(err, s.Close()))
			if given[n] {
				t.Errorf("readable %t: %d is given again after restore %d", readable, n, i+1)
			}
			given[n] = true
		}
	}
}
