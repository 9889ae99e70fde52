// Package engine is the pure core of Liên Thông: the vocabulary (Service,
// Procedure, Case, Dossier, Command, Entry, Event, Effect, Error), the two
// functions that everything else runs, and the ports that the outside fills.
//
//	Decide(Definitions, Case, Command, Facts, now) → ([]Entry, error)
//	Fold(Case, Entry) → Case
//
// Both are deterministic: no clock, randomness, input, output or goroutine.
// What was learnt outside arrives as Facts, codes are allocated beforehand and
// travel in the Command, and the instant is a parameter. The runtime decides and
// appends; the simulator, the replayer and the checker call the same functions.
//
// May import: the standard library (nothing that reads a clock, a file, the
// network or a random source) and engine/calendar. arch_test.go holds this.
//
// Invariants kept here:
//   - Fold needs neither definitions nor a calendar: an event carries every value
//     that it changes.
//   - The case's own timers that are due at or before now are fired first, in
//     order (due, id), each as an entry dated at its due time.
//   - An error means that nothing happened, except timers that were due anyway:
//     their entries are returned beside the error and must be appended.
//   - A dependent step never opens before what it needs has ended in success (or
//     has ended at all, for an optional need).
package engine
