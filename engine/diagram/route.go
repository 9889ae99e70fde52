package diagram

import (
	"container/heap"
	"slices"
)

// The grid of routes is a lattice. Odd columns of it run through the middle of
// columns of boxes and even ones along the channels between them; the same holds
// for rows. So a box stands at a point with two odd coordinates.

// pt is a point of the lattice.
type pt struct{ i, j int }

// dir is a direction: 0 right, 1 down, 2 left, 3 up.
type dir int

var steps = [4]pt{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}

func (d dir) horizontal() bool { return d%2 == 0 }

func (p pt) add(d dir) pt { return pt{p.i + steps[d].i, p.j + steps[d].j} }

// The costs that shape a route.
const (
	costAcross   = 30  // half a column
	costDown     = 22  // half a row
	costBend     = 42  // a corner
	costCrossing = 30  // crossing another line
	costCrowd    = 14  // running beside another line
	costOppose   = 500 // running against a line to the same box
)

// costLeave and costEnter are by direction of travel.
var (
	costLeave = [4]int{0, 30, 60, 30}
	costEnter = [4]int{0, 25, 40, 25}
)

// run is one use of a stretch between neighbouring points of the lattice.
type run struct {
	net int
	dir dir
}

// router finds routes one after the other, each knowing those before it.
type router struct {
	w, h int
	box  map[pt]bool
	used map[stretch][]run
}

// stretch is the piece of the lattice that starts at a point and leads right or
// down.
type stretch struct {
	pt
	vertical bool
}

// leaving is the stretch from a point in a direction.
func (p pt) leaving(d dir) stretch {
	if d >= 2 {
		p = p.add(d)
	}
	return stretch{p, !d.horizontal()}
}

// cost of going from a point in a direction, for a line that leads to net.
func (r *router) cost(p pt, d dir, net int) int {
	c := costDown
	if d.horizontal() {
		c = costAcross
	}
	for _, u := range r.used[p.leaving(d)] {
		switch {
		case u.net != net:
			c += costCrowd
		case u.dir == d:
			return c / 3
		default:
			c += costOppose
		}
	}
	return c
}

// crossing is the cost of passing straight through a point.
func (r *router) crossing(p pt, d dir, net int) int {
	c := 0
	seen := map[int]bool{net: true}
	for _, side := range [2]dir{(d + 1) % 4, (d + 3) % 4} {
		for _, u := range r.used[p.leaving(side)] {
			if !seen[u.net] {
				seen[u.net] = true
				c += costCrossing
			}
		}
	}
	return c
}

// visit is a point reached in a direction.
type visit struct {
	at   pt
	dir  dir
	cost int
	turn int // order of discovery, to break ties
}

type frontier []visit

func (f frontier) Len() int { return len(f) }
func (f frontier) Less(a, b int) bool {
	return f[a].cost < f[b].cost || f[a].cost == f[b].cost && f[a].turn < f[b].turn
}
func (f frontier) Swap(a, b int) { f[a], f[b] = f[b], f[a] }
func (f *frontier) Push(x any)   { *f = append(*f, x.(visit)) }
func (f *frontier) Pop() any {
	old := *f
	v := old[len(old)-1]
	*f = old[:len(old)-1]
	return v
}

// place is a point and the direction in which it was reached.
type place struct {
	at  pt
	dir dir
}

// find returns the cheapest route from one box to another, through every point
// between, and keeps it. Boxes are never crossed: there is always a way along the
// channels.
func (r *router) find(from, to pt, net int) []pt {
	best, prev := map[place]int{}, map[place]place{}
	var open frontier
	turn := 0
	push := func(at pt, d dir, cost int, by place) {
		if at.i < 0 || at.j < 0 || at.i >= r.w || at.j >= r.h || r.box[at] && at != to {
			return
		}
		if at == to {
			cost += costEnter[d]
		}
		k := place{at, d}
		if c, ok := best[k]; ok && c <= cost {
			return
		}
		best[k], prev[k] = cost, by
		turn++
		heap.Push(&open, visit{at, d, cost, turn})
	}
	for d := range dir(4) {
		push(from.add(d), d, costLeave[d]+r.cost(from, d, net), place{from, d})
	}
	for open.Len() > 0 {
		v := heap.Pop(&open).(visit)
		here := place{v.at, v.dir}
		if v.cost > best[here] {
			continue
		}
		if v.at == to {
			return r.keep(from, here, prev, net)
		}
		r.expand(v, net, func(d dir, cost int) { push(v.at.add(d), d, cost, here) })
	}
	return nil
}

// expand offers the ways on from a point: straight, and around a corner except in
// the middle of a free cell.
func (r *router) expand(v visit, net int, offer func(dir, int)) {
	offer(v.dir, v.cost+r.crossing(v.at, v.dir, net)+r.cost(v.at, v.dir, net))
	if v.at.i%2 == 1 && v.at.j%2 == 1 {
		return
	}
	for _, d := range [2]dir{(v.dir + 1) % 4, (v.dir + 3) % 4} {
		offer(d, v.cost+costBend+r.cost(v.at, d, net))
	}
}

// keep walks the route back, notes its use and returns it.
func (r *router) keep(from pt, k place, prev map[place]place, net int) []pt {
	path := []pt{k.at}
	for k.at != from {
		p := prev[k]
		s := p.at.leaving(k.dir)
		if u := (run{net, k.dir}); !slices.Contains(r.used[s], u) {
			r.used[s] = append(r.used[s], u)
		}
		path = append(path, p.at)
		k = p
	}
	slices.Reverse(path)
	return path
}
