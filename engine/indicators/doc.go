// Package indicators says what is counted about cases, by which formula, and where
// the formula is written: QĐ 766/QĐ-TTg and counts of our own. It computes them from
// the figures that engine.Contributions gives, for whoever has figures: the surface
// from a store's sums, a simulation from the cases that it played.
//
// May import: engine and the standard library.
//
// Invariants kept here: the same figures, instant and level give the same values in
// the same order; a value is never computed over a denominator of 0.
package indicators
