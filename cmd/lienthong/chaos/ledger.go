package chaos

import (
	"fmt"
	"sync"

	"lienthong/engine"
)

// Fate is what a driver knows of a command.
type Fate string

// The fates of a command.
const (
	Unknown      Fate = "unknown"      // no answer was read
	Acknowledged Fate = "acknowledged" // a 2xx answer was read
	Refused      Fate = "refused"      // a 4xx answer was read, and it was never tried again
)

// Try is one command under one idempotency key, however often it was sent.
type Try struct {
	Key     string
	Actor   string // as history names it: kind:id
	Case    string // "" for a filing that was not acknowledged
	Step    string
	Action  string
	Notice  string // of a filing: the birth notice
	Account string // that is made or changed: about no case
	Fate    Fate
	Code    string // of the refusal
	Sent    int    // how often
}

// Ledger keeps what the drivers tried and were told.
type Ledger struct {
	mu    sync.Mutex
	tries []*Try
	codes map[string]int // refusals by code
	odd   []string
}

func newLedger() *Ledger { return &Ledger{codes: map[string]int{}} }

// begin enters a command before it is sent: what is never answered must be known
// all the same.
func (l *Ledger) begin(account string, t Try) *Try {
	l.mu.Lock()
	defer l.mu.Unlock()
	kind := engine.Staff
	if isPerson(account) {
		kind = engine.Citizen
	}
	t.Actor, t.Fate = string(kind)+":"+account, Unknown
	t.Key = fmt.Sprintf("%s-%d", t.Key, len(l.tries))
	l.tries = append(l.tries, &t)
	return &t
}

// isPerson tells a citizen's account from a clerk's: it is a personal number.
func isPerson(account string) bool { return len(account) == 12 && account[0] == '0' }

// sent counts one sending.
func (l *Ledger) sent(t *Try) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.Sent++
}

// told enters what was answered.
func (l *Ledger) told(t *Try, fate Fate, code string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.Fate, t.Code = fate, code
	if fate == Refused {
		l.codes[code]++
	}
}

// filed enters the case that a filing opened.
func (l *Ledger) filed(t *Try, code string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.Case = code
}

// wonder notes an answer that no fault excuses.
func (l *Ledger) wonder(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.odd) < 1000 {
		l.odd = append(l.odd, fmt.Sprintf(format, args...))
	}
}

// all returns copies of the tries so far.
func (l *Ledger) all() []Try {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Try, len(l.tries))
	for i, t := range l.tries {
		out[i] = *t
	}
	return out
}

// acknowledged counts.
func (l *Ledger) acknowledged() int {
	n := 0
	for _, t := range l.all() {
		if t.Fate == Acknowledged {
			n++
		}
	}
	return n
}
