package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/replay"
	"lienthong/store/storetest"
)

func of(step string, e engine.Event) engine.Event {
	switch v := e.(type) {
	case engine.Moved:
		v.Step = step
		return v
	case engine.ResultIssued:
		v.Step = step
		return v
	case engine.StepClosed:
		v.Step = step
		return v
	case engine.ReviewOpened:
		v.Step = step
		return v
	case engine.Requested:
		v.Step = step
		return v
	case engine.Notified:
		v.Step = step
		return v
	}
	panic(fmt.Sprintf("%T", e))
}

// ends makes a case that ended with a result: filed, requested and answered.
func ends(t testing.TB, s *Store, code string, more ...engine.Event) {
	t.Helper()
	story := storetest.File(storetest.Filing{Code: code, Key: "key-" + code, Person: "001090000001"})
	story.Go("send", "birth", of("birth", engine.Requested{Key: story.Key(0), Registry: "civil_status", Operation: "register", Input: map[string]any{"n": code}}),
		of("birth", engine.Notified{Key: story.Key(1), To: "001090000001", What: engine.NoteReceived, Params: map[string]any{"n": int64(1)}}))
	story.Go("end", "birth", append([]engine.Event{
		of("birth", engine.ResultIssued{Result: engine.Result{ID: "result-" + code, Version: 1, Document: "birth_certificate", Code: "KQ1", Issued: storetest.T0}}),
		of("birth", engine.Moved{From: "submitted", To: "registered", Portal: 9, Office: "civil@00004", Final: engine.FinalSuccess}),
		of("card", engine.StepClosed{Why: engine.ClosedAbsent}),
		engine.CaseClosed{Outcome: engine.Completed},
	}, more...)...)
	must(t, s.Append(t.Context(), story.Change()))
	settleAll(t, s)
}

// settleAll answers everything that is owed.
func settleAll(t testing.TB, s *Store) {
	t.Helper()
	now := time.Now()
	ds, err := s.Claim(t.Context(), "n", now, now.Add(time.Hour), 100)
	must(t, err)
	for _, d := range ds {
		d.Status, d.DoneAt, d.Reply = engine.DeliveryDone, now, &engine.Reply{Request: d.Key, Outcome: engine.ReplyDone, Data: map[string]any{"number": "1"}}
		must(t, s.Settle(t.Context(), d))
	}
}

// years is a database with closed cases 00 to 09 and others that are not: open (X1),
// under review (X2), owing a delivery (X3), ended too late (X4), the newest (X5).
func years(t testing.TB, path string) {
	t.Helper()
	s, err := Open(t.Context(), Config{Path: path, TakeOver: true})
	must(t, err)
	for i := range 10 {
		ends(t, s, fmt.Sprintf("C-%02d", i))
	}
	must(t, s.Append(t.Context(), storetest.File(storetest.Filing{Code: "X1"}).Go("note", "birth", step("n", "x")).Change()))
	ends(t, s, "X2", of("birth", engine.ReviewOpened{Review: engine.Review{ID: "r", Of: "birth", From: 1, To: 2, Opened: storetest.T0}}))
	ends(t, s, "X3")
	story := storetest.File(storetest.Filing{Code: "X4", At: storetest.T0.AddDate(1, 0, 0)})
	must(t, s.Append(t.Context(), story.Go("end", "birth", of("birth", engine.Moved{To: "refused", Final: engine.FinalRefused, Office: "o"}), of("card", engine.StepClosed{Why: engine.ClosedNeed}), engine.CaseClosed{Outcome: engine.Refused}).Change()))
	ends(t, s, "X5")
	story = storetest.Resume(t, s, "X3")
	must(t, s.Append(t.Context(), story.Go("note", "birth", of("birth", engine.Notified{Key: story.Key(0), To: "p", What: engine.NoteReceived})).Change()))
	goesOn(t, s, "X5", "newest")
	_, err = s.Checkpoint(t.Context(), storetest.T0)
	must(t, err)
	must(t, s.Close())
}

var limit = storetest.T0.AddDate(0, 6, 0)

func archived(t testing.TB, path, to string, o ArchiveOptions) Archived {
	t.Helper()
	o.Before = limit
	a, err := Archive(t.Context(), path, to, o)
	must(t, err)
	return a
}

func TestArchive(t *testing.T) {
	dir := t.TempDir()
	path, to := filepath.Join(dir, "cases.db"), filepath.Join(dir, "2026.archive")
	years(t, path)
	before := sound(t, path, CheckOptions{})
	heads := headsOf(t, path)
	a := archived(t, path, to, ArchiveOptions{Batch: 3, Now: storetest.T0.AddDate(1, 0, 0)})
	if a.Cases != 10 || a.Moved != 10 || a.Entries != 30 || a.WentOn != 0 || a.Finished {
		t.Errorf("%+v", a)
	}
	left := sound(t, path, CheckOptions{Against: read(t, heads)})
	if left.Archived != 10 || left.Cases != before.Cases-10 || left.Entries != before.Entries-30 || left.Held != before.Cases || len(left.Skipped) > 0 {
		t.Errorf("left %+v of %+v", left, before)
	}
	db, err := OpenFile(t.Context(), path)
	must(t, err)
	defer db.Close()
	if n, err := db.Archived(t.Context()); n != 10 || err != nil {
		t.Errorf("%d archived, %v", n, err)
	}
	if codes, err := db.Cases(t.Context(), "", 0); int64(len(codes)) != left.Cases || err != nil {
		t.Errorf("%d listed of %d, %v", len(codes), left.Cases, err)
	}
	c := sound(t, to, CheckOptions{Against: read(t, heads)})
	if c.Cases != 10 || c.Entries != 30 || c.Seal == nil || c.Seal.Source != "cases.db" || c.Seal.Cases != 10 || c.Held != 10 {
		t.Errorf("the archive holds %+v, %+v", c, c.Seal)
	}
	f, err := OpenFile(t.Context(), to)
	must(t, err)
	defer f.Close()
	if n, err := replay.All(t.Context(), f, 0, func(r replay.Result) {
		if !r.Good() {
			t.Errorf("%+v", r)
		}
	}); n != 10 || err != nil {
		t.Errorf("%d replayed, %v", n, err)
	}
	if got := names(t, dir); slices.ContainsFunc(got, func(s string) bool { return strings.HasSuffix(s, ".part") || strings.HasPrefix(s, "2026.archive-w") }) {
		t.Errorf("left beside it: %q", got)
	}
}

// What a database still tells of an archived case.
// What a case contributed to the indicators stands when it is archived, also when nobody
// had counted it yet.
func TestArchivedCaseIsCounted(t *testing.T) {
	dir := t.TempDir()
	path, to := filepath.Join(dir, "cases.db"), filepath.Join(dir, "2026.archive")
	years(t, path)
	sums := func(path string) []engine.Figure {
		t.Helper()
		s := desk(t, path)
		for {
			n, err := s.Project(t.Context(), 0)
			if must(t, err); n == 0 {
				break
			}
		}
		fs, err := s.Sums(t.Context(), engine.SumQuery{Offices: []string{"civil@00004", "", "o"}, From: "2020-01-01", To: "2030-12-31"})
		must(t, errors.Join(err, s.Close()))
		return fs
	}
	whole, err := os.ReadFile(path)
	must(t, err)
	other := filepath.Join(dir, "other.db")
	must(t, os.WriteFile(other, whole, 0o600))
	want := sums(other)
	archived(t, path, to, ArchiveOptions{})
	if got := sums(path); len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("%d figures after archiving, %d without:\n%v\n%v", len(got), len(want), got, want)
	}
}

func TestArchivedCaseIsTold(t *testing.T) {
	dir := t.TempDir()
	path, to := filepath.Join(dir, "cases.db"), filepath.Join(dir, "2026.archive")
	years(t, path)
	archived(t, path, to, ArchiveOptions{})
	s := desk(t, path)
	defer s.Close()
	_, err := s.Load(t.Context(), "C-03")
	gone(t, err)
	_, err = s.History(t.Context(), "C-03", 0, 0)
	gone(t, err)
	if code, err := s.CaseOf(t.Context(), "C-03.2"); err != nil || code != "C-03" {
		t.Errorf("by a dossier's code: %q %v", code, err)
	}
	if code, _, err := s.Result(t.Context(), "result-C-03"); err != nil || code != "C-03" {
		t.Errorf("by its result: %q %v", code, err)
	}
	if code, err := s.Holder(t.Context(), "key-C-03"); err != nil || code != "C-03" {
		t.Errorf("by its key: %q %v", code, err)
	}
	list, _, err := s.CasesOf(t.Context(), "001090000001", "", 0)
	must(t, err)
	n := 0
	for _, x := range list {
		if strings.HasPrefix(x.Code, "C-") != (x.Archive == "2026.archive") {
			t.Errorf("listed as %+v", x)
		}
		n++
	}
	if n != 15 {
		t.Errorf("%d cases listed", n)
	}
	st, err := s.Stub(t.Context(), "C-03")
	must(t, err)
	if st.Archive != "2026.archive" || st.Moved.IsZero() || st.Seq != 3 || st.Requester != "001090000001" || !slices.Contains(st.Offices, "civil@00004") ||
		st.Outcome != engine.Completed || len(st.Results) != 1 || st.Results[0].ID != "result-C-03" || st.Results[0].Stands != 1 {
		t.Errorf("the stub is %+v", st)
	}
	if _, err := s.Stub(t.Context(), "X1"); engine.CodeOf(err) != engine.NotFound {
		t.Errorf("the stub of a case that is here: %v", err)
	}
	rows, _, err := s.Rows(t.Context(), engine.RowQuery{Offices: []string{"civil@00004"}, Ended: true})
	must(t, err)
	notes, _, err := s.Notifications(t.Context(), "001090000001", "", 0)
	must(t, err)
	if slices.ContainsFunc(rows, func(r engine.Row) bool { return r.Case == "C-03" }) || slices.ContainsFunc(notes, func(n engine.Notification) bool { return n.Case == "C-03" }) {
		t.Error("the lists hold it still")
	}
	// Nothing can be added to it, nothing else taken away.
	for _, q := range []string{`INSERT INTO entries (case_code, seq, at, action, step, actor_kind, version, commitment, hash) VALUES ('C-03', 4, 0, '', '', '', 1, x'00', x'00')`,
		`DELETE FROM archived WHERE case_code = 'C-03'`, `UPDATE archived SET seq = 2 WHERE case_code = 'C-03'`, `DELETE FROM entries WHERE case_code = 'X1'`,
		`INSERT INTO archived SELECT 'X1', 1, seq, head, 1, 2, x'00', x'00' FROM cases WHERE code = 'X1'`} {
		if _, err := s.writeDB.Exec(q); err == nil {
			t.Errorf("%s was done", q)
		}
	}
}

func gone(t *testing.T, err error) {
	t.Helper()
	var e *engine.Error
	if !errors.As(err, &e) || e.Code != engine.Archived || e.Case != "C-03" || !strings.Contains(e.Detail.EN, "2026.archive") || !strings.Contains(e.Detail.VI, "2026.archive") {
		t.Errorf("error %v, want archived, naming the archive", err)
	}
}

// Whenever a run dies, nothing is in neither place, and running it again ends with
// every case in one.
func TestArchiveDies(t *testing.T) {
	for _, at := range []string{"closed cases", "tables copied", "pages", "cases", "cases moved"} {
		t.Run(at, func(t *testing.T) {
			dir := t.TempDir()
			path, to := filepath.Join(dir, "cases.db"), filepath.Join(dir, "2026.archive")
			years(t, path)
			ctx, die := context.WithCancel(t.Context())
			calls := 0
			_, err := Archive(ctx, path, to, ArchiveOptions{Before: limit, Batch: 2, Progress: func(what string, done, total int64) {
				if strings.HasPrefix(what, at) {
					if calls++; calls == 2 || at == "pages" {
						die()
					}
				}
			}})
			if err == nil {
				t.Fatal("it went on")
			}
			c, found := examine(t, path, CheckOptions{})
			if len(found) > 0 || c.Cases+c.Archived != 15 || c.Archived > 0 && at != "cases moved" {
				t.Fatalf("after it died: %+v %q", c, found)
			}
			s := desk(t, path) // a server ran in between, and one case was corrected
			_, err = s.Load(t.Context(), "C-09")
			must(t, err)
			goesOn(t, s, "C-09", "corrected")
			must(t, s.Close())
			a := archived(t, path, to, ArchiveOptions{})
			c = sound(t, path, CheckOptions{})
			if c.Archived != 9 && c.Archived != 10 || c.Cases+c.Archived != 15 {
				t.Errorf("in the end: %+v, %+v", c, a)
			}
			if a.Finished != (a.WentOn == 1) {
				t.Errorf("%+v", a)
			}
			again := archived(t, path, to, ArchiveOptions{})
			if again.Moved != 0 || !again.Finished {
				t.Errorf("a third time: %+v", again)
			}
		})
	}
}

func TestArchiveIsRefused(t *testing.T) {
	dir := t.TempDir()
	path, to := filepath.Join(dir, "cases.db"), filepath.Join(dir, "2026.archive")
	years(t, path)
	refuse := func(want string, path, to string) {
		t.Helper()
		if _, err := Archive(t.Context(), path, to, ArchiveOptions{Before: limit}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	refuse("no such file", filepath.Join(dir, "nowhere.db"), to)
	refuse("into itself", path, path)
	must(t, os.WriteFile(filepath.Join(dir, "text"), []byte("x"), 0o600))
	refuse("too few for a header", path, filepath.Join(dir, "text"))
	other := filepath.Join(dir, "other.db")
	must(t, stocked(t, other).Close())
	refuse("is no archive", path, other)
	s, err := Open(t.Context(), Config{Path: path, TakeOver: true})
	must(t, err)
	refuse("in use", path, to)
	must(t, s.Close())
	if a, err := Archive(t.Context(), path, to, ArchiveOptions{Before: storetest.T0}); err != nil || a.Cases != 0 {
		t.Errorf("with nothing to archive: %+v %v", a, err)
	}
	if _, err := os.Stat(to); err == nil {
		t.Error("an empty archive was made")
	}
	if a := archived(t, path, to, ArchiveOptions{Limit: 4}); a.Cases != 4 {
		t.Errorf("%+v", a)
	}
	refuse("is not of this database", other, to)
	refuse("is an archive itself", to, filepath.Join(dir, "more"))
	second := filepath.Join(dir, "more.archive")
	if a := archived(t, path, second, ArchiveOptions{}); a.Cases != 6 {
		t.Errorf("%+v", a)
	}
	flipAt(t, second, 3*4096+100, 1)
	if _, err := Archive(t.Context(), path, second, ArchiveOptions{Before: limit}); err == nil {
		t.Error("a changed archive was taken for the sealed one")
	}
}

// A case comes back whole, goes on, and may be archived again.
func TestUnarchive(t *testing.T) {
	dir := t.TempDir()
	path, to := filepath.Join(dir, "cases.db"), filepath.Join(dir, "2026.archive")
	years(t, path)
	point := checkpointOf(t, path)
	archived(t, path, to, ArchiveOptions{})
	whole := asText(t, to, "C-03")
	r, err := Unarchive(t.Context(), path, "", "C-03.1")
	must(t, err)
	if r.Case != "C-03" || r.Entries != 3 || r.Archive != "2026.archive" {
		t.Errorf("%+v", r)
	}
	if got := asText(t, path, "C-03"); got != whole {
		t.Errorf("came back as %s\nwas %s", got, whole)
	}
	if c := sound(t, path, CheckOptions{Known: point}); c.Archived != 9 || c.Checkpoint.N != 1 {
		t.Errorf("%+v", c)
	}
	if _, err := Unarchive(t.Context(), path, "", "C-03"); engine.CodeOf(err) != engine.Precondition {
		t.Errorf("a second time: %v", err)
	}
	if _, err := Unarchive(t.Context(), path, "", "nobody"); engine.CodeOf(err) != engine.NotFound {
		t.Errorf("nobody: %v", err)
	}
	s := desk(t, path)
	goesOn(t, s, "C-03", "corrected")
	goesOn(t, s, "X5", "newest of all")
	notes, _, err := s.Notifications(t.Context(), "001090000001", "", 0)
	if err != nil || !slices.ContainsFunc(notes, func(n engine.Notification) bool { return n.Case == "C-03" && n.Params["n"] == int64(1) }) {
		t.Errorf("its notifications: %v %v", notes, err)
	}
	must(t, s.Close())
	sound(t, path, CheckOptions{})
	if a := archived(t, path, filepath.Join(dir, "2027.archive"), ArchiveOptions{}); a.Cases != 1 || a.Entries != 4 {
		t.Errorf("again: %+v", a)
	}
	if c := sound(t, path, CheckOptions{}); c.Archived != 10 {
		t.Errorf("%+v", c)
	}
	if _, err := Unarchive(t.Context(), path, to, "C-03"); err == nil || !strings.Contains(err.Error(), "2027.archive had") {
		t.Errorf("from the old archive: %v", err)
	}
	flipAt(t, to, 5*4096+200, 1)
	if _, err := Unarchive(t.Context(), path, "", "C-04"); !errors.Is(err, ErrDamaged) {
		t.Errorf("from a damaged archive: %v", err)
	}
	s, err = Open(t.Context(), Config{Path: path, TakeOver: true})
	must(t, err)
	if _, err := Unarchive(t.Context(), path, "", "C-05"); !errors.Is(err, ErrInUse) {
		t.Errorf("under a server: %v", err)
	}
	must(t, s.Close())
}

// After a backup was put back, ids may have been given to other entries.
func TestUnarchiveAfterIDsWereGivenAgain(t *testing.T) {
	dir := t.TempDir()
	path, to := filepath.Join(dir, "cases.db"), filepath.Join(dir, "2026.archive")
	years(t, path)
	archived(t, path, to, ArchiveOptions{})
	db, err := sql.Open("sqlite3", "file:"+path)
	must(t, err)
	run(t, db, `DROP TRIGGER entries_only_erase`)
	run(t, db, `UPDATE entries SET id = 7 WHERE case_code = 'X1' AND seq = 2`)
	must(t, db.Close())
	if _, err := Unarchive(t.Context(), path, "", "C-02"); err != nil {
		t.Fatal(err)
	}
	if c, _ := examine(t, path, CheckOptions{}); c.Archived != 9 {
		t.Errorf("%+v", c)
	}
}

// Every table is a part of a case, or is known not to be: what is added must be
// thought of here.
func TestArchiveKnowsEveryTable(t *testing.T) {
	s := desk(t, filepath.Join(t.TempDir(), "x.db"))
	defer s.Close()
	apart := []string{"access_log", "accounts", "answers", "archived", "archives", "counters", "document_contents", "documents", "drafts", "exchange_days",
		"figure_parts", "figure_position", "figure_sums", // what an archived case counted stays counted
		"defaults", "goose_db_version", "heads", "marks", "prefills", "publications", "seal", "sessions", "versions", "views",
		"volumes", "volume_words", // in an archive everything is loose
	}
	for _, p := range parts {
		apart = append(apart, p.table)
	}
	must(t, s.each(t.Context(), `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`, nil, func(r *sql.Rows) error {
		var name string
		err := r.Scan(&name)
		if !slices.Contains(apart, name) {
			t.Errorf("is table %s a part of a case? parts in archive_move.go must say so", name)
		}
		return err
	}))
}

func read(t *testing.T, heads []byte) Heads {
	t.Helper()
	h, err := ReadHeads(strings.NewReader(string(heads)))
	must(t, err)
	return h
}

// asText is a case with its history.
func asText(t *testing.T, path, code string) string {
	t.Helper()
	f, err := OpenFile(t.Context(), path)
	must(t, err)
	defer f.Close()
	c, err := f.Load(t.Context(), code)
	must(t, err)
	h, err := f.History(t.Context(), code, 0, 0)
	must(t, err)
	b, err := json.Marshal([]any{c, h})
	must(t, err)
	return string(b)
}
