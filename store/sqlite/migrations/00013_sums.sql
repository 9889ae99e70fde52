-- A delivery and an answer hold a checksum of what they say, in place of a second copy
-- of it in an index: delivery_sum and answer_sum are the program's own. A delivery that
-- waits for an earlier one of its dossier and registry is marked, and those that wait
-- for nothing but their time lie in order by registry: whoever claims reads what it takes.

-- +goose Up

DROP INDEX outbox_ready;
DROP INDEX outbox_waits;
DROP INDEX outbox_done;
DROP INDEX outbox_age;
CREATE TABLE outbox_2 (                  -- its key is case_code/seq/n; what is sent is in the entry
    case_code TEXT NOT NULL REFERENCES cases (code),
    seq       INTEGER NOT NULL,
    n         INTEGER NOT NULL,
    step      TEXT NOT NULL,
    registry  TEXT NOT NULL,
    operation TEXT NOT NULL,
    at        INTEGER NOT NULL,
    status    TEXT NOT NULL,
    tries     INTEGER NOT NULL,
    next      INTEGER NOT NULL,
    sent_at   INTEGER NOT NULL,
    expected  INTEGER NOT NULL,
    last_error TEXT NOT NULL,
    answer    INTEGER NOT NULL,          -- 0 none, 1 done, 2 refused, 3 by hand
    reply     BLOB,                      -- the reply as JSON, or …
    reply_seq INTEGER NOT NULL,          -- … the entry that holds it
    fence     INTEGER NOT NULL,
    note      TEXT NOT NULL,
    done_at   INTEGER NOT NULL,
    node      TEXT NOT NULL,
    lease     INTEGER NOT NULL,
    unordered INTEGER NOT NULL,
    failed    INTEGER NOT NULL,          -- exchanges, over its whole life
    ready     INTEGER NOT NULL,          -- the later of next and lease
    holds     INTEGER NOT NULL,          -- later siblings wait for it
    held      INTEGER NOT NULL,          -- it waits for an earlier sibling
    sum       INTEGER NOT NULL,          -- of all columns but ready, holds and held
    PRIMARY KEY (case_code, seq, n)
) STRICT, WITHOUT ROWID;
INSERT INTO outbox_2 SELECT case_code, seq, n, step, registry, operation, at, status, tries, next, sent_at, expected, last_error, answer, reply, reply_seq, fence,
    note, done_at, node, lease, unordered, failed, ready, holds, 0, delivery_sum(case_code, seq, n, step, registry, operation, at, status, tries, next, sent_at,
    expected, last_error, answer, reply, reply_seq, fence, note, done_at, node, lease, unordered, failed)
    FROM outbox ORDER BY case_code, seq, n;
UPDATE outbox_2 AS o SET held = 1 WHERE unordered = 0 AND case_code IN (SELECT case_code FROM outbox WHERE status NOT IN ('done', 'skipped') AND holds = 1)
    AND EXISTS (SELECT 1 FROM outbox_2 e WHERE e.case_code = o.case_code AND (e.seq, e.n) < (o.seq, o.n) AND e.holds = 1 AND e.step = o.step AND e.registry = o.registry);
DROP TABLE outbox;
ALTER TABLE outbox_2 RENAME TO outbox;
CREATE INDEX outbox_ready ON outbox (held, registry, ready, case_code, seq, n, status, lease) WHERE status IN ('pending', 'accepted');
CREATE INDEX outbox_age ON outbox (at, case_code, seq, n) WHERE status NOT IN ('done', 'skipped');
CREATE INDEX outbox_lines ON outbox (registry, at, case_code, seq, n, status, expected, answer) WHERE status NOT IN ('done', 'skipped');
CREATE INDEX outbox_waits ON outbox (status, at, case_code, seq, n) WHERE status IN ('accepted', 'incident');
CREATE INDEX outbox_done ON outbox (done_at) WHERE status IN ('done', 'skipped') AND done_at <> 0;

DROP INDEX answers_at;
CREATE TABLE answers_2 (
    actor     TEXT NOT NULL,
    key       TEXT NOT NULL,
    digest    TEXT NOT NULL,
    case_code TEXT NOT NULL,
    status    INTEGER NOT NULL,
    body      BLOB,
    at        INTEGER NOT NULL,
    sum       INTEGER NOT NULL,          -- of all columns before it
    PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;
INSERT INTO answers_2 SELECT actor, key, digest, case_code, status, body, at, answer_sum(actor, key, digest, case_code, status, body, at)
    FROM answers ORDER BY actor, key;
DROP TABLE answers;
ALTER TABLE answers_2 RENAME TO answers;
CREATE INDEX answers_at ON answers (at);
