package runtime

import (
	"context"
	"sync"

	"lienthong/engine"
)

// bus tells who is interested that something was committed. Nobody who is told
// can hold up who tells, and telling costs what those cost whom it concerns, not
// what all cost who listen.
type bus struct {
	feed signal // there is something to claim
	tick signal // a timer is due

	mu     sync.Mutex
	told   uint64 // how often anybody was told
	topics map[string]map[*subscriber]struct{}
}

// subscriber is one subscription.
type subscriber struct {
	ch     chan string
	topics []string
	told   uint64 // the last time; a change of several of its topics is told once
}

// signal wakes one loop; a loop that has been told already is not told twice.
type signal chan struct{}

func (s signal) wake() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// backlog is how many changes a subscriber may be behind.
const backlog = 256

// Topics that a subscriber may choose. Each names changes of cases: of one, of
// those that concern a person, of those with a dossier at an office.
func CaseTopic(code string) string { return "case:" + code }

// PersonTopic is the requester's, the applicant's and every asked party's.
func PersonTopic(id string) string { return "person:" + id }

// OfficeTopic is that of the office which filed, and of those which have a dossier.
func OfficeTopic(id string) string { return "office:" + id }

const everything = ""

// Wake tells the loops of Run to look at the store now.
func (r *Runtime) Wake() {
	r.bus.feed.wake()
	r.bus.tick.wake()
}

// committed tells the loops and subscribers what a commit means to them.
func (r *Runtime) committed(c *engine.Case) {
	if t := c.NextTimer(); !t.IsZero() && !t.After(r.Now()) {
		r.bus.tick.wake()
	}
	r.bus.tell(c)
}

// changed tells subscribers that something about a case changed beside it: what
// it waits for.
func (r *Runtime) changed(ctx context.Context, code string) {
	if !r.bus.heard() {
		return
	}
	if c, err := r.store.Load(context.WithoutCancel(ctx), code); err == nil {
		r.bus.tell(c)
	}
}

// heard tells whether anybody listens.
func (b *bus) heard() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.topics) > 0
}

// tell tells every subscriber whom the case concerns that it changed.
func (b *bus) tell(c *engine.Case) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.topics) == 0 {
		return
	}
	b.told++
	to := func(topic string) {
		for s := range b.topics[topic] {
			if s.told == b.told {
				continue
			}
			s.told = b.told
			select {
			case s.ch <- c.Code:
			default:
				b.drop(s)
			}
		}
	}
	to(everything)
	to(CaseTopic(c.Code))
	to(PersonTopic(c.Requester.ID))
	if c.FiledBy.Kind == engine.Citizen {
		to(PersonTopic(c.FiledBy.ID))
	}
	to(OfficeTopic(c.FiledBy.Office))
	for _, d := range c.Dossiers {
		to(OfficeTopic(d.Office))
		to(OfficeTopic(d.Home))
		for _, p := range d.Parties {
			for _, id := range p.People {
				to(PersonTopic(id))
			}
		}
	}
}

// drop ends a subscription; b.mu is held.
func (b *bus) drop(s *subscriber) {
	if s.ch == nil {
		return
	}
	for _, t := range s.topics {
		delete(b.topics[t], s)
		if len(b.topics[t]) == 0 {
			delete(b.topics, t)
		}
	}
	close(s.ch)
	s.ch = nil
}

// Subscribe returns a channel of the codes of cases that this runtime changes, as
// far as they fall under one of the topics (without any: all), and a function
// that ends the subscription. A subscriber that does not keep up is dropped: its
// channel is closed, and it should read afresh and subscribe again.
func (r *Runtime) Subscribe(topics ...string) (<-chan string, func()) {
	s := &subscriber{ch: make(chan string, backlog), topics: topics}
	if len(topics) == 0 {
		s.topics = []string{everything}
	}
	b := &r.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.topics == nil {
		b.topics = map[string]map[*subscriber]struct{}{}
	}
	for _, t := range s.topics {
		if b.topics[t] == nil {
			b.topics[t] = map[*subscriber]struct{}{}
		}
		b.topics[t][s] = struct{}{}
	}
	return s.ch, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.drop(s)
	}
}
