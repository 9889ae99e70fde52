package chaos

import (
	"testing"
	"time"
)

// Deaths between send and record, clocks that step, two relays, poison, and answers
// days late lose and double nothing.
func TestRelay(t *testing.T) {
	t.Parallel()
	r := run(t, func(c *Config) { c.Only, c.Rounds, c.Length, c.Drivers = []string{"relay"}, 2, time.Second, 8 })
	if len(r.Rows) != len(strains) {
		t.Fatalf("%d rows", len(r.Rows))
	}
	wants(t, r, 2, 20)
}
