package simulate

import (
	"fmt"
	"strings"
	"time"
)

// striker decides which faults strike. Each has a name that does not depend on what
// else happens in the run, so that it can be left out, or be the only one.
type striker struct {
	only   map[string]bool // nil = all
	struck map[string]int  // kind and place → how often so far
	log    []string        // of what struck, in order; what does not fit is only counted
	counts map[string]int  // by kind
}

// maxStruck bounds the log: a run with more is shrunk by citizens first.
const maxStruck = 100_000

func newStriker(cfg *Config) striker {
	s := striker{struck: map[string]int{}, counts: map[string]int{}}
	if cfg.Struck != nil {
		s.only = map[string]bool{}
		for _, id := range cfg.Struck {
			s.only[id] = true
		}
	}
	return s
}

// strikes draws whether a fault of a kind strikes at a place. The next time at the
// same place is another draw once it has struck there.
func (w *world) strikes(r Rate, kind, at string) bool {
	if r <= 0 {
		return false
	}
	s := &w.faults
	key := kind + " " + at
	n := s.struck[key]
	if !w.dice.yes(r, kind, at, n) {
		return false
	}
	id := fmt.Sprintf("%s #%d", key, n)
	if s.only != nil && !s.only[id] {
		return false
	}
	s.struck[key]++
	s.counts[kind]++
	if len(s.log) < maxStruck {
		s.log = append(s.log, id)
	}
	w.note(act{Who: "fault", What: id})
	return true
}

// place names a case, a delivery or whatever begins with a case's code by the
// citizen instead: codes depend on who else files.
func (w *world) place(key string) string {
	code, rest, _ := strings.Cut(key, "/")
	name := w.acting
	if f := w.files[code]; f != nil {
		name = f.name
	}
	if name == "" {
		return key
	}
	return name + "/" + rest
}

// out tells whether a registry is down now.
func (w *world) out(registry string) bool {
	for i, o := range w.cfg.Faults.Outages {
		if o.Registry != "*" && o.Registry != registry {
			continue
		}
		from := w.start.Add(time.Duration(o.After))
		if w.now.Before(from) || !w.now.Before(from.Add(time.Duration(o.For))) {
			continue
		}
		id := fmt.Sprintf("outage %s #%d", o.Registry, i)
		if w.faults.only != nil && !w.faults.only[id] {
			continue
		}
		if w.faults.struck[id]++; w.faults.struck[id] == 1 {
			w.faults.log = append(w.faults.log, id)
		}
		w.faults.counts["outage"]++
		return true
	}
	return false
}
