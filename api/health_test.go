package api_test

import (
	"context"
	"strings"
	"testing"

	"lienthong/api"
	"lienthong/engine"
)

// stopped is a store that says why it serves no longer.
type stopped struct{ api.Store }

func (stopped) Ready(context.Context) error {
	return engine.Fail(engine.Unavailable, "Đã ngừng ghi: đĩa hỏng.", "Nothing more is written: the disk failed to sync.")
}

// Whoever watches the server learns why it is not ready.
func TestNotReadySaysWhy(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Store = stopped{c.Store} })
	a := w.send("", "GET", "/readyz", nil).refused(503, "unavailable")
	if !strings.Contains(a.str("detail"), "failed to sync") {
		t.Errorf("/readyz says %q", a.str("detail"))
	}
	if vi := w.send("", "GET", "/readyz", nil, "Accept-Language", "vi"); !strings.Contains(vi.str("detail"), "đĩa hỏng") {
		t.Errorf("/readyz says %q", vi.str("detail"))
	}
	w.send("", "GET", "/healthz", nil).want(200)
}
