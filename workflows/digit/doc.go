// Package digit turns eGov DIGIT business services (JSON) into definitions of
// ours: a procedure with its forms, and a service of that one step, so that the
// result can be compiled, checked, drawn and run by itself.
//
// What has no equal here is mapped to the nearest thing and said in a finding, by
// line, column and JSON Pointer: an error means that something of the original is
// missing in the result, a warning that the original contradicts itself or that a
// rule was guessed, a note that nothing is wrong but the reader should know.
//
// May import: the standard library, engine, engine/machine.
//
// Invariants kept here:
//   - No input makes Convert panic, hang or use more memory than a small multiple
//     of its size, which is bounded.
//   - What Convert gives compiles; where it cannot, it gives findings alone.
//   - Every transition of the original that some state reachable from the start
//     has is a transition of the result, or an error or a note names it.
//   - The same input gives the same bytes.
package digit
