package chaos

import (
	"slices"
	"testing"
	"time"
)

// Five kills of the server under sixteen drivers lose and double nothing.
func TestKillServer(t *testing.T) {
	t.Parallel()
	r := run(t, func(c *Config) { c.Only, c.Rounds, c.Length, c.Drivers = []string{"kill"}, 5, 4*time.Second, 16 })
	wants(t, r, 5, 50)
}

// The same with the registries.
func TestKillRegistries(t *testing.T) {
	t.Parallel()
	r := run(t, func(c *Config) { c.Only, c.Rounds, c.Length = []string{"kill-registries"}, 3, 3*time.Second })
	wants(t, r, 3, 20)
}

// The plan comes from the seed: the same for the same one, another for another.
func TestPlansComeFromTheSeed(t *testing.T) {
	t.Parallel()
	plan := func(seed uint64) []blow { return killPlan(source(seed, "kill"), time.Minute, 0) }
	a, b, other := plan(7), plan(7), plan(8)
	if len(a) != int(time.Minute/killRate) || !slices.Equal(a, b) {
		t.Errorf("seed 7 gives %v and then %v", a, b)
	}
	if slices.Equal(a, other) {
		t.Error("seeds 7 and 8 give the same plan")
	}
	if !slices.ContainsFunc(a, func(x blow) bool { return x.startup > 0 }) {
		t.Error("nothing is killed while starting")
	}
}
