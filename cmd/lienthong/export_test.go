package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"lienthong/engine"
	"lienthong/engine/replay"
	"lienthong/store/sqlite"
)

const testKey = "000102030405060708090a0b0c0d0e0f"

// TestExportAndImport: histories travel with pseudonyms; their chains hold, deciding
// again is identical, and nothing of a person is in the file.
func TestExportAndImport(t *testing.T) {
	dir, db := played(t)
	file, copied := filepath.Join(dir, "h.jsonl.gz"), filepath.Join(dir, "copy.db")
	out := says(t, 0, "", "--json", "export", "--db", db, "--to", file, "--key", testKey)
	var made struct{ Digest string }
	if err := json.Unmarshal([]byte(out), &made); err != nil || len(made.Digest) != 64 {
		t.Fatalf("%s %v", out, err)
	}
	says(t, 1, "already", "export", "--db", db, "--to", file)
	says(t, 0, "2 cases", "import", "history", file, "--known", made.Digest)
	says(t, 1, "another file", "import", "history", file, "--known", strings.Repeat("0", 64))
	says(t, 0, "2 cases", "import", "history", file, "--db", copied)
	says(t, 1, "fresh database", "import", "history", file, "--db", copied)

	says(t, 1, "payload is a stand-in", "verify", "--db", copied)
	says(t, 1, "verify it with --pseudonymised", "verify", "--db", copied)
	says(t, 1, "hãy kiểm tra bằng verify --pseudonymised", "verify", "--db", copied, "--lang", "vi")
	says(t, 0, "sound", "verify", "--pseudonymised", "--db", copied)
	heads := filepath.Join(dir, "heads")
	says(t, 0, "sound", "verify", "--db", db, "--heads", heads)
	says(t, 0, "2 cases still have what was known", "verify", "--pseudonymised", "--db", copied, "--against", heads)
	says(t, 0, "2 cases rebuilt from 40 entries", "replay", "--lang", "en", "--db", copied)
	says(t, 0, "2 identical", "replay", "--lang", "en", "--db", copied, "--against", "built-in")
	if n := ask(t, copied, `SELECT count(*) FROM outbox WHERE status IN ('pending', 'accepted')`); n != "0" {
		t.Errorf("%s deliveries of the copy would be sent", n)
	}

	all := filepath.Join(dir, "h.jsonl")
	says(t, 0, "2 cases", "export", "--db", db, "--to", all, "--key", testKey)
	hidden, err := os.ReadFile(all)
	if err != nil {
		t.Fatal(err)
	}
	for s := range secrets(t, db) {
		if bytes.Contains(hidden, []byte(s)) {
			t.Errorf("%q is in the export", s)
		}
	}
	second := filepath.Join(dir, "second.jsonl")
	says(t, 0, "2 cases", "export", "--db", db, "--to", second, "--key", strings.Repeat("ab", 16))
	if a, b := payloads(t, all), payloads(t, second); a == b {
		t.Error("two keys make the same pseudonyms")
	}
	says(t, 0, "2 cases", "export", "--db", db, "--to", second, "--force", "--key", testKey)
	if a, b := payloads(t, all), payloads(t, second); a != b {
		t.Error("one key makes two pseudonyms of one value")
	}
}

// TestExportPlain: without pseudonyms the copy is the same to the last byte of every
// payload, and needs no excuse.
func TestExportPlain(t *testing.T) {
	dir, db := played(t)
	file, copied := filepath.Join(dir, "h.jsonl"), filepath.Join(dir, "copy.db")
	says(t, 0, "2 cases", "export", "--plain", "--db", db, "--to", file)
	says(t, 0, "with the data as it was", "import", "history", file, "--db", copied)
	says(t, 0, "sound", "verify", "--db", copied)
	says(t, 0, "2 identical", "replay", "--lang", "en", "--db", copied, "--against", "built-in")
	const q = `SELECT hex(hash) || hex(salt) || hex(commitment) FROM entries ORDER BY case_code DESC, seq DESC LIMIT 1`
	if a, b := ask(t, db, q), ask(t, copied, q); a != b || a == "" {
		t.Errorf("%s is not %s", b, a)
	}
	says(t, 2, "--plain takes no --key", "export", "--plain", "--key", testKey, "--db", db, "--to", file)
	says(t, 2, "at least 16 bytes", "export", "--key", "00", "--db", db, "--to", file+"2")
}

// TestImportNamesDamage: a line that was changed or is missing is found and named, and
// no database is left.
func TestImportNamesDamage(t *testing.T) {
	dir, db := played(t)
	file := filepath.Join(dir, "h.jsonl")
	says(t, 0, "2 cases", "export", "--db", db, "--to", file, "--key", testKey)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for want, spoil := range map[string]func() []byte{
		"line 5: entry 3 of ": func() []byte { // another amount, another name, another day
			return bytes.Replace(whole, lines[4], bytes.Replace(lines[4], []byte("2026-"), []byte("2025-"), 1), 1)
		},
		"line 6: ":             func() []byte { return bytes.Replace(whole, lines[5], nil, 1) },
		"is cut off":           func() []byte { return whole[:len(whole)/2] },
		"the file is cut off":  func() []byte { return whole[:len(whole)-len(lines[len(lines)-2])] },
		"something follows it": func() []byte { return append(bytes.Clone(whole), '{') },
		"does not begin as":    func() []byte { return lines[1] },
		"line 1: ":             func() []byte { return []byte("hello\n") },
		"line 1: the file is":  func() []byte { return nil },
		"does not come after": func() []byte {
			return bytes.Join([][]byte{lines[0], bytes.Join(lines[1:21], nil), bytes.Join(lines[1:21], nil)}, nil)
		},
		"something before the ": func() []byte {
			return bytes.Replace(whole, []byte(`"source":"cases.db"`), []byte(`"source":"other.db"`), 1)
		},
	} {
		bad, made := filepath.Join(dir, "bad"), filepath.Join(dir, "bad.db")
		if err := os.WriteFile(bad, spoil(), 0o600); err != nil {
			t.Fatal(err)
		}
		says(t, 1, want, "import", "history", bad, "--db", made)
		if left, err := filepath.Glob(filepath.Join(dir, ".import-*")); err != nil || len(left) > 0 {
			t.Errorf("%s: %v is left (%v)", want, left, err)
		}
		if _, err := os.Stat(made); err == nil {
			t.Errorf("%s: a database is left", want)
		}
	}
}

// secrets are names of several words, long numbers and what people wrote, in what
// people and registries gave.
func secrets(t *testing.T, db string) map[string]bool {
	t.Helper()
	f, err := sqlite.OpenFile(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string]bool{}
	long := regexp.MustCompile(`[0-9]{9,15}`)
	codes, err := f.Cases(t.Context(), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range codes {
		history, err := replay.History(t.Context(), f, code)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range history {
			if r := e.Facts.Reply; r != nil {
				own := *r
				own.Detail = engine.Text{} // the declared words of a refusal
				e.Facts.Reply = &own
			}
			given, err := json.Marshal(struct {
				C engine.Command
				F engine.Facts
			}{e.Command, e.Facts})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(string(given), -1) {
				if strings.Contains(s[1], " ") && s[1] != "Việt Nam" {
					out[s[1]] = true
				}
				if m := long.FindString(s[1]); m != "" && !strings.HasPrefix(s[1], "H") {
					out[m] = true
				}
			}
		}
	}
	if len(out) < 20 {
		t.Fatalf("only %d secrets", len(out))
	}
	return out
}

// payloads are those of a file, without what is drawn anew each time.
func payloads(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(regexp.MustCompile(`"payload":.*`).FindAllString(string(b), -1), "\n")
}
