package diagram

import "slices"

// placeRows gives each node a row within its lane. Nodes take the first row whose
// cell is free; the nodes of one block (a step drawn in detail) first find rows
// among themselves and then move down together until they meet nobody.
func (g *Graph) placeRows(block []int) {
	taken := make([]rowSet, len(g.Lanes))
	done := make([]bool, len(g.Nodes))
	for i := range g.Nodes {
		if done[i] {
			continue
		}
		var members []int
		for k := i; k < len(g.Nodes); k++ {
			if k == i || block != nil && block[i] >= 0 && block[k] == block[i] {
				members = append(members, k)
			}
		}
		g.placeBlock(members, taken)
		for _, k := range members {
			done[k] = true
		}
	}
}

// rowSet says which cells of a lane are taken, by row.
type rowSet []map[int]bool

func (r rowSet) free(row, col int) bool { return row >= len(r) || !r[row][col] }

func (r *rowSet) take(row, col int) {
	for len(*r) <= row {
		*r = append(*r, map[int]bool{})
	}
	(*r)[row][col] = true
}

// placeBlock places nodes that belong together, lane by lane. In each lane they
// claim every cell between their first and last column, so that the frames of two
// steps never overlap.
func (g *Graph) placeBlock(members []int, taken []rowSet) {
	for lane := range g.Lanes {
		var own rowSet
		lo, hi := 1<<30, -1
		in := slices.DeleteFunc(slices.Clone(members), func(k int) bool { return g.Nodes[k].Lane != lane })
		for _, k := range in {
			n := &g.Nodes[k]
			for !own.free(n.row, n.col) {
				n.row++
			}
			own.take(n.row, n.col)
			lo, hi = min(lo, n.col), max(hi, n.col)
		}
		shift := 0
		for !roomFor(taken[lane], shift, len(own), lo, hi) {
			shift++
		}
		for _, k := range in {
			g.Nodes[k].row += shift
		}
		for row := range own {
			for c := lo; c <= hi; c++ {
				taken[lane].take(row+shift, c)
			}
		}
	}
}

// roomFor tells whether a block of rows and columns is free.
func roomFor(r rowSet, from, rows, lo, hi int) bool {
	for row := from; row < from+rows; row++ {
		for c := lo; c <= hi; c++ {
			if !r.free(row, c) {
				return false
			}
		}
	}
	return true
}
