// Package replay rebuilds cases from their histories: one as it was after any of
// its entries, or all of a database to compare them with what is stored.
//
// Rebuilding is engine.Fold over entries, so it needs neither definitions nor a
// calendar. A case with erased payloads cannot be rebuilt; that is said, never
// guessed around.
//
// May import: engine, engine/calendar and the standard library. Where histories
// come from is a Source that is handed in.
//
// Invariants kept here:
//   - A difference is named by the first place where the stored case and the
//     rebuilt one differ, in the order of the JSON's keys, with both values.
//   - Results of All come in the order of the codes, whatever ran beside what.
package replay
