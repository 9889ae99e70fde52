// Package api is the REST surface under /api/v1: gin routes requests, huma turns
// Go types into validation and the OpenAPI 3.1 document, and this package decides
// who may see what. It decides nothing about procedures: every change goes
// through the runtime, which lets engine.Decide accept or refuse it.
//
// # What it may import
//
// engine, engine/runtime, engine/calendar, engine/diagram, engine/indicators,
// engine/appendjson, gin, huma, x/text and x/time. Stores, definitions, message
// texts and the exchange with registries are handed in by [Config]; package api
// never imports store/* or agencies.
//
// # Layout
//
// One resource per file. problem.go holds the one table from error codes to HTTP;
// visibility.go holds who sees which case; register.go holds sign-in checks and
// what every operation has in common. A view that others embed is exported: the
// document leaves out the members of one that is not.
//
// # Invariants
//
//   - A case that the caller may not see does not exist for them: 404, whatever
//     they send. Lists are selected by the caller's office or person in the query.
//   - A member of staff gets personal data only after the read is committed to the
//     access log; when that cannot be written the answer is 503. Answers to writes
//     (receipts) hold no personal data and need no line of their own: the act is
//     in history.
//   - A write to an existing case needs If-Match (428 without, 412 when stale),
//     except the answers of parties. An Idempotency-Key is looked at before it.
//   - A write takes an Idempotency-Key, whose answer is kept in its commit, or can be
//     repeated by itself.
//   - Every refusal, also the router's own, is problem+json with a stable code in
//     the caller's language; causes stay in the log.
//   - Logs carry routes, not paths, and roles, not people.
//   - openapi.json names every answer and member that leaves.
//   - Times leave in RFC 3339 with +07:00.
//   - Nothing keeps a gin.Context beyond its request.
package api
