package chaos

import (
	"testing"
	"time"
)

// Whatever the disk does, nothing is acknowledged that is not kept, and the server
// says why it does not go on or goes on when it can.
func TestBrokenDisk(t *testing.T) {
	t.Parallel()
	r := run(t, func(c *Config) { c.Only, c.Rounds, c.Length = []string{"disk"}, 1, time.Second })
	whole := r.Rows[len(r.Rows)-1]
	if whole.Skipped != "" {
		t.Skip(whole.Skipped)
	}
	if whole.Acknowledged < 20 {
		t.Errorf("only %d commands were acknowledged", whole.Acknowledged)
	}
	for _, row := range r.Rows[:len(ailments)] {
		if row.Injected == 0 {
			t.Errorf("%q did not happen", row.Kind)
		}
	}
}
