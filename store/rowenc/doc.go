// Package rowenc is what the stores share: how an engine.Change becomes rows,
// how history is sealed and chained, how names are folded for search, what a
// cursor looks like, and how a chain is verified. It knows no database.
//
// May import: engine, engine/calendar, engine/appendjson, golang.org/x/text and the standard library.
//
// Invariants kept here:
//   - A change is checked for its shape and encoded once, in the caller's
//     goroutine; what a store then writes shares nothing with the caller.
//   - hash(n) = SHA-256(hash(n-1), metadata, commitment) and commitment =
//     SHA-256(salt, payload): payload and salt can be erased and the chain still
//     holds; no other byte can change unseen. A stand-in for a payload carries a
//     commitment of its own; CheckCase takes none unless it is told to.
//   - Times in columns are whole microseconds UTC, 0 = none; times inside
//     payloads and case bodies keep every digit and their offset.
//   - Integers inside payloads keep their exact value (engine.Unmarshal).
package rowenc
