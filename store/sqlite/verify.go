package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"strconv"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// Areas of a database that a Finding may be in.
const (
	AreaFile       = "file" // its pages and indexes
	AreaCase       = "case"
	AreaAccess     = "access"     // the log of reads
	AreaCheckpoint = "checkpoint" // what was noted of all histories before
	AreaDocument   = "document"
	AreaArchive    = "archive"
	AreaDelivery   = "delivery"
	AreaAnswer     = "answer" // to a command that may be repeated

	AreaPublication = "publication" // a version of a service, or a default
)

// StandIn is what a Finding says of a pseudonymised copy that was not told to be one.
const StandIn = rowenc.StandIn

// Finding is one thing that is wrong.
type Finding struct {
	Area string `json:"area"`
	Case string `json:"case,omitempty"`
	Seq  int64  `json:"seq,omitempty"` // entry of the case, line of the log, number of the checkpoint
	What string `json:"what"`
}

// String is the finding as one line.
func (f Finding) String() string {
	where := f.Area
	if f.Case != "" {
		where += " " + f.Case
	}
	if f.Seq != 0 {
		where += " entry " + strconv.FormatInt(f.Seq, 10)
	}
	return where + ": " + f.What
}

// Counts is how much was looked at.
type Counts struct {
	Cases       int64 `json:"cases"` // with their history here
	Entries     int64 `json:"entries"`
	Archived    int64 `json:"archived"` // cases whose history is in an archive
	Access      int64 `json:"access"`   // lines of the access log
	Documents   int64 `json:"documents"`
	Checkpoints int64 `json:"checkpoints"`
	StandIns    int64 `json:"stand_ins,omitempty"` // entries whose payload was replaced by a pseudonymised one
}

// Verify walks every chain within one read transaction, so that what is being
// written meanwhile is not mistaken for damage.
func (s *Store) Verify(ctx context.Context, bad func(code string, seq int64, what string)) (int, error) {
	w := &walker{s: s, bad: func(f Finding) { bad(f.Case, f.Seq, f.What) }}
	err := w.walk(ctx)
	if err == nil {
		err = s.checkRemembered(ctx, bad)
	}
	return int(w.Cases + w.Archived), err
}

// checkRemembered compares the remembered cases with the file: nobody may have
// changed what Load gave them.
func (s *Store) checkRemembered(ctx context.Context, bad func(code string, seq int64, what string)) error {
	for _, k := range s.cache.all() {
		code := k.rows.Case.Code
		stored, err := s.read(ctx, code)
		if engine.CodeOf(err) == engine.CorruptHistory || engine.CodeOf(err) == engine.NotFound {
			continue // the walk has named it
		}
		if err != nil {
			return err
		}
		if stored.seq() != k.seq() {
			continue // somebody went on meanwhile
		}
		if !sameCase(stored.state, k.state) {
			bad(code, k.seq(), "the remembered case differs from the stored one")
		}
	}
	return nil
}

func sameCase(a, b *engine.Case) bool {
	x, errx := rowenc.EncodeCase(a)
	y, erry := rowenc.EncodeCase(b)
	return errx == nil && erry == nil && bytes.Equal(x, y)
}

// walker looks at everything that is stored, in one state. One goroutine reads,
// case by case in the order of their codes; others check what was read; the
// caller's goroutine hears of it in that same order. What is read ahead is
// bounded, whatever the size of the file.
type walker struct {
	Counts

	s        *Store
	workers  int // that check; 0 = one for each CPU
	bad      func(Finding)
	progress func(done, total int64) // cases; nil = nobody wants to know
	head     func(rowenc.Head) error // hears where every history ends; nil = nobody
	known    *rowenc.Checkpoint      // number and hash of a checkpoint that somebody kept; nil = none
	against  *against                // what was known before; nil = nothing
	copied   bool                    // stand-ins are no damage

	sum     rowenc.HeadSum
	newest  rowenc.Checkpoint
	noted   []*noted // checkpoints to compute again
	skipped []string

	words   int64 // rows of the index of words that belong to a case
	volumes map[wordOf]*placeSet
	unread  bool // some case could not be read

	tx    *sql.Tx
	stmts map[string]*sql.Stmt
}

// ahead bounds the cases that are read and not yet heard of.
const ahead = 32

// kept is everything that is stored of one case.
type kept struct {
	rowenc.Stored
	stub  *stub
	stood []int64 // its sequence at each checkpoint of the walker

	lost  bool // it could not be read
	found []Finding
	done  chan struct{} // closed after the check
}

// blame adds a finding about the case.
func (k *kept) blame(seq int64, format string, args ...any) {
	k.found = append(k.found, Finding{Area: AreaCase, Case: k.Code, Seq: seq, What: fmt.Sprintf(format, args...)})
}

// head is where the case's history ends; false when that is not known.
func (k *kept) head() (rowenc.Head, bool) {
	if k.stub != nil {
		return rowenc.Head{Case: k.Code, Seq: k.stub.seq, Hash: k.stub.head}, true
	}
	if len(k.Entries) == 0 {
		return rowenc.Head{}, false
	}
	e := &k.Entries[len(k.Entries)-1]
	return rowenc.Head{Case: k.Code, Seq: e.Seq, Hash: e.Hash}, true
}

// walk looks at all cases and the access log. It returns an error when it could
// not look, not for what it found.
func (w *walker) walk(ctx context.Context) (err error) {
	const op = "store.verify"
	w.tx, err = w.s.readDB.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return failure(op, "", err)
	}
	defer w.tx.Rollback() //nolint:errcheck // it only read
	w.stmts, w.volumes = map[string]*sql.Stmt{}, map[wordOf]*placeSet{}
	for _, look := range []func(context.Context) error{w.checkpoints, w.cases, w.access, w.documents, w.deliveries, w.answers, w.published} {
		if err := look(ctx); err != nil {
			return failure(op, "", err)
		}
	}
	return nil
}

// cases reads, checks and reports every case.
func (w *walker) cases(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var total int64
	if w.progress != nil {
		if err := w.one(ctx, `SELECT count(*) FROM cases`, nil, &total); err != nil {
			total = 0 // the walk will say what is wrong
		}
	}
	order, work := make(chan *kept, ahead), make(chan *kept)
	read := make(chan error, 1)
	go func() {
		defer close(order)
		defer close(work)
		read <- w.read(ctx, order, work)
	}()
	workers := w.workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	for range workers {
		go func() {
			for k := range work {
				k.check()
				close(k.done)
			}
		}()
	}
	var err error
	for k := range order {
		<-k.done
		if err == nil {
			err = ctx.Err() // what was found by looks that were cut short is nothing
		}
		if err != nil {
			continue // only emptying the channel
		}
		if err = w.hear(k); err != nil {
			stop()
		}
		if w.progress != nil {
			w.progress(w.Cases+w.Archived, total)
		}
	}
	if rerr := <-read; err == nil {
		err = rerr
	}
	if err == nil {
		err = w.countWords(ctx)
	}
	if err == nil && w.against != nil {
		err = w.against.end()
	}
	return err
}

// read sends every case that has a row or an entry, in order.
func (w *walker) read(ctx context.Context, order, work chan<- *kept) error {
	lists := []*listing{{query: casesAfter, what: "cases"}, {query: historiesAfter, what: "histories"}}
	for {
		k := &kept{done: make(chan struct{})}
		k.Copy = w.copied
		var err error
		if k.Code, k.found, err = w.next(ctx, lists); err != nil {
			return err
		}
		if k.Code == "" && k.found == nil {
			return nil
		}
		if k.Code != "" {
			if err := w.fill(ctx, k); ctx.Err() != nil {
				return ctx.Err()
			} else if err != nil {
				k.lost, w.unread = true, true
				k.blame(int64(len(k.Entries))+1, "its rows cannot be read: %v", err)
			}
		}
		select {
		case order <- k:
		case <-ctx.Done():
			return ctx.Err()
		}
		work <- k // a worker always takes it
	}
}

// listing is one ordered list of codes, read page by page.
type listing struct {
	query, what string
	page        []string
	last        string
	over        bool
}

const (
	casesAfter     = `SELECT code FROM cases WHERE code > ?1 ORDER BY code LIMIT 500`
	historiesAfter = `SELECT DISTINCT case_code FROM entries WHERE case_code > ?1 ORDER BY case_code LIMIT 500`
)

// next is the smallest code of the lists that has not been taken; "" at the end.
// A list that cannot be read on is named, and left.
func (w *walker) next(ctx context.Context, lists []*listing) (code string, found []Finding, err error) {
	for _, l := range lists {
		if len(l.page) == 0 && !l.over {
			if err := w.fetch(ctx, l); ctx.Err() != nil {
				return "", nil, ctx.Err()
			} else if err != nil {
				found = append(found, Finding{Area: AreaFile, What: fmt.Sprintf("the %s after %q cannot be listed: %v", l.what, l.last, err)})
			}
		}
		if len(l.page) > 0 && (code == "" || l.page[0] < code) {
			code = l.page[0]
		}
	}
	for _, l := range lists {
		if len(l.page) > 0 && l.page[0] == code {
			l.page = l.page[1:]
		}
	}
	return code, found, nil
}

func (w *walker) fetch(ctx context.Context, l *listing) error {
	err := w.each(ctx, l.query, []any{l.last}, func(r *sql.Rows) error {
		var c string
		err := r.Scan(&c)
		if err == nil && c <= l.last {
			err = fmt.Errorf("%q does not come after it", c)
		}
		if err == nil {
			l.page, l.last = append(l.page, c), c
		}
		return err
	})
	l.over = len(l.page) == 0 || err != nil
	return err
}

// fill reads everything of one case.
func (w *walker) fill(ctx context.Context, k *kept) error {
	var err error
	if k.stub, err = w.stub(ctx, k.Code); err != nil {
		return err
	}
	if err := w.fillRows(ctx, k); err != nil {
		return err
	}
	err = w.each(ctx, historyOf, []any{k.Code, -1 << 62, -1}, func(r *sql.Rows) error {
		e, err := scanSealed(r)
		if err == nil {
			k.Entries = append(k.Entries, e)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range w.noted {
		seq, err := w.stoodAt(ctx, k, p.UpTo)
		if err != nil {
			return err
		}
		k.stood = append(k.stood, seq)
	}
	return nil
}

// check finds what is wrong with the case. It runs beside other checks.
func (k *kept) check() {
	defer func() {
		if p := recover(); p != nil { // what was decoded from damage is not to be trusted
			k.blame(0, "its rows make no sense: %v", p)
		}
	}()
	switch {
	case k.lost || k.Code == "":
	case k.stub != nil:
		k.checkStub()
	default:
		if seq, what := rowenc.CheckCase(k.Stored); what != "" {
			k.blame(seq, "%s", what)
		}
	}
}

// hear takes a case that was checked.
func (w *walker) hear(k *kept) error {
	for _, f := range k.found {
		w.bad(f)
	}
	switch {
	case k.Code == "":
		return nil
	case k.stub != nil:
		w.Archived++
	default:
		w.Cases++
		w.Entries += int64(len(k.Entries))
		for i := range k.Entries {
			if k.Entries[i].StandIn != nil {
				w.StandIns++
			}
		}
	}
	for i, p := range w.noted {
		p.take(k, i)
	}
	if w.against != nil {
		w.against.take(k)
	}
	h, ok := k.head()
	if !ok {
		return nil
	}
	if err := w.sum.Add(h); err != nil {
		return err
	}
	if w.head != nil {
		return w.head(h)
	}
	return nil
}

// access walks the log of reads; the first bad line is named.
func (w *walker) access(ctx context.Context) error {
	var walk rowenc.AccessWalk
	named := false
	err := w.each(ctx, `SELECT `+accessCols+` FROM access_log ORDER BY n`, nil, func(r *sql.Rows) error {
		a, err := scanAccess(r)
		if err != nil {
			return err
		}
		w.Access++
		for _, p := range w.noted {
			p.line(a)
		}
		if named {
			return nil
		}
		if n, what := walk.Next(a); what != "" {
			w.bad(Finding{Area: AreaAccess, Seq: n, What: what})
			named = true
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		w.bad(Finding{Area: AreaAccess, Seq: w.Access + 1, What: fmt.Sprintf("the access log cannot be read: %v", err)})
		err = nil
	}
	for _, p := range w.noted {
		w.compare(p)
	}
	return err
}

// each runs a query in the walk's transaction.
func (w *walker) each(ctx context.Context, q string, args []any, scan func(*sql.Rows) error) error {
	st := w.stmts[q]
	if st == nil {
		var err error
		if st, err = w.tx.PrepareContext(ctx, w.s.seen(q)); err != nil {
			return err
		}
		w.stmts[q] = st // closed with the transaction
	}
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	return walk(rows, scan)
}

// one reads one row; sql.ErrNoRows when there is none.
func (w *walker) one(ctx context.Context, q string, args []any, dest ...any) error {
	found := false
	err := w.each(ctx, q, args, func(r *sql.Rows) error {
		found = true
		return r.Scan(dest...)
	})
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	return err
}
