package sqlite

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// Append writes all changes or none, in a transaction that other calls may share.
func (s *Store) Append(ctx context.Context, changes ...engine.Change) error {
	const op = "store.append"
	if len(changes) == 0 {
		return rowenc.Bad(op, "no change")
	}
	j := &job{ctx: ctx, op: op, changes: make([]*rowenc.Change, len(changes))}
	for i, c := range changes {
		e, err := rowenc.Encode(c)
		if err != nil {
			return err
		}
		j.changes[i] = e
		j.size += e.Size
	}
	return s.submit(j)
}

// appendAll checks every Append of the transaction and writes those accepted.
func (w *writer) appendAll(jobs []*job) error {
	if !slices.ContainsFunc(jobs, func(j *job) bool { return j.changes != nil }) {
		return nil
	}
	p, err := w.newPlan(jobs)
	if err != nil {
		return err
	}
	set := newRowSet(p)
	for _, j := range jobs {
		if j.changes == nil {
			continue
		}
		if j.err = p.accept(j, w.store.cfg.Hooks.Plan); j.err == nil {
			for _, c := range j.changes {
				set.add(c)
			}
		}
	}
	set.finish()
	return w.write(set)
}

// The tables that an Append writes. Their columns are in the order of the rows
// that rowSet makes.
const (
	dossierCols = `place shelf office urgency code procedure state status final portal assignee opened rev review tokens digest body`
	outboxCols  = `key case_code step seq n registry operation input at status tries next sent_at expected last_error reply fence note done_at node lease ready unordered holds`
)

var (
	intoCases    = into("cases", `code seq head stamp updated service version status outcome portal filed due timer requester name subject held digest tasks_digest`, "")
	intoBodies   = into("case_bodies", `case_code body`, replacing("case_code", "body"))
	intoDossiers = into("dossiers", `case_code step `+dossierCols, replacing("case_code step", dossierCols))
	intoEntries  = into("entries", `case_code seq at action step actor_kind engine definition parameters calendar payload salt commitment hash`, "")
	intoKeys     = into("case_keys", `key case_code`, "")
	intoCodes    = into("codes", `code case_code`, " ON CONFLICT DO NOTHING")
	intoResults  = into("results", `id case_code step`, " ON CONFLICT DO NOTHING")
	intoAnswers  = into("answers", `actor key digest case_code status body at`, "")
	intoOutbox   = into("outbox", outboxCols, "")
	intoNotes    = into("notifications", `key case_code step addressee what at params turn`, "")
	intoTasks    = into("tasks", `case_code n person step kind state due since`, "")
	intoSearch   = into("search", `office token case_code step`, " ON CONFLICT DO NOTHING")
)

const updateCase = `UPDATE cases SET seq = ?3, head = ?4, stamp = ?5, updated = ?6, version = ?7, status = ?8, outcome = ?9, portal = ?10,
	due = ?11, timer = ?12, name = ?13, subject = ?14, held = ?15, digest = ?16, tasks_digest = ?17 WHERE code = ?1 AND seq = ?2`

// rowSet is everything that one transaction writes for its Appends.
type rowSet struct {
	plan  *plan
	heads map[string][]byte         // the chain as it grows
	last  map[string]*rowenc.Change // the newest accepted change of each case
	order []string                  // cases in the order of their first change

	cases, bodies, dossiers, entries, keys, codes, results [][]any
	answers, outbox, settled, notes, tasks, search         [][]any
	updates                                                [][]any
	erase                                                  map[string]int64
	dropKeys, dropTasks                                    []string
	dropSearch, dropDossiers                               [][]any
}

func newRowSet(p *plan) *rowSet {
	return &rowSet{plan: p, heads: map[string][]byte{}, last: map[string]*rowenc.Change{}, erase: map[string]int64{}}
}

// add takes an accepted change: what is added by every change.
func (s *rowSet) add(c *rowenc.Change) {
	code := c.Case.Code
	if s.last[code] == nil {
		s.order = append(s.order, code)
		if was := s.plan.was[code]; was != nil {
			s.heads[code] = was.head
		}
	}
	s.last[code] = c
	head := s.heads[code]
	for i := range c.Entries {
		e := &c.Entries[i]
		head = e.Link(head)
		s.entries = append(s.entries, []any{e.Case, e.Seq, e.At, e.Action, e.Step, e.ActorKind, e.Engine, e.Definition,
			e.Parameters, e.Calendar, e.Payload, e.Salt, e.Commitment, head})
	}
	s.heads[code] = head
	if c.EraseTo > 0 {
		s.erase[code] = max(s.erase[code], c.EraseTo)
	}
	for _, x := range c.Codes {
		if _, ok := s.plan.stored[x]; ok {
			continue
		}
		s.codes = append(s.codes, []any{x, code})
	}
	for _, r := range c.Results {
		s.results = append(s.results, []any{r.ID, code, r.Step})
	}
	if a := c.Answer; a != nil {
		s.answers = append(s.answers, []any{a.Actor, a.Key, a.Digest, a.Case, a.Status, []byte(a.Body), rowenc.Micros(a.At)})
	}
	for i := range c.Effects {
		s.outbox = append(s.outbox, outboxRow(&c.Effects[i]))
	}
	for i := range c.Settled {
		s.settled = append(s.settled, settleArgs(&c.Settled[i], 1))
	}
	for _, n := range c.Notes {
		s.notes = append(s.notes, []any{n.Key, n.Case, n.Step, n.To, n.What, n.At, n.Params, n.Turn})
	}
}

func outboxRow(r *rowenc.DeliveryRow) []any {
	return []any{r.Key, r.Case, r.Step, r.Seq, r.N, r.Registry, r.Operation, r.Input, r.At, r.Status, r.Tries, r.Next,
		r.SentAt, r.Expected, r.LastError, r.Reply, r.Fence, r.Note, r.DoneAt, r.Node, r.Lease, r.Ready(), r.Unordered, r.Holds()}
}

// finish makes the rows of each case as its last change leaves it, as far as
// they differ from what is committed.
func (s *rowSet) finish() {
	for _, code := range s.order {
		c, was := s.last[code], s.plan.was[code]
		if was == nil {
			was = &standing{}
			k := &c.Case
			s.cases = append(s.cases, []any{k.Code, k.Seq, s.heads[code], k.Stamp, k.Updated, k.Service, k.Version, k.Status, k.Outcome,
				k.Portal, k.Filed, k.Due, k.Timer, k.Requester, k.Name, k.Subject, c.Key, k.Digest, k.TasksDigest})
		} else {
			k := &c.Case
			s.updates = append(s.updates, []any{k.Code, was.seq, k.Seq, s.heads[code], k.Stamp, k.Updated, k.Version, k.Status, k.Outcome,
				k.Portal, k.Due, k.Timer, k.Name, k.Subject, c.Key, k.Digest, k.TasksDigest})
		}
		if !bytes.Equal(was.digest, c.Case.Digest) {
			s.bodies = append(s.bodies, []any{code, c.Case.Body})
		}
		s.finishKey(c, was)
		s.finishTasks(c, was)
		s.finishDossiers(c, was)
	}
}

func (s *rowSet) finishKey(c *rowenc.Change, was *standing) {
	if was.held == c.Key {
		return
	}
	if was.held != "" {
		s.dropKeys = append(s.dropKeys, was.held)
	}
	if c.Key != "" {
		s.keys = append(s.keys, []any{c.Key, c.Case.Code})
	}
}

func (s *rowSet) finishTasks(c *rowenc.Change, was *standing) {
	if bytes.Equal(was.tasks, c.Case.TasksDigest) {
		return
	}
	if was.seq > 0 {
		s.dropTasks = append(s.dropTasks, c.Case.Code)
	}
	for i, t := range c.Tasks {
		s.tasks = append(s.tasks, []any{t.Case, i, t.Person, t.Step, t.Kind, t.State, rowenc.Micros(t.Due), rowenc.Micros(t.Since)})
	}
}

func (s *rowSet) finishDossiers(c *rowenc.Change, was *standing) {
	code := c.Case.Code
	gone := maps.Clone(was.dossiers)
	for i := range c.Dossiers {
		d := &c.Dossiers[i]
		old, had := was.dossiers[d.Step]
		delete(gone, d.Step)
		tokens := rowenc.JoinTokens(d.Tokens)
		if had && bytes.Equal(old.digest, d.Digest) && old.tokens == tokens {
			continue
		}
		r := &d.Row
		s.dossiers = append(s.dossiers, []any{code, d.Step, d.Place, d.Shelf, r.Office, rowenc.Urgency(r.Due), r.Code, r.Procedure,
			r.State, string(r.Status), string(r.Final), r.Portal, r.Assignee, rowenc.Micros(r.Opened), r.Rev, r.Review, tokens, d.Digest, d.Body})
		if old.office != r.Office || old.tokens != tokens {
			s.finishSearch(code, d.Step, old, r.Office, d.Tokens)
		}
	}
	for step, old := range gone {
		s.dropDossiers = append(s.dropDossiers, []any{code, step})
		s.finishSearch(code, step, old, "", nil)
	}
}

// finishSearch replaces the tokens that changed.
func (s *rowSet) finishSearch(code, step string, old standingDossier, office string, tokens []string) {
	before := rowenc.SplitTokens(old.tokens)
	moved := old.office != office
	for _, t := range before {
		if _, kept := slices.BinarySearch(tokens, t); moved || !kept {
			s.dropSearch = append(s.dropSearch, []any{old.office, t, code, step})
		}
	}
	for _, t := range tokens {
		if _, had := slices.BinarySearch(before, t); moved || !had {
			s.search = append(s.search, []any{office, t, code, step})
		}
	}
}

// write sends the rows: parents first, what is released before what is taken.
func (w *writer) write(s *rowSet) error {
	for _, u := range s.updates {
		n, err := w.changed(updateCase, u...)
		if err != nil {
			return err
		}
		if n != 1 { // another process was faster: only possible outside this writer
			return rowenc.Stale("store.append", u[0].(string))
		}
	}
	if err := w.insert(intoCases, s.cases); err != nil {
		return err
	}
	if err := w.release(s); err != nil {
		return err
	}
	for _, t := range []struct {
		into table
		rows [][]any
	}{
		{intoBodies, s.bodies}, {intoDossiers, s.dossiers}, {intoSearch, s.search}, {intoEntries, s.entries}, {intoKeys, s.keys},
		{intoCodes, s.codes}, {intoResults, s.results}, {intoAnswers, s.answers}, {intoOutbox, s.outbox}, {intoNotes, s.notes}, {intoTasks, s.tasks},
	} {
		if err := w.insert(t.into, t.rows); err != nil {
			return err
		}
	}
	for _, args := range s.settled {
		if err := w.exec(settle, args...); err != nil {
			return err
		}
	}
	for code, upTo := range s.erase {
		if err := w.exec(`UPDATE entries SET payload = NULL, salt = NULL WHERE case_code = ?1 AND seq <= ?2 AND payload IS NOT NULL`, code, upTo); err != nil {
			return err
		}
	}
	return nil
}

// release deletes what the changes gave up.
func (w *writer) release(s *rowSet) error {
	for _, k := range s.dropKeys {
		if err := w.exec(`DELETE FROM case_keys WHERE key = ?1`, k); err != nil {
			return err
		}
	}
	for _, code := range s.dropTasks {
		if err := w.exec(`DELETE FROM tasks WHERE case_code = ?1`, code); err != nil {
			return err
		}
	}
	for _, t := range s.dropSearch {
		if err := w.exec(`DELETE FROM search WHERE office = ?1 AND token = ?2 AND case_code = ?3 AND step = ?4`, t...); err != nil {
			return err
		}
	}
	for _, d := range s.dropDossiers {
		if err := w.exec(`DELETE FROM dossiers WHERE case_code = ?1 AND step = ?2`, d...); err != nil {
			return err
		}
	}
	return nil
}
