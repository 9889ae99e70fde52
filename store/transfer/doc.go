// Package transfer is the file that histories travel in: one JSON value a line, so
// that it can be read with any tool, and in a stream.
//
//	{"header": {format, pseudonymised, source, made, key_check}}
//	{"case":   {code, entries, head}}
//	{"entry":  {metadata, commitment, hash, salt, stand_in, payload}}   one for each
//	{"end":    {code, digest}}
//	{"total":  {cases, entries, left_out, digest}}
//
// A digest is of every byte of the file before its line. May import: engine,
// store/rowenc and the standard library.
//
// Invariants kept here:
//   - What Reader gives is whole: each chain runs from its first entry to the head
//     that was announced, and each payload matches its commitment (its own, or that
//     of the stand-in).
//   - A file that was cut off, or of which a byte was changed, is an error that names
//     the line and, if there is one, the case and the entry.
//   - Memory is bounded by one case, and that by MaxCase.
package transfer
