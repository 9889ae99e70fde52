package agencies

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lienthong/agencies/wire"
)

// stored is a row of requests: what was asked and what was answered.
type stored struct {
	key, operation, caseID, step, hash string
	input                              object
	callback, traceparent              string
	state, code                        string
	data                               object
	expected                           time.Time
}

var (
	errConflict = errors.New("the key was used for another request")
	errClash    = errors.New("the same was done otherwise under another key")
)

// accept takes a request in: it answers a known key from the store, and
// performs a new one now or leaves it for Step. All in one transaction.
func (r *registry) accept(op operation, req wire.Request, f Faults) (s stored, err error) {
	now := r.agencies.config.Clock()
	hash, err := contentHash(req)
	if err != nil {
		return stored{}, err
	}
	err = r.update(now, req.Key, func(t *tx) error {
		known, found, err := t.request(req.Key)
		if err != nil {
			return err
		}
		if found {
			s = known
			if known.hash != hash {
				return errConflict
			}
			if known.state == "later" && req.Callback != "" && req.Callback != known.callback {
				s.callback = req.Callback
				_, err := t.Exec(`UPDATE requests SET callback = ?2 WHERE key = ?1`, req.Key, req.Callback)
				return err
			}
			return nil
		}
		if op.clashes != nil {
			if err := op.clashes(t, req.Input); err != nil {
				return err
			}
		}
		s = stored{
			key: req.Key, operation: req.Operation, caseID: req.Case, step: req.Step, hash: hash,
			input: req.Input, callback: req.Callback, traceparent: req.Traceparent, state: "later",
		}
		due, expected := r.dueTime(op, f, now)
		s.expected = expected
		if err := t.insert(s, due); err != nil {
			return err
		}
		if !expected.IsZero() {
			return nil
		}
		return t.settle(op, &s, f, "")
	})
	return s, err
}

// dueTime says when a new request is settled: at once (expected is zero), at
// a due time, or when somebody acts (due is not valid).
func (r *registry) dueTime(op operation, f Faults, now time.Time) (due sql.NullInt64, expected time.Time) {
	wait := length(f.Later)
	if op.waits {
		if f.AutoPay == "" {
			return due, now.Add(24*time.Hour + wait)
		}
		wait += length(f.AutoPay)
	}
	if wait == 0 {
		return due, time.Time{}
	}
	expected = now.Add(wait)
	return sql.NullInt64{Int64: expected.UnixMilli(), Valid: true}, expected
}

// settle performs the operation and stores its answer. A non-empty forced
// code refuses instead of performing.
func (t *tx) settle(op operation, s *stored, f Faults, forced string) error {
	if forced == "" && f.Refuse != "" && slices.Contains(op.refusals, f.Refuse) {
		forced = f.Refuse
	}
	if forced != "" {
		s.state, s.code, s.data = "refused", forced, nil
	} else if err := t.run(op, s); err != nil {
		return err
	}
	if s.data == nil {
		s.data = object{}
	}
	data, err := json.Marshal(plain(s.data))
	if err != nil {
		return err
	}
	_, err = t.Exec(`UPDATE requests SET state = ?2, code = ?3, data = ?4, performed = performed + 1, due = NULL WHERE key = ?1`,
		s.key, s.state, s.code, string(data))
	if err != nil || s.callback == "" {
		return err
	}
	if !s.expected.IsZero() {
		if err := t.owe(*s, f, "", s.state, s.code, s.data); err != nil {
			return err
		}
	}
	if f.Contradict {
		state, code := "refused", ""
		if s.state == "refused" {
			state = "done"
		} else if len(op.refusals) > 0 {
			code = op.refusals[0]
		}
		return t.owe(*s, f, "#again", state, code, object{})
	}
	return nil
}

// run performs the operation behind a savepoint, so that a refusal that comes
// late takes back what was written before it.
func (t *tx) run(op operation, s *stored) error {
	if _, err := t.Exec(`SAVEPOINT operation`); err != nil {
		return err
	}
	data, err := op.perform(t, s.input)
	var no *refusal
	switch {
	case errors.As(err, &no):
		s.state, s.code, s.data = "refused", no.code, no.data
		if _, err = t.Exec(`ROLLBACK TO operation`); err == nil && strings.HasPrefix(no.code, "already_") {
			err = t.stands(s)
		}
	case err == nil:
		s.state, s.code, s.data = "done", "", data
	default:
		return fmt.Errorf("agencies: %s/%s: %w", t.r.id, s.operation, err)
	}
	if err == nil {
		_, err = t.Exec(`RELEASE operation`)
	}
	return err
}

// stands gives a request that was refused because it is done already the first
// answer, if the same case asked for the same under another key: whoever put a backup
// back may have to ask again for what they no longer know.
func (t *tx) stands(s *stored) error {
	var first string
	err := t.QueryRow(`SELECT data FROM requests WHERE hash = ?1 AND state = 'done' AND key <> ?2 LIMIT 1`, s.hash, s.key).Scan(&first)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		s.data, err = decode(first)
		s.state, s.code = "done", ""
	}
	return err
}

// owe writes one callback to be posted by step.
func (t *tx) owe(s stored, f Faults, suffix, state, code string, data object) error {
	cb := wire.Callback{
		Key: s.key, Registry: t.r.id, Operation: s.operation, Case: s.caseID, Step: s.step,
		Outcome: wire.Outcome(state), Code: code, Data: data,
	}
	if code != "" {
		cb.Detail = detailOf(code, data)
	}
	body, err := json.Marshal(cb)
	if err != nil {
		return err
	}
	message := s.key + suffix
	times := 1
	if t.r.happens(f, f.DuplicateRate, "duplicate", message, 0) {
		times = 2
	}
	_, err = t.Exec(`INSERT INTO callbacks (key, message, operation, url, traceparent, body, times) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`,
		s.key, message, s.operation, s.callback, s.traceparent, string(body), times)
	return err
}

func (t *tx) insert(s stored, due sql.NullInt64) error {
	input, err := json.Marshal(plain(s.input))
	if err != nil {
		return err
	}
	var expected int64
	if !s.expected.IsZero() {
		expected = s.expected.UnixMilli()
	}
	_, err = t.Exec(`INSERT INTO requests (key, operation, case_id, step, hash, input, callback, traceparent, state, due, expected)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'later', ?9, ?10)`,
		s.key, s.operation, s.caseID, s.step, s.hash, string(input), s.callback, s.traceparent, due, expected)
	return err
}

func (t *tx) request(key string) (stored, bool, error) {
	s := stored{key: key}
	var input, data string
	var expected int64
	err := t.QueryRow(`SELECT operation, case_id, step, hash, input, callback, traceparent, state, code, data, expected FROM requests WHERE key = ?1`, key).
		Scan(&s.operation, &s.caseID, &s.step, &s.hash, &input, &s.callback, &s.traceparent, &s.state, &s.code, &data, &expected)
	if errors.Is(err, sql.ErrNoRows) {
		return stored{}, false, nil
	}
	if err != nil {
		return stored{}, false, err
	}
	if expected != 0 {
		s.expected = time.UnixMilli(expected).UTC()
	}
	if s.input, err = decode(input); err != nil {
		return stored{}, false, err
	}
	s.data, err = decode(data)
	return s, true, err
}

func decode(text string) (object, error) {
	m, err := wire.DecodeObject([]byte(text))
	return m, err
}

// settleNow settles one waiting request before its time, for an operator or
// a payer; a code refuses it.
func (r *registry) settleNow(key, code string, now time.Time) (s stored, found bool, err error) {
	err = r.update(now, key, func(t *tx) error {
		if s, found, err = t.request(key); err != nil || !found || s.state != "later" {
			return err
		}
		return t.settle(r.operations[s.operation], &s, r.faults(s.operation), code)
	})
	return s, found, err
}

// cancel takes back a request that still waits.
func (r *registry) cancel(key string) (s stored, found bool, err error) {
	err = r.update(r.agencies.config.Clock(), key, func(t *tx) error {
		if s, found, err = t.request(key); err != nil || !found {
			return err
		}
		if s.state != "later" || !r.operations[s.operation].cancellable {
			return nil
		}
		s.state = "cancelled"
		_, err := t.Exec(`UPDATE requests SET state = 'cancelled', code = 'cancelled', due = NULL WHERE key = ?1`, key)
		return err
	})
	return s, found, err
}

// lookup performs a reading operation without storing anything.
func (r *registry) lookup(op operation, req wire.Request, f Faults) (s stored, err error) {
	s = stored{operation: req.Operation, input: req.Input}
	if f.Refuse != "" && slices.Contains(op.refusals, f.Refuse) {
		s.state, s.code = "refused", f.Refuse
		return s, nil
	}
	err = r.update(r.agencies.config.Clock(), "", func(t *tx) error { return t.run(op, &s) })
	return s, err
}

// contentHash covers what makes two requests the same one.
func contentHash(req wire.Request) (string, error) {
	text, err := json.Marshal([]any{req.Operation, req.Case, req.Step, req.Input})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
