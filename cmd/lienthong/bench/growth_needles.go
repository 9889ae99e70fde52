package bench

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lienthong/agencies/seed"
	"lienthong/engine"
	"lienthong/store/rowenc"
)

// What is replaced wherever it occurs in a template is a needle; what stands there
// instead is a slot, drawn anew for every case.

// filling is one case being made: where, when, and the values of its slots.
type filling struct {
	rng    *rand.Rand
	nth    int           // number of the case among its kind; unique
	target int           // index of the first commune among seed.Populated
	shift  time.Duration // whole days
	jitter time.Duration // of what happened at an instant of its own, not at a full second
	years  int           // how much older or younger its adults are
	first  []int         // first code number of each block
	family []string

	slots []string
	texts []string
	boxed []any
}

// slot makes one value of a case.
type slot func(f *filling) string

// block is a run of code numbers of one unit and day.
type block struct {
	prefix [places]string // by target
	day    time.Time      // an instant of it in the template
	count  int
}

// places is how many communes the shipped offices serve.
const places = 6

// needle is text that is replaced by a slot.
type needle struct {
	text string
	slot int
}

// needles finds and collects what a played case must not share with its copies.
type needles struct {
	defs   engine.Definitions
	at     time.Time
	slots  []slot
	list   []needle
	known  map[string]int // needle → slot
	blocks []block
	people []*someone
	homes  []string // communes of the template, the first at index 0
	births map[string]bool
}

// someone is a person of the template.
type someone struct {
	id, name, birth string
	female          bool
}

var (
	isCode   = regexp.MustCompile(`^([A-Z]\d+(?:\.\d+)*)-(\d{6})-(\d{4,})$`)
	isPerson = regexp.MustCompile(`^0\d{11}$`)
	isEntry  = regexp.MustCompile(`^\d+/\d{4}/\d{5}$`)
	isNotice = regexp.MustCompile(`^\d{5}\.[A-Z]{3}\.\d{5}\.\d{2}$`)
	isHex    = regexp.MustCompile(`^[0-9a-f]{24}(?:[0-9a-f]{8})?$`)
	numbered = regexp.MustCompile(`(number|receipt|account|household|transaction|reference|decision)$`)
	digits   = regexp.MustCompile(`\d+`)
)

func findNeedles(defs engine.Definitions, p played) *needles {
	n := &needles{defs: defs, at: p.Case.Filed, known: map[string]int{}, births: map[string]bool{}}
	found := &finder{keys: map[string]map[string]bool{}, people: map[string]*someone{}}
	found.walk(p)
	n.places(found)
	n.codes(found)
	n.persons(p, found)
	n.numbers(found)
	slices.SortStableFunc(n.list, func(a, b needle) int { return cmp.Compare(len(b.text), len(a.text)) })
	return n
}

// add makes a needle of a text that is none yet.
func (n *needles) add(text string, s slot) {
	if _, ok := n.known[text]; ok || text == "" {
		return
	}
	n.slots = append(n.slots, s)
	n.known[text] = len(n.slots) - 1
	n.list = append(n.list, needle{text, len(n.slots) - 1})
}

// at is the commune that stands for the k-th one of the template.
func at(target, k int) seed.Unit {
	u, _ := seed.UnitByCode(seed.Populated[(target+k)%places])
	return u
}

// places moves communes, their offices and their names.
func (n *needles) places(found *finder) {
	for _, s := range slices.Sorted(maps.Keys(found.all)) {
		if slices.Contains(seed.Populated, s) {
			n.homes = append(n.homes, s)
		}
	}
	// Where it was filed comes first.
	for i, h := range n.homes {
		if found.keys["commune"][h] && strings.Contains(found.registration, h) {
			n.homes[0], n.homes[i] = n.homes[i], n.homes[0]
		}
	}
	for k, home := range n.homes {
		n.offices(found, k, home)
		n.add(home, func(f *filling) string { return at(f.target, k).Code })
		u, _ := seed.UnitByCode(home)
		_, title, _ := strings.Cut(u.Name, " ")
		n.add(title, func(f *filling) string {
			_, t, _ := strings.Cut(at(f.target, k).Name, " ")
			return t
		})
	}
}

// offices finds, for each office of the k-th commune, its counterpart elsewhere.
func (n *needles) offices(found *finder, k int, home string) {
	for _, id := range slices.Sorted(maps.Keys(found.offices)) {
		o, ok := n.defs.OfficeByID(id)
		if !ok {
			continue
		}
		if same, ok := n.defs.Office(o.Agency, home, n.at); !ok || same.ID != id {
			continue
		}
		var there [places]engine.Office
		for t := range there {
			there[t], _ = n.defs.Office(o.Agency, at(t, k).Code, n.at)
		}
		n.add(id, func(f *filling) string { return there[f.target].ID })
		n.add(o.Name.VI, func(f *filling) string { return there[f.target].Name.VI })
		n.add(o.Name.EN, func(f *filling) string { return there[f.target].Name.EN })
	}
}

// codes gives each code of the template the same place in a run of new numbers.
func (n *needles) codes(found *finder) {
	type one struct {
		code, prefix, day string
		number            int
	}
	groups := map[string][]one{}
	for s := range found.all {
		m := isCode.FindStringSubmatch(s)
		if m == nil {
			continue
		}
		number, err := strconv.Atoi(m[3])
		if err != nil {
			continue
		}
		groups[m[1]+"-"+m[2]] = append(groups[m[1]+"-"+m[2]], one{s, m[1], m[2], number})
	}
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		list := groups[g]
		slices.SortFunc(list, func(a, b one) int { return cmp.Compare(a.number, b.number) })
		day, err := time.ParseInLocation("060102", list[0].day, n.at.Location())
		if err != nil {
			continue
		}
		y, m, d := n.at.Date()
		day = n.at.Add(day.Sub(time.Date(y, m, d, 0, 0, 0, 0, n.at.Location())))
		b := len(n.blocks)
		n.blocks = append(n.blocks, block{prefix: n.prefixes(list[0].prefix), day: day, count: list[len(list)-1].number - list[0].number + 1})
		for _, c := range list {
			offset := c.number - list[0].number
			code := func(f *filling) string {
				return codeText(n.blocks[b].prefix[f.target], n.blocks[b].day.Add(f.shift), f.first[b]+offset)
			}
			n.add(c.code, code)
			n.add(rowenc.FoldCode(c.code), func(f *filling) string { return rowenc.FoldCode(code(f)) }) // as it is looked up
		}
	}
}

func codeText(prefix string, day time.Time, number int) string {
	return fmt.Sprintf("%s-%s-%04d", prefix, day.Format("060102"), number)
}

// prefixes are those of the office whose prefix it is, and of its counterparts.
func (n *needles) prefixes(prefix string) (out [places]string) {
	for t := range out {
		out[t] = prefix
	}
	for k, home := range n.homes {
		for _, agency := range []string{"civil_status", "police", "social_insurance", "identity"} {
			if o, ok := n.defs.Office(agency, home, n.at); ok && o.Prefix == prefix {
				for t := range out {
					if there, ok := n.defs.Office(agency, at(t, k).Code, n.at); ok {
						out[t] = there.Prefix
					}
				}
				return out
			}
		}
	}
	return out
}

// persons gives everybody a new name and number. The deceased comes first, so that
// no two cases are about the same one: the number is the duplicate key.
func (n *needles) persons(p played, found *finder) {
	dead := engine.Str(p.Case.App, "deceased", "id")
	n.people = slices.SortedFunc(maps.Values(found.people), func(a, b *someone) int {
		return cmp.Or(cmp.Compare(btoi(b.id == dead), btoi(a.id == dead)), cmp.Compare(a.name, b.name))
	})
	families := map[string]int{}
	for _, s := range n.people {
		first, _, _ := strings.Cut(s.name, " ")
		if _, ok := families[first]; !ok {
			families[first] = len(families)
		}
	}
	for role, s := range n.people {
		words := strings.Fields(s.name)
		var kin []int // families whose names it begins with
		for _, w := range words[:min(2, len(words))] {
			if g, ok := families[w]; ok && len(kin) < len(words)-1 {
				kin = append(kin, g)
			}
		}
		n.add(s.name, func(f *filling) string {
			var b strings.Builder
			for _, g := range kin {
				for len(f.family) <= g {
					f.family = append(f.family, pickSurname(f.rng))
				}
				b.WriteString(f.family[g] + " ")
			}
			return b.String() + givenName(f.rng, s.female)
		})
		if s.birth != "" && s.adult() {
			n.births[s.birth] = true
		}
		if s.id == "" {
			continue
		}
		year, female, err := yearOf(s.id)
		if err != nil {
			continue
		}
		born, dated := parseDay(s.birth)
		n.add(s.id, func(f *filling) string {
			y := year
			switch {
			case s.adult():
				y += f.years
			case dated && recent(born):
				y = born.Add(f.shift).Year()
			}
			return personalID(at(f.target, 0).Province, female, y, (f.nth+role*161_803)%1_000_000)
		})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// adult tells whether the person is grown up, by date of birth or by number.
func (s *someone) adult() bool {
	if s.birth != "" {
		return s.birth < "2008"
	}
	year, _, err := yearOf(s.id)
	return err == nil && year < 2008
}

// numbers draws register numbers, notices, accounts and public ids anew.
func (n *needles) numbers(found *finder) {
	for _, s := range slices.SortedFunc(maps.Keys(found.all), func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }) {
		if n.contains(s) && !isEntry.MatchString(s) {
			continue
		}
		switch {
		case isNotice.MatchString(s):
			// Unique: the notice is the duplicate key of a birth.
			n.add(s, func(f *filling) string {
				return fmt.Sprintf("%s%03d%s%05d.%s", at(f.target, 0).Province, 1+f.nth/100_000%999, s[5:10], f.nth%100_000, n.at.Add(f.shift).Format("06"))
			})
		case isEntry.MatchString(s):
			n.add(s, func(f *filling) string {
				return fmt.Sprintf("%d/%s/%s", 1+f.rng.IntN(9999), n.at.Add(f.shift).Format("2006"), at(f.target, 0).Code)
			})
		case isHex.MatchString(s):
			n.add(s, func(f *filling) string {
				return fmt.Sprintf("%016x%016x", f.rng.Uint64(), f.rng.Uint64())[:len(s)]
			})
		case digits.MatchString(s) && found.numbered[s]:
			n.add(s, func(f *filling) string { return redraw(f, s, n.at.Add(f.shift)) })
		}
	}
}

// redraw draws every digit anew, but for a year, which becomes that of the day.
func redraw(f *filling, s string, day time.Time) string {
	return digits.ReplaceAllStringFunc(s, func(run string) string {
		if len(run) == 4 && strings.HasPrefix(run, "202") {
			return day.Format("2006")
		}
		b := []byte(run)
		for i := range b {
			b[i] = byte('0' + f.rng.IntN(10))
		}
		return string(b)
	})
}

// contains tells whether a needle is part of the text already.
func (n *needles) contains(s string) bool {
	return slices.ContainsFunc(n.list, func(x needle) bool { return find(s, x.text) >= 0 })
}

// find is where a needle stands in a text as a word of its own; -1 = nowhere.
func find(s, needle string) int {
	from := 0
	for {
		i := strings.Index(s[from:], needle)
		if i < 0 {
			return -1
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+len(needle):])
		if !joins(before) && !joins(after) {
			return i
		}
		from = i + len(needle)
	}
}

func joins(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// moved is where an instant of the template stands in the copy.
func (f *filling) moved(t time.Time) time.Time {
	if t.Nanosecond() != 0 {
		t = t.Add(f.jitter)
	}
	return t.Add(f.shift)
}

func parseDay(s string) (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, s)
	return t, err == nil && len(s) == len(time.DateOnly)
}

// recent tells whether a date belongs to the story and moves with it; what lies
// further back is of somebody's life.
func recent(t time.Time) bool { return t.After(playsFrom.AddDate(0, -4, 0)) }
