// Package wire is the language a registry and its caller speak: the request,
// the answer and the callback, their Standard-Webhooks signatures, and the
// client that turns everything an HTTP exchange can do into one Answer.
//
// It imports the standard library and standard-webhooks only, so that the
// engine's side of the exchange depends on nothing of the simulated servers.
//
// Invariants:
//   - A request is named by its key. Sending it again with the same key is
//     always safe; the registry answers what it answered before.
//   - Only Done, Refused and Later are a registry's word. Transient says
//     nothing about whether the request was performed: send it again, or Ask.
//   - Silence, broken connections and unreadable answers are Transient, never
//     an error value. An error means that the caller's own set-up is wrong.
//   - JSON integers arrive as int64, so that đồng are never floating point.
package wire
