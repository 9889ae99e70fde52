package simulate

import "lienthong/engine"

// Sabotage makes the run use a store that breaks a promise.
func (c *Config) Sabotage(by func(engine.Store) engine.Store) { c.sabotage = by }

// SpanOf draws one length of time.
func SpanOf(seed uint64, d Delay, n int) Span { return Span(dice(seed).span(d, "x", "y", n)) }
