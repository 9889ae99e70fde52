// Package memory keeps everything in maps. It is the oracle that the other
// stores are compared with, and the store of simulations and unit tests: plain,
// and nothing survives Close.
//
// It keeps the same encoded rows as a database would, so that callers share
// nothing with it and a chain can be verified.
//
// May import: engine, engine/calendar, store/rowenc and the standard library.
//
// Invariants kept here:
//   - One lock, one writer at a time; every write is undone when its call fails.
//   - A call that was refused changed nothing.
package memory
