package portal

import (
	"crypto/sha256"
	"encoding/json"
	"sync"

	"lienthong/api/portal/form"
)

// formCache keeps schemas that were made ready to be asked, by their content: the
// same few come with every case and draft.
type formCache struct {
	mu    sync.Mutex
	forms map[[32]byte]*form.Form
}

// mostForms bounds the cache; beyond it everything is read afresh.
const mostForms = 200

func (c *formCache) read(schema json.RawMessage) (*form.Form, error) {
	key := sha256.Sum256(schema)
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.forms[key]; f != nil {
		return f, nil
	}
	f, err := form.Parse(schema)
	if err != nil {
		return nil, err
	}
	if c.forms == nil || len(c.forms) >= mostForms {
		c.forms = map[[32]byte]*form.Form{}
	}
	c.forms[key] = f
	return f, nil
}
