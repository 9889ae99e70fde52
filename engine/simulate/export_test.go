package simulate

import (
	"time"

	"lienthong/engine"
)

// Sabotage makes the run use a store that breaks a promise.
func (c *Config) Sabotage(by func(engine.Store) engine.Store) { c.sabotage = by }

// SpanOf draws one length of time.
func SpanOf(seed uint64, d Delay, n int) Span { return Span(dice(seed).span(d, "x", "y", n)) }

// AnswerOf draws what the model of a registry is asked and what it answers.
func AnswerOf(op engine.Operation, seed uint64) (input, reply map[string]any) {
	s, d := newSampler(), draws{dice(seed), "x", time.Date(2026, 9, 7, 8, 0, 0, 0, time.UTC)}
	if op.Input != nil {
		input = s.of(op.Input, d)
	}
	return input, s.of(op.Reply, d, input)
}
