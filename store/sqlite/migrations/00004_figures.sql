-- +goose Up

-- failed: exchanges that failed over a delivery's whole life; tries begins anew when
-- the registry has taken the request or a person sends it again.
ALTER TABLE outbox ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_lines ON outbox (registry, at, case_code, seq, n, status, expected, length(reply)) WHERE status NOT IN ('done', 'skipped');

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
CREATE TRIGGER outbox_counted AFTER UPDATE OF status, tries, reply ON outbox
WHEN new.status <> old.status OR new.tries > old.tries OR (old.reply IS NULL AND new.reply IS NOT NULL)
BEGIN
    INSERT INTO exchange_days (registry, day, first, retried, refused, by_hand, taken_back, given_up, incidents, taken, failed)
    SELECT new.registry, (new.at + 25200000000) / 86400000000,
        answered AND NOT hand AND old.failed = 0, answered AND NOT hand AND old.failed > 0,
        answered AND NOT hand AND coalesce(said ->> '$.outcome', '') = 'refused', answered AND hand,
        skipped AND old.status <> 'incident', skipped AND old.status = 'incident',
        incident, new.status = 'accepted' AND old.status = 'pending' AND NOT answered, fails
    FROM (SELECT answered, incident, said, answered AND coalesce(said ->> '$.by', '') <> '' AS hand,
            NOT answered AND new.status = 'skipped' AND old.status NOT IN ('done', 'skipped') AND new.reply IS NULL AS skipped,
            CASE WHEN new.tries > old.tries THEN new.tries - old.tries ELSE incident AND new.reply IS NULL END AS fails
        FROM (SELECT old.reply IS NULL AND new.reply IS NOT NULL AS answered, new.status = 'incident' AND old.status <> 'incident' AS incident,
            CAST(new.reply AS TEXT) AS said))
    WHERE true
    ON CONFLICT (day, registry) DO UPDATE SET first = first + excluded.first, retried = retried + excluded.retried,
        refused = refused + excluded.refused, by_hand = by_hand + excluded.by_hand, taken_back = taken_back + excluded.taken_back,
        given_up = given_up + excluded.given_up, incidents = incidents + excluded.incidents, taken = taken + excluded.taken,
        failed = failed + excluded.failed;
    UPDATE outbox SET failed = failed + CASE WHEN new.tries > old.tries THEN new.tries - old.tries ELSE 1 END
    WHERE key = new.key AND (new.tries > old.tries OR new.status = 'incident' AND old.status <> 'incident' AND new.reply IS NULL);
END;
-- +goose StatementEnd
