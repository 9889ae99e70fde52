-- +goose Up

CREATE TABLE cases (
    code         TEXT NOT NULL PRIMARY KEY,
    seq          INTEGER NOT NULL,
    head         BLOB NOT NULL,             -- hash of the last entry
    stamp        TEXT NOT NULL,             -- updated, exactly
    updated      INTEGER NOT NULL,
    service      TEXT NOT NULL,
    version      TEXT NOT NULL,
    status       TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    portal       INTEGER NOT NULL,
    filed        INTEGER NOT NULL,
    due          INTEGER NOT NULL,
    timer        INTEGER NOT NULL,          -- the earliest instant at which something happens by itself
    requester    TEXT NOT NULL,
    name         TEXT NOT NULL,
    subject      TEXT NOT NULL,
    held         TEXT NOT NULL,             -- the duplicate key held, '' = none
    digest       BLOB NOT NULL,             -- of the body
    tasks_digest BLOB NOT NULL
) STRICT;
CREATE INDEX cases_timer ON cases (timer, code) WHERE timer <> 0;
CREATE INDEX cases_open ON cases (code) WHERE status = 'open';
CREATE INDEX cases_requester ON cases (requester, filed DESC, code DESC);

CREATE TABLE case_bodies (
    case_code TEXT NOT NULL PRIMARY KEY REFERENCES cases (code),
    body      BLOB NOT NULL
) STRICT;

CREATE TABLE dossiers (
    case_code TEXT NOT NULL REFERENCES cases (code),
    step      TEXT NOT NULL,
    place     INTEGER NOT NULL,
    shelf     INTEGER NOT NULL,             -- 0 not listed, 1 live, 2 ended
    office    TEXT NOT NULL,
    urgency   INTEGER NOT NULL,             -- due, or after every due time
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
    tokens    TEXT NOT NULL,                -- what search holds of it
    digest    BLOB NOT NULL,
    body      BLOB NOT NULL,
    PRIMARY KEY (case_code, step)
) STRICT;
CREATE INDEX dossiers_list ON dossiers (office, shelf, urgency, code, case_code, step) WHERE shelf <> 0;

CREATE TABLE search (
    office    TEXT NOT NULL,
    token     TEXT NOT NULL,
    case_code TEXT NOT NULL,
    step      TEXT NOT NULL,
    PRIMARY KEY (office, token, case_code, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
    id         INTEGER PRIMARY KEY,
    case_code  TEXT NOT NULL REFERENCES cases (code),
    seq        INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    action     TEXT NOT NULL,
    step       TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    engine     TEXT NOT NULL,
    definition TEXT NOT NULL,
    parameters TEXT NOT NULL,
    calendar   TEXT NOT NULL,
    payload    BLOB,                        -- NULL = erased
    salt       BLOB,
    commitment BLOB NOT NULL,
    hash       BLOB NOT NULL,
    UNIQUE (case_code, seq)
) STRICT;

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
  OR new.engine IS NOT old.engine OR new.definition IS NOT old.definition OR new.parameters IS NOT old.parameters
  OR new.calendar IS NOT old.calendar OR new.commitment IS NOT old.commitment OR new.hash IS NOT old.hash
BEGIN
    SELECT RAISE(ABORT, 'history is append-only: only payload and salt can be erased');
END;
-- +goose StatementEnd

CREATE TABLE case_keys (
    key       TEXT NOT NULL PRIMARY KEY,
    case_code TEXT NOT NULL REFERENCES cases (code)
) STRICT, WITHOUT ROWID;

CREATE TABLE codes (
    code      TEXT NOT NULL PRIMARY KEY,
    case_code TEXT NOT NULL REFERENCES cases (code)
) STRICT, WITHOUT ROWID;

CREATE TABLE results (
    id        TEXT NOT NULL PRIMARY KEY,
    case_code TEXT NOT NULL REFERENCES cases (code),
    step      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE answers (
    actor     TEXT NOT NULL,
    key       TEXT NOT NULL,
    digest    TEXT NOT NULL,
    case_code TEXT NOT NULL,
    status    INTEGER NOT NULL,
    body      BLOB,
    at        INTEGER NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT;
CREATE INDEX answers_at ON answers (at);

CREATE TABLE outbox (
    key       TEXT NOT NULL PRIMARY KEY,
    case_code TEXT NOT NULL REFERENCES cases (code),
    step      TEXT NOT NULL,
    seq       INTEGER NOT NULL,
    n         INTEGER NOT NULL,
    registry  TEXT NOT NULL,
    operation TEXT NOT NULL,
    input     BLOB,
    at        INTEGER NOT NULL,
    status    TEXT NOT NULL,
    tries     INTEGER NOT NULL,
    next      INTEGER NOT NULL,
    sent_at   INTEGER NOT NULL,
    expected  INTEGER NOT NULL,
    last_error TEXT NOT NULL,
    reply     BLOB,
    fence     INTEGER NOT NULL,
    note      TEXT NOT NULL,
    done_at   INTEGER NOT NULL,
    node      TEXT NOT NULL,
    lease     INTEGER NOT NULL,
    ready     INTEGER NOT NULL,             -- the later of next and lease
    unordered INTEGER NOT NULL,
    holds     INTEGER NOT NULL              -- later siblings wait for it
) STRICT;
CREATE INDEX outbox_ready ON outbox (ready) WHERE status IN ('pending', 'accepted');
CREATE INDEX outbox_siblings ON outbox (case_code, step, registry, seq, n) WHERE holds = 1;
CREATE INDEX outbox_age ON outbox (at, case_code, seq, n) WHERE status NOT IN ('done', 'skipped');
CREATE INDEX outbox_over ON outbox (status, at, case_code, seq, n);
CREATE INDEX outbox_done ON outbox (done_at) WHERE status IN ('done', 'skipped') AND done_at <> 0;

CREATE TABLE notifications (
    key       TEXT NOT NULL PRIMARY KEY,
    case_code TEXT NOT NULL REFERENCES cases (code),
    step      TEXT NOT NULL,
    addressee TEXT NOT NULL,
    what      TEXT NOT NULL,
    at        INTEGER NOT NULL,
    params    BLOB,
    turn      TEXT NOT NULL -- the key so written that text sorts as history ran
) STRICT;
CREATE INDEX notifications_to ON notifications (addressee, at DESC, turn DESC);

CREATE TABLE tasks (
    case_code TEXT NOT NULL REFERENCES cases (code),
    n         INTEGER NOT NULL,
    person    TEXT NOT NULL,
    step      TEXT NOT NULL,
    kind      TEXT NOT NULL,
    state     TEXT NOT NULL,
    due       INTEGER NOT NULL,
    since     INTEGER NOT NULL,
    PRIMARY KEY (case_code, n)
) STRICT;
CREATE INDEX tasks_person ON tasks (person);

CREATE TABLE counters (
    unit TEXT NOT NULL,
    day  TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (unit, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    id          TEXT NOT NULL PRIMARY KEY,
    kind        TEXT NOT NULL,
    person      TEXT NOT NULL,
    name        TEXT NOT NULL,
    phone       TEXT NOT NULL,
    email       TEXT NOT NULL,
    office      TEXT NOT NULL,
    roles       TEXT NOT NULL,
    secret      TEXT NOT NULL,
    valid_from  INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    disabled    INTEGER NOT NULL,
    rev         INTEGER NOT NULL
) STRICT;
CREATE INDEX accounts_office ON accounts (office, id);

CREATE TABLE sessions (
    token   TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    since   INTEGER NOT NULL,
    until   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_until ON sessions (until);

CREATE TABLE drafts (
    owner   TEXT NOT NULL,
    id      TEXT NOT NULL,
    service TEXT NOT NULL,
    rev     INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    data    BLOB,
    PRIMARY KEY (owner, id)
) STRICT;

CREATE TABLE prefills (
    owner TEXT NOT NULL,
    id    TEXT NOT NULL,
    body  BLOB NOT NULL,
    PRIMARY KEY (owner, id)
) STRICT;

CREATE TABLE documents (
    id        TEXT NOT NULL PRIMARY KEY,
    owner     TEXT NOT NULL,
    case_code TEXT NOT NULL,
    step      TEXT NOT NULL,
    name      TEXT NOT NULL,
    type      TEXT NOT NULL,
    size      INTEGER NOT NULL,
    hash      TEXT NOT NULL,
    at        INTEGER NOT NULL,
    result    INTEGER NOT NULL
) STRICT;

CREATE TABLE document_contents (
    id      TEXT NOT NULL PRIMARY KEY REFERENCES documents (id),
    content BLOB NOT NULL
) STRICT;

CREATE TABLE access_log (
    n         INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    account   TEXT NOT NULL,
    office    TEXT NOT NULL,
    case_code TEXT NOT NULL,
    what      TEXT NOT NULL,
    hash      BLOB NOT NULL
) STRICT;
CREATE INDEX access_log_case ON access_log (case_code, n);

-- +goose StatementBegin
CREATE TRIGGER access_log_no_replace BEFORE INSERT ON access_log
WHEN EXISTS (SELECT 1 FROM access_log WHERE n = new.n)
BEGIN
    SELECT RAISE(ABORT, 'the access log is append-only: the line exists');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER access_log_no_delete BEFORE DELETE ON access_log
BEGIN
    SELECT RAISE(ABORT, 'the access log is append-only: no delete');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER access_log_no_update BEFORE UPDATE ON access_log
BEGIN
    SELECT RAISE(ABORT, 'the access log is append-only: no update');
END;
-- +goose StatementEnd
