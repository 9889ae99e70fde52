package bench

import (
	"fmt"
	"math/rand/v2"
	"time"

	"lienthong/engine/calendar"
)

// orders says which case is the n-th: its template, place and days follow from a
// seed and its number alone, so that a stopped load goes on where it was.
type orders struct {
	seed      uint64
	until     time.Time // nothing has happened after it, nothing is due before it
	templates []*stencil
	sum       int
	firsts    [][maxBlocks]int32 // first code number of each block, by case
	next      map[string]int     // unit and day → next number
	open      bool
}

// maxBlocks bounds the days on which one case takes code numbers.
const maxBlocks = 2

// Days over which the cases are spread, and where the numbers of open cases begin
// within a day, so that neither kind depends on how many the other has.
const (
	finishedWeeks = 104
	openDays      = 21
	openNumbers   = 50_001
)

// share of the cases that each commune gets: some are large.
var shares = [places]int{30, 20, 16, 14, 11, 9}

// newOrders plans n cases, finished or open ones.
func newOrders(templates []*stencil, open bool, n int, seed uint64, until time.Time) (*orders, error) {
	o := &orders{seed: seed, until: until, open: open, next: map[string]int{}}
	for _, t := range templates {
		if t.open != open {
			continue
		}
		if len(t.blocks) > maxBlocks {
			return nil, fmt.Errorf("%q takes codes on %d days, at most %d", t.name, len(t.blocks), maxBlocks)
		}
		o.templates = append(o.templates, t)
		o.sum += t.share
	}
	o.firsts = make([][maxBlocks]int32, n)
	for i := range n {
		t, f := o.draw(i)
		for b := range t.blocks {
			key := t.blocks[b].unitDay(f)
			first := o.next[key]
			if first == 0 {
				first = 1
				if open {
					first = openNumbers
				}
			}
			o.firsts[i][b] = int32(first)
			o.next[key] = first + t.blocks[b].count
		}
	}
	return o, nil
}

// unitDay is the unit and the day of a block's numbers, as the store counts them.
func (b *block) unitDay(f *filling) string {
	return b.prefix[f.target] + " " + b.day.Add(f.shift).Format("060102")
}

// draw chooses what the case is made from.
func (o *orders) draw(i int) (*stencil, *filling) {
	stream := uint64(i) << 1
	if o.open {
		stream |= 1
	}
	r := rand.New(rand.NewPCG(o.seed, stream))
	t := o.templates[0]
	n := r.IntN(o.sum)
	for _, x := range o.templates {
		if n -= x.share; n < 0 {
			t = x
			break
		}
	}
	nth := nthOf(o.open, i)
	f := &filling{rng: r, nth: nth, target: o.place(r), years: r.IntN(5) + 5*(nth/1_000_000%4) - 10,
		jitter: time.Duration(r.IntN(50_000_000)) * time.Microsecond}
	if o.open {
		f.shift = o.openShift(r, t)
	} else {
		f.shift = o.finishedShift(t, i)
	}
	return t, f
}

// nthOf gives every case of either kind a number of its own, from which notices and
// personal numbers follow: half a million finished ones, as many open ones, then
// the other finished ones. Personal numbers repeat after four million.
func nthOf(open bool, i int) int {
	switch {
	case open:
		return i + 500_000
	case i >= 500_000:
		return i + 1_000_000
	}
	return i
}

func (o *orders) place(r *rand.Rand) int {
	n := r.IntN(100)
	for i, s := range shares {
		if n -= s; n < 0 {
			return i
		}
	}
	return 0
}

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// finishedShift moves a case by whole weeks, so that weekdays stay what they were.
// Cases come in the order of their weeks, as they did in life; there are several
// laps through the two years, so that a small database covers them, too.
func (o *orders) finishedShift(t *stencil, i int) time.Duration {
	latest := o.until.Sub(t.last.Add(time.Hour)) / week * week
	if o.until.Before(t.last.Add(time.Hour)) {
		latest -= week
	}
	from, to := 0, firstLap
	for i >= to {
		from, to = to, 10*to
	}
	at := (i - from) * finishedWeeks / (to - from)
	return latest - time.Duration(finishedWeeks-1-at)*week
}

// firstLap is how many cases the first lap has; each further one ends at ten times
// as many.
const firstLap = 1000

// openShift moves a case so that its last entry is past and its next timer is to
// come: by whole days where there is such a day, else by what it takes.
func (o *orders) openShift(r *rand.Rand, t *stencil) time.Duration {
	latest := o.until.Sub(t.last.Add(time.Hour)) / day * day
	if o.until.Before(t.last.Add(time.Hour)) {
		latest -= day
	}
	if t.next.IsZero() {
		return latest - time.Duration(r.IntN(openDays))*day
	}
	days := 0 // that fit
	for days < openDays && t.next.Add(latest-time.Duration(days)*day).After(o.until) {
		days++
	}
	if days > 0 {
		return latest - time.Duration(r.IntN(days))*day
	}
	// Within the hours between its last entry and its next timer.
	room := t.next.Sub(t.last.Add(time.Minute))
	return o.until.Sub(t.last.Add(time.Minute + time.Duration(r.Int64N(int64(room)))))
}

// fill draws the n-th case and gives it its numbers.
func (o *orders) fill(i int) (*stencil, *filling) {
	t, f := o.draw(i)
	for b := range t.blocks {
		f.first = append(f.first, int(o.firsts[i][b]))
	}
	return t, f
}

// code is the code of the n-th case.
func (o *orders) code(i int) string {
	t, f := o.fill(i)
	b := t.blocks[0]
	return codeText(b.prefix[f.target], b.day.Add(f.shift), f.first[0])
}

// businessNow is a working hour of the wall clock's day.
func businessNow(wall time.Time) time.Time {
	y, m, d := wall.In(calendar.Zone).Date()
	return time.Date(y, m, d, 10, 30, 0, 0, calendar.Zone)
}
