package memory

import "maps"

// Forget removes every trace of some cases, as if they had never been: for long
// simulations, which look at a case for the last time some days after its end. What
// they contributed to the sums of indicators is removed too.
func (s *Store) Forget(codes ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := make(map[string]bool, len(codes))
	for _, c := range codes {
		gone[c] = true
		delete(s.cases, c)
		delete(s.entries, c)
		delete(s.counted, c)
		delete(s.owed, c)
	}
	of := func(_, code string) bool { return gone[code] }
	maps.DeleteFunc(s.keys, of)
	maps.DeleteFunc(s.codes, of)
	for id, r := range s.results {
		if gone[r.code] {
			delete(s.results, id)
		}
	}
	for k, a := range s.answers {
		if gone[a.Case] {
			delete(s.answers, k)
		}
	}
	for k := range s.outbox {
		if gone[k.Case] {
			delete(s.outbox, k)
			delete(s.owing, place{k.Case, k.Seq})
		}
	}
	for k := range s.notes {
		if gone[k.Case] {
			delete(s.notes, k)
		}
	}
	return nil
}
