// Package sqlite keeps everything in one SQLite file (mattn/go-sqlite3, WAL,
// synchronous=FULL): the store of one node.
//
// One goroutine writes. It gathers the calls that wait into one transaction,
// checks each against committed state and against the calls before it, writes
// what it accepted with multi-row statements, commits once and only then answers.
// A refused call was never written; a call whose statements fail makes the
// transaction roll back and every call run again alone. Readers have a read-only
// pool and never wait for the writer.
//
// May import: engine, store/rowenc, mattn/go-sqlite3, pressly/goose and the
// standard library.
//
// Invariants kept here:
//   - Nobody is answered before the commit; when COMMIT fails everybody gets
//     UnknownOutcome.
//   - No SQL of the writer runs under a caller's context.
//   - History and access log are append-only by triggers; only an entry's payload
//     and salt can be set to NULL.
//   - An archived case's entries are gone from here by one way only: a stub marks
//     the case with the hash that its history ended in (triggers).
//   - Parameters are bound as ?1, ?2: SQLite gives $1 its number by first
//     appearance.
//
// Schema, in short (migrations/): cases (one small row each, rewritten by every
// entry) and case_bodies (the case's own fields, rewritten when they change);
// dossiers (body and the columns of the lists, rewritten when they change);
// entries (the chain); case_keys, codes, results (who holds what); answers;
// outbox; notifications; tasks; search (office, token, case, step); counters;
// accounts, sessions, drafts, prefills, documents, document_contents, access_log;
// marks (facts about the file), heads (checkpoints), archives, archived (stubs),
// seal (in an archive file).
//
// File opens a database, a backup or an archive for reading only and checks it
// (verify.go reads, check.go looks at the file, heads.go at what was known).
package sqlite
