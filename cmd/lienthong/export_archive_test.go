package main

import (
	"path/filepath"
	"testing"
)

// TestArchivedCasesTravel: a case that was archived is left out of its database's
// replays and exports, and is replayed, decided again and exported from its archive;
// what was exported is brought in and decided again to the same.
func TestArchivedCasesTravel(t *testing.T) {
	dir, db := played(t)
	to := filepath.Join(dir, "2026.archive")
	says(t, 0, "1 cases left the database now", "archive", "--db", db, "--to", to, "--before", "2027-01-01")
	for name, file := range map[string]string{"database": db, "archive": to} {
		says(t, 0, "1 cases rebuilt", "replay", "--lang", "en", "--db", file)
		says(t, 0, "1 cases with", "replay", "--lang", "en", "--db", file, "--against", "built-in")
		says(t, 0, "1 identical", "replay", "--lang", "en", "--db", file, "--against", "built-in")
		out, copied := filepath.Join(dir, name+".jsonl.gz"), filepath.Join(dir, name+"-copy.db")
		says(t, 0, "1 cases", "export", "--db", file, "--to", out, "--key", testKey)
		says(t, 0, "1 cases", "import", "history", out, "--db", copied)
		says(t, 0, "sound", "verify", "--pseudonymised", "--db", copied)
		says(t, 0, "1 identical", "replay", "--lang", "en", "--db", copied, "--against", "built-in")
	}
	code := ask(t, db, `SELECT code FROM cases WHERE service = 'birth'`)
	says(t, 1, "archived", "export", "--db", db, "--to", filepath.Join(dir, "one.jsonl"), "--case", code, "--key", testKey)
	says(t, 1, "archived", "replay", "--lang", "en", "--db", db, "--case", code, "--against", "built-in")
}
