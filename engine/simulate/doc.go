// Package simulate plays a service's future: citizens who file, forget and
// withdraw, clerks with working hours and a capacity, registries that are slow,
// refuse and fail, servers that die at any write. One goroutine, a virtual clock,
// everything drawn from one seed; what decides and carries is the same core, the
// same runtime steps and the same stores as in service.
//
// After every step the promises of docs/architecture.md are checked on the cases
// that it touched, and all of them again at the end. A run that breaks one says
// which, on which case, after which acts; Shrink makes it small and a [Fixture]
// keeps it.
//
// May import: engine, engine/appendjson, engine/calendar, engine/machine, engine/runtime,
// engine/replay, engine/indicators. Stores and the applications to file are handed
// in.
//
// Invariants kept here:
//   - The same seed, plan and faults give the same report, byte for byte, on memory
//     and on SQLite.
//   - What is drawn for a citizen depends on the seed and the citizen's number, not
//     on who else files: leaving citizens out changes nobody else's mind.
//   - Memory grows with the cases that are open, not with those that were filed,
//     where the store can forget.
package simulate
