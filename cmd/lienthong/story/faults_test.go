package story_test

import (
	"lienthong/agencies"
)

// performed counts what every registry has done, by registry and operation. A
// request that was performed twice is an error.
func (s *stage) performed() map[string]int {
	s.t.Helper()
	out := map[string]int{}
	for _, id := range agencies.IDs {
		stats, err := s.sys.Agencies.Stats(id)
		if err != nil {
			s.t.Fatal(err)
		}
		for operation, keys := range stats.Performed {
			for key, n := range keys {
				if n != 1 {
					s.t.Errorf("%s performed %s for %s %d times", id, operation, key, n)
				}
				out[id+"/"+operation] += n
			}
		}
	}
	return out
}

// once checks that every request was performed exactly once.
func (s *stage) once() { s.t.Helper(); s.performed() }
