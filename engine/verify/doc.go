// Package verify searches everything that can happen to a case under a set of
// definitions, and says what is wrong with it and what is proven.
//
// A service is searched in cones: one for each step that no other needs, holding
// the step and everything it needs. What happens outside a cone reaches it only by
// a return upstream or a changed application, and both are moves of the cone. An
// abstract state is a projection of engine.Case: of every step its standing,
// state, outcome, request, timers, parties, open items, reviews and uses, and what
// guards have learnt about its data (a set of values that each tested value may
// still have). docs/check.md describes the abstraction.
//
// May import: the standard library, engine, engine/machine.
//
// Invariants kept here:
//   - Nothing that the core can do leaves the searched graph (a test walks the core
//     and looks every case up).
//   - "Proven" is said only of a search that ended inside its limits.
//   - A story that the core did not play again is called possible.
//   - No definition makes Check panic or hang: states, moves and time are bounded.
package verify
