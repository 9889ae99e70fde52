package story

import "errors"

// Refused takes an action that must be refused with a code and, when not "", a
// word of its detail.
func (t *Tale) Refused(account, step, action string, input map[string]any, code string) *Tale {
	if t.err != nil {
		return t
	}
	err := t.Act(t.ctx, account, t.Code, step, action, input)
	var p *Problem
	if !errors.As(err, &p) || p.Code != code {
		t.fail("%s takes %s on %s: got %v, want a refusal %s", account, action, step, err, code)
	}
	return t
}
