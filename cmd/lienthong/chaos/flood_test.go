package chaos

import (
	"testing"
	"time"
)

// A flood is taken or turned away, answered always, and lost never; the clerks get
// their answers.
func TestFlood(t *testing.T) {
	t.Parallel()
	r := run(t, func(c *Config) { c.Only, c.Rounds, c.Length = []string{"flood"}, 300, time.Second })
	wants(t, r, 300, 50)
}
