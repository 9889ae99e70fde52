package runtime_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/runtime"
	"lienthong/store/memory"
)

func TestTwentyPeopleAtOnceAreAllHeard(t *testing.T) {
	w := newWorld(t)
	var people []any
	for i := range 20 {
		people = append(people, fmt.Sprint("N", i))
	}
	cs, err := w.r.File(t.Context(), runtime.Filing{Service: "consent", Actor: citizen, Requester: engine.Person{ID: "P"}, Channel: 2,
		Application: map[string]any{"people": people, "commune": "00004"}})
	w.must(err)
	code := cs[0].Code
	var wg sync.WaitGroup
	for _, p := range people {
		wg.Go(func() {
			_, err := w.r.Do(t.Context(), runtime.Request{Command: engine.Command{Action: "agree", Case: code, Step: "consent",
				Actor: engine.Actor{Kind: engine.Citizen, ID: p.(string)}}})
			if err != nil {
				t.Error(p, err)
			}
		})
	}
	wg.Wait()
	w.state(code, "consent", "done")
	if n := len(w.actions(code)); n != 21 {
		t.Fatalf("%d entries, want 21", n)
	}
	w.sound()
}

func TestOfTwentyWithOneVersionOneWins(t *testing.T) {
	w := newWorld(t)
	code := w.file("An")
	req := w.staff(code, "birth", "receive", engine.ByReception)
	var mu sync.Mutex
	codes := map[engine.Code]int{}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := w.r.Do(t.Context(), req)
			mu.Lock()
			defer mu.Unlock()
			codes[engine.CodeOf(err)]++
		})
	}
	wg.Wait()
	if codes[""] != 1 || codes[engine.StaleVersion] != 19 {
		t.Fatalf("got %v, want one winner and 19 stale", codes)
	}
}

func TestOneKeyIsDecidedOnce(t *testing.T) {
	w := newWorld(t)
	code := w.file("An")
	req := w.staff(code, "birth", "receive", engine.ByReception)
	req.Key, req.Digest = "k1", "d1"
	var mu sync.Mutex
	fresh := 0
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			res, err := w.r.Do(t.Context(), req)
			if err != nil || res.Case == nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if !res.Repeated {
				fresh++
			}
		})
	}
	wg.Wait()
	if got := w.actions(code); fresh != 1 || !slices.Equal(got, []string{"file", "receive"}) {
		t.Fatalf("%d decided, history %v", fresh, got)
	}
	req.Digest = "d2"
	_, err := w.r.Do(t.Context(), req)
	w.code(err, engine.IdempotencyMismatch)
	req.Command.Actor.ID = "another"
	_, err = w.r.Do(t.Context(), req)
	w.code(err, engine.StaleVersion) // another actor's key is another key
}

// The stored answer is asked for only where it could matter: the writer tells of
// a repetition that would be decided again, a refusal is looked up first.
func TestRepetitionIsToldByTheWriterOrBeforeARefusal(t *testing.T) {
	w := newWorld(t)
	s := &spy{Store: w.store}
	w.r = w.node("a", func(c *runtime.Config) { c.Store = s })
	f := filing("An", nil)
	f.Key, f.Digest = "f1", "d"
	cs, err := w.r.File(t.Context(), f)
	w.must(err)
	code := cs[0].Code
	req := w.staff(code, "birth", "receive", engine.ByReception)
	req.Key, req.Digest = "k1", "d"
	s.reads.Store(0)
	_, err = w.r.Do(t.Context(), req)
	w.must(err)
	if n := s.reads.Load(); n != 1 {
		t.Fatalf("%d reads for a first command, want the case's", n)
	}
	again := func(req runtime.Request) {
		t.Helper()
		res, err := w.r.Do(t.Context(), req)
		if err != nil || !res.Repeated {
			t.Fatalf("%v %v", res, err)
		}
	}
	again(req) // Decide refuses the old version
	rev := w.load(code).Dossier("birth").Rev
	req.Command.Action, req.Command.IfMatch = engine.ActClaim, &rev
	req.Command.Actor.Roles, req.Key = []string{engine.ByOfficer}, "k2"
	_, err = w.r.Do(t.Context(), req)
	w.must(err)
	rev = w.load(code).Dossier("birth").Rev
	_, err = w.r.Do(t.Context(), runtime.Request{Command: engine.Command{Action: engine.ActRelease, Case: code, Step: "birth", IfMatch: &rev, Actor: req.Command.Actor}})
	w.must(err)
	rev = w.load(code).Dossier("birth").Rev
	req.Command.IfMatch = &rev
	again(req) // Decide would claim anew: the writer refuses
	if got := w.actions(code); len(got) != 4 {
		t.Fatalf("history %v", got)
	}
	// The same for filing: what could be filed no more was filed.
	for _, broken := range []bool{false, true} {
		if broken {
			w.defs.services = nil
		}
		cs, err = w.r.File(t.Context(), f)
		if err != nil || len(cs) != 1 || cs[0].Code != code {
			t.Fatalf("filed again: %v %v", cs, err)
		}
	}
}

func TestRefusalsAreNotStored(t *testing.T) {
	w := newWorld(t)
	code := w.file("An")
	req := w.staff(code, "birth", "sign", engine.ByLeader)
	req.Key, req.Digest = "k1", "d1"
	_, err := w.r.Do(t.Context(), req)
	w.code(err, engine.WrongState)
	w.act(code, "receive", engine.ByReception)
	rev := w.load(code).Dossier("birth").Rev
	req.Command.IfMatch = &rev
	res, err := w.r.Do(t.Context(), req)
	w.must(err)
	if res.Repeated {
		t.Fatal("a refusal was stored")
	}
}

func TestTimersAreKeptThoughTheCommandIsRefused(t *testing.T) {
	w := newWorld(t)
	code := w.file("An")
	w.act(code, "receive", engine.ByReception)
	w.act(code, "pause", engine.ByOfficer)
	req := w.staff(code, "birth", "resume", engine.ByOfficer)
	w.clock.Advance(30 * 24 * time.Hour)
	_, err := w.r.Do(t.Context(), req)
	w.code(err, engine.WrongState)
	w.state(code, "birth", "expired")
	if got := w.actions(code); !slices.Contains(got, "expire") {
		t.Fatalf("history %v has no expiry", got)
	}
	es, err := w.store.History(t.Context(), code, 1, 0)
	w.must(err)
	if at := es[len(es)-1].At; !at.Equal(time.Date(2026, 9, 16, 17, 0, 0, 0, start.Location())) {
		t.Fatalf("the expiry is dated %s, not at its due time", at)
	}
	w.sound()
}

func TestFilingAndRepliesHaveTheirOwnWays(t *testing.T) {
	w := newWorld(t)
	code, key := w.recording("An")
	_, err := w.r.Do(t.Context(), runtime.Request{Command: engine.Command{Action: engine.ActReply, Case: code, Step: "birth",
		Actor: engine.Actor{Kind: engine.Registry, ID: "civil"}}})
	w.code(err, engine.Invalid)
	_, err = w.r.Do(t.Context(), runtime.Request{Command: engine.Command{Action: engine.ActFile}})
	w.code(err, engine.Invalid)
	w.status(key, engine.DeliveryPending)
}

// A commit whose outcome stays open is not decided again behind the caller's back.
func TestUnknownOutcomeGivesTheTruthOnRetry(t *testing.T) {
	w := newWorld(t)
	lost := false
	w.store = memory.NewWithHooks(memory.Hooks{Commit: func(commit func() error) error {
		err := commit()
		if lost {
			lost = false
			return fmt.Errorf("the line went dead")
		}
		return err
	}})
	w.r = w.node("a")
	code := w.file("An")
	req := w.staff(code, "birth", "receive", engine.ByReception)
	req.Key, req.Digest = "k", "d"
	lost = true
	_, err := w.r.Do(t.Context(), req)
	if err == nil {
		// The runtime may have found its stored answer already: also the truth.
		t.Log("answered from the stored answer")
	}
	res, err := w.r.Do(t.Context(), req)
	w.must(err)
	if res.Case.Dossier("birth").State != "checking" {
		t.Fatal("the truth is lost")
	}
	if got := w.actions(code); !slices.Equal(got, []string{"file", "receive"}) {
		t.Fatalf("history %v", got)
	}
}

// severed commits, and then tells nobody what became of it.
type severed struct {
	engine.Store
	cut bool
}

func (s *severed) Append(ctx context.Context, changes ...engine.Change) error {
	err := s.Store.Append(ctx, changes...)
	if s.cut && err == nil {
		return &engine.Error{Code: engine.UnknownOutcome, Op: "store.append", Err: context.Canceled}
	}
	return err
}

func (s *severed) Answered(ctx context.Context, actor, key string) (*engine.Answer, error) {
	if s.cut {
		return nil, &engine.Error{Code: engine.Unavailable, Op: "store.answered", Err: context.Canceled}
	}
	return s.Store.Answered(ctx, actor, key)
}

// Who cannot be told what became of a command is told that it is not known: a store that
// is unavailable for the stored answer too does not mean that nothing was done.
func TestUnknownOutcomeIsTold(t *testing.T) {
	s := &severed{}
	w := newWorld(t, func(c *runtime.Config) { s.Store, c.Store = c.Store, s })
	code := w.file("An")
	req := w.staff(code, "birth", "receive", engine.ByReception)
	req.Key, req.Digest = "k", "d"
	f := filing("Bình", nil)
	f.Key, f.Digest = "f", "d"
	s.cut = true
	_, err := w.r.Do(t.Context(), req)
	w.code(err, engine.UnknownOutcome)
	_, err = w.r.File(t.Context(), f)
	w.code(err, engine.UnknownOutcome)
	s.cut = false
	res, err := w.r.Do(t.Context(), req)
	if w.must(err); !res.Repeated {
		t.Error("the command was done again")
	}
	cs, err := w.r.File(t.Context(), f)
	if w.must(err); len(cs) != 1 || len(w.actions(cs[0].Code)) != 1 {
		t.Errorf("filed %v", cs)
	}
}

func TestConfigSaysWhatIsMissing(t *testing.T) {
	for name, c := range map[string]runtime.Config{
		"empty":    {},
		"lease":    {Store: memory.New(), Definitions: fakeDefs(t), Exchange: newRegistry(), Lease: time.Second},
		"negative": {Store: memory.New(), Definitions: fakeDefs(t), Exchange: newRegistry(), Tries: -1},
		"back-off": {Store: memory.New(), Definitions: fakeDefs(t), Exchange: newRegistry(), RetryMax: time.Millisecond},
	} {
		if _, err := runtime.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func BenchmarkDo(b *testing.B) {
	w := newWorld(b)
	code := w.file("An")
	w.act(code, "receive", engine.ByReception)
	d := w.load(code).Dossier("birth")
	office, rev := d.Office, d.Rev
	staff := engine.Actor{Kind: engine.Staff, ID: "officer", Office: office, Roles: []string{engine.ByOfficer}}
	b.ReportAllocs()
	for i := range b.N {
		action := engine.ActClaim
		if i%2 == 1 {
			action = engine.ActRelease
		}
		res, err := w.r.Do(context.Background(), runtime.Request{Command: engine.Command{Action: action, Case: code, Step: "birth", IfMatch: &rev, Actor: staff}})
		if err != nil {
			b.Fatal(err)
		}
		rev = res.Case.Dossier("birth").Rev
	}
}

// busy is a store on which somebody else is always faster.
type busy struct {
	engine.Store
	tries int
}

func (s *busy) Append(context.Context, ...engine.Change) error {
	s.tries++
	return &engine.Error{Code: engine.StaleVersion, Op: "store.append"}
}

func TestBusyCaseIsGivenUpAfterAWhile(t *testing.T) {
	w := newWorld(t)
	code := w.file("An")
	s := &busy{Store: w.store}
	r := w.node("b", func(c *runtime.Config) { c.Store, c.Attempts = s, 7 })
	_, err := r.Do(t.Context(), w.staff(code, "birth", "receive", engine.ByReception))
	w.code(err, engine.Unavailable)
	if s.tries != 7 {
		t.Fatalf("tried %d times", s.tries)
	}
	_, err = r.File(t.Context(), filing("Bình", nil))
	w.code(err, engine.Unavailable)
	w.state(code, "birth", "submitted")
}

// lanes is a store that notes whose work each commit is.
type lanes struct {
	engine.Store
	mu   sync.Mutex
	seen []string
}

func (s *lanes) Append(ctx context.Context, cs ...engine.Change) error {
	s.mu.Lock()
	for _, c := range cs {
		s.seen = append(s.seen, c.Lane)
	}
	s.mu.Unlock()
	return s.Store.Append(ctx, cs...)
}

func TestCommitsSayWhoseWorkTheyAre(t *testing.T) {
	w := newWorld(t)
	s := &lanes{Store: w.store}
	w.r = w.node("a", func(c *runtime.Config) { c.Store = s })
	code := w.file("An")
	w.act(code, "receive", engine.ByReception)
	w.act(code, "pause", engine.ByOfficer)
	w.clock.Advance(30 * 24 * time.Hour)
	w.settle()
	_, _ = w.recording("Bình")
	w.settle()
	want := []string{"citizen:P", "office:civil-00004", "office:civil-00004", "timer:timer", "citizen:P", "office:civil-00004", "office:civil-00004", "registry:civil", "registry:insurance"}
	if !slices.Equal(s.seen, want) {
		t.Fatalf("lanes %q, want %q", s.seen, want)
	}
}
