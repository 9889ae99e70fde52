-- What has ended is found by packed lists of places: a dossier that is bound has a
-- place in a volume of its office, and its case no rows in the index of words there.
-- The program binds behind the commits; nothing is bound here.

-- +goose Up

ALTER TABLE dossiers ADD COLUMN place INTEGER; -- volume * 8192 + its place there; NULL = loose
CREATE UNIQUE INDEX dossiers_place ON dossiers (place) WHERE place IS NOT NULL;

CREATE TABLE volumes (
    n      INTEGER PRIMARY KEY,
    office TEXT NOT NULL,
    first  INTEGER NOT NULL,             -- urgency of the first and …
    last   INTEGER NOT NULL              -- … the last of its dossiers
) STRICT;
CREATE INDEX volumes_office ON volumes (office, first, n, last);

CREATE TABLE volume_words (
    office TEXT NOT NULL,
    word   TEXT NOT NULL,
    volume INTEGER NOT NULL REFERENCES volumes (n),
    places BLOB NOT NULL,                -- a number of two bytes for each, or a bit for each that there is
    PRIMARY KEY (office, word, volume)
) STRICT, WITHOUT ROWID;
