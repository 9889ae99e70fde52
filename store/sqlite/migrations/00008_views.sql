-- The selections of an office's dossiers that somebody keeps under a name.

-- +goose Up

CREATE TABLE views (
    owner TEXT NOT NULL,                 -- account
    id    TEXT NOT NULL,
    name  TEXT NOT NULL,
    query BLOB NOT NULL,                 -- JSON
    PRIMARY KEY (owner, id)
) STRICT, WITHOUT ROWID;
