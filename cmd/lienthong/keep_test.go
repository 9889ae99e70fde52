package main

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"lienthong/store/rowenc"
	"lienthong/store/sqlite"
)

// played is the database that the demonstration leaves: one birth, one death. It
// is played once; every test gets a copy of its own.
func played(t *testing.T) (dir, db string) {
	t.Helper()
	once.Do(func() {
		home, err := os.MkdirTemp("", "lienthong-keep-")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(home, "cases.db")
		if code, _, errs := lienthong(t, "--json", "demo", "--once", "--db", file, "--listen", "127.0.0.1:0"); code != 0 {
			t.Fatalf("exit %d: %s", code, errs)
		}
		sample, err = os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(home); err != nil {
			t.Fatal(err)
		}
	})
	dir = t.TempDir()
	db = filepath.Join(dir, "cases.db")
	if err := os.WriteFile(db, sample, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, db
}

var (
	once   sync.Once
	sample []byte
)

// says runs the command and checks its exit status and that it said something. Verbs
// that keep a database speak English here; TestKeepingInVietnamese is for the other.
func says(t *testing.T, want int, text string, args ...string) string {
	t.Helper()
	for _, verb := range []string{"verify", "backup", "restore", "archive", "export", "history"} {
		if slices.Contains(args, verb) && !slices.Contains(args, "--lang") {
			args = append(slices.Clone(args), "--lang", "en")
		}
	}
	code, out, errs := lienthong(t, args...)
	if code != want || !strings.Contains(out+errs, text) {
		t.Fatalf("%v: exit %d, want %d and %q\n%s%s", args, code, want, text, out, errs)
	}
	return out
}

// ask runs SQL behind the program's back and returns the one value it gives, ""
// when it gives none.
func ask(t *testing.T, file, q string) string {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var v string
	if err := db.QueryRow(q).Scan(&v); err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatalf("%s: %v", q, err)
	}
	return v
}

func TestVerify(t *testing.T) {
	dir, db := played(t)
	says(t, 0, "2 cases, 40 entries", "verify", "--db", db)
	heads := filepath.Join(dir, "heads.txt.gz")
	says(t, 0, ": sound", "verify", "--db", db, "--heads", heads)
	says(t, 0, "2 cases still have what was known of them", "verify", "--db", db, "--against", heads)
	says(t, 0, "2 cases still have what was known of them", "verify", "--db", db, "--against", db)
	says(t, 1, "it is not there; there are 0", "verify", "--db", db, "--checkpoint", "3:00ff")

	var v verified
	if err := json.Unmarshal([]byte(says(t, 0, "", "--json", "verify", "--db", db)), &v); err != nil {
		t.Fatal(err)
	}
	if !v.Good || v.Cases != 2 || v.Entries != 40 || v.Findings != 0 || v.Newest == nil || v.Newest.Case == "" {
		t.Errorf("%+v", v)
	}

	ask(t, db, `DROP TRIGGER entries_only_erase`)
	ask(t, db, `UPDATE entries SET payload = CAST(substr(payload, 1, 40) || 'x' || substr(payload, 42) AS BLOB) WHERE seq = 7`)
	out := says(t, 1, " found", "verify", "--db", db)
	if !regexp.MustCompile(`(?m)^case \S+ entry 7: payload does not match its commitment$`).MatchString(out) {
		t.Errorf("the entry is not named: %s", out)
	}
	v = verified{}
	if err := json.Unmarshal([]byte(says(t, 1, "", "--json", "verify", "--db", db)), &v); err != nil {
		t.Fatal(err)
	}
	if v.Good || v.Findings != len(v.Found) || v.Findings == 0 || v.Found[0].Area != sqlite.AreaFile || v.Found[1].Area != sqlite.AreaCase || v.Found[1].Seq != 7 {
		t.Errorf("%+v", v)
	}
	unsaved := filepath.Join(dir, "unsaved")
	says(t, 1, "NOT GOOD", "verify", "--db", db, "--heads", unsaved)
	if _, err := os.Stat(unsaved); err == nil {
		t.Error("heads of a damaged file were written")
	}
}

func TestReplay(t *testing.T) {
	_, db := played(t)
	says(t, 0, "2 cases rebuilt from 40 entries", "replay", "--lang", "en", "--db", db)
	code := ask(t, db, `SELECT code FROM cases WHERE service = 'birth'`)
	out := says(t, 0, "after entry 18", "replay", "--lang", "en", "--db", db, "--case", code)
	if !strings.Contains(out, "register") || !strings.Contains(out, "ended completed") {
		t.Errorf("the case is told as %s", out)
	}
	part := strings.Replace(code, "-0001", "-0003", 1) // a dossier's code leads to its case
	says(t, 0, "after entry 4", "replay", "--lang", "en", "--db", db, "--case", part, "--at", "4")
	var was struct {
		Good bool
		Case struct {
			Seq      int64
			Dossiers []struct{ Step, State string }
		}
	}
	if err := json.Unmarshal([]byte(says(t, 0, "", "--json", "replay", "--lang", "en", "--db", db, "--case", code, "--at", "4")), &was); err != nil {
		t.Fatal(err)
	}
	if !was.Good || was.Case.Seq != 4 || was.Case.Dossiers[0].State != "confirming" {
		t.Errorf("%+v", was)
	}
	says(t, 1, "18 entries only", "replay", "--lang", "en", "--db", db, "--case", code, "--at", "99")
	says(t, 1, "not_found", "replay", "--lang", "en", "--db", db, "--case", "nobody")

	retell(t, db, `"channel":2`, `"channel":3`)
	if out := says(t, 1, "1 differ", "replay", "--lang", "en", "--db", db); !strings.Contains(out, `: /channel: stored 3, rebuilt 2`) {
		t.Errorf("told as %s", out)
	}
	says(t, 1, "/channel", "replay", "--lang", "en", "--db", db, "--case", ask(t, db, `SELECT code FROM cases WHERE service = 'death'`))
}

// retell changes the stored state of the death.
func retell(t *testing.T, db, from, to string) {
	t.Helper()
	const where = ` WHERE case_code = (SELECT code FROM cases WHERE service = 'death')`
	b, err := hex.DecodeString(ask(t, db, `SELECT hex(body) FROM snapshots`+where))
	if err != nil {
		t.Fatal(err)
	}
	text, err := rowenc.Unpack(b)
	if err != nil || !bytes.Contains(text, []byte(from)) {
		t.Fatalf("%v: %s", err, text)
	}
	ask(t, db, fmt.Sprintf(`UPDATE snapshots SET body = x'%x'`+where, bytes.Replace(text, []byte(from), []byte(to), 1)))
}

func TestKeepingIsRefused(t *testing.T) {
	dir, db := played(t)
	for _, args := range [][]string{
		{"verify"}, {"replay"}, {"verify", "--db", db, "--checkpoint", "x"}, {"replay", "--lang", "en", "--db", db, "--at", "3"}, {"replay", "--lang", "en", "--db", db, "--at", "-1", "--case", "x"},
	} {
		if code, _, errs := lienthong(t, args...); code != 2 || errs == "" {
			t.Errorf("%v: exit %d, %q", args, code, errs)
		}
	}
	says(t, 1, "no such file", "verify", "--db", filepath.Join(dir, "nowhere.db"))
	says(t, 1, "does not begin as a SQLite file", "verify", "--db", "main_test.go")
	says(t, 1, "not a heads file", "verify", "--db", db, "--against", "main_test.go")
}

func TestBackupAndRestore(t *testing.T) {
	dir, db := played(t)
	kept := filepath.Join(dir, "kept.db")
	says(t, 0, "newest entry", "backup", "--db", db, "--to", kept, "--full")
	says(t, 1, "kept.db exists", "backup", "--db", db, "--to", kept)
	var b struct {
		Good   bool
		SHA256 string
		Bytes  int64
		Newest struct{ Case string }
	}
	if err := json.Unmarshal([]byte(says(t, 0, "", "--json", "backup", "--db", db, "--to", kept, "--force")), &b); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(kept); err != nil || !b.Good || len(b.SHA256) != 64 || b.Bytes != st.Size() || b.Newest.Case == "" {
		t.Errorf("%+v %v", b, err)
	}
	says(t, 0, ": sound", "verify", "--db", kept)
	says(t, 0, "2 cases still have", "verify", "--db", db, "--against", kept)
	says(t, 1, "cases.db exists", "restore", "--from", kept, "--db", db)
	says(t, 0, "LOST", "restore", "--from", kept, "--db", db, "--force")
	says(t, 0, "go on above number 100,000.\nNo database made way here", "restore", "--from", kept, "--db", filepath.Join(dir, "elsewhere.db"))
	if told := says(t, 0, "go on above number 200,000.", "restore", "--from", kept, "--db", filepath.Join(dir, "third.db"), "--above", "100000"); strings.Contains(told, "made way") {
		t.Errorf("warned of what is known: %s", told)
	}
	says(t, 2, "no number of a code", "restore", "--from", kept, "--db", filepath.Join(dir, "fourth.db"), "--above=-1")
	if before, err := filepath.Glob(db + ".before-*"); err != nil || len(before) == 0 {
		t.Errorf("kept: %v %v", before, err)
	}
	says(t, 0, "2 cases, 40 entries", "verify", "--db", db)

	ask(t, kept, `DROP TRIGGER entries_only_erase`)
	ask(t, kept, `UPDATE entries SET at = at + 1 WHERE seq = 5`)
	says(t, 1, "the database is damaged", "restore", "--from", kept, "--db", filepath.Join(dir, "new.db"))
	var r struct {
		Good  bool
		Found []sqlite.Finding
		Error string
	}
	if err := json.Unmarshal([]byte(says(t, 1, "", "--json", "restore", "--from", kept, "--db", filepath.Join(dir, "new.db"))), &r); err != nil {
		t.Fatal(err)
	}
	if r.Good || r.Error == "" || len(r.Found) != 3 {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(filepath.Join(dir, "new.db")); err == nil {
		t.Error("a damaged backup was put back")
	}
}

// A server refuses a damaged file and says what is wrong with it.
func TestServeRefusesDamage(t *testing.T) {
	_, db := played(t)
	ask(t, db, `DROP TRIGGER entries_only_erase`)
	ask(t, db, `UPDATE entries SET at = at + 1 WHERE seq = 5`)
	says(t, 1, "entry 5: entry does not match the chain", "serve", "--db", "sqlite:"+db, "--secret", "s", "--listen", "127.0.0.1:0", "--check", "full")
	says(t, 1, "entry 5: entry does not match the chain", "demo", "--lang", "en", "--db", db, "--listen", "127.0.0.1:0", "--check", "full")
	b, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(db, b[:len(b)-4096], 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, 1, "is cut off", "serve", "--db", db, "--secret", "s", "--listen", "127.0.0.1:0")
	if code, _, errs := lienthong(t, "serve", "--db", "sqlite:"+db, "--secret", "s", "--check", "perhaps"); code != 2 {
		t.Errorf("exit %d, %s", code, errs)
	}
}

func TestArchive(t *testing.T) {
	dir, db := played(t)
	to := filepath.Join(dir, "2026.archive")
	says(t, 0, "nothing was moved", "archive", "--db", db, "--to", to, "--before", "2026-01-01")
	// The newest entry's case stays, so of the two only the birth is moved.
	says(t, 0, "1 cases left the database now", "archive", "--db", db, "--to", to, "--before", "2027-01-01")
	says(t, 0, "1 archived", "verify", "--db", db)
	says(t, 0, "archive of cases.db, sealed", "verify", "--db", to)
	says(t, 0, "1 cases rebuilt", "replay", "--lang", "en", "--db", to)
	says(t, 0, "nothing was left to do", "archive", "--db", db, "--to", to, "--before", "2027-01-01")
	code := ask(t, db, `SELECT code FROM cases WHERE service = 'birth'`)
	says(t, 1, "archived", "replay", "--lang", "en", "--db", db, "--case", code)
	says(t, 0, "after entry 18", "replay", "--lang", "en", "--db", to, "--case", code)
	var a struct {
		Good   bool
		Cases  int64
		SHA256 string
	}
	if err := json.Unmarshal([]byte(says(t, 0, "", "--json", "archive", "--db", db, "--to", to, "--before", "2027-01-01")), &a); err != nil || !a.Good || a.Cases != 1 || len(a.SHA256) != 64 {
		t.Errorf("%+v %v", a, err)
	}
	elsewhere := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(to, elsewhere); err != nil {
		t.Fatal(err)
	}
	says(t, 1, "no such file", "archive", "--db", db, "--restore", code)
	says(t, 0, "back with 18 entries from 2026.archive", "archive", "--db", db, "--restore", code, "--from", elsewhere)
	says(t, 0, "2 cases, 40 entries, 0 archived", "verify", "--db", db)
	says(t, 1, "not archived", "archive", "--db", db, "--restore", code)
	for _, args := range [][]string{
		{"archive", "--db", db}, {"archive", "--db", db, "--to", to}, {"archive", "--db", db, "--to", to, "--before", "soon"},
		{"archive", "--db", db, "--restore", code, "--to", to}, {"archive", "--db", db, "--to", to, "--before", "2027-01-01", "--limit", "-1"},
		{"archive", "--db", db, "--to", to, "--before", "2027-01-01", "--from", to},
	} {
		if code, _, errs := lienthong(t, args...); code != 2 || errs == "" {
			t.Errorf("%v: exit %d, %q", args, code, errs)
		}
	}
}

// A case that is damaged stays in the database, is named, and is a failure.
func TestArchiveLeavesADamagedCase(t *testing.T) {
	dir, db := played(t)
	to := filepath.Join(dir, "2026.archive")
	ask(t, db, `DROP TRIGGER entries_only_erase`)
	ask(t, db, `UPDATE entries SET at = at + 1 WHERE seq = 2`)
	for lang, want := range map[string]string{"en": "1 cases are damaged or cannot be read: they stay in the database", "vi": "1 hồ sơ bị hỏng hoặc không đọc được: chúng ở lại cơ sở dữ liệu"} {
		out := says(t, 1, want, "archive", "--db", db, "--to", to, "--before", "2027-01-01", "--lang", lang)
		if code := ask(t, db, `SELECT min(code) FROM cases`); !strings.Contains(out, code) {
			t.Errorf("%s is not named: %s", code, out)
		}
	}
	var a struct {
		Good  bool
		Left  int
		Found []any
	}
	if err := json.Unmarshal([]byte(says(t, 1, "", "--json", "archive", "--db", db, "--to", to, "--before", "2027-01-01")), &a); err != nil || a.Good || a.Left != 1 || len(a.Found) != 1 {
		t.Errorf("%+v: %v", a, err)
	}
	if n := ask(t, db, `SELECT count(*) FROM archived`); n != "0" {
		t.Errorf("%s cases left", n)
	}
}
