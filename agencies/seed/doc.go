// Package seed builds the invented people, households, notices, insurance
// records and bank accounts that the simulated registries start with.
//
// It imports the standard library only and knows nothing of the servers: it
// yields records, by registry. Everything is made up; names and numbers that
// match real people do so by chance.
//
// Invariants:
//   - Build with one seed yields the same world on every machine.
//   - The named people (Named) have the same ids under every seed; README.md
//     lists them and a test keeps that list true.
//   - The registries agree with each other: a person in a household, on a
//     notice or in an insurance record is in the population register.
package seed
