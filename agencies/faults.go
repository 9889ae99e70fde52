package agencies

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Faults is the dial of one registry. The zero value is a healthy registry.
// Durations are written as time.ParseDuration reads them ("200ms", "48h").
type Faults struct {
	// Operations limits the dial to these; empty means all, and the
	// questions about earlier requests too.
	Operations []string `json:"operations,omitempty"`

	Latency string `json:"latency,omitempty"` // real time before each request is looked at
	// ReplyLatency is the real time between performing and answering: a callback may
	// be faster than the answer that it follows.
	ReplyLatency string `json:"reply_latency,omitempty"`
	Later        string `json:"later,omitempty"` // business time: 202, settled by Step
	// AutoPay (treasury) is the business time after which a collection is
	// paid by itself; empty means that somebody has to pay.
	AutoPay string `json:"auto_pay,omitempty"`

	ErrorRate       float64 `json:"error_rate,omitempty"`        // 503, nothing performed
	LoseRequestRate float64 `json:"lose_request_rate,omitempty"` // connection lost, nothing performed
	LoseReplyRate   float64 `json:"lose_reply_rate,omitempty"`   // performed, connection lost
	DuplicateRate   float64 `json:"duplicate_rate,omitempty"`    // callback posted twice
	ReplayRate      float64 `json:"replay_rate,omitempty"`       // an old signature posted again, also over another body
	Reorder         bool    `json:"reorder,omitempty"`           // callbacks shuffled and held back
	Outage          bool    `json:"outage,omitempty"`            // 503 for everything; Step does nothing
	Contradict      bool    `json:"contradict,omitempty"`        // a second callback says the opposite
	BadSignature    bool    `json:"bad_signature,omitempty"`     // callbacks signed with another secret
	Refuse          string  `json:"refuse,omitempty"`            // a declared code every request is refused with
	Seed            int64   `json:"seed,omitempty"`              // of the draws
}

func (f Faults) validate(r *registry) error {
	var errs []error
	for name, d := range map[string]string{"latency": f.Latency, "reply_latency": f.ReplyLatency, "later": f.Later, "auto_pay": f.AutoPay} {
		if d == "" {
			continue
		}
		if v, err := time.ParseDuration(d); err != nil || v < 0 {
			errs = append(errs, fmt.Errorf("%s: %q is not a duration", name, d))
		}
	}
	for name, v := range map[string]float64{
		"error_rate": f.ErrorRate, "lose_request_rate": f.LoseRequestRate,
		"lose_reply_rate": f.LoseReplyRate, "duplicate_rate": f.DuplicateRate, "replay_rate": f.ReplayRate,
	} {
		if !(v >= 0 && v <= 1) {
			errs = append(errs, fmt.Errorf("%s: %v is not between 0 and 1", name, v))
		}
	}
	for _, op := range f.Operations {
		if _, ok := r.operations[op]; !ok {
			errs = append(errs, fmt.Errorf("operations: %s has no %q", r.id, op))
		}
	}
	if f.Refuse != "" {
		declared := false
		for _, op := range r.operations {
			declared = declared || slices.Contains(op.refusals, f.Refuse)
		}
		if !declared {
			errs = append(errs, fmt.Errorf("refuse: %s does not declare %q", r.id, f.Refuse))
		}
	}
	return errors.Join(errs...)
}

// on returns the dial as it applies to one operation ("" for a question about
// an earlier request).
func (f Faults) on(operation string) Faults {
	if len(f.Operations) > 0 && !slices.Contains(f.Operations, operation) {
		return Faults{AutoPay: f.AutoPay}
	}
	return f
}

// length reads a duration that validate has accepted.
func length(s string) time.Duration {
	d, _ := time.ParseDuration(s)
	return d
}

// faults is the dial now, as it applies to operation.
func (r *registry) faults(operation string) Faults {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dial.on(operation)
}

// attempt counts the tries of one request or message.
func (r *registry) attempt(id string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.attempts) > 1<<16 { // the dial is for hours, not for years
		clear(r.attempts)
	}
	r.attempts[id]++
	return r.attempts[id]
}

// happens draws whether a fault with this rate strikes.
func (r *registry) happens(f Faults, rate float64, what, id string, attempt int) bool {
	if rate <= 0 {
		return false
	}
	return float64(draw(f.Seed, r.id, what, id, attempt)>>11)/(1<<53) < rate
}

// SetFaults turns the dial of one registry.
func (a *Agencies) SetFaults(registry string, f Faults) error {
	r, ok := a.registries[registry]
	if !ok {
		return fmt.Errorf("agencies: no registry %q", registry)
	}
	if err := f.validate(r); err != nil {
		return fmt.Errorf("agencies: faults of %s: %w", registry, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f.Operations = slices.Clone(f.Operations)
	r.dial = f
	return nil
}

// ClearFaults makes one registry healthy again; callbacks held up by a fault
// are repeated at once.
func (a *Agencies) ClearFaults(registry string) error {
	if err := a.SetFaults(registry, a.healthy(registry)); err != nil {
		return err
	}
	_, err := a.registries[registry].db.Exec(`UPDATE callbacks SET next_wall = 0 WHERE delivered = 0`)
	return err
}

// Faults shows the dial of one registry.
func (a *Agencies) Faults(registry string) Faults {
	r, ok := a.registries[registry]
	if !ok {
		return Faults{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.dial
	f.Operations = slices.Clone(f.Operations)
	return f
}

func (a *Agencies) healthy(registry string) Faults {
	if registry == "treasury" {
		return Faults{AutoPay: a.config.AutoPay}
	}
	return Faults{}
}
