// Package chaos hurts a running Liên Thông for minutes or hours and then counts:
// what was acknowledged and is not there (losses), what was done more than once
// (doubles), what did not end (unended), and every other broken promise (wrong). A
// bound of time that was exceeded is told (slow); it hangs on what else the machine
// does.
//
// The server and the registries run as real processes of the same binary; drivers
// file births over HTTP and play everybody who must act on them. A fault strikes at
// moments that its seed chooses. At the end the store is opened and every claim of
// the drivers is held against history, and history against the registers.
//
// It may import every package; nothing but the command imports it. It never
// writes to a store that a server has open, and reads results from the files only
// after the processes have ended.
//
// Invariants:
//   - A command counts as acknowledged only when a driver has read a 2xx answer.
//   - The audit is a pure function of its evidence and has tests that feed it every
//     kind of damage: a check that cannot fail would prove nothing.
//   - A fault's plan comes from the seed and the fault's name alone. What the
//     machine makes of it (which request meets the blow) does not repeat exactly.
package chaos
