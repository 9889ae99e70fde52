package sqlite

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/store/storetest"
)

// lived is a closed file with something in every table.
func lived(t testing.TB, path string) {
	t.Helper()
	s, err := Open(t.Context(), Config{Path: path, TakeOver: true})
	must(t, err)
	for i := range 12 {
		code := fmt.Sprintf("H26.1-260901-%04d", i)
		story := storetest.File(storetest.Filing{Code: code, Key: "key-" + code, Person: fmt.Sprintf("0010900000%02d", i), Requester: "Nguyễn Văn Ân " + fmt.Sprint(i)})
		e := engine.Requested{Key: story.Key(0), Registry: "civil_status", Operation: "register", Input: map[string]any{"child": "Nguyễn Thị Đào", "n": int64(i)}}
		e.Step = "birth"
		n := engine.Notified{Key: story.Key(1), To: fmt.Sprintf("0010900000%02d", i), What: engine.NoteReceived, Params: map[string]any{"n": int64(i)}}
		n.Step = "birth"
		timers := engine.TimersSet{Timers: []engine.TimerDue{{ID: "birth:0", Kind: engine.TimerAfter, Action: "expire", At: storetest.T0.AddDate(0, 1, i)}}}
		timers.Step = "birth"
		story.Go("send", "birth", e, n, timers).Go("note", "birth", step("n", strings.Repeat("cân nặng ", 30*i)))
		c := story.Change()
		c.Answer = &engine.Answer{Actor: "citizen:x", Key: fmt.Sprint("k", i), Digest: strings.Repeat("d", 64), Case: code, Status: 200, Body: json.RawMessage(fmt.Sprintf(`{"cases":[%q],"seq":3,"status":"open"}`, code)), At: storetest.T0}
		must(t, s.Append(t.Context(), c))
		must(t, s.PutAccount(t.Context(), engine.Account{ID: fmt.Sprint("officer.", i), Kind: engine.Staff, Name: "Cán bộ", Office: "o", Roles: []string{"officer"}, Secret: "hash"}, 0, nil))
		must(t, s.PutSession(t.Context(), engine.Session{Token: fmt.Sprintf("%064d", i), Account: fmt.Sprint("officer.", i), From: storetest.T0, Until: storetest.T0.Add(time.Hour)}))
		must(t, s.PutDraft(t.Context(), engine.Draft{ID: fmt.Sprint("d", i), Owner: "x", Service: "birth", Updated: storetest.T0, Data: map[string]any{"child": map[string]any{"name": "Đào"}}}, 0))
		must(t, s.PutPrefill(t.Context(), "x", engine.Prefill{ID: fmt.Sprint("p", i), At: storetest.T0, Values: map[string]any{"/child/name": "Đào"}, Source: map[string]string{"/child/name": "population"}}))
		must(t, s.PutDocument(t.Context(), document(i), content(i)))
		must(t, s.LogAccess(t.Context(), engine.Access{At: storetest.T0, Account: "lan", Office: "o", Case: code, What: "case"}))
		_, err := s.Codes(t.Context(), fmt.Sprint("H", i), "260901", 5)
		must(t, err)
		must(t, s.DeleteDraft(t.Context(), "x", fmt.Sprint("d", i-3)))
	}
	now := time.Now()
	ds, err := s.Claim(t.Context(), "n", now, now.Add(time.Hour), 8)
	must(t, err)
	for i, d := range ds[:6] {
		d.Status, d.DoneAt, d.Reply = engine.DeliveryDone, now, &engine.Reply{Request: d.Key, Outcome: engine.ReplyDone, Data: map[string]any{"number": fmt.Sprint(i)}}
		must(t, s.Settle(t.Context(), d))
	}
	_, err = s.Checkpoint(t.Context(), storetest.T0)
	must(t, err)
	must(t, s.Close())
}

func content(i int) []byte { return []byte(strings.Repeat(fmt.Sprint("giấy tờ ", i), 100*i)) }

func document(i int) engine.Document {
	c := content(i)
	return engine.Document{ID: fmt.Sprint("doc", i), Owner: "x", Name: "giấy chứng sinh", Type: "application/pdf", Size: int64(len(c)), Hash: sha(c), At: storetest.T0}
}

// dump is every row of every table, as text.
func dump(path string) (out []string, err error) {
	db, err := sql.Open("sqlite3", "file:"+path+"?mode=ro")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.Query(`SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	var tables []string
	err = walk(rows, func(r *sql.Rows) error {
		var name, text string
		err := r.Scan(&name, &text)
		tables = append(tables, name)
		out = append(out, text)
		return err
	})
	for _, table := range tables {
		if err != nil {
			break
		}
		out, err = dumpTable(db, table, out)
	}
	return out, err
}

func dumpTable(db *sql.DB, table string, out []string) ([]string, error) {
	rows, err := db.Query(`SELECT * FROM ` + table + ` NOT INDEXED`)
	if err != nil {
		return out, err
	}
	cols, err := rows.Columns()
	if err != nil {
		return out, err
	}
	err = walk(rows, func(r *sql.Rows) error {
		vals, ptrs := make([]any, len(cols)), make([]any, len(cols))
		for i := range vals {
			ptrs[i] = &vals[i]
		}
		err := r.Scan(ptrs...)
		line := table + ":"
		for i, v := range vals {
			if table == "goose_db_version" && cols[i] == "tstamp" {
				continue // when a migration ran: nothing reads it
			}
			line += fmt.Sprintf(" %s=%q", cols[i], fmt.Sprint(v))
		}
		out = append(out, line)
		return err
	})
	return out, err
}

// flips is a file with something in every table, and its copy in which a bit flips.
type flips struct {
	path, hurt string
	whole      []byte
	want       []string // the rows
}

func flippable(t *testing.T) *flips {
	t.Helper()
	dir := t.TempDir()
	f := &flips{path: filepath.Join(dir, "cases.db"), hurt: filepath.Join(dir, "hurt.db")}
	lived(t, f.path)
	var err error
	f.whole, err = os.ReadFile(f.path)
	must(t, err)
	f.want, err = dump(f.path)
	must(t, err)
	return f
}

// flip makes the copy anew, with one bit flipped.
func (f *flips) flip(t *testing.T, at int, bit byte) {
	t.Helper()
	b := bytes.Clone(f.whole)
	b[at] ^= bit
	must(t, os.WriteFile(f.hurt, b, 0o600))
	sweepLog(f.hurt)
}

// One bit of one byte flips, anywhere in the file: the check finds it, or every row
// of every table is what it was (the byte is in no use, or says how full a page is
// and SQLite says it another way).
func TestAnyFlippedByteIsFoundOrHarmless(t *testing.T) {
	f := flippable(t)
	sound(t, f.path, CheckOptions{})
	places := 300
	if testing.Short() {
		places = 60
	}
	r := rand.New(rand.NewPCG(20261122, 7))
	refusedToOpen, found, harmless := 0, 0, 0
	first := map[string]int{}
	for range places {
		at, bit := r.IntN(len(f.whole)), byte(1)<<r.IntN(8)
		f.flip(t, at, bit)
		file, err := OpenFile(t.Context(), f.hurt)
		if err != nil {
			refusedToOpen++
			continue
		}
		what := ""
		c, err := file.Check(t.Context(), CheckOptions{Bad: func(x Finding) {
			if what == "" {
				what = x.Area
			}
		}})
		must(t, file.Close())
		if err != nil || c.Findings > 0 {
			found++
			first[what]++
			continue
		}
		got, err := dump(f.hurt)
		if err == nil && slices.Equal(got, f.want) {
			harmless++
			continue
		}
		for i := range min(len(got), len(f.want)) {
			if got[i] != f.want[i] {
				t.Errorf("byte %d of page %d, bit %#x: not found\n  was %.300s\n  is  %.300s", at%4096, at/4096+1, bit, f.want[i], got[i])
				break
			}
		}
		if err != nil || len(got) != len(f.want) {
			t.Errorf("byte %d of page %d: not found, yet %d rows of %d, %v", at%4096, at/4096+1, len(got), len(f.want), err)
		}
	}
	t.Logf("%d bytes of a file of %d: %d not opened at all, %d found (first named: %v), %d harmless", places, len(f.whole), refusedToOpen, found, first, harmless)
	if refusedToOpen+found < places/6 { // empty pages and what is left over in others take the rest
		t.Errorf("only %d found: the file holds too little", found)
	}
}

// One bit flips in a row of a delivery or of an answer, which no index holds a second
// time: the check finds it, wherever in the row it is.
func TestAnyFlippedByteOfARowWithASumIsFound(t *testing.T) {
	f := flippable(t)
	var places []int
	for page, name := range treesOf(t, f.path) {
		if name != "outbox" && name != "answers" {
			continue
		}
		b := f.whole[(page-1)*4096 : page*4096]
		for at := int(b[5])<<8 | int(b[6]); at < len(b); at++ { // what is before holds no row
			places = append(places, int(page-1)*4096+at)
		}
	}
	slices.Sort(places)
	n := 150
	if testing.Short() {
		n = 40
	}
	r := rand.New(rand.NewPCG(20261122, 12))
	found := 0
	for range n {
		at, bit := places[r.IntN(len(places))], byte(1)<<r.IntN(8)
		f.flip(t, at, bit)
		if c, _ := examine(t, f.hurt, CheckOptions{}); c.Findings > 0 {
			found++
		} else if got, err := dump(f.hurt); err != nil || !slices.Equal(got, f.want) {
			t.Errorf("byte %d of page %d, bit %#x: not found (%v)", at%4096, at/4096+1, bit, err)
		}
	}
	t.Logf("%d of %d found", found, n)
	if found < n*2/3 {
		t.Errorf("only %d of %d found", found, n)
	}
}
