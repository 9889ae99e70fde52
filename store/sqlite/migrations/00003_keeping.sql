-- +goose Up

-- "LTH1": whose file this is. A file that names another program is refused.
PRAGMA application_id = 1280591921;

-- Single facts about the file: whether the last process closed it, how often it
-- was restored from a backup.
CREATE TABLE marks (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Checkpoints: what every history ended in at one time. upto is the last entry's
-- id, so the digest can be computed again from the entries up to it.
CREATE TABLE heads (
    n       INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    upto    INTEGER NOT NULL,
    cases   INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    access  INTEGER NOT NULL,               -- lines of the access log
    digest  BLOB NOT NULL,                  -- over (case, seq, hash) of every case, and the access log's last line
    hash    BLOB NOT NULL                   -- of this row and the hash of the row before
) STRICT;
-- +goose StatementBegin
CREATE TRIGGER heads_no_replace BEFORE INSERT ON heads
WHEN EXISTS (SELECT 1 FROM heads WHERE n = new.n)
BEGIN
    SELECT RAISE(ABORT, 'checkpoints are append-only: the checkpoint exists');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER heads_no_delete BEFORE DELETE ON heads
BEGIN
    SELECT RAISE(ABORT, 'checkpoints are append-only: no delete');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER heads_no_update BEFORE UPDATE ON heads
BEGIN
    SELECT RAISE(ABORT, 'checkpoints are append-only: no update');
END;
-- +goose StatementEnd

-- Sealed files that closed cases were moved to.
CREATE TABLE archives (
    n       INTEGER PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,           -- of the file, without its folder
    at      INTEGER NOT NULL,
    cases   INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    size    INTEGER NOT NULL,
    digest  BLOB NOT NULL,                  -- over (case, seq, hash) of its cases
    sha256  BLOB NOT NULL                   -- of the file
) STRICT;

-- The stub of a case that was moved: its row in cases stays, its codes, results
-- and duplicate key stay.
CREATE TABLE archived (
    case_code TEXT NOT NULL PRIMARY KEY REFERENCES cases (code),
    archive   INTEGER NOT NULL REFERENCES archives (n),
    seq       INTEGER NOT NULL,
    head      BLOB NOT NULL,
    first     INTEGER NOT NULL,             -- id of its first entry …
    last      INTEGER NOT NULL,             -- … and of its last
    stub      BLOB NOT NULL,                -- what may still be told of it
    digest    BLOB NOT NULL                 -- of stub
) STRICT, WITHOUT ROWID;
CREATE INDEX archived_archive ON archived (archive);

-- In an archive file: what it is. Empty in a database.
CREATE TABLE seal (
    n       INTEGER PRIMARY KEY CHECK (n = 1),
    source  TEXT NOT NULL,                  -- name of the database
    at      INTEGER NOT NULL,
    before  INTEGER NOT NULL,               -- its cases ended before this
    cases   INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    digest  BLOB NOT NULL                   -- over (case, seq, hash) of its cases
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER archived_as_it_stands BEFORE INSERT ON archived
WHEN NOT EXISTS (SELECT 1 FROM cases WHERE code = new.case_code AND status = 'ended' AND timer = 0 AND seq = new.seq AND head = new.head)
BEGIN
    SELECT RAISE(ABORT, 'only an ended case is archived, as it stands');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER archived_no_update BEFORE UPDATE ON archived
BEGIN
    SELECT RAISE(ABORT, 'the stub of an archived case does not change');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER archived_until_restored BEFORE DELETE ON archived
WHEN old.seq <> (SELECT count(*) FROM entries WHERE case_code = old.case_code)
  OR old.head IS NOT (SELECT hash FROM entries WHERE case_code = old.case_code AND seq = old.seq)
BEGIN
    SELECT RAISE(ABORT, 'an archived case is restored with its whole history');
END;
-- +goose StatementEnd

-- Archiving is the one way out for an entry: its case must be marked as archived,
-- with the hash it ended in. An archived case takes no new entry.
DROP TRIGGER entries_no_delete;
-- +goose StatementBegin
CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries
WHEN NOT EXISTS (SELECT 1 FROM archived WHERE case_code = old.case_code AND seq >= old.seq)
BEGIN
    SELECT RAISE(ABORT, 'history is append-only: no delete');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entries_not_archived BEFORE INSERT ON entries
WHEN EXISTS (SELECT 1 FROM archived WHERE case_code = new.case_code AND seq < new.seq)
BEGIN
    SELECT RAISE(ABORT, 'the case is archived: it takes no entry');
END;
-- +goose StatementEnd

-- When a snapshot of the registers was taken, so that old ones can go.
ALTER TABLE prefills ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX prefills_at ON prefills (at);
CREATE INDEX drafts_updated ON drafts (updated);
