-- +goose Up

-- failed: exchanges that failed over a delivery's whole life; tries begins anew when
-- the registry has taken the request or a person sends it again.
ALTER TABLE outbox ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_lines ON outbox (registry, at, case_code, seq, n, status, expected, answer) WHERE status NOT IN ('done', 'skipped');

-- What became of the requests to a registry that were made on one business day
-- (days since 1970 in Vietnam). Kept when the deliveries are deleted.
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

-- Whichever statement settles a delivery, the sums are written with it. rowenc.Counted
-- says the same in Go.
-- +goose StatementBegin
CREATE TRIGGER outbox_counted AFTER UPDATE OF status, tries, answer ON outbox
WHEN new.status <> old.status OR new.tries > old.tries OR (old.answer = 0 AND new.answer <> 0)
BEGIN
    INSERT INTO exchange_days (registry, day, first, retried, refused, by_hand, taken_back, given_up, incidents, taken, failed)
    VALUES (new.registry, (new.at + 25200000000) / 86400000000,
        old.answer = 0 AND new.answer IN (1, 2) AND old.failed = 0,
        old.answer = 0 AND new.answer IN (1, 2) AND old.failed > 0,
        old.answer = 0 AND new.answer = 2,
        old.answer = 0 AND new.answer = 3,
        new.answer = 0 AND new.status = 'skipped' AND old.status NOT IN ('done', 'skipped', 'incident'),
        new.answer = 0 AND new.status = 'skipped' AND old.status = 'incident',
        new.status = 'incident' AND old.status <> 'incident',
        new.status = 'accepted' AND old.status = 'pending' AND (old.answer <> 0 OR new.answer = 0),
        new.failed - old.failed)
    ON CONFLICT (day, registry) DO UPDATE SET first = first + excluded.first, retried = retried + excluded.retried,
        refused = refused + excluded.refused, by_hand = by_hand + excluded.by_hand, taken_back = taken_back + excluded.taken_back,
        given_up = given_up + excluded.given_up, incidents = incidents + excluded.incidents, taken = taken + excluded.taken,
        failed = failed + excluded.failed;
END;
-- +goose StatementEnd
