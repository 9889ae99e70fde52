package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// spoil changes the first byte of the page that a table or index begins with.
func spoil(t *testing.T, db, name string) {
	t.Helper()
	page, err := strconv.Atoi(ask(t, db, `SELECT rootpage FROM sqlite_schema WHERE name = '`+name+`'`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	b[(page-1)*4096] ^= 0xff
	if err := os.WriteFile(db, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRepairIndexes(t *testing.T) {
	_, db := played(t)
	says(t, 0, "nothing to make anew", "verify", "--db", db, "--repair-indexes")
	spoil(t, db, "outbox_ready")
	says(t, 1, "verify --repair-indexes makes them anew", "verify", "--db", db)
	says(t, 1, "chạy verify --repair-indexes", "verify", "--db", db, "--lang", "vi")
	spoiled, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	out := says(t, 0, "made anew from their tables: outbox_ready", "verify", "--db", db, "--repair-indexes")
	if !strings.Contains(out, "2 cases, 40 entries, all sound") || !strings.Contains(out, ".before-") {
		t.Error(out)
	}
	says(t, 0, "sound", "verify", "--db", db)

	if err := os.WriteFile(db, spoiled, 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, 0, "đã dựng lại từ các bảng: outbox_ready", "verify", "--db", db, "--repair-indexes", "--lang", "vi")
	spoil(t, db, "tasks_person")
	var r struct {
		Good    bool
		Kept    string
		Indexes []string
		Found   []any
	}
	if err := json.Unmarshal([]byte(says(t, 0, "", "--json", "verify", "--db", db, "--repair-indexes")), &r); err != nil || !r.Good || r.Kept == "" || len(r.Indexes) != 1 || len(r.Found) == 0 {
		t.Errorf("%+v: %v", r, err)
	}

	spoil(t, db, "snapshots")
	says(t, 1, "more than its indexes", "verify", "--db", db, "--repair-indexes")
	says(t, 1, "không chỉ các chỉ mục, hoặc không phân biệt được; hãy khôi phục từ bản sao lưu", "verify", "--db", db, "--repair-indexes", "--lang", "vi")
	says(t, 2, "goes with --pseudonymised only", "verify", "--db", db, "--repair-indexes", "--heads", db+".heads")
	says(t, 1, "no such file", "verify", "--db", db+"x", "--repair-indexes")
}

// Nothing is written over the database that it is made from, under whatever name.
func TestNothingIsWrittenOverItself(t *testing.T) {
	dir, db := played(t)
	was, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("cases.db", link); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{db, link} {
		for _, args := range [][]string{{"backup", "--force", "--to"}, {"export", "--force", "--to"}, {"export", "--format", "xes", "--force", "--to"}, {"verify", "--heads"}} {
			says(t, 2, "would be written over", append(append(args, to), "--db", db)...)
			says(t, 2, "sẽ bị ghi đè", append(append(args, to), "--db", db, "--lang", "vi")...)
		}
	}
	if now, err := os.ReadFile(db); err != nil || !bytes.Equal(was, now) {
		t.Errorf("it was written over: %v", err)
	}
	heads := filepath.Join(dir, "heads")
	says(t, 0, "sound", "verify", "--db", db, "--heads", heads)
	says(t, 2, "would be written over", "verify", "--db", db, "--heads", heads, "--against", heads)
}
