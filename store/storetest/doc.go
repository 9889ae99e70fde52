// Package storetest is the contract of engine.Store as tests: every store runs
// Run, and whatever a store promises is tested here, by name. Cases are built from
// hand-made entries folded by engine.Fold, so that no definition is needed.
//
// May import: engine, engine/calendar, store/rowenc, rapid and the standard library.
package storetest
