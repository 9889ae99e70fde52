package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// What has ended is bound: volumes of an office, each with the same number of places
// in the order of the list, and for each word the places of those who have it. To look
// for several words is to cut their places with one another: rows are read of what has
// all of them alone, however many have one of them. What is live, what ended lately and
// what came back is loose: it stands in the index of words.

const (
	// volumeSize is how many numbers a volume has for its places.
	volumeSize = 8192
	// volumeUsed is how many of them it gives away: a bit for each is so many bytes that
	// the row of a word that many have stays on its page with three others. It is an odd
	// number of bytes.
	volumeUsed = 7160
)

// placeSet are places of one volume.
type placeSet [volumeSize / 64]uint64

func (p *placeSet) add(i int)      { p[i/64] |= 1 << (i % 64) }
func (p *placeSet) has(i int) bool { return i >= 0 && i < volumeSize && p[i/64]&(1<<(i%64)) != 0 }

// cut leaves those that another set has too.
func (p *placeSet) cut(o *placeSet) {
	for i := range p {
		p[i] &= o[i]
	}
}

func (p *placeSet) len() (n int) {
	for _, w := range p {
		n += bits.OnesCount64(w)
	}
	return n
}

// all calls a function for every place, in order.
func (p *placeSet) all(f func(i int)) {
	for at, w := range p {
		for ; w != 0; w &= w - 1 {
			f(64*at + bits.TrailingZeros64(w))
		}
	}
}

// encode writes a number of two bytes for each place, or a bit for each that there is,
// whichever is shorter: an even number of bytes, or an odd one.
func (p *placeSet) encode() []byte {
	if n := p.len(); 2*n < volumeUsed/8 {
		out := make([]byte, 0, 2*n)
		p.all(func(i int) { out = binary.LittleEndian.AppendUint16(out, uint16(i)) })
		return out
	}
	out := make([]byte, 0, volumeSize/8)
	for _, w := range p {
		out = binary.LittleEndian.AppendUint64(out, w)
	}
	return out[:volumeUsed/8]
}

// decode adds encoded places. Programs of format 14 gave all numbers of a volume away,
// and wrote a bit for each.
func (p *placeSet) decode(b []byte) error {
	if n := len(b); n == volumeUsed/8 || n == volumeSize/8 {
		var all [volumeSize / 8]byte
		copy(all[:], b)
		for i := range p {
			p[i] |= binary.LittleEndian.Uint64(all[8*i:])
		}
		return nil
	}
	if len(b)%2 != 0 || len(b) > volumeSize/8 {
		return fmt.Errorf("%d bytes are no places of a volume", len(b))
	}
	for ; len(b) > 0; b = b[2:] {
		i := int(binary.LittleEndian.Uint16(b))
		if i >= volumeSize {
			return fmt.Errorf("a volume has no place %d", i)
		}
		p.add(i)
	}
	return nil
}

// volume is one of an office's.
type volume struct {
	n           int64
	first, last int64 // urgency of its dossiers
}

// bound is what has all words of a text among the bound dossiers of an office, or, when
// some word was not read, what has the others.
type bound struct {
	volumes []volume   // in the order of the list; they may overlap
	found   []placeSet // in each of them
	places  int        // that were found
	rarest  string     // the word that the fewest have, of those that were read
	unread  bool       // some word was not read
}

// broad is how many words a volume may have, on average, that begin with one of the
// text's; beyond that the places are not read before it is known that they are needed.
const broad = 4

// fewPlaces are looked up at once: cutting them with one word more would take longer.
const fewPlaces = 4

const (
	volumesOf = `SELECT n, first, last FROM volumes WHERE office = ?1 ORDER BY first, n`
	placesOf  = `SELECT volume, places FROM volume_words WHERE office = ?1 AND word >= ?2 AND word < ?3 LIMIT ?4`
)

// readBound cuts the places of the words. Broad words are left out unless the caller asks
// for all: what is looked up is held to them. ok is false when more is left than is looked
// up at once.
func (l *lister) readBound(ctx context.Context, office string, words []string, all bool) (b *bound, ok bool, err error) {
	b = &bound{}
	at := map[int64]int{}
	err = l.each(ctx, volumesOf, []any{office}, func(r *sql.Rows) error {
		var v volume
		err := r.Scan(&v.n, &v.first, &v.last)
		at[v.n] = len(b.volumes)
		b.volumes = append(b.volumes, v)
		return err
	})
	if err != nil || len(b.volumes) == 0 {
		return b, err == nil, err
	}
	limit := -1
	if !all {
		limit = broad*len(b.volumes) + 1
	}
	if words, err = l.rarestFirst(ctx, office, words, b.volumes[0].n); err != nil {
		return nil, false, err
	}
	has, least := make([]placeSet, len(b.volumes)), math.MaxInt
	for _, w := range words {
		clear(has)
		read, err := l.readWord(ctx, office, w, at, has, limit)
		if err != nil {
			return nil, false, err
		}
		if read == limit {
			b.unread = true
			continue
		}
		n := 0
		for i := range has {
			n += has[i].len()
		}
		if n < least {
			b.rarest, least = w, n
		}
		if b.cut(has); b.places <= fewPlaces {
			break // those who look them up see the other words
		}
	}
	if b.unread && (b.found == nil || b.places > placesAtOnce) {
		return nil, false, nil
	}
	return b, true, nil
}

// readWord adds the places of those who have a word, or one that begins with it, to those
// of each volume, and tells how many rows it read.
func (l *lister) readWord(ctx context.Context, office, word string, at map[int64]int, has []placeSet, limit int) (read int, err error) {
	err = l.each(ctx, placesOf, []any{office, word, rowenc.After(word), limit}, func(r *sql.Rows) error {
		var n int64
		var places sql.RawBytes
		read++
		if err := r.Scan(&n, &places); err != nil {
			return err
		}
		v, known := at[n]
		if !known {
			return fmt.Errorf("the word %q has places in volume %d, which office %s does not have", word, n, office)
		}
		return has[v].decode(places)
	})
	return read, err
}

// rarestFirst orders words by how many have exactly them in one volume. Of one that few
// have, or that only begins others, nothing may be there: it comes first.
func (l *lister) rarestFirst(ctx context.Context, office string, words []string, volume int64) ([]string, error) {
	q, has, at := &query{}, make([]int, len(words)), map[string]int{}
	for i, w := range words {
		q.add([]string{`SELECT `, `, `}[min(i, 1)])
		q.add(`(SELECT coalesce(sum(length(places)), 0) FROM volume_words WHERE office = ? AND word = ? AND volume = ?)`, office, w, volume)
	}
	if err := l.row(ctx, q.text.String(), q.args, places(has)...); err != nil {
		return nil, err
	}
	for i, w := range words {
		at[w] = has[i]
	}
	return slices.SortedStableFunc(slices.Values(words), func(a, b string) int { return cmp.Compare(at[a], at[b]) }), nil
}

// cut leaves what has one word more.
func (b *bound) cut(has []placeSet) {
	if b.found == nil {
		b.found = slices.Clone(has)
	}
	b.places = 0
	for i := range b.found {
		b.found[i].cut(&has[i])
		b.places += b.found[i].len()
	}
}

// dense tells whether so many of the bound dossiers have the words that a page is full
// soon when the list is walked.
func (b *bound) dense(c *Config) bool {
	return !b.unread && !c.sparse && b.places > 0 && b.places*tasted >= promising*c.volume*len(b.volumes)
}

// placesAtOnce is how many places one statement looks up at most. Shorter ones have
// placesFew, so that few texts are prepared.
const (
	placesAtOnce = 64
	placesFew    = 8
)

// query selects the dossiers at some places that have all words, the first ones in list
// order.
func (b *bound) query(cols string, f *finding, q engine.RowQuery, places []int64, p *page) (string, []any) {
	x := &query{}
	x.add(`SELECT ` + cols + ` FROM dossiers d CROSS JOIN cases c ON c.code = d.case_code WHERE d.place IN (`)
	n := placesFew
	if len(places) > n {
		n = placesAtOnce
	}
	for i := range n {
		x.add([]string{`?`, `, ?`}[min(i, 1)], places[min(i, len(places)-1)])
	}
	x.add(`) AND `)
	allIn(x, `d.words`, f.text.Words) // a place that somebody else was given is not theirs
	x.narrow(q, "d", p)
	return x.text.String(), x.args
}

// each calls a function with places to look up, in the order of the volumes, until there
// are enough. look tells how many rows it got; enough is told the urgency that nothing
// comes before from then on. Of one volume no more than limit rows are needed; 0 = all.
func (b *bound) each(from *engine.Row, limit int, look func(places []int64) (int, error), enough func(first int64) bool) error {
	var waiting []int64 // of volumes in which few were found
	for i := range b.volumes {
		v := &b.volumes[i]
		if from != nil && v.last < rowenc.Urgency(from.Due) {
			continue
		}
		if enough(v.first) {
			break
		}
		places := b.in(i)
		if len(waiting)+len(places) <= placesAtOnce {
			waiting = append(waiting, places...)
			continue
		}
		if _, err := look(waiting); err != nil {
			return err
		}
		if waiting = waiting[:0]; enough(v.first) {
			return nil
		}
		if len(places) <= placesAtOnce {
			waiting = places
			continue
		}
		for got := 0; len(places) > 0 && (limit <= 0 || got < limit); {
			k := min(len(places), placesAtOnce)
			n, err := look(places[:k])
			if err != nil {
				return err
			}
			places, got = places[k:], got+n
		}
	}
	_, err := look(waiting)
	return err
}

// in are the places that were found in a volume, in order.
func (b *bound) in(volume int) (out []int64) {
	if b.found == nil {
		return nil
	}
	b.found[volume].all(func(p int) { out = append(out, b.volumes[volume].n*volumeSize+int64(p)) })
	return out
}

// boundRows adds those that are bound to a page.
func (l *lister) boundRows(ctx context.Context, f *finding, q engine.RowQuery, p *page) error {
	return f.bound.each(p.from, p.limit, func(places []int64) (int, error) {
		if len(places) == 0 {
			return 0, nil
		}
		text, args := f.bound.query(rowCols, f, q, places, p) // cuts the page, if it is full
		before := len(p.rows)
		err := l.rows(ctx, text, args, &p.rows)
		return len(p.rows) - before, err
	}, func(first int64) bool {
		until := p.cut()
		return until != nil && *until < first
	})
}

// countBound counts what is bound, up to a number; 0 = all.
func (l *lister) countBound(ctx context.Context, f *finding, q engine.RowQuery, most int) (sum int, err error) {
	err = f.bound.each(nil, most, func(places []int64) (int, error) {
		if len(places) == 0 {
			return 0, nil
		}
		text, args := f.bound.query("1", f, q, places, &page{})
		n, err := l.count(ctx, text, args)
		sum += n
		return n, err
	}, func(int64) bool { return most > 0 && sum >= most })
	if most > 0 {
		sum = min(sum, most)
	}
	return sum, err
}
