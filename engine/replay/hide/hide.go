package hide

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"lienthong/engine"
)

// MinKey is the fewest bytes that a key may have.
const MinKey = 16

// Hider makes pseudonyms under one key. It is used by one goroutine, and remembers
// of which sex the names were that it met, so that a name is given one sex in all
// of a file.
type Hider struct {
	key   key
	defs  engine.Definitions
	words map[[2]string]words
	sexes map[string]byte
}

// New returns a Hider. The definitions say which words are their own.
func New(secret []byte, defs engine.Definitions) (*Hider, error) {
	if len(secret) < MinKey {
		return nil, fmt.Errorf("the key has %d bytes, fewer than %d", len(secret), MinKey)
	}
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("lienthong/pseudonyms/1"))
	return &Hider{m.Sum(nil), defs, map[[2]string]words{}, map[string]byte{}}, nil
}

// Check is a text that is the same for the same key and gives nothing of it away.
func (h *Hider) Check() string { return hex.EncodeToString(h.key.sum("check", "")[:8]) }

// Case returns a whole history of a case with its personal data replaced. What was
// given is not changed. A history with an erased payload is refused.
func (h *Hider) Case(history []engine.Entry) ([]engine.Entry, error) {
	c := &caseHider{Hider: h, dict: map[string]string{}, names: map[string]byte{}, codes: map[string]string{}, kept: map[string]bool{}, formed: map[string]string{}}
	trees, service := make([]any, len(history)), ""
	for i := range history {
		e := &history[i]
		if e.Events == nil && e.Command.Actor.ID == "" {
			return nil, errors.New("a payload was erased")
		}
		if f := e.Command.File; f != nil && c.own == nil {
			c.own, service = h.wordsOf(f.Service, f.Version), f.Service
		}
		for _, v := range e.Events {
			if m, ok := v.(engine.Migrated); ok { // from here on, the words of another version too
				c.own = c.own.with(h.wordsOf(service, m.Version))
			}
		}
		text, err := e.AppendJSON(nil)
		if err != nil {
			return nil, err
		}
		if trees[i], err = engine.ParseValue(text); err != nil {
			return nil, err
		}
	}
	for i := range history {
		c.kept[history[i].Case] = true
		for _, code := range history[i].Command.Codes.Steps {
			c.kept[code] = true
		}
		c.results(&history[i])
		c.meet("", trees[i])
	}
	c.name()
	out := make([]engine.Entry, len(history))
	for i := range history {
		text, err := json.Marshal(c.value(at{}, trees[i]))
		if err != nil {
			return nil, err
		}
		if err := engine.Unmarshal(text, &out[i]); err != nil {
			return nil, fmt.Errorf("entry %d of %s: %w", history[i].Seq, history[i].Case, err)
		}
	}
	return out, nil
}

func (h *Hider) wordsOf(service, version string) words {
	id := [2]string{service, version}
	if w, ok := h.words[id]; ok {
		return w
	}
	svc, err := h.defs.Service(service, version)
	if err != nil {
		svc = nil // its words are not known: they are replaced
	}
	h.words[id] = wordsOf(h.defs, svc)
	return h.words[id]
}

// caseHider is one case being hidden.
type caseHider struct {
	*Hider
	own   words
	dict  map[string]string // replaced wherever they stand
	names map[string]byte   // names met, with what tells their sex
	codes map[string]string // step → code of its dossier
	kept  map[string]bool   // codes of the case and its dossiers
	// formed are texts that were replaced by their form alone: the same ones come again
	// and again in a history.
	formed map[string]string
}

// results gives results the ids that follow from the new seed.
func (c *caseHider) results(e *engine.Entry) {
	for _, v := range e.Events {
		switch v := v.(type) {
		case engine.Filed:
			c.dict[v.Seed] = c.key.hex("seed", v.Seed, len(v.Seed))
			for _, p := range v.Steps {
				c.codes[p.Step] = p.Code
			}
		case engine.Migrated:
			for _, p := range v.Steps {
				c.codes[p.Step] = p.Code
			}
		case engine.StepReset:
			c.codes[v.Step] = v.Code
		case engine.StepOpened:
			c.codes[v.Step] = v.Code
		case engine.ResultIssued:
			c.dict[v.Result.ID] = c.key.hex("result", v.Result.ID, len(v.Result.ID))
			for seed, new := range c.dict {
				if engine.ResultID(seed, c.codes[v.Step], v.Result.Version) == v.Result.ID {
					c.dict[v.Result.ID] = engine.ResultID(new, c.codes[v.Step], v.Result.Version)
					break
				}
			}
		}
	}
	delete(c.dict, "")
}

// meet collects names and accounts.
func (c *caseHider) meet(k string, v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			c.meet(k, e)
		}
	case map[string]any:
		if id, _ := v["id"].(string); v["kind"] == string(engine.Staff) && id != "" {
			c.dict[id] = c.account(id)
		}
		for k, e := range v {
			if _, record := v["value"]; record && k == "name" {
				continue // what an event keeps is called so
			}
			if s, ok := e.(string); ok && isName(k) && c.isWords(s) {
				if sex := sexOf(s, v); c.names[s] == 0 {
					c.names[s] = sex
				}
				continue
			}
			c.meet(k, e)
		}
	}
}

// isWords tells whether a text may be a name: it is none of the definitions' own
// words, and no code.
func (c *caseHider) isWords(s string) bool {
	return s != "" && !c.own[s] && strings.IndexFunc(s, func(r rune) bool { return '0' <= r && r <= '9' }) < 0
}

// isName tells whether a field holds somebody's name. A prefilled value stands under
// its pointer.
func isName(k string) bool {
	k = k[strings.LastIndexByte(k, '/')+1:]
	return k == "name" || k == "subject" || k == "requester" || strings.HasSuffix(k, "_name")
}

// name gives the names of the case their pseudonyms.
func (c *caseHider) name() {
	for n, sex := range c.names {
		if known := c.sexes[n]; known != 0 {
			sex = known
		} else if sex != 0 {
			c.sexes[n] = sex
		}
		c.dict[n] = c.key.name(n, sex)
	}
}

func (c *caseHider) account(id string) string { return "nv-" + c.key.hex("account", id, 8) }

// at says where a value stands.
type at struct {
	key, parent string
	data        bool // in what people or registries gave, where any key may stand
}

// dataOf are the fields of entries and events that hold what people or registries
// gave.
var dataOf = map[string]bool{"application": true, "input": true, "value": true, "with": true, "answer": true, "params": true, "values": true,
	"changes": true, "why": true, "disputed": true, "detail": true}

// value replaces what must be replaced of a value.
func (c *caseHider) value(a at, v any) any {
	switch v := v.(type) {
	case string:
		return c.text(a, v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = c.value(a, e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[c.mapKey(k)] = c.field(a, k, v, e)
		}
		return out
	}
	return v
}

func (c *caseHider) field(a at, k string, of map[string]any, e any) any {
	if _, isMap := e.(map[string]any); isMap && a.key == "params" && k == "office" {
		return e // its title
	}
	if _, isText := e.(string); isText && k == "why" && a.key == "moves" && of["kind"] != "extension" {
		return e // the calendar's own words
	}
	in := at{key: k, parent: a.key, data: a.data}
	if _, isText := e.(string); !isText && dataOf[k] || k == "data" && (a.key == "result" || a.key == "reply") {
		in.data = true
	}
	return c.value(in, e)
}

// mapKey replaces a key that is a number or a name; all others are fields.
func (c *caseHider) mapKey(k string) string {
	if new, ok := c.dict[k]; ok && !c.own[k] {
		return new
	}
	if isDigits(k) && len(k) >= 6 || strings.Contains(k, "@") {
		return c.text(at{key: "id", data: true}, k)
	}
	return k
}
