package runtime_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

var codeForm = regexp.MustCompile(`^[GH][0-9]{2}(\.[0-9]{1,3}){0,3}-[0-9]{6,8}-[0-9]{4,7}$`)

func TestCodesFollowTheOfficeAndTheDay(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for i, day := range []string{"260907", "260908"} {
		for j := range 30 {
			c := w.load(w.file(strings.Repeat("A", 1+30*i+j)))
			for _, x := range []string{c.Code, c.Dossier("birth").Code, c.Dossier("card").Code} {
				if !codeForm.MatchString(x) || !strings.HasPrefix(x, "H26.4-"+day+"-") || seen[x] {
					t.Fatalf("code %q on %s", x, day)
				}
				seen[x] = true
			}
			if len(c.Seed) != 32 {
				t.Fatalf("seed %q", c.Seed)
			}
		}
		w.clock.Advance(24 * time.Hour)
	}
	if !seen["H26.4-260907-0001"] || !seen["H26.4-260908-0001"] {
		t.Fatal("a day's numbers do not start at 1")
	}
	// Another runtime never gives a number that this one reserved.
	other := w.node("b")
	cs, err := other.File(t.Context(), filing("Bình", nil))
	w.must(err)
	if seen[cs[0].Code] {
		t.Fatalf("%s given twice", cs[0].Code)
	}
}

// A busy office waits for numbers ever more rarely, and each is given once.
func TestBlocksOfNumbersGrow(t *testing.T) {
	w := newWorld(t)
	s := &spy{Store: w.store}
	w.r = w.node("a", func(c *runtime.Config) { c.Store = s })
	seen := map[string]bool{}
	for i := range 400 {
		c := w.load(w.file(fmt.Sprint("child ", i)))
		for _, x := range []string{c.Code, c.Dossier("birth").Code, c.Dossier("card").Code} {
			if seen[x] {
				t.Fatalf("%s given twice", x)
			}
			seen[x] = true
		}
	}
	if n := s.blocks.Load(); n != 5 { // 60 + 120 + 240 + 480 + 960
		t.Fatalf("1200 numbers in %d blocks", n)
	}
	w.clock.Advance(24 * time.Hour)
	if w.file("tomorrow"); s.blocks.Load() != 6 {
		t.Fatal("a new day has numbers of its own")
	}
	if first, err := w.store.Codes(t.Context(), "H26.4", "260908", 1); err != nil || first != 61 {
		t.Fatalf("the first block of a day ends before %d (%v)", first, err)
	}
}

func TestTwinsAreFiledTogether(t *testing.T) {
	w := newWorld(t)
	w.must(w.store.PutPrefill(t.Context(), "P", engine.Prefill{ID: "s1", At: start,
		Values: map[string]any{"/children/0/name": "An", "/children/1/name": "Bình", "/commune": "00004"},
		Source: map[string]string{"/children/0/name": "health", "/children/1/name": "health", "/commune": "population"}}))
	f := filing("", map[string]any{"children": []any{map[string]any{"name": "An"}, map[string]any{"name": "Bình"}}})
	delete(f.Application, "child")
	f.Service, f.Prefill, f.Disputes, f.Key, f.Digest = "twins", "s1", map[string]string{"/children/1/name": "sai tên"}, "k", "d"
	cs, err := w.r.File(t.Context(), f)
	w.must(err)
	if len(cs) != 2 || cs[0].Group == "" || cs[0].Group != cs[1].Group || cs[0].Subject() != "An" || cs[1].Subject() != "Bình" {
		t.Fatalf("got %+v", cs)
	}
	if cs[0].Sources["/child/name"] != "health" || cs[0].Sources["/commune"] != "population" || len(cs[0].Disputed) != 0 {
		t.Fatalf("sources %v, disputed %v", cs[0].Sources, cs[0].Disputed)
	}
	if _, ok := cs[1].Sources["/child/name"]; ok || cs[1].Disputed["/child/name"] != "sai tên" {
		t.Fatalf("sources %v, disputed %v", cs[1].Sources, cs[1].Disputed)
	}
	again, err := w.r.File(t.Context(), f)
	w.must(err)
	if len(again) != 2 || again[0].Code != cs[0].Code || again[1].Code != cs[1].Code {
		t.Fatal("the same key gave other cases")
	}
	// All or none: one child is known already.
	f.Key = ""
	f.Application["children"] = []any{map[string]any{"name": "Chi"}, map[string]any{"name": "An"}}
	f.Prefill, f.Disputes = "", nil
	_, err = w.r.File(t.Context(), f)
	w.code(err, engine.Duplicate)
	mine, _, err := w.store.CasesOf(t.Context(), "P", "", 10)
	w.must(err)
	if len(mine) != 2 {
		t.Fatalf("%d cases after a refused filing", len(mine))
	}
	w.sound()
}

func TestOneKeyFilesOnce(t *testing.T) {
	w := newWorld(t)
	f := filing("An", nil)
	f.Key, f.Digest = "k", "d"
	var mu sync.Mutex
	codes := map[string]bool{}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			cs, err := w.r.File(t.Context(), f)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			codes[cs[0].Code] = true
		})
	}
	wg.Wait()
	if len(codes) != 1 {
		t.Fatalf("cases %v", codes)
	}
	f.Digest = "other"
	_, err := w.r.File(t.Context(), f)
	w.code(err, engine.IdempotencyMismatch)
}

func TestFilingSaysWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		change func(*runtime.Filing)
		want   engine.Code
	}{
		"no child":        {func(f *runtime.Filing) { delete(f.Application, "child") }, engine.Invalid},
		"no office":       {func(f *runtime.Filing) { f.Application["commune"] = "99999" }, engine.Invalid},
		"no service":      {func(f *runtime.Filing) { f.Service = "wedding" }, engine.NotFound},
		"somebody else":   {func(f *runtime.Filing) { f.Requester.ID = "Q" }, engine.Forbidden},
		"others' prefill": {func(f *runtime.Filing) { f.Prefill = "s9" }, engine.NotFound},
		"idle dispute":    {func(f *runtime.Filing) { f.Disputes = map[string]string{"/child": "no"} }, engine.Invalid},
		"no children":     {func(f *runtime.Filing) { f.Service = "twins" }, engine.Invalid},
		"a crowd": {func(f *runtime.Filing) {
			f.Service = "twins"
			f.Application["children"] = make([]any, 1000)
		}, engine.Invalid},
	} {
		f := filing("An", nil)
		c.change(&f)
		_, err := w.r.File(t.Context(), f)
		if got := engine.CodeOf(err); got != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestPreviewSavesNothing(t *testing.T) {
	w := newWorld(t)
	p, err := w.r.Preview(t.Context(), filing("An", map[string]any{"fee": int64(8000)}))
	w.must(err)
	if p.Fee != 8000 || len(p.Problems) != 0 || p.Duplicate != nil || len(p.Cases) != 1 || p.Version != "1" || p.Versions.Calendar != "c1" {
		t.Fatalf("got %+v", p)
	}
	day := func(d int) time.Time { return time.Date(2026, 9, d, 17, 0, 0, 0, start.Location()) }
	birth, card := p.Cases[0].Steps[0], p.Cases[0].Steps[1]
	if !p.Due.Equal(day(10)) || !birth.Due.Equal(day(8)) || !card.Due.Equal(day(10)) || birth.Office != "civil-00004" || card.Office != "insurance-00004" {
		t.Fatalf("due %s; birth %+v; card %+v", p.Due, birth, card)
	}
	p, err = w.r.Preview(t.Context(), filing("An", map[string]any{"card": false}))
	w.must(err)
	if s := p.Cases[0].Steps[1]; s.Closed != engine.ClosedAbsent || !s.Due.IsZero() {
		t.Fatalf("card %+v", s)
	}
	f := filing("An", nil)
	delete(f.Application, "child")
	p, err = w.r.Preview(t.Context(), f)
	w.must(err)
	if len(p.Problems) != 1 || p.Problems[0].Pointer != "/child" {
		t.Fatalf("problems %+v", p.Problems)
	}
	f.Service = "wedding"
	_, err = w.r.Preview(t.Context(), f)
	w.code(err, engine.NotFound)

	if mine, _, err := w.store.CasesOf(t.Context(), "P", "", 10); err != nil || len(mine) != 0 {
		t.Fatalf("%v %v: something was saved", mine, err)
	}
	code := w.file("An")
	if code != "H26.4-260907-0001" {
		t.Fatalf("a preview spent numbers: %s", code)
	}
	p, err = w.r.Preview(t.Context(), filing("An", nil))
	w.must(err)
	if p.Duplicate == nil || p.Duplicate.Other != code {
		t.Fatalf("duplicate %v", p.Duplicate)
	}
}

func TestRefilingGetsFreshCodes(t *testing.T) {
	w := newWorld(t)
	w.reg.say("insurance", runtime.Answer{Outcome: runtime.Refused, Code: "no"})
	code, _ := w.recording("An")
	w.settle()
	was := w.load(code).Dossier("card")
	if was.Final != engine.FinalRefused {
		t.Fatalf("card is %+v", was)
	}
	res, err := w.r.Do(t.Context(), runtime.Request{Command: engine.Command{Action: engine.ActRefile, Case: code, Step: "card", Actor: citizen, IfMatch: &was.Rev,
		Codes: engine.Codes{Steps: map[string]string{"card": "forged"}}}})
	w.must(err)
	now := res.Case.Dossier("card")
	if now.Attempt != 2 || now.Code == was.Code || !codeForm.MatchString(now.Code) {
		t.Fatalf("refiled as %+v", now)
	}
	w.settle()
	w.state(code, "card", "done")
	if got := w.reg.calls("insurance"); !slices.Equal(got, []string{"send", "send"}) {
		t.Fatalf("calls %v", got)
	}
	w.sound()
}
