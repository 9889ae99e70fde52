package sqlite

import (
	"sync"

	"lienthong/engine"
)

// people remembers the accounts and sessions that were read last: every request
// asks for both. It is as fresh as the file, for the one process that may write to
// it (FILE.lock) forgets what it changes before it says that it is changed; where
// nothing keeps others from writing, nothing is remembered. What somebody changes
// in the file by hand, past the server, is seen when the server starts again. What
// Prune deletes is over by its own time.
type people struct {
	limit int // of each kind; 0 = nothing is remembered

	mu       sync.Mutex
	changes  uint64 // so far: what was read before one is not kept after it
	accounts map[string]engine.Account
	sessions map[string]engine.Session
}

// maxPeople bounds what is remembered of each kind.
const maxPeople = 16_384

func newPeople(limit int) *people {
	return &people{limit: limit, accounts: map[string]engine.Account{}, sessions: map[string]engine.Session{}}
}

// account returns an account, if it is remembered, and the changes so far.
func (p *people) account(id string) (a engine.Account, known bool, changes uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a, known = p.accounts[id]
	return a, known, p.changes
}

// session returns a session, if it is remembered, and the changes so far.
func (p *people) session(token string) (v engine.Session, known bool, changes uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, known = p.sessions[token]
	return v, known, p.changes
}

// keepAccount remembers what was read after so many changes.
func (p *people) keepAccount(a engine.Account, changes uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	keep(p, p.accounts, a.ID, a, changes)
}

// keepSession remembers what was read after so many changes.
func (p *people) keepSession(v engine.Session, changes uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	keep(p, p.sessions, v.Token, v, changes)
}

// keep adds to one kind; when there are too many, all of them go.
func keep[V any](p *people, kind map[string]V, key string, v V, changes uint64) {
	if p.limit == 0 || p.changes != changes {
		return
	}
	if len(kind) >= p.limit {
		clear(kind)
	}
	kind[key] = v
}

// forget is called when a change of an account or a session may have been
// committed, before anybody is told.
func (p *people) forget(account, token string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changes++
	delete(p.accounts, account)
	delete(p.sessions, token)
}
