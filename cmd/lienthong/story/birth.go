package story

import (
	"context"
	"time"
)

// Birth plays the linked birth with all its parts: one declaration, the draft
// confirmed, the grandfather's consent, and four results.
func Birth(ctx context.Context, s Stage) *Tale {
	const grandfather = "001058000101"
	t := Begin(ctx, s, "birth-b4", nil)
	t.Later(15 * time.Minute).Registered()
	t.Later(3*time.Hour).By(grandfather, "residence", "consent", nil)
	t.Staff("officer", "residence", "check", map[string]any{"household": "HN-0001", "relation": "grandchild", "consent_shown_by": "vneid"})
	t.Later(time.Hour).Staff("leader", "residence", "approve", nil).Want("residence", "registered")
	t.Later(18*time.Hour).Staff("officer", "card", "approve", nil).Want("card", "issued")
	t.Later(2*time.Hour).Staff("officer", "identity", "approve", nil).Want("identity", "issued")
	t.WantEnd("completed", 9)
	return t.Later(time.Hour).Staff("reception", "identity", "hand_over", nil).WantEnd("completed", 10)
}
