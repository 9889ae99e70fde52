-- +goose Up

-- What follows from history is compared with history. What does not lies in an index
-- too, column by column: SQLite's integrity check compares the two, so a byte that
-- flips in either is found. Where there was an index already, it became wider: that
-- costs no step more when a row is written.

DROP INDEX accounts_office;
CREATE INDEX accounts_office ON accounts (office, id, kind, person, name, phone, email, roles, secret, valid_from, valid_until, disabled, rev);
DROP INDEX sessions_until;
CREATE INDEX sessions_until ON sessions (until, account, since);
DROP INDEX drafts_updated;
CREATE INDEX drafts_updated ON drafts (updated, owner, id, service, rev, data);
DROP INDEX prefills_at;
CREATE INDEX prefills_at ON prefills (at, owner, id, body);
DROP INDEX answers_at;
CREATE INDEX answers_at ON answers (at, digest, case_code, status, body);
CREATE INDEX documents_twin ON documents (id, owner, case_code, step, name, type, size, hash, at, result);
CREATE INDEX counters_twin ON counters (unit, day, last);
CREATE INDEX marks_twin ON marks (name, value);
CREATE INDEX exchange_days_twin ON exchange_days (day, registry, first, retried, refused, by_hand, taken_back, given_up, incidents, taken, failed);
CREATE INDEX archives_twin ON archives (n, name, at, cases, entries, size, digest, sha256);
DROP INDEX archived_archive;
CREATE INDEX archived_archive ON archived (archive, case_code, seq, first, last, digest);
CREATE INDEX seal_twin ON seal (n, source, at, before, cases, entries, digest);

-- Of a delivery: what happened to it since its entry.
DROP INDEX outbox_ready;
CREATE INDEX outbox_ready ON outbox (ready, case_code, seq, n, next, lease, fence, node, status, tries, failed, sent_at, expected, last_error, answer, reply, reply_seq, note, done_at,
    step, registry, operation, at, unordered, holds) WHERE status IN ('pending', 'accepted');
DROP INDEX outbox_waits;
CREATE INDEX outbox_waits ON outbox (status, at, case_code, seq, n, ready, next, lease, fence, node, tries, failed, sent_at, expected, last_error, answer, reply,
    reply_seq, note, done_at, step, registry, operation, unordered, holds) WHERE status IN ('accepted', 'incident');
DROP INDEX outbox_done;
CREATE INDEX outbox_done ON outbox (done_at, ready, next, lease, fence, node, status, tries, failed, sent_at, expected, last_error, answer, reply, reply_seq, note,
    step, registry, operation, at, unordered, holds) WHERE status IN ('done', 'skipped') AND done_at <> 0;
