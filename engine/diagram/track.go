package diagram

import (
	"cmp"
	"slices"
)

// seg is a straight piece of a line, on one line of the lattice.
type seg struct {
	line     *line
	net      int
	vertical bool
	at       int     // which line of the lattice
	a, b     float64 // from where to where along it, in lattice coordinates
	prev     *seg
	next     *seg
	unit     *unit
}

func (s *seg) lo() float64 { return min(s.a, s.b) }
func (s *seg) hi() float64 { return max(s.a, s.b) }

// inBox is how far a segment that begins or ends at a box lies off its middle.
const inBox = 0.4

// cut makes segments of a path.
func cut(path []pt) []*seg {
	var segs []*seg
	for k := 1; k < len(path); k++ {
		p, q := path[k-1], path[k]
		vertical := p.i == q.i
		if n := len(segs); n > 0 && segs[n-1].vertical == vertical {
			segs[n-1].b = along(q, vertical)
			continue
		}
		s := &seg{vertical: vertical, at: int(along(p, !vertical)), a: along(p, vertical), b: along(q, vertical)}
		if n := len(segs); n > 0 {
			s.prev, segs[n-1].next = segs[n-1], s
		}
		segs = append(segs, s)
	}
	if n := len(segs); n > 0 {
		first, last := segs[0], segs[n-1]
		first.a += sign(first.b-first.a) * inBox
		last.b -= sign(last.b-last.a) * inBox
	}
	return segs
}

// along is a point's coordinate along a vertical or horizontal line.
func along(p pt, vertical bool) float64 {
	if vertical {
		return float64(p.j)
	}
	return float64(p.i)
}

func sign(f float64) float64 {
	if f < 0 {
		return -1
	}
	return 1
}

// unit is the segments of one net that lie over each other on one line of the
// lattice: they share a track.
type unit struct {
	a, b   float64
	net    int
	segs   []*seg
	gap    float64 // room wanted before it, for labels
	track  int
	offset float64 // from the middle of the line, in picture units
	span   float64 // of all tracks it competes with
}

func (u *unit) overlaps(v *unit) bool { return u.a <= v.b && v.a <= u.b }

// Distances between tracks.
const (
	trackGap    = 9.0
	labelHeight = 12.0
)

// assignTracks gathers the segments into units and orders the units of each line
// so that few lines cross. Rows and columns influence each other, so it goes over
// them a few times.
func (l *layout) assignTracks() {
	for v := range l.units {
		l.units[v] = map[int][]*unit{}
	}
	for _, ln := range l.lines {
		for _, s := range ln.segs {
			v := orientation(s.vertical)
			l.units[v][s.at] = join(l.units[v][s.at], s)
		}
	}
	for range 3 {
		for v := range l.units {
			for _, at := range sortedKeys(l.units[v]) {
				settle(l.units[v][at])
			}
		}
	}
}

func orientation(vertical bool) int {
	if vertical {
		return 1
	}
	return 0
}

func sortedKeys[V any](m map[int]V) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// join adds a segment to the units of a line, merging units of its net that it
// bridges.
func join(units []*unit, s *seg) []*unit {
	u := &unit{a: s.lo(), b: s.hi(), net: s.net, segs: []*seg{s}}
	rest := units[:0:0]
	for _, v := range units {
		if v.net != u.net || !v.overlaps(u) {
			rest = append(rest, v)
			continue
		}
		u.a, u.b = min(u.a, v.a), max(u.b, v.b)
		u.segs = append(v.segs, u.segs...)
	}
	for _, t := range u.segs {
		t.unit = u
	}
	return append(rest, u)
}

// settle orders the units of one line and gives them their offsets, one group of
// competing units after the other.
func settle(units []*unit) {
	for _, group := range competing(units) {
		order(group)
		tracks := 0
		for i, u := range group {
			u.track, u.gap = 0, trackGap
			for _, v := range group[:i] {
				if v.overlaps(u) {
					u.track = max(u.track, v.track+1)
				}
			}
			for _, s := range u.segs {
				if s.labelled() {
					u.gap = max(u.gap, labelHeight*float64(len(s.line.label))+4)
				}
			}
			tracks = max(tracks, u.track+1)
		}
		spread(group, tracks)
	}
}

// labelled tells that a line's label stands over this segment: it is the first
// horizontal one.
func (s *seg) labelled() bool {
	return len(s.line.label) > 0 && !s.vertical && (s.prev == nil || s.prev.prev == nil)
}

// spread turns the tracks of a group into offsets around the middle.
func spread(group []*unit, tracks int) {
	at := make([]float64, tracks)
	for t := 1; t < tracks; t++ {
		gap := trackGap
		for _, u := range group {
			if u.track == t {
				gap = max(gap, u.gap)
			}
		}
		at[t] = at[t-1] + gap
	}
	span := at[tracks-1]
	for _, u := range group {
		u.offset, u.span = at[u.track]-span/2, span
	}
}

// competing splits the units of a line into groups that overlap directly or
// through others.
func competing(units []*unit) [][]*unit {
	sorted := slices.Clone(units)
	slices.SortStableFunc(sorted, func(x, y *unit) int {
		return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b), cmp.Compare(x.net, y.net))
	})
	var groups [][]*unit
	end := 0.0
	for i, u := range sorted {
		if i == 0 || u.a > end {
			groups, end = append(groups, nil), u.b
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], u)
		end = max(end, u.b)
	}
	return groups
}

// order sorts a group so that few of its corners cross its lines: first by where
// the corners lead, then by swapping neighbours while that helps.
func order(group []*unit) {
	slices.SortStableFunc(group, func(x, y *unit) int { return cmp.Compare(x.pull(), y.pull()) })
	for pass := 0; pass < len(group)*2; pass++ {
		better := false
		for i := 1; i < len(group); i++ {
			if crossings(group[i], group[i-1]) < crossings(group[i-1], group[i]) {
				group[i], group[i-1] = group[i-1], group[i]
				better = true
			}
		}
		if !better {
			return
		}
	}
}

// corners calls f with the place along the line of every corner of a unit, and the
// side to which the line turns there.
func (u *unit) corners(f func(pos, side float64)) {
	for _, s := range u.segs {
		for end, n := range [2]*seg{s.prev, s.next} {
			if n == nil {
				continue
			}
			pos, far := s.a, n.a
			if end == 1 {
				pos, far = s.b, n.b
			}
			if n.unit != nil {
				pos += n.unit.offset / 1000
			}
			f(pos, sign(far-float64(s.at)))
		}
	}
}

// pull is the side to which most corners of a unit turn.
func (u *unit) pull() float64 {
	sum, n := 0.0, 0.0
	u.corners(func(_, side float64) { sum, n = sum+side, n+1 })
	if n == 0 {
		return 0
	}
	return sum / n
}

// crossings counts the corners that cross when u lies before v.
func crossings(u, v *unit) int {
	n := 0
	u.corners(func(pos, side float64) {
		if side > 0 && v.covers(pos) {
			n++
		}
	})
	v.corners(func(pos, side float64) {
		if side < 0 && u.covers(pos) {
			n++
		}
	})
	return n
}

// covers tells whether a corner at a place would meet the unit.
func (u *unit) covers(pos float64) bool {
	lo, hi := u.ends()
	return pos > lo && pos < hi
}

// ends are the ends of a unit, with the tracks that its corners lead to.
func (u *unit) ends() (lo, hi float64) {
	lo, hi = u.b, u.a
	u.corners(func(pos, _ float64) { lo, hi = min(lo, pos), max(hi, pos) })
	if u.a < lo-inBox/2 {
		lo = u.a
	}
	if u.b > hi+inBox/2 {
		hi = u.b
	}
	return lo, hi
}
