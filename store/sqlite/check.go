package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"lienthong/store/rowenc"
)

// CheckOptions say what a check looks at and who hears of it. The zero value looks
// at everything and tells nobody.
type CheckOptions struct {
	Bad      func(Finding)                        // what is wrong
	Progress func(what string, done, total int64) // total 0 = not known
	Head     func(rowenc.Head) error              // where every history ends, in the order of the codes
	Against  Heads                                // what was known before
	Known    *rowenc.Checkpoint                   // number and hash of a checkpoint that is known
	Workers  int                                  // 0 = one for each CPU
	Copy     bool                                 // the file is a pseudonymised copy: stand-ins for payloads are no damage
}

// Checked is what a check looked at.
type Checked struct {
	Counts
	Findings int      `json:"findings"`
	Seal     *Seal    `json:"seal,omitempty"`    // of an archive
	Held     int64    `json:"held,omitempty"`    // cases that still have what was known of them
	Skipped  []string `json:"skipped,omitempty"` // what could not be looked at, and why
	// Checkpoint is the newest one, for whoever keeps its number and hash; its
	// number is 0 when there is none.
	Checkpoint rowenc.Checkpoint `json:"-"`
}

// Seal says what an archive holds.
type Seal struct {
	Source  string    `json:"source"` // name of the database that the cases were moved from
	At      time.Time `json:"at"`
	Before  time.Time `json:"before"` // its cases ended before this
	Cases   int64     `json:"cases"`
	Entries int64     `json:"entries"`
	Digest  []byte    `json:"digest"`
}

// Check looks at a whole file in one state, beside whoever writes it: SQLite's own
// structure, the schema, every case's chain and its fold, the stubs of archived
// ones, the access log, checkpoints, documents, and an archive's seal. It returns
// an error when it could not look, not for what it found.
func (f *File) Check(ctx context.Context, o CheckOptions) (Checked, error) {
	return f.s.checkAll(ctx, o, f.idleLog())
}

// idleLog looks at the write-ahead log of a file that nobody serves; what a server
// writes cannot be read beside it.
func (f *File) idleLog() []Finding {
	w, err := readWAL(f.s.cfg.Path)
	if err != nil || w.damaged == "" || inUse(f.s.cfg.Path) {
		return nil
	}
	again, err := readWAL(f.s.cfg.Path) // one that is served by now does not stand still
	if err != nil || again != w || inUse(f.s.cfg.Path) {
		return nil
	}
	return []Finding{{Area: AreaFile, What: "the write-ahead log: " + w.damaged}}
}

func (s *Store) checkAll(ctx context.Context, o CheckOptions, found []Finding) (Checked, error) {
	out := Checked{}
	bad := func(x Finding) {
		out.Findings++
		if o.Bad != nil {
			o.Bad(x)
		}
	}
	for _, x := range found {
		bad(x)
	}
	if o.Progress != nil {
		o.Progress("pages", 0, 0)
	}
	if err := s.checkStructure(ctx, bad); err != nil {
		return out, err
	}
	if err := s.checkSchema(ctx, bad); err != nil {
		return out, err
	}
	seal, err := s.seal(ctx)
	if err != nil {
		return out, failure("store.check", "", err)
	}
	out.Seal = seal
	w := &walker{s: s, workers: o.Workers, bad: bad, head: o.Head, known: o.Known, copied: o.Copy}
	if o.Progress != nil {
		w.progress = func(done, total int64) { o.Progress("cases", done, total) }
	}
	if o.Against != nil {
		w.against = &against{heads: o.Against, part: seal != nil, bad: bad}
	}
	err = w.walk(ctx)
	out.Counts, out.Skipped, out.Checkpoint = w.Counts, w.skipped, w.newest
	if err != nil {
		return out, err
	}
	if a := w.against; a != nil {
		out.Held = a.Held
		if a.Skipped > 0 {
			out.Skipped = append(out.Skipped, fmt.Sprintf("%d known cases cannot be compared here", a.Skipped))
		}
	}
	if seal != nil && (seal.Cases != w.sum.Cases || seal.Entries != w.sum.Entries || !bytes.Equal(seal.Digest, w.sum.Sum(0, nil))) {
		bad(Finding{Area: AreaArchive, What: fmt.Sprintf("the seal is of %d cases with %d entries; these are %d with %d, or others",
			seal.Cases, seal.Entries, w.sum.Cases, w.sum.Entries)})
	}
	return out, nil
}

// seal reads an archive's seal; nil when the file is no archive.
func (s *Store) seal(ctx context.Context) (*Seal, error) {
	var out *Seal
	err := s.each(ctx, `SELECT source, at, before, cases, entries, digest FROM seal`, nil, func(r *sql.Rows) error {
		out = &Seal{}
		var at, before int64
		err := r.Scan(&out.Source, &at, &before, &out.Cases, &out.Entries, &out.Digest)
		out.At, out.Before = rowenc.Time(at), rowenc.Time(before)
		return err
	})
	return out, err
}

// tree matches where SQLite says that a page is damaged, by the root page of the
// table or index.
var tree = regexp.MustCompile(`[Tt]ree (\d+) page`)

// checkStructure asks SQLite whether pages, cells and indexes hold together. It
// names the table or index of a damaged page.
func (s *Store) checkStructure(ctx context.Context, bad func(Finding)) error {
	return structure(ctx, s.readDB, `PRAGMA integrity_check(100)`, bad)
}

func structure(ctx context.Context, db interface {
	QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error)
}, pragma string, bad func(Finding)) error {
	roots := map[string]string{}
	if rows, err := db.QueryContext(ctx, `SELECT rootpage, type || ' ' || name FROM sqlite_schema WHERE rootpage > 0`); err == nil {
		err = walk(rows, func(r *sql.Rows) error {
			var page int64
			var name string
			err := r.Scan(&page, &name)
			roots[strconv.FormatInt(page, 10)] = name
			return err
		})
		if err != nil {
			clear(roots) // then pages keep their numbers only
		}
	}
	rows, err := db.QueryContext(ctx, pragma)
	if err == nil {
		err = walk(rows, func(r *sql.Rows) error {
			var what string
			if err := r.Scan(&what); err != nil {
				return err
			}
			for what := range strings.SplitSeq(what, "\n") { // what is wrong with trees stands in one row
				if what == "ok" || strings.HasPrefix(what, "*** in database") {
					continue
				}
				if m := tree.FindStringSubmatch(what); m != nil && roots[m[1]] != "" {
					what += " (" + roots[m[1]] + ")"
				}
				bad(Finding{Area: AreaFile, What: what})
			}
			return nil
		})
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if unread(err) {
		return fmt.Errorf("sqlite: the disk cannot be read: %w", err)
	}
	if err != nil {
		bad(Finding{Area: AreaFile, What: uncheckable + err.Error()})
	}
	return nil
}

// uncheckable is what a finding begins with where SQLite gave up.
const uncheckable = "its structure cannot be checked: "

// made holds what expected has answered.
var made sync.Map

// expected is the schema that this program makes of a file of a format, by kind and
// name.
func expected(format int64) (map[string]string, error) {
	if m, ok := made.Load(format); ok {
		return m.(map[string]string), nil
	}
	fresh, err := sql.Open(summing, ":memory:")
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	defer fresh.Close()
	fresh.SetMaxOpenConns(1)
	p, err := migrator(context.Background(), fresh, migrations)
	if err == nil {
		_, err = p.UpTo(context.Background(), format)
	}
	if err != nil {
		return nil, fmt.Errorf("sqlite: migrations: %w", err)
	}
	m, err := definitions(context.Background(), fresh)
	if err == nil {
		made.Store(format, m)
	}
	return m, err
}

// checkSchema compares every table, index and trigger with what this program
// makes: without a trigger history would not be append-only.
func (s *Store) checkSchema(ctx context.Context, bad func(Finding)) error {
	format, err := formatOf(ctx, s.readDB)
	if err != nil || format < alike || format > Format() {
		format = Format()
	}
	want, err := expected(format)
	if err != nil {
		return err
	}
	have, err := definitions(ctx, s.readDB)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		bad(Finding{Area: AreaFile, What: "the schema cannot be read: " + err.Error()})
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if text, ok := have[name]; !ok {
			bad(Finding{Area: AreaFile, What: name + " is missing"})
		} else if text != want[name] {
			bad(Finding{Area: AreaFile, What: name + " is not defined as this program defines it"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, ok := want[name]; !ok {
			bad(Finding{Area: AreaFile, What: name + " is not this program's"})
		}
	}
	return nil
}

// definitions are the schema's texts by kind and name, SQLite's own left out, and
// what is noted of the migrations that made it.
func definitions(ctx context.Context, db *sql.DB) (map[string]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'
		UNION ALL SELECT 'migration ' || version_id, CAST(is_applied AS TEXT) FROM goose_db_version UNION ALL SELECT 'sequence ' || name, '' FROM sqlite_sequence`)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	err = walk(rows, func(r *sql.Rows) error {
		var name, text string
		err := r.Scan(&name, &text)
		out[name] = text
		return err
	})
	return out, err
}

// documents compares every document with its hash.
func (w *walker) documents(ctx context.Context) error {
	const q = `SELECT d.id, d.case_code, d.size, d.hash, c.content FROM documents d
		LEFT JOIN document_contents c ON c.id = d.id ORDER BY d.id`
	err := w.each(ctx, q, nil, func(r *sql.Rows) error {
		var id, code, hash string
		var size int64
		var content []byte
		if err := r.Scan(&id, &code, &size, &hash, &content); err != nil {
			return err
		}
		w.Documents++
		if what := faultOf(size, hash, content); what != "" {
			w.bad(Finding{Area: AreaDocument, Case: code, What: "document " + id + ": " + what})
		}
		return nil
	})
	return w.unreadable(ctx, err, AreaDocument, "documents", int(w.Documents))
}

func faultOf(size int64, hash string, content []byte) string {
	sum := sha256.Sum256(content)
	switch {
	case content == nil && size == 0:
		return ""
	case content == nil:
		return "its content is missing"
	case int64(len(content)) != size:
		return fmt.Sprintf("it has %d bytes, not %d", len(content), size)
	case len(hash) == hex.EncodedLen(len(sum)) && hash != hex.EncodeToString(sum[:]):
		return "its content does not match its hash"
	}
	return ""
}
