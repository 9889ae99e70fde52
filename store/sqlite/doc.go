// Package sqlite keeps everything in one SQLite file (mattn/go-sqlite3, WAL,
// synchronous=FULL): the store of one node.
//
// One goroutine writes. It gathers the calls that wait, and those that come while
// it writes, into one transaction, commits once and only then answers. Everything that can be computed is computed
// by the callers: rows, how they differ from those before, packed payloads, the
// chain. What is known of a case between two changes of it is remembered (cache);
// the writer's statements say what the rows must be before, and when the number of
// rows touched is another one, or a constraint is met, the transaction is rolled
// back and run again with care: every call is then checked on what the file says,
// between savepoints. A refused call was never written. Readers have connections
// of their own and never wait for the writer. Another goroutine copies the
// write-ahead log back into the file while commits go on (logback). A third one binds
// what has ended (bind): packed lists of places take the place of its rows in the index
// of words.
//
// May import: engine, engine/calendar, store/rowenc, mattn/go-sqlite3 (the hot path uses the driver
// without database/sql), pressly/goose and the standard library.
//
// Invariants kept here:
//   - Nobody is answered before the commit; when COMMIT fails everybody gets
//     UnknownOutcome.
//   - A change prepared upon one that is in line (line) is written after it or
//     refused: the hash that its chain goes on from tells.
//   - A disk that fails a read is Unavailable, never damage (unread_linux.go; on other
//     systems SQLite tells the two apart only for some errors).
//   - A migration ends when the context of Open does; the file then has a whole format.
//   - No SQL of the writer runs under a caller's context.
//   - History and access log are append-only by triggers; only an entry's payload
//     and salt can be set to NULL.
//   - An archived case's entries are gone from here by one way only: a stub marks
//     the case with the hash that its history ended in (triggers).
//   - A delivery and an answer hold a checksum of what was written (rowenc); a check
//     compares it, and what is damaged is neither sent nor given as an answer. Whoever
//     changes a column that is summed writes the sum.
//   - A delivery that an earlier one of its dossier and registry holds back is marked
//     (held), by whoever writes either of them.
//   - A remembered account or session is as fresh as the file (people); nothing of
//     the kind is remembered without the right to be the only one who writes.
//   - A dossier without a place is found by the rows of its words at its office. One with
//     a place has ended, as all of its case's at that office, which have places too; its
//     place is among those of each of its words, and the case, which has ended, no rows
//     there. A case that comes back goes the careful way, which makes all of it loose.
//   - Parameters are bound as ?1, ?2: SQLite gives $1 its number by first
//     appearance.
//
// Schema, in short (migrations/): cases (one small row each, rewritten by every
// entry); snapshots (a case whole, packed, every few entries: who loads it folds
// the entries since on top); dossiers (the columns of the lists); entries (the
// chain, payloads packed) and versions (what they were decided with); case_keys,
// codes, results (who holds what); answers; outbox and notifications (what is sent
// or told is in the entry); tasks; search (office, word, case, with all its words), and of
// what is bound volumes and volume_words (packed places by office, word and volume); counters;
// accounts, sessions, drafts, views, prefills, documents, document_contents, access_log;
// marks (facts about the file), heads (checkpoints), archives, archived (stubs),
// seal (in an archive file); exchange_days (what became of requests, by day);
// figure_parts, figure_sums, figure_position (what indicators are read from, kept by
// the projector, which follows the entries by id); publications, defaults (versions of services).
//
// File opens a database, a backup or an archive for reading only and checks it
// (verify.go reads, check.go looks at the file, heads.go at what was known).
package sqlite
