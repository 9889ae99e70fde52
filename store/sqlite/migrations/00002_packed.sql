-- Payloads and cases are packed; a case is stored whole, now and then, and what
-- was entered since is folded on top; what history says is not kept a second
-- time in the outbox and the notifications; one row of the index of words per
-- case instead of one per dossier; rows that belong together lie together.

-- +goose Up

CREATE TABLE cases_2 (
    code      TEXT NOT NULL PRIMARY KEY,
    seq       INTEGER NOT NULL,
    head      BLOB NOT NULL,             -- hash of the last entry
    updated   INTEGER NOT NULL,
    service   TEXT NOT NULL,
    version   TEXT NOT NULL,
    status    TEXT NOT NULL,
    outcome   TEXT NOT NULL,
    portal    INTEGER NOT NULL,
    filed     INTEGER NOT NULL,
    due       INTEGER NOT NULL,
    timer     INTEGER NOT NULL,          -- the earliest instant at which something happens by itself
    requester TEXT NOT NULL,
    name      TEXT NOT NULL,
    subject   TEXT NOT NULL,
    held      TEXT NOT NULL              -- the duplicate key held, '' = none
) STRICT, WITHOUT ROWID;
INSERT INTO cases_2 SELECT code, seq, head, updated, service, version, status, outcome, portal, filed, due, timer, requester, name, subject, held
    FROM cases ORDER BY code;

-- The newest stored state of a case, packed JSON. The entries after it are folded
-- on top by whoever loads the case.
CREATE TABLE snapshots (
    case_code TEXT NOT NULL PRIMARY KEY REFERENCES cases_2 (code),
    seq       INTEGER NOT NULL,          -- the entry that it stands at
    body      BLOB NOT NULL
) STRICT;
INSERT INTO snapshots
    SELECT c.code, c.seq, CAST(json_set(CAST(b.body AS TEXT), '$.seq', c.seq, '$.updated', c.stamp, '$.dossiers',
        json((SELECT json_group_array(json(CAST(d.body AS TEXT)) ORDER BY d.place) FROM dossiers d WHERE d.case_code = c.code))) AS BLOB)
    FROM cases c JOIN case_bodies b ON b.case_code = c.code ORDER BY c.code;

CREATE TABLE dossiers_2 (                -- those that were opened
    case_code TEXT NOT NULL REFERENCES cases_2 (code),
    step      TEXT NOT NULL,
    shelf     INTEGER NOT NULL,          -- 1 live, 2 ended
    office    TEXT NOT NULL,
    urgency   INTEGER NOT NULL,          -- due, or after every due time
    code      TEXT NOT NULL,
    procedure TEXT NOT NULL,
    state     TEXT NOT NULL,
    status    TEXT NOT NULL,
    final     TEXT NOT NULL,
    portal    INTEGER NOT NULL,
    assignee  TEXT NOT NULL,
    opened    INTEGER NOT NULL,
    rev       INTEGER NOT NULL,
    review    INTEGER NOT NULL,
    PRIMARY KEY (case_code, step)
) STRICT, WITHOUT ROWID;
INSERT INTO dossiers_2 SELECT case_code, step, shelf, office, urgency, code, procedure, state, status, final, portal, assignee, opened, rev, review
    FROM dossiers WHERE shelf <> 0 ORDER BY case_code, step;

CREATE TABLE search_2 (                  -- words of names, by the office that may see the case
    office    TEXT NOT NULL,
    word      TEXT NOT NULL,
    case_code TEXT NOT NULL,
    PRIMARY KEY (office, word, case_code)
) STRICT, WITHOUT ROWID;
INSERT INTO search_2 SELECT DISTINCT office, token, case_code FROM search WHERE token NOT GLOB '#*' ORDER BY 1, 2, 3;

CREATE TABLE codes_2 (
    folded    TEXT NOT NULL,             -- as it is looked up when somebody types it
    code      TEXT NOT NULL,
    case_code TEXT NOT NULL REFERENCES cases_2 (code),
    PRIMARY KEY (folded, code)
) STRICT, WITHOUT ROWID;
INSERT INTO codes_2 SELECT lower(trim(code)), code, case_code FROM codes ORDER BY 1, 2;

CREATE TABLE versions (                  -- what decisions were made with
    id         INTEGER PRIMARY KEY,
    engine     TEXT NOT NULL,
    definition TEXT NOT NULL,
    parameters TEXT NOT NULL,
    calendar   TEXT NOT NULL,
    UNIQUE (engine, definition, parameters, calendar)
) STRICT;
INSERT INTO versions (engine, definition, parameters, calendar) SELECT DISTINCT engine, definition, parameters, calendar FROM entries;

CREATE TABLE entries_2 (
    id         INTEGER PRIMARY KEY,
    case_code  TEXT NOT NULL REFERENCES cases_2 (code),
    seq        INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    action     TEXT NOT NULL,
    step       TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    version    INTEGER NOT NULL REFERENCES versions (id),
    payload    BLOB,                     -- packed JSON; NULL = erased
    salt       BLOB,
    commitment BLOB NOT NULL,            -- to salt and payload before packing
    hash       BLOB NOT NULL,
    UNIQUE (case_code, seq)
) STRICT;
INSERT INTO entries_2 SELECT e.id, e.case_code, e.seq, e.at, e.action, e.step, e.actor_kind, v.id, e.payload, e.salt, e.commitment, e.hash
    FROM entries e JOIN versions v ON v.engine = e.engine AND v.definition = e.definition AND v.parameters = e.parameters AND v.calendar = e.calendar
    ORDER BY e.id;

CREATE TABLE outbox_2 (                  -- its key is case_code/seq/n; what is sent is in the entry
    case_code TEXT NOT NULL REFERENCES cases_2 (code),
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
    ready     INTEGER NOT NULL,          -- the later of next and lease
    unordered INTEGER NOT NULL,
    holds     INTEGER NOT NULL,          -- later siblings wait for it
    PRIMARY KEY (case_code, seq, n)
) STRICT, WITHOUT ROWID;
INSERT INTO outbox_2 SELECT case_code, seq, CAST(substr(key, length(case_code || '/' || seq || '/') + 1) AS INTEGER), step, registry, operation, at, status,
    tries, next, sent_at, expected, last_error,
    CASE WHEN reply IS NULL THEN 0 WHEN coalesce(CAST(reply AS TEXT) ->> '$.by', '') <> '' THEN 3
        WHEN CAST(reply AS TEXT) ->> '$.outcome' = 'refused' THEN 2 ELSE 1 END, reply, 0, fence, note, done_at, node, lease, ready, unordered, holds FROM outbox ORDER BY 1, 2, 3;

CREATE TABLE notifications_2 (           -- its key is case_code/seq/n; its parameters are in the entry
    addressee TEXT NOT NULL,
    at        INTEGER NOT NULL,
    case_code TEXT NOT NULL REFERENCES cases_2 (code),
    seq       INTEGER NOT NULL,
    n         INTEGER NOT NULL,
    step      TEXT NOT NULL,
    what      TEXT NOT NULL,
    PRIMARY KEY (addressee, at, case_code, seq, n)
) STRICT, WITHOUT ROWID;
INSERT INTO notifications_2 SELECT addressee, at, case_code, CAST(substr(key, length(case_code) + 2) AS INTEGER),
    CAST(substr(key, length(case_code || '/' || CAST(substr(key, length(case_code) + 2) AS INTEGER) || '/') + 1) AS INTEGER), step, what
    FROM notifications ORDER BY 1, 2, 3, 4, 5;

CREATE TABLE tasks_2 (
    case_code TEXT NOT NULL REFERENCES cases_2 (code),
    n         INTEGER NOT NULL,
    person    TEXT NOT NULL,
    step      TEXT NOT NULL,
    kind      TEXT NOT NULL,
    state     TEXT NOT NULL,
    due       INTEGER NOT NULL,
    since     INTEGER NOT NULL,
    PRIMARY KEY (case_code, n)
) STRICT, WITHOUT ROWID;
INSERT INTO tasks_2 SELECT case_code, n, person, step, kind, state, due, since FROM tasks ORDER BY 1, 2;

CREATE TABLE case_keys_2 (
    key       TEXT NOT NULL PRIMARY KEY,
    case_code TEXT NOT NULL REFERENCES cases_2 (code)
) STRICT, WITHOUT ROWID;
INSERT INTO case_keys_2 SELECT key, case_code FROM case_keys ORDER BY 1;

CREATE TABLE results_2 (
    id        TEXT NOT NULL PRIMARY KEY,
    case_code TEXT NOT NULL REFERENCES cases_2 (code),
    step      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO results_2 SELECT id, case_code, step FROM results ORDER BY 1;

CREATE TABLE answers_2 (
    actor     TEXT NOT NULL,
    key       TEXT NOT NULL,
    digest    TEXT NOT NULL,
    case_code TEXT NOT NULL,
    status    INTEGER NOT NULL,
    body      BLOB,
    at        INTEGER NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;
INSERT INTO answers_2 SELECT actor, key, digest, case_code, status, body, at FROM answers ORDER BY 1, 2;

DROP TABLE answers;
DROP TABLE results;
DROP TABLE case_keys;
DROP TABLE tasks;
DROP TABLE notifications;
DROP TABLE outbox;
DROP TABLE entries;
DROP TABLE codes;
DROP TABLE search;
DROP TABLE dossiers;
DROP TABLE case_bodies;
DROP TABLE cases;
ALTER TABLE cases_2 RENAME TO cases;
ALTER TABLE dossiers_2 RENAME TO dossiers;
ALTER TABLE search_2 RENAME TO search;
ALTER TABLE codes_2 RENAME TO codes;
ALTER TABLE entries_2 RENAME TO entries;
ALTER TABLE outbox_2 RENAME TO outbox;
ALTER TABLE notifications_2 RENAME TO notifications;
ALTER TABLE tasks_2 RENAME TO tasks;
ALTER TABLE case_keys_2 RENAME TO case_keys;
ALTER TABLE results_2 RENAME TO results;
ALTER TABLE answers_2 RENAME TO answers;

CREATE INDEX cases_timer ON cases (timer, code) WHERE timer <> 0;
CREATE INDEX cases_open ON cases (code) WHERE status = 'open';
CREATE INDEX cases_requester ON cases (requester, filed DESC, code DESC);
CREATE INDEX dossiers_list ON dossiers (office, shelf, urgency, code, case_code, step);
CREATE INDEX answers_at ON answers (at);
CREATE INDEX tasks_person ON tasks (person);
CREATE INDEX outbox_ready ON outbox (ready) WHERE status IN ('pending', 'accepted');
CREATE INDEX outbox_age ON outbox (at, case_code, seq, n) WHERE status NOT IN ('done', 'skipped');
CREATE INDEX outbox_waits ON outbox (status, at, case_code, seq, n) WHERE status IN ('accepted', 'incident');
CREATE INDEX outbox_done ON outbox (done_at) WHERE status IN ('done', 'skipped') AND done_at <> 0;

-- +goose StatementBegin
CREATE TRIGGER entries_no_replace BEFORE INSERT ON entries
WHEN EXISTS (SELECT 1 FROM entries WHERE case_code = new.case_code AND seq = new.seq)
  OR EXISTS (SELECT 1 FROM entries WHERE id = new.id)
BEGIN
    SELECT RAISE(ABORT, 'history is append-only: the entry exists');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries
BEGIN
    SELECT RAISE(ABORT, 'history is append-only: no delete');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entries_only_erase BEFORE UPDATE ON entries
WHEN new.payload IS NOT NULL OR new.salt IS NOT NULL
  OR new.id IS NOT old.id OR new.case_code IS NOT old.case_code OR new.seq IS NOT old.seq OR new.at IS NOT old.at
  OR new.action IS NOT old.action OR new.step IS NOT old.step OR new.actor_kind IS NOT old.actor_kind
  OR new.version IS NOT old.version OR new.commitment IS NOT old.commitment OR new.hash IS NOT old.hash
BEGIN
    SELECT RAISE(ABORT, 'history is append-only: only payload and salt can be erased');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER versions_no_replace BEFORE INSERT ON versions
WHEN EXISTS (SELECT 1 FROM versions WHERE id = new.id)
  OR EXISTS (SELECT 1 FROM versions WHERE engine = new.engine AND definition = new.definition AND parameters = new.parameters AND calendar = new.calendar)
BEGIN
    SELECT RAISE(ABORT, 'history is append-only: the version exists');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER versions_no_delete BEFORE DELETE ON versions
BEGIN
    SELECT RAISE(ABORT, 'history is append-only: no delete');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER versions_no_update BEFORE UPDATE ON versions
BEGIN
    SELECT RAISE(ABORT, 'history is append-only: no update');
END;
-- +goose StatementEnd
