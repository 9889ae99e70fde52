// Package portal is the pages that people use: server-rendered, Vietnamese first
// with English beside it, working without JavaScript and live with it.
//
// It is a presentation of the REST surface and nothing else. Every page asks the
// surface in process, as the person who is signed in (the cookie holds the
// surface's own session token), and shows what it answers. So who may see and do
// what, the access log and every rule stand in one place, and a page cannot show
// what the surface would not.
//
// # What it may import
//
// Of this module only api/portal/form, which turns a JSON Schema into questions.
// The surface comes as an http.Handler in [Config].
//
// # Layout
//
// One page or one small group of pages is one file page_*.go with its templates in
// templates/pages and its words in words/*.yaml. A page file lists its pages in a
// method that [Portal.pages] names; everything else they have in common:
//
//   - portal.go   addresses, audiences, the order of the middle layers
//   - visit.go    one request: who, which language, what was posted
//   - client.go   asking the surface; problem.go its refusals
//   - render.go   screens and templates; words.go the catalogue of texts
//   - assets.go   style sheet, script and fonts under names that hold their hash
//   - signin.go   the session cookie, and a form that outlives its session
//
// docs/portal.md says how to add a page.
//
// # Invariants
//
//   - No page loads anything from another host; the Content-Security-Policy allows
//     no inline script and no inline style.
//   - No personal data in addresses or logs: the log has the pattern of a page's
//     address, never the address.
//   - A page that shows personal data is not kept by caches.
//   - Every text stands in the catalogue in both languages; a key that no page uses
//     is a failing test.
//   - A post that comes from another site is refused before anything reads it.
package portal
