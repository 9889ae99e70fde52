package replay

import (
	"cmp"
	"context"
	"slices"

	"lienthong/engine"
)

// Report is what other definitions would have done to the cases on file.
type Report struct {
	Cases     int64 `json:"cases"`
	Entries   int64 `json:"entries"`
	Identical int64 `json:"identical"`
	SameEnd   int64 `json:"same_end"`
	OtherEnd  int64 `json:"different_end"`
	Blank     int64 `json:"erased"`
	Unread    int64 `json:"not_comparable"`
	// LeftOut are cases that were not asked for: of another service, or filed on other
	// days. They are in no other number.
	LeftOut int64 `json:"left_out,omitempty"`
	// Places are where the cases parted first, the most frequent first: what a diagram
	// is painted with.
	Places []Place `json:"places"`
	// Found are the cases that are not identical, in the order of their codes, at most
	// as many as were asked for; More tells how many others there are.
	Found []Outcome `json:"found"`
	More  int64     `json:"more,omitempty"`
}

// Place is where cases parted from history first.
type Place struct {
	Service   string `json:"service"`
	Under     string `json:"under"` // version decided under
	Step      string `json:"step,omitempty"`
	Procedure string `json:"procedure,omitempty"`
	State     string `json:"state,omitempty"`
	Action    string `json:"action"`
	Kind      string `json:"kind"`
	Cases     int64  `json:"cases"`
	Example   string `json:"example"` // code of the first such case
}

// Good tells whether every case came out as it is kept, as far as that can be told.
func (r *Report) Good() bool { return r.SameEnd+r.OtherEnd+r.Unread == 0 }

// maxPlaces bounds the places of a report; what comes after is counted in the
// verdicts only.
const maxPlaces = 1000

// Against decides every case of a source again under other definitions, with as
// many workers as there are CPUs when workers is 0. each hears of every case in the
// order of the codes, if it is not nil. The report holds at most found cases; a
// negative number holds all.
func Against(ctx context.Context, src Lister, defs engine.Definitions, opt Options, workers, found int, each func(Outcome)) (*Report, error) {
	r := &tally{Report: Report{Places: []Place{}, Found: []Outcome{}}, most: found, places: map[Place]int{}}
	_, err := inOrder(ctx, src, workers, func(code string) Outcome { return one(ctx, src, defs, opt, code) }, func(o Outcome) {
		r.add(o)
		if each != nil {
			each(o)
		}
	})
	r.sort()
	return &r.Report, err
}

// Codes lists some cases of a source, as a source of its own.
func Codes(src Source, codes []string) Lister {
	codes = slices.Compact(slices.Sorted(slices.Values(codes)))
	return some{src, codes}
}

type some struct {
	Source
	codes []string
}

// Cases lists the codes after one.
func (s some) Cases(_ context.Context, after string, limit int) ([]string, error) {
	i, found := slices.BinarySearch(s.codes, after)
	if found {
		i++
	}
	out := s.codes[i:]
	if limit > 0 {
		out = out[:min(limit, len(out))]
	}
	return out, nil
}

// one decides one case again; whatever is wrong with it or with the definitions
// fails that case only.
func one(ctx context.Context, src Source, defs engine.Definitions, opt Options, code string) (o Outcome) {
	fail := func(err error) Outcome {
		return Outcome{Case: code, Verdict: Unread, Err: err, Error: err.Error()}
	}
	defer func() {
		if p := recover(); p != nil {
			o = fail(refuse(engine.Internal, "replay.against", code,
				"Không quyết định lại được: %v", "it cannot be decided again: %v", p))
		}
	}()
	history, err := History(ctx, src, code)
	if err != nil {
		return fail(err)
	}
	if !opt.takes(history[0]) {
		return Outcome{Case: code, Verdict: LeftOut, Entries: int64(len(history))}
	}
	return Again(defs, history, opt)
}

// maxHistory bounds the entries that one case may have, to be held in memory.
const maxHistory = 100_000

// History reads the whole history of a case. NotFound when it has none.
func History(ctx context.Context, src Source, code string) ([]engine.Entry, error) {
	var all []engine.Entry
	err := walk(ctx, src.History, code, 0, func(e engine.Entry) error {
		if all = append(all, e); len(all) > maxHistory {
			return refuse(engine.Invalid, "replay.history", code, "Lịch sử có hơn %d mục.", "the history has more than %d entries", maxHistory)
		}
		return ctx.Err()
	})
	if err == nil && len(all) == 0 {
		err = refuse(engine.NotFound, "replay.history", code, "Hồ sơ không có lịch sử.", "the case has no history")
	}
	return all, err
}

// tally is a report in the making.
type tally struct {
	Report
	most   int
	places map[Place]int
}

func (t *tally) add(o Outcome) {
	if o.Verdict == LeftOut {
		t.LeftOut++
		return
	}
	t.Cases++
	t.Entries += o.Entries
	switch o.Verdict {
	case Identical:
		t.Identical++
		return
	case SameEnd:
		t.SameEnd++
	case OtherEnd:
		t.OtherEnd++
	case Blank:
		t.Blank++
	default:
		t.Unread++
	}
	if f := o.First; f != nil {
		p := Place{Service: o.Service, Under: o.Under, Step: f.Step, Procedure: f.Procedure, State: f.State, Action: f.Action, Kind: f.Kind}
		i, known := t.places[p]
		if !known && len(t.Places) < maxPlaces {
			i, known = len(t.Places), true
			t.places[p] = i
			p.Example = o.Case
			t.Places = append(t.Places, p)
		}
		if known {
			t.Places[i].Cases++
		}
	}
	if t.most >= 0 && len(t.Found) >= t.most {
		t.More++
		return
	}
	t.Found = append(t.Found, o)
}

func (t *tally) sort() {
	slices.SortStableFunc(t.Places, func(a, b Place) int { return cmp.Compare(b.Cases, a.Cases) })
}
