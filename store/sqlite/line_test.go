package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"lienthong/engine"
	"lienthong/store/rowenc"
	"lienthong/store/storetest"
)

// lined is a store whose next commit waits, so that what comes then is in line.
type lined struct {
	*Store
	t       *testing.T
	held    atomic.Bool
	entered chan struct{}
	release chan struct{}
	fail    atomic.Pointer[error]
}

func newLined(t *testing.T) *lined {
	l := &lined{t: t, entered: make(chan struct{}), release: make(chan struct{})}
	s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "x.db"), TakeOver: true, Hooks: Hooks{Commit: func(commit func() error) error {
		if l.held.CompareAndSwap(true, false) {
			close(l.entered)
			<-l.release
		} else if err := l.fail.Load(); err != nil {
			return *err
		}
		return commit()
	}}})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	l.Store = s
	return l
}

// hold files a case whose commit waits until release is closed.
func (l *lined) hold() <-chan error {
	l.held.Store(true)
	filed := l.append(l.t.Context(), storetest.File(storetest.Filing{Code: "HELD"}).Change())
	<-l.entered
	return filed
}

// append begins an Append and returns when it has its place in line.
func (l *lined) append(ctx context.Context, c engine.Change) <-chan error {
	out, queued := make(chan error, 1), make(chan struct{})
	c.Queued = func() { close(queued) }
	go func() { out <- l.Append(ctx, c) }()
	select {
	case <-queued:
	case err := <-out:
		out <- err // it was refused before
	}
	return out
}

func (l *lined) sound() {
	l.t.Helper()
	_, err := l.Verify(l.t.Context(), func(code string, seq int64, what string) { l.t.Errorf("%s/%d: %s", code, seq, what) })
	must(l.t, err)
}

// goOn is a change of one entry, for a lane. upon says that the state before is in
// line only.
func goOn(st *storetest.Story, lane string, upon bool) engine.Change {
	before := st.Case
	c := st.Go("note", "birth", step("note", lane)).Change()
	if c.Lane = lane; upon {
		c.After = before
	}
	return c
}

// TestChangesUponThoseInLine: a change on top of one that is not committed yet is
// written swiftly after it, by the same transaction, wherever the lanes put the two.
func TestChangesUponThoseInLine(t *testing.T) {
	l := newLined(t)
	st := storetest.File(storetest.Filing{Code: "A"})
	must(t, l.Append(t.Context(), st.Change()))
	before := l.Stats()
	answers := []<-chan error{l.hold()}
	for _, code := range []string{"B", "C"} {
		c := storetest.File(storetest.Filing{Code: code}).Change()
		c.Lane = "long"
		answers = append(answers, l.append(t.Context(), c))
	}
	for i, lane := range []string{"long", "short", "shorter"} {
		answers = append(answers, l.append(t.Context(), goOn(st, lane, i > 0)))
	}
	close(l.release)
	for i, a := range answers {
		if err := <-a; err != nil {
			t.Errorf("change %d: %v", i, err)
		}
	}
	if now := l.Stats(); now.Commits != before.Commits+2 || now.Careful != before.Careful {
		t.Errorf("%d commits, %d changes with care", now.Commits-before.Commits, now.Careful-before.Careful)
	}
	c, err := l.Load(t.Context(), "A")
	must(t, err)
	if !sameCase(c, st.Case) || len(l.line.at) != 0 {
		t.Errorf("loaded at %d, %d in line", c.Seq, len(l.line.at))
	}
	l.sound()
}

// TestOvertakenAlone: a change whose case moved while it was in line is refused without
// making those of its transaction be written again with care.
func TestOvertakenAlone(t *testing.T) {
	l := newLined(t)
	st := storetest.File(storetest.Filing{Code: "A"})
	must(t, l.Append(t.Context(), st.Change()))
	before, late := l.Stats(), st.Fork()
	l.held.Store(true)
	first := l.append(t.Context(), goOn(st, "a", false))
	<-l.entered
	second := l.append(t.Context(), goOn(late, "b", false))
	other := l.append(t.Context(), storetest.File(storetest.Filing{Code: "B"}).Change())
	close(l.release)
	must(t, <-first)
	if got := engine.CodeOf(<-second); got != engine.StaleVersion {
		t.Errorf("the overtaken one: %v", got)
	}
	must(t, <-other)
	if now := l.Stats(); now.Commits != before.Commits+2 || now.Swift != before.Swift+2 {
		t.Errorf("%d commits, %d changes swift", now.Commits-before.Commits, now.Swift-before.Swift)
	}
	l.sound()
}

// TestChangesUponARefusedOne are refused with it, even when another change led the
// case to the same sequence; that one stays.
func TestChangesUponARefusedOne(t *testing.T) {
	for _, overtaken := range []bool{false, true} {
		l := newLined(t)
		st := storetest.File(storetest.Filing{Code: "A"})
		must(t, l.Append(t.Context(), st.Change()))
		l.hold()
		ctx, leave := context.WithCancel(t.Context())
		other := st.Fork()
		first := l.append(ctx, goOn(st, "a", false))
		second := l.append(t.Context(), goOn(st, "b", true))
		leave() // before its turn: it will not be written
		if got := engine.CodeOf(<-first); got != engine.UnknownOutcome {
			t.Errorf("the first: %v", got)
		}
		if overtaken {
			defer func(c <-chan error) { must(t, <-c) }(l.append(t.Context(), goOn(other, "c", false)))
		}
		third := goOn(st, "d", false)
		third.After = other.Case // was never in line, or is not where third begins
		if got := engine.CodeOf(<-l.append(t.Context(), third)); got != engine.StaleVersion {
			t.Errorf("upon something else: %v", got)
		}
		close(l.release)
		if got := engine.CodeOf(<-second); got != engine.StaleVersion {
			t.Errorf("upon the refused one: %v", got)
		}
		c, err := l.Load(t.Context(), "A")
		must(t, err)
		if !sameCase(c, other.Case) {
			t.Errorf("overtaken %v: loaded at %d", overtaken, c.Seq)
		}
		l.sound()
	}
}

// TestCommitOfALineFails: nobody in it is told that it happened, and what comes next
// begins at what is committed.
func TestCommitOfALineFails(t *testing.T) {
	l := newLined(t)
	st := storetest.File(storetest.Filing{Code: "A"})
	must(t, l.Append(t.Context(), st.Change()))
	l.hold()
	again := st.Fork()
	first, second := l.append(t.Context(), goOn(st, "a", false)), l.append(t.Context(), goOn(st, "b", true))
	gone := errors.New("the disk went away")
	l.fail.Store(&gone)
	close(l.release)
	for i, a := range []<-chan error{first, second} {
		if got := engine.CodeOf(<-a); got != engine.UnknownOutcome {
			t.Errorf("change %d: %v", i, got)
		}
	}
	l.fail.Store(nil)
	must(t, l.Append(t.Context(), goOn(again, "c", false)))
	l.sound()
}

// TestAnswersPeopleFirst: of one transaction those who act are told before what the
// relay waits for, each in the order in which they were written.
func TestAnswersPeopleFirst(t *testing.T) {
	var told []string
	call := func(name, lane string, settled ...rowenc.DeliveryRow) *job {
		j := &job{op: name, lane: lane, done: make(chan error, 1), after: func() { told = append(told, name) }}
		if settled != nil {
			j.append = []*change{{Change: &rowenc.Change{Settled: settled}}}
		} else if lane != laneSystem {
			j.append = []*change{{Change: &rowenc.Change{}}}
		}
		return j
	}
	jobs := []*job{call("settled", laneSystem), call("clerk", "office:a"), call("reply", "registry:r", rowenc.DeliveryRow{}),
		call("citizen", "citizen:c"), call("leased", laneSystem)}
	answer(jobs, nil)
	if got, want := fmt.Sprint(told), "[clerk citizen settled reply leased]"; got != want {
		t.Errorf("told in the order %s, want %s", got, want)
	}
	for _, j := range jobs {
		if err := <-j.done; err != nil {
			t.Errorf("%s: %v", j.op, err)
		}
	}
}
