// Package scenario reads and plays scenario files: a story of the law told in
// YAML, in Vietnamese or English words. Given people, a date and an application;
// when people act, registers answer and time passes; then the parts, dates,
// amounts, messages and what each person sees are as the story says.
//
// Read makes a [Scenario] of a file, Check holds its words against definitions and
// people, Run plays it in a [World] that is handed in. docs/scenarios.md describes
// the language.
//
// # What it may import
//
// The standard library, engine, engine/calendar and engine/machine (whose reader
// of YAML it shares). It knows no store, no HTTP and no registry.
//
// # Invariants
//
//   - Playing is sequential and reads no clock but the world's: the same file over
//     the same definitions gives the same report.
//   - Whatever a file says, it is answered with a finding or a failure that names
//     file, line and column; nothing panics and nothing hangs.
//   - A word that is not known is refused before anything is played.
package scenario
