-- +goose Up

-- failed: exchanges that failed over a delivery's whole life; tries begins anew when
-- the registry has taken the request or a person sends it again.
ALTER TABLE outbox ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_lines ON outbox (registry, at, case_code, seq, n, status, expected, answer) WHERE status NOT IN ('done', 'skipped');

-- What became of the requests to a registry that were made on one business day
-- (days since 1970 in Vietnam). Kept when the deliveries are deleted.
-- Written by the writer with every settlement (rowenc.Counted).
CREATE TABLE exchange_days (
    day        INTEGER NOT NULL,
    registry   TEXT NOT NULL,
    first      INTEGER NOT NULL,
    retried    INTEGER NOT NULL,
    refused    INTEGER NOT NULL,
    by_hand    INTEGER NOT NULL,
    taken_back INTEGER NOT NULL,
    given_up   INTEGER NOT NULL,
    incidents  INTEGER NOT NULL,
    taken      INTEGER NOT NULL,
    failed     INTEGER NOT NULL,
    PRIMARY KEY (day, registry)
) STRICT, WITHOUT ROWID;
