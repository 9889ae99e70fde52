// Package story plays linked cases over the public HTTP surface as the people
// concerned: the demonstration's two stories, and the client that the story tests
// drive every other story of the law with.
//
// It may import every package, but speaks to the running system over HTTP only.
package story
