-- +goose Up

-- How far the projector has come: the id of the last entry whose case was counted,
-- and the version of the counting.
CREATE TABLE figure_position (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    entry   INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
INSERT INTO figure_position (one, entry, version) VALUES (1, 0, 0);

-- What every case contributes to the sums, so that it can be replaced. The case may
-- have been archived since.
CREATE TABLE figure_parts (
    case_code TEXT NOT NULL PRIMARY KEY,
    parts     BLOB NOT NULL
) STRICT;

-- The sums of all parts. day: days since 1970 in Vietnam, or a whole month as a
-- negative number, -(12 × year + month - 1); due: hours since 1970.
CREATE TABLE figure_sums (
    office    TEXT NOT NULL,
    day       INTEGER NOT NULL,
    service   TEXT NOT NULL,
    procedure TEXT NOT NULL,
    name      TEXT NOT NULL,
    due       INTEGER NOT NULL,
    value     INTEGER NOT NULL,
    PRIMARY KEY (office, day, service, procedure, name, due)
) STRICT, WITHOUT ROWID;

-- An entry that is archived frees its id when no later one is left; the next entry
-- would then hide before the position.
-- +goose StatementBegin
CREATE TRIGGER entries_position AFTER DELETE ON entries
WHEN old.id > (SELECT coalesce(max(id), 0) FROM entries)
BEGIN
    UPDATE figure_position SET entry = min(entry, (SELECT coalesce(max(id), 0) FROM entries));
END;
-- +goose StatementEnd
