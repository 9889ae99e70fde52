// Package runtime runs the core: it loads a case, lets engine.Decide decide a
// command over it, and appends what was decided; it relays to the registries
// what the entries owe them; and it fires timers when they are due. Nothing in
// here knows a rule of a procedure.
//
// # What it may import
//
// The standard library, engine and engine/calendar. Stores, definitions, the
// exchange with the registries and the clocks are handed in through [Config].
//
// # How it works
//
// Every act is a synchronous method. [Runtime.Do], [Runtime.File] and
// [Runtime.Reply] decide outside the store's writer and decide again, over fresh
// state, when somebody was faster. [Runtime.RelayStep], [Runtime.TimerStep] and
// [Runtime.StuckStep] do one round of work; tests, simulation and the demo call
// them directly. There is no state in memory that the store does not have, but for
// reserved code numbers (gaps are allowed), open breakers, subscribers and who is
// next on a case (turn.go; it spares work only), so any number of runtimes may share
// a store.
//
// [Runtime.Run] relays without rounds: what is committed here is born leased and
// handed to the workers of its registry (express.go); what found no room there,
// what other nodes committed and what is to be tried again is claimed by a loop
// that leaves full and failing registries alone. Timers are looped.
//
// # Two clocks
//
// The business clock ([Clock], perhaps a [VirtualClock]) gives the instants that
// the law counts from: it is read inside each attempt to decide. The wall clock
// (Config.Wall) serves leases, back-off and breakers.
//
// # Invariants
//
//   - Whoever was answered without an error was answered after the commit.
//   - One key of one actor is decided once; a repetition gets the same cases.
//   - The entries of timers that were due are kept even when the command that
//     met them is refused.
//   - Delivery is at-least-once, effectively-once by the idempotency key of the
//     request. A reply is entered in history and its delivery settled by one
//     commit.
//   - The first reply stands. A repeated or late one changes nothing; one that
//     says something else makes an incident of the delivery, never of the case.
//   - A delivery that is not done waits in the store for a time, for an answer
//     or for a person, and says why: nothing waits in a goroutine.
//   - What follows a commit never runs under the context of the request.
//   - Steps start no goroutine that outlives them; Run returns when all ended.
package runtime
