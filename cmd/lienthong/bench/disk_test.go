package bench

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestCheckpointWaits: a log that somebody reads is waited for, until the caller has
// had enough.
func TestCheckpointWaits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := openDisk(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range []string{`PRAGMA journal_mode = WAL`, `CREATE TABLE x (a)`} {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	reader, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := reader.QueryRow(`SELECT count(*) FROM x`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `INSERT INTO x VALUES (1)`); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := checkpoint(short, path); err == nil {
		t.Error("the log was moved under a reader")
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := checkpoint(t.Context(), path); err != nil {
		t.Error(err)
	}
}
