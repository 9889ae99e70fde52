// Package paths drives every transition and every simple path of procedures through
// the core, with inputs drawn from the schemas of actions and replies, and tells
// which transitions and paths it drove, which it could not, and why.
//
// Each procedure is put into a service of its own between two plain steps: one that
// issues what it is handed (and corrects, keeps or annuls that), one that uses what
// it issues (and returns it). So all its actions are possible, those of registers,
// parties, timers, later and earlier offices too. What was driven is kept as moves
// that somebody else can repeat, over HTTP for one.
//
// # What it may import
//
// The standard library, engine and engine/machine.
//
// # Invariants
//
//   - The same definitions give the same walks: every draw comes from a fixed seed.
//   - A walk is a sequence of accepted commands of engine.Decide; nothing else moves
//     a dossier.
//   - The search is bounded by [Bounds], whatever the definitions.
package paths
