// Package agencies holds ten simulated registries: real HTTP servers, each
// over its own SQLite file, that look up, check, record and answer now or by
// a signed callback later. They refuse for real reasons, and each has a fault
// dial that can be turned while they run.
//
// It imports its own wire types and seed data, and must not import engine or
// workflows: a registry knows its register, not the procedures that use it.
// The operations' schemas for the engine's side stand in
// workflows/registries; a test holds both sides to the same operations,
// shapes and refusal texts.
//
// Invariants:
//   - A request is performed once. The stored request, its answer, its
//     performed counter, the register change and the callbacks owed are one
//     SQLite transaction; a key seen before gets the stored answer.
//   - A key with another content is 409, whatever the first answer was. The
//     content is operation, case, step and input; the time of asking and the
//     callback address may change when a request is sent again.
//   - What stands already is refused to other cases; the case that asked for it is
//     given the first answer, under whatever key it asks for the same again. A
//     decision is paid once, whoever asks: the second order is given the receipt of
//     the first, or 409 when it names another amount.
//   - A refusal changes no register.
//   - Only population is asked by other registries, and it asks nobody, so
//     the one-connection databases cannot wait for each other in a circle.
//   - A fault is drawn from (seed, registry, request, attempt), never from a
//     shared stream: the order of goroutines does not change what happens.
//   - Business time decides what is due; the wall clock only signs, and paces
//     the repeats of callbacks.
//
// Registers are invented. Endpoints for operators (faults, seed, stats,
// settle, outbox) are open unless Config.Operator is set; bind the server to
// the loopback address.
package agencies
