-- The stubs of archived cases become an ordinary table. Its key was the table itself
-- before, and whoever looked for a case in it read the stubs that it was compared
-- with: a dozen long rows for every entry that was written.
--
-- From here on figure_parts holds packed values too; what is there stays as it is
-- until its case is counted again.

-- +goose Up

CREATE TABLE archived_before AS SELECT * FROM archived;
DROP TABLE archived;
CREATE TABLE archived (
    case_code TEXT NOT NULL PRIMARY KEY REFERENCES cases (code),
    archive   INTEGER NOT NULL REFERENCES archives (n),
    seq       INTEGER NOT NULL,
    head      BLOB NOT NULL,
    first     INTEGER NOT NULL,             -- id of its first entry …
    last      INTEGER NOT NULL,             -- … and of its last
    stub      BLOB NOT NULL,                -- what may still be told of it
    digest    BLOB NOT NULL                 -- of stub
) STRICT;
INSERT INTO archived (case_code, archive, seq, head, first, last, stub, digest)
    SELECT case_code, archive, seq, head, first, last, stub, digest FROM archived_before ORDER BY case_code;
DROP TABLE archived_before;
CREATE INDEX archived_archive ON archived (archive, case_code, seq, first, last, digest);

CREATE TRIGGER archived_as_it_stands BEFORE INSERT ON archived
WHEN NOT EXISTS (SELECT 1 FROM cases WHERE code = new.case_code AND status = 'ended' AND timer = 0 AND seq = new.seq AND head = new.head)
BEGIN
    SELECT RAISE(ABORT, 'only an ended case is archived, as it stands');
END;
CREATE TRIGGER archived_no_update BEFORE UPDATE ON archived
BEGIN
    SELECT RAISE(ABORT, 'the stub of an archived case does not change');
END;
CREATE TRIGGER archived_until_restored BEFORE DELETE ON archived
WHEN old.seq <> (SELECT count(*) FROM entries WHERE case_code = old.case_code)
  OR old.head IS NOT (SELECT hash FROM entries WHERE case_code = old.case_code AND seq = old.seq)
BEGIN
    SELECT RAISE(ABORT, 'an archived case is restored with its whole history');
END;
