// Package diagram draws definitions: a service as a linked graph of steps over
// the lanes of the agencies that work on it, and a procedure as its state machine.
//
// [Service] and [Procedure] turn a definition into a [Graph], which is plain data:
// lanes, nodes and edges. A graph is written as an SVG picture ([Graph.SVG]), as a
// Mermaid flowchart ([Graph.Mermaid]) or for Graphviz ([Graph.DOT]). Given a case,
// the graph is painted: what is done, what is current, what was refused.
//
// Everything here is pure and deterministic: equal definitions, options and case
// give equal bytes. A graph has every state of a procedure as one node and every
// transition (action, from, target) as one edge; the SVG draws the transitions of
// one pair of states as one line with their names joined, and lets the lines that
// lead to one node share a trunk.
//
// The SVG is made for reading in a page, a README, an e-mail or a PDF: it has no
// script, no external font and no ids (so that several fit in one page), a title
// and a description for people who do not see it, and one style sheet whose class
// names begin with "ltd". Text width is estimated per letter, so boxes are a little
// wider than their text. Labels may hold anything; they are cleaned of what XML
// cannot carry and escaped for each format.
//
// How the picture is laid out: nodes stand on a grid whose columns follow the order
// of work and whose rows belong to lanes (place.go). Lines are routed one after the
// other along the channels between rows and columns and through free cells, as
// cheaply as bends, crossings and crowding allow (route.go). Then the lines of each
// channel get tracks of their own, ordered so that few cross (track.go), and only
// then become the sizes of rows, columns and channels known (size.go).
//
// The package imports the engine's types and the standard library only.
package diagram
