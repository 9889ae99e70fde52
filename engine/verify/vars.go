package verify

import (
	"slices"
	"sort"
	"strings"

	"lienthong/engine/machine"
)

// values is a set of values: bit i stands for value i of a table.
type values uint64

// The first values of every table.
const (
	isOther values = 1 << iota // any text or thing that no test names
	isFalse
	isTrue
	anything = ^values(0)
)

// table numbers the constants that the tests of one service name. A number
// stands in a region: below, at or above each number named.
type table struct {
	texts   map[string]int
	numbers []float64
	first   int // bit of the first region
}

// newTable numbers constants; what does not fit in is left out, and a test that
// names it is only a text.
func newTable(constants []any) *table {
	t := &table{texts: map[string]int{}}
	next := 3
	for _, c := range constants {
		switch c := c.(type) {
		case string:
			if _, ok := t.texts[c]; !ok && next < 48 {
				t.texts[c] = next
				next++
			}
		case int64:
			t.numbers = append(t.numbers, float64(c))
		case float64:
			t.numbers = append(t.numbers, c)
		}
	}
	sort.Float64s(t.numbers)
	t.numbers = slices.Compact(t.numbers)
	if most := (63 - next) / 2; len(t.numbers) > most {
		t.numbers = t.numbers[:most]
	}
	t.first = next
	return t
}

// of is the set of one constant; 0 when the table does not know it.
func (t *table) of(c any) values {
	switch c := c.(type) {
	case bool:
		if c {
			return isTrue
		}
		return isFalse
	case string:
		if i, ok := t.texts[c]; ok {
			return 1 << i
		}
	case int64:
		return t.number(float64(c))
	case float64:
		return t.number(c)
	}
	return 0
}

// number is the region that a number stands in.
func (t *table) number(f float64) values {
	i := sort.SearchFloat64s(t.numbers, f)
	r := 2 * i
	if i < len(t.numbers) && t.numbers[i] == f {
		r++
	}
	return 1 << (t.first + r)
}

// regions are those in which a comparison with a number holds.
func (t *table) regions(compare string, with float64) values {
	at := t.number(with)
	below := (at - 1) &^ (1<<t.first - 1)
	above := t.all() &^ below &^ at
	switch compare {
	case "<":
		return below
	case "<=":
		return below | at
	case ">":
		return above
	}
	return above | at
}

// all are the regions of every number.
func (t *table) all() values {
	return (1<<(t.first+2*len(t.numbers)+1) - 1) &^ (1<<t.first - 1)
}

// known tells whether a constant has a value of its own.
func (t *table) known(c any) bool {
	switch c := c.(type) {
	case int64:
		return slices.Contains(t.numbers, float64(c))
	case float64:
		return slices.Contains(t.numbers, c)
	}
	return t.of(c) != 0
}

// variable is something that guards test and that keeps its value until one of its
// roots changes.
type variable struct {
	key    string
	path   string // of a value; "" = a text that is true or false
	has    bool   // whether the value is there
	full   values
	roots  []string // dossier names, "application", "requester", "steps.X"
	implyT []int    // variables that are true when this one is
	implyF []int
}

// scope holds the variables of one step's dossier, or of the service.
type scope struct {
	t       *table
	vars    []variable
	index   map[string]int
	records map[string]int // dossier names whose presence follows from what was done → bit
	domain  func(path string) (values, bool)
	rootOf  func(path string) (root string, stable bool)
	merges  func(path string) bool // a true-or-false value that nothing else is known of
	shared  map[string]int         // how often each test stands in the conditions of this scope
}

// maxVars bounds the variables of a scope; what is beyond may be either at any time.
const maxVars = 64

// add returns the variable of a key, made when new; -1 when there is no room.
func (s *scope) add(v variable) int {
	if i, ok := s.index[v.key]; ok {
		return i
	}
	if len(s.vars) >= maxVars {
		return -1
	}
	i := len(s.vars)
	s.index[v.key] = i
	if v.has {
		for j := range s.vars {
			if w := &s.vars[j]; w.has && strings.HasPrefix(w.path, v.path+".") {
				w.implyT, v.implyF = append(w.implyT, i), append(v.implyF, j)
			} else if w.has && strings.HasPrefix(v.path, w.path+".") {
				v.implyT, w.implyF = append(v.implyT, j), append(w.implyF, i)
			}
		}
	}
	s.vars = append(s.vars, v)
	return i
}

// cond is a condition over a scope's variables.
type cond struct {
	op   machine.ConditionOp
	args []*cond
	v    int // of a test: a variable, or
	in   values
	rec  int  // a record's bit, or
	free bool // anything at any time
}

// compile turns a condition into one over variables.
func (s *scope) compile(c *machine.Condition) *cond {
	if c == nil {
		return nil
	}
	if c.Op != machine.CondTest && s.lonely(c, 2) {
		return s.whole(c)
	}
	out := &cond{op: c.Op, v: -1, rec: -1}
	if c.Op == machine.CondTest {
		return s.test(c.Test)
	}
	together := &machine.Condition{Op: c.Op} // the lonely parts of a conjunction or disjunction
	for _, a := range c.Args {
		if (c.Op == machine.CondAnd || c.Op == machine.CondOr) && s.lonely(a, 1) {
			together.Args = append(together.Args, a)
		} else {
			out.args = append(out.args, s.compile(a))
		}
	}
	switch len(together.Args) {
	case 0:
	case 1:
		out.args = append(out.args, s.compile(together.Args[0]))
	default:
		out.args = append(out.args, s.whole(together))
	}
	return out
}

func (s *scope) test(t *machine.Test) *cond {
	out := &cond{op: machine.CondTest, v: -1, rec: -1}
	roots, stable := s.roots(t.Reads)
	if !stable {
		out.free = true
		return out
	}
	if name, isRecord := strings.CutPrefix(t.Path, "dossier."); isRecord && t.Has {
		if bit, ok := s.records[name]; ok {
			out.rec = bit
			return out
		}
	}
	v := variable{key: "text " + t.Text, full: isTrue | isFalse, roots: roots}
	out.in = isTrue
	switch {
	case t.Has:
		v = variable{key: "has " + t.Path, path: t.Path, has: true, full: isTrue | isFalse, roots: roots}
	case t.Path != "":
		if in, ok := s.in(t); ok {
			v = variable{key: t.Path, path: t.Path, full: s.full(t), roots: roots}
			out.in = in
		}
	}
	if out.v = s.add(v); out.v < 0 {
		out.free = true
	}
	return out
}

// in is the set of values that make a test true.
func (s *scope) in(t *machine.Test) (values, bool) {
	var in values
	for _, c := range t.In {
		if !s.t.known(c) {
			return 0, false
		}
		if t.Compare != "" {
			n, ok := toFloat(c)
			return s.t.regions(t.Compare, n), ok
		}
		in |= s.t.of(c)
	}
	return in, in != 0
}

func toFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// full is what the value of a test's path may be.
func (s *scope) full(t *machine.Test) values {
	if s.domain != nil {
		if d, ok := s.domain(t.Path); ok {
			return d
		}
	}
	return s.kind(t.In[0])
}

// kind is every value of a constant's type.
func (s *scope) kind(c any) values {
	switch c.(type) {
	case bool:
		return isTrue | isFalse
	case int64, float64:
		return s.t.all()
	}
	return (1<<s.t.first - 1) &^ (isTrue | isFalse)
}

// roots are what the read paths depend on; stable is false when one of them may
// change by itself (the actor, the clock, an open review).
func (s *scope) roots(reads []string) (roots []string, stable bool) {
	for _, p := range reads {
		r, ok := s.rootOf(p)
		if !ok {
			return nil, false
		}
		if r != "" && !slices.Contains(roots, r) {
			roots = append(roots, r)
		}
	}
	slices.Sort(roots)
	return roots, true
}

// count notes the tests of a condition, so that lonely knows which stand alone.
func (s *scope) count(c *machine.Condition) {
	if c == nil {
		return
	}
	if c.Op == machine.CondTest {
		s.shared[testKey(c.Test)]++
	}
	for _, a := range c.Args {
		s.count(a)
	}
}

func testKey(t *machine.Test) string {
	if t.Path != "" {
		return t.Path
	}
	return t.Text
}

// lonely tells whether a condition's tests are about stable data only and stand in
// no other condition: it is then one test itself. It must hold as many as least.
func (s *scope) lonely(c *machine.Condition, least int) bool {
	tests := 0
	seen := map[string]int{}
	var look func(*machine.Condition) bool
	look = func(c *machine.Condition) bool {
		if c.Op == machine.CondTest {
			tests++
			seen[testKey(c.Test)]++
			if _, stable := s.roots(c.Test.Reads); !stable {
				return false
			}
			name, _ := strings.CutPrefix(c.Test.Path, "dossier.")
			if _, isRecord := s.records[name]; isRecord && c.Test.Has {
				return false
			}
			return c.Test.Has || c.Test.Path == "" || s.merges != nil && c.Test.Compare == "" && c.Test.In[0] == true && s.merges(c.Test.Path)
		}
		return !slices.ContainsFunc(c.Args, func(a *machine.Condition) bool { return !look(a) })
	}
	if !look(c) || tests < least {
		return false
	}
	for k, n := range seen {
		if n != s.shared[k] {
			return false
		}
	}
	return true
}

// whole makes one variable of a condition.
func (s *scope) whole(c *machine.Condition) *cond {
	var reads []string
	var text func(*machine.Condition) string
	text = func(c *machine.Condition) string {
		if c.Op == machine.CondTest {
			reads = append(reads, c.Test.Reads...)
			return testKey(c.Test)
		}
		parts := make([]string, len(c.Args))
		for i, a := range c.Args {
			parts[i] = text(a)
		}
		return string(c.Op) + "(" + strings.Join(parts, "; ") + ")"
	}
	key := text(c)
	roots, _ := s.roots(reads)
	out := &cond{op: machine.CondTest, in: isTrue, rec: -1}
	if out.v = s.add(variable{key: "whole " + key, full: isTrue | isFalse, roots: roots}); out.v < 0 {
		out.free = true
	}
	return out
}

// valuation is what is known while conditions are evaluated.
type valuation struct {
	vals []values
	recs uint64
}

// outcome is one way a condition may come out.
type outcome struct {
	vals []values
	is   bool
}

// maxOutcomes bounds the ways one condition is told apart; beyond, both may be.
const maxOutcomes = 256

// eval lists the ways a condition may come out, with what it then says of the
// variables. nil is true.
func (s *scope) eval(c *cond, at valuation) []outcome {
	if c == nil {
		return []outcome{{at.vals, true}}
	}
	out := s.ways(c, at.vals, at.recs)
	if len(out) <= 1 {
		return out
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(o outcome) bool {
		k := encode(o.vals)
		if o.is {
			k += "+"
		}
		defer func() { seen[k] = true }()
		return seen[k]
	})
}

func (s *scope) ways(c *cond, vals []values, recs uint64) []outcome {
	switch c.op {
	case machine.CondTrue:
		return []outcome{{vals, true}}
	case machine.CondFalse:
		return []outcome{{vals, false}}
	case machine.CondTest:
		return s.decide(c, vals, recs)
	case machine.CondNot:
		out := s.ways(c.args[0], vals, recs)
		for i := range out {
			out[i].is = !out[i].is
		}
		return out
	case machine.CondIf:
		var out []outcome
		for _, o := range s.ways(c.args[0], vals, recs) {
			branch := c.args[2]
			if o.is {
				branch = c.args[1]
			}
			out = append(out, s.ways(branch, o.vals, recs)...)
		}
		return out
	}
	stop := c.op == machine.CondOr
	open := []outcome{{vals, !stop}}
	var done []outcome
	for _, a := range c.args {
		var next []outcome
		for _, o := range open {
			for _, w := range s.ways(a, o.vals, recs) {
				if w.is == stop {
					done = append(done, w)
				} else {
					next = append(next, w)
				}
			}
		}
		open = next
		if len(open)+len(done) > maxOutcomes {
			return []outcome{{vals, true}, {vals, false}}
		}
	}
	return append(done, open...)
}

func (s *scope) decide(c *cond, vals []values, recs uint64) []outcome {
	switch {
	case c.free:
		return []outcome{{vals, true}, {vals, false}}
	case c.rec >= 0:
		return []outcome{{vals, recs>>c.rec&1 == 1}}
	}
	var out []outcome
	if yes := vals[c.v] & c.in; yes != 0 {
		out = append(out, outcome{s.learn(vals, c.v, yes), true})
	}
	if no := vals[c.v] &^ c.in; no != 0 {
		out = append(out, outcome{s.learn(vals, c.v, no), false})
	}
	return out
}

// learn narrows a variable, and what follows from it.
func (s *scope) learn(vals []values, v int, to values) []values {
	if vals[v] == to {
		return vals
	}
	out := slices.Clone(vals)
	out[v] = to
	switch {
	case !s.vars[v].has:
	case to == isTrue:
		for _, i := range s.vars[v].implyT {
			out[i] = isTrue
		}
	case to == isFalse:
		for _, i := range s.vars[v].implyF {
			out[i] = isFalse
		}
	}
	return out
}

// start is a valuation that knows nothing.
func (s *scope) start() []values {
	out := make([]values, len(s.vars))
	for i := range s.vars {
		out[i] = s.vars[i].full
	}
	return out
}

// forget lets every variable with one of the roots be anything again.
func (s *scope) forget(vals []values, roots ...string) []values {
	var out []values
	for i := range s.vars {
		if vals[i] != s.vars[i].full && slices.ContainsFunc(roots, func(r string) bool { return slices.Contains(s.vars[i].roots, r) }) {
			if out == nil {
				out = slices.Clone(vals)
			}
			out[i] = s.vars[i].full
		}
	}
	if out == nil {
		return vals
	}
	return out
}

// encode writes a valuation as a key; decode reads it.
func encode(vals []values) string {
	b := make([]byte, 0, 8*len(vals))
	for _, v := range vals {
		b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56))
	}
	return string(b)
}

func decode(s string) []values {
	out := make([]values, len(s)/8)
	for i := range out {
		for j := range 8 {
			out[i] |= values(s[8*i+j]) << (8 * j)
		}
	}
	return out
}
