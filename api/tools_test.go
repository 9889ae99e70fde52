package api_test

import (
	"context"
	"testing"

	"lienthong/api"
)

// The tools are handed what was asked for, and only by who may.
func TestTools(t *testing.T) {
	var searched string
	w := newWorld(t, func(c *api.Config) {
		c.Tools = api.Tools{
			Check: func(_ context.Context, service string, most int) (any, error) {
				searched = service
				return map[string]any{"errors": most}, nil
			},
		}
	})
	const check = "/api/v1/definitions/check"
	for _, who := range []string{"tester", "administrator"} {
		if a := w.send(who, "POST", check, map[string]any{"service": "birth", "max_states": 5000}).want(200); a.get("errors") != int64(5000) || searched != "birth" {
			t.Errorf("%s: %s", searched, a.raw)
		}
	}
	w.send("tester", "POST", check, map[string]any{"service": "nothing"}).refused(404, "not_found")
	w.send("tester", "POST", check, map[string]any{"service": "birth", "max_states": 7}).want(422)
	w.send("operator", "POST", check, map[string]any{"service": "birth"}).refused(403, "forbidden")
}
