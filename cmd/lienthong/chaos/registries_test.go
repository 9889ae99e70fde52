package chaos

import (
	"reflect"
	"testing"
	"time"
)

// Registries that misbehave in every way lose and double nothing.
func TestRegistries(t *testing.T) {
	t.Parallel()
	r := run(t, func(c *Config) { c.Only, c.Rounds, c.Length = []string{"registries"}, 28, 6*time.Second })
	for _, row := range r.Rows[:len(moods)] {
		if row.Injected == 0 {
			t.Errorf("no registry was %q", row.Kind)
		}
	}
	if whole := r.Rows[len(moods)]; whole.Injected == 0 || whole.Acknowledged < 20 {
		t.Errorf("the server was killed %d times, %d commands were acknowledged", whole.Injected, whole.Acknowledged)
	}
}

// The plan of dials comes from the seed and holds every mood.
func TestTurnsComeFromTheSeed(t *testing.T) {
	t.Parallel()
	plan := func(seed uint64) []turn { return turns(source(seed, "registries"), time.Minute, 0) }
	if !reflect.DeepEqual(plan(3), plan(3)) {
		t.Error("seed 3 gives two plans")
	}
	if reflect.DeepEqual(plan(3), plan(4)) {
		t.Error("seeds 3 and 4 give one plan")
	}
	seen := map[int]bool{}
	for _, x := range plan(3) {
		if len(x.registries) == 0 {
			t.Error("a turn of no registry's dial")
		}
		if !x.kill {
			seen[x.mood] = true
		}
	}
	for i, m := range moods {
		if !seen[i] {
			t.Errorf("in a minute no registry is %q", m.name)
		}
	}
}
