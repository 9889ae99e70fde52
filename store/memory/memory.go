package memory

import (
	"context"
	"fmt"
	"sync"

	"lienthong/engine"
	"lienthong/store/rowenc"
)

// Hooks let tests reach into a commit. A nil hook does nothing.
type Hooks struct {
	Plan   func(code string)               // before a change is checked; may panic
	Commit func(commit func() error) error // around the commit
}

// Store is an engine.Store in memory.
type Store struct {
	hooks Hooks
	line  line // who writes next

	mu       sync.RWMutex
	closed   bool
	cases    map[string]record
	entries  map[string][]rowenc.Sealed
	timers   turns[string]     // of cases: when each moves by itself
	owing    map[place]opened  // entries that owe something: see remember
	keys     map[string]string // duplicate key → case
	codes    map[string]string // any code → case
	results  map[string]result
	answers  map[pair]engine.Answer
	outbox   map[rowenc.Key]rowenc.DeliveryRow
	owed     map[string][]rowenc.Key // case → of its outbox, what is not over
	ready    turns[rowenc.Key]       // of what is owed: from when it may be claimed
	far      far
	notes    map[rowenc.Key]rowenc.NoteRow
	counters map[pair]int
	accounts map[string]engine.Account
	sessions map[string]engine.Session
	drafts   map[pair]draft
	views    map[pair]view
	prefills map[pair][]byte
	files    map[string]file
	access   []rowenc.AccessRow
	defaults []engine.DefaultSet

	published []published
	days      map[dayOf]engine.ExchangeDay
	counted   map[string]counted // case → what it contributes to the sums
}

// pair is a key of two texts.
type pair struct{ a, b string }

// record is a case as it stands.
type record struct {
	state *engine.Case // nobody changes it
	bad   error        // why it cannot be read: somebody tampered with it
	rows  *rowenc.Rows
	known []string // every code that the case ever had, folded
	head  []byte   // last hash of the chain
}

type result struct{ code, step string }

var _ engine.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store { return NewWithHooks(Hooks{}) }

// NewWithHooks returns an empty store whose commits tests can reach into.
func NewWithHooks(h Hooks) *Store {
	return &Store{
		hooks: h,
		cases: map[string]record{}, entries: map[string][]rowenc.Sealed{}, owing: map[place]opened{}, keys: map[string]string{},
		codes: map[string]string{}, results: map[string]result{}, answers: map[pair]engine.Answer{},
		outbox: map[rowenc.Key]rowenc.DeliveryRow{}, owed: map[string][]rowenc.Key{}, notes: map[rowenc.Key]rowenc.NoteRow{}, counters: map[pair]int{},
		accounts: map[string]engine.Account{}, sessions: map[string]engine.Session{}, drafts: map[pair]draft{}, views: map[pair]view{},
		prefills: map[pair][]byte{}, files: map[string]file{}, days: map[dayOf]engine.ExchangeDay{}, counted: map[string]counted{},
	}
}

// write runs one call as the only writer: all of it or nothing. Once the caller
// has gone it does not begin.
func (s *Store) write(ctx context.Context, op string, f func(*rowenc.Undo) error) error {
	if err := s.line.enter(ctx); err != nil {
		return rowenc.Unknown(op, err)
	}
	defer s.line.leave()
	if err := ctx.Err(); err != nil {
		return rowenc.Unknown(op, err)
	}
	var t rowenc.Undo
	if err := s.stage(&t, op, f); err != nil {
		return err
	}
	done := false
	commit := func() error { done = true; return nil }
	var err error
	if s.hooks.Commit != nil {
		err = s.hooks.Commit(commit)
	} else {
		err = commit()
	}
	if !done {
		s.mu.Lock()
		t.Rollback()
		s.mu.Unlock()
	}
	if err != nil {
		return rowenc.Unknown(op, err)
	}
	return nil
}

// stage applies a call under the lock and takes it back when it fails.
func (s *Store) stage(t *rowenc.Undo, op string, f func(*rowenc.Undo) error) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if p := recover(); p != nil {
			err = rowenc.Defect(op, "", fmt.Errorf("panic: %v", p))
		}
		if err != nil {
			t.Rollback()
		}
	}()
	if s.closed {
		return rowenc.Busy(op, errClosed)
	}
	return f(t)
}

var errClosed = fmt.Errorf("the store is closed")

// read begins a read; the caller calls the function it returns.
func (s *Store) read(ctx context.Context, op string) (func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, rowenc.Busy(op, err)
	}
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return nil, rowenc.Busy(op, errClosed)
	}
	return s.mu.RUnlock, nil
}

// order begins a read that puts turns in order, which nobody else may do meanwhile.
func (s *Store) order(ctx context.Context, op string) (func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, rowenc.Busy(op, err)
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, rowenc.Busy(op, errClosed)
	}
	return s.mu.Unlock, nil
}

// Ready fails after Close.
func (s *Store) Ready(ctx context.Context) error {
	done, err := s.read(ctx, "store.ready")
	if err != nil {
		return err
	}
	done()
	return nil
}

// Close refuses everything from now on.
func (s *Store) Close() error {
	if err := s.line.enter(context.Background()); err != nil {
		return err
	}
	defer s.line.leave()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// cut keeps at most limit; 0 = all.
func cut[T any](xs []T, limit int) []T {
	if limit > 0 && len(xs) > limit {
		return xs[:limit]
	}
	return xs
}
