package chaos

import (
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
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

// A server that does not come back is the system's fault, not the harness's: it is
// told, what was acknowledged before is audited, and the run goes on.
func TestServerThatDoesNotComeBack(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts and kills real processes; left out with -short")
	}
	var served atomic.Int64
	c := Config{Seed: 1, Dir: t.TempDir(), Drivers: 8, Rounds: 1, Length: 2 * time.Second, Only: []string{"kill"}, Say: t.Logf}
	c.Self = func(args ...string) *exec.Cmd {
		if args[0] == "serve" && served.Add(1) > 1 {
			return exec.Command("false")
		}
		return self()(args...)
	}
	r, err := Run(t.Context(), c)
	if err != nil || len(r.Rows) != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	row := r.Rows[0]
	if r.Good() || row.Wrong == 0 || !strings.Contains(strings.Join(row.Found, "\n"), "did not start") || row.Acknowledged == 0 || row.Losses+row.Doubles+row.Unended != 0 {
		t.Errorf("the report says %+v", row)
	}
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
