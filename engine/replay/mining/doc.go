// Package mining writes histories as event logs for process-mining tools: XES
// (IEEE 1849-2023) and OCEL 2.0 (JSON).
//
// In XES a trace is a case and an event an entry; in OCEL the objects are the case
// and its dossiers. A resource is an office with a role, or a registry, never a
// person: no name, number or word that somebody wrote is in either.
//
// May import: engine and the standard library. Both writers stream: memory is bounded
// by one case.
package mining
