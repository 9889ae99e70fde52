// Package bench measures the linked birth. Drivers carry cases of the shipped
// definition from filing to the card that is handed over, over a fresh store,
// with registries that answer at once and nothing switched off: schemas, guards,
// timers, notifications, list rows, hash chain, access log and idempotency keys.
//
// Beside it, in the same run, it can measure what the figure is compared with: a
// writer of the same rows that decides nothing, and a bare writer of two rows per
// command (see ceiling.go).
//
// Grow (growth*.go) fills a database with a million cases made from histories that
// were really played, and measures how long people and the runtime wait at each
// size. A copy of a history differs from it in everything that tells one case from
// another, and is still the fold of its entries.
//
// It may import every package; nothing but the command imports it. It decides
// nothing and changes nothing of what it measures: it hands in an exchange and a
// store that looks on, as any caller may.
//
// Invariants: a case that does not end completed fails the run; a figure is
// counted from what happened, never assumed; every goroutine ends with the run.
package bench
