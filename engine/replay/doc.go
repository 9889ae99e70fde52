// Package replay rebuilds cases from their histories, and decides them again.
//
//   - At is a case as it was after any of its entries; All compares every stored
//     case with its history. That is engine.Fold over entries and needs neither
//     definitions nor a calendar.
//   - Against decides the kept commands of every case again under other
//     definitions and tells what comes out otherwise, and where first.
//   - WhatIf goes on from any entry of a case with other commands.
//
// A case with erased payloads can be neither rebuilt nor decided again; that is
// said, never guessed around.
//
// May import: engine, engine/appendjson, engine/calendar and the standard library. Where histories
// come from is a Source that is handed in, and so are the definitions.
//
// Invariants kept here:
//   - A difference is named by the first place where the stored case and the
//     rebuilt one differ, in the order of the JSON's keys, with both values.
//   - Under the definitions that it was decided under, a case is Identical.
//   - Nothing is written, and what was read is not changed.
//   - Results come in the order of the codes, whatever ran beside what; memory is
//     bounded by the cases under way and the cases that a report is asked to hold.
package replay
