-- What was published and made the default. Both only grow.

-- +goose Up

CREATE TABLE publications (
    n       INTEGER NOT NULL PRIMARY KEY, -- in the order of publication
    service TEXT NOT NULL,
    version TEXT NOT NULL,
    hash    TEXT NOT NULL,                -- over everything that decides
    body    BLOB NOT NULL,                -- JSON, packed
    UNIQUE (service, version)
) STRICT;

CREATE TABLE defaults (
    n    INTEGER NOT NULL PRIMARY KEY,    -- in the order of time
    body BLOB NOT NULL                    -- JSON
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER publications_no_update BEFORE UPDATE ON publications
BEGIN
    SELECT RAISE(ABORT, 'a published version never changes');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER publications_no_delete BEFORE DELETE ON publications
BEGIN
    SELECT RAISE(ABORT, 'a published version is never deleted');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER defaults_no_update BEFORE UPDATE ON defaults
BEGIN
    SELECT RAISE(ABORT, 'the list of defaults is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER defaults_no_delete BEFORE DELETE ON defaults
BEGIN
    SELECT RAISE(ABORT, 'the list of defaults is append-only');
END;
-- +goose StatementEnd
