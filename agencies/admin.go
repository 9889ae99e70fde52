package agencies

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"lienthong/agencies/wire"
)

// operator guards the endpoints that no caller of the protocol needs.
func (a *Agencies) operator(h handler) http.HandlerFunc {
	return a.with(func(w http.ResponseWriter, req *http.Request, r *registry) {
		if want := a.config.Operator; want != "" {
			got, _ := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
			if subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
				problem(w, http.StatusUnauthorized, "unauthenticated", "An operator's token is needed.")
				return
			}
		}
		h(w, req, r)
	})
}

// read decodes an operator's JSON strictly; false when it has answered.
func read(w http.ResponseWriter, req *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, req.Body, maxBody))
	d.UseNumber()
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		problem(w, http.StatusBadRequest, "malformed", err.Error())
		return false
	}
	return true
}

func (a *Agencies) serveFaults(w http.ResponseWriter, _ *http.Request, r *registry) {
	write(w, http.StatusOK, "application/json", a.Faults(r.id))
}

func (a *Agencies) serveSetFaults(w http.ResponseWriter, req *http.Request, r *registry) {
	var f Faults
	if !read(w, req, &f) {
		return
	}
	if err := a.SetFaults(r.id, f); err != nil {
		problem(w, http.StatusBadRequest, "malformed", err.Error())
		return
	}
	a.serveFaults(w, req, r)
}

func (a *Agencies) serveClearFaults(w http.ResponseWriter, req *http.Request, r *registry) {
	if err := a.ClearFaults(r.id); err != nil {
		a.failed(w, r, err)
		return
	}
	a.serveFaults(w, req, r)
}

// serveSettle settles a waiting request now: somebody paid, or an operator
// will not wait. {"refuse": "declined"} refuses it instead.
func (a *Agencies) serveSettle(w http.ResponseWriter, req *http.Request, r *registry, key string) {
	var in struct {
		Refuse string `json:"refuse"`
	}
	if !read(w, req, &in) {
		return
	}
	s, err := a.Settle(r.id, key, in.Refuse)
	switch {
	case errors.Is(err, ErrUnknownKey):
		problem(w, http.StatusNotFound, "unknown_key", "The registry has never seen this key.")
	case errors.Is(err, ErrUndeclared):
		problem(w, http.StatusBadRequest, "malformed", err.Error())
	case err != nil:
		a.failed(w, r, err)
	default:
		write(w, http.StatusOK, "application/json", s)
	}
}

var (
	// ErrUnknownKey says that a registry has never seen a key.
	ErrUnknownKey = errors.New("agencies: unknown key")
	// ErrUndeclared says that an operation does not declare a refusal code.
	ErrUndeclared = errors.New("agencies: refusal not declared")
)

// Settle settles a waiting request now, refusing it if refuse is a code, and
// returns its answer. A request that is answered already stays as it is.
func (a *Agencies) Settle(registry, key, refuse string) (wire.Answer, error) {
	r, ok := a.registries[registry]
	if !ok {
		return wire.Answer{}, fmt.Errorf("agencies: no registry %q", registry)
	}
	if _, ok := refusals[refuse]; refuse != "" && !ok {
		return wire.Answer{}, fmt.Errorf("%w: %s", ErrUndeclared, refuse)
	}
	s, found, err := r.settleNow(key, refuse, a.config.Clock())
	if err != nil {
		return wire.Answer{}, err
	}
	if !found {
		return wire.Answer{}, ErrUnknownKey
	}
	a.wakeUp(registry)
	return said(s), nil
}

// Stats are the counters of one registry.
type Stats struct {
	Registry string `json:"registry"`
	Requests int    `json:"requests"`
	Waiting  int    `json:"waiting"` // answered 202, not settled yet
	// Performed counts executions by operation and request key. More than
	// one is impossible; the tests look all the same.
	Performed map[string]map[string]int `json:"performed"`
	// Outcomes counts answers by operation and state.
	Outcomes  map[string]map[string]int `json:"outcomes"`
	Callbacks struct {
		Pending   int `json:"pending"`
		Delivered int `json:"delivered"`
		Attempts  int `json:"attempts"`
	} `json:"callbacks"`
}

// Stats reads the counters of one registry.
func (a *Agencies) Stats(registry string) (Stats, error) {
	s := Stats{Registry: registry, Performed: map[string]map[string]int{}, Outcomes: map[string]map[string]int{}}
	r, ok := a.registries[registry]
	if !ok {
		return s, fmt.Errorf("agencies: no registry %q", registry)
	}
	rows, err := r.db.Query(`SELECT operation, key, state, performed FROM requests ORDER BY operation, key`)
	if err != nil {
		return s, fmt.Errorf("agencies: %s: %w", registry, err)
	}
	defer rows.Close()
	for rows.Next() {
		var operation, key, state string
		var performed int
		if err := rows.Scan(&operation, &key, &state, &performed); err != nil {
			return s, err
		}
		if s.Performed[operation] == nil {
			s.Performed[operation], s.Outcomes[operation] = map[string]int{}, map[string]int{}
		}
		s.Performed[operation][key] = performed
		s.Outcomes[operation][state]++
		s.Requests++
		if state == "later" {
			s.Waiting++
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return s, err
	}
	err = r.db.QueryRow(`SELECT count(*) FILTER (WHERE delivered = 0), count(*) FILTER (WHERE delivered = 1), coalesce(sum(attempts), 0) FROM callbacks`).
		Scan(&s.Callbacks.Pending, &s.Callbacks.Delivered, &s.Callbacks.Attempts)
	return s, err
}

// Performed is how often a registry executed the request with this key.
func (a *Agencies) Performed(registry, operation, key string) int {
	s, err := a.Stats(registry)
	if err != nil {
		return 0
	}
	return s.Performed[operation][key]
}

func (a *Agencies) serveStats(w http.ResponseWriter, _ *http.Request, r *registry) {
	s, err := a.Stats(r.id)
	if err != nil {
		a.failed(w, r, err)
		return
	}
	write(w, http.StatusOK, "application/json", s)
}

// Seed adds or replaces a record of a register, as a demo or a test wants it.
// The kind says what it is; id and owner are read from the data.
func (a *Agencies) Seed(registry, kindName string, data map[string]any) error {
	r, ok := a.registries[registry]
	if !ok {
		return fmt.Errorf("agencies: no registry %q", registry)
	}
	k, ok := r.kinds[kindName]
	if !ok {
		return fmt.Errorf("agencies: %s keeps no %q", registry, kindName)
	}
	o := object(data)
	id := o.id(k.id)
	if id == "" {
		return fmt.Errorf("agencies: a %s needs %s", kindName, k.id)
	}
	owner := ""
	if k.owner != "" {
		owner = o.id(k.owner)
	}
	return r.update(a.config.Clock(), "", func(t *tx) error { return t.put(kindName, id, owner, data) })
}

// Record is a record of a register, for a demo or a test to change and seed again; one
// that is not there has its id only.
func (a *Agencies) Record(registry, kindName, id string) (map[string]any, error) {
	r, ok := a.registries[registry]
	if !ok {
		return nil, fmt.Errorf("agencies: no registry %q", registry)
	}
	k, ok := r.kinds[kindName]
	if !ok {
		return nil, fmt.Errorf("agencies: %s keeps no %q", registry, kindName)
	}
	o := object{}
	err := r.update(a.config.Clock(), "", func(t *tx) error {
		kept, found, err := t.get(kindName, id)
		if found {
			o = kept
		}
		return err
	})
	if o.id(k.id) == "" {
		o.set(k.id, id)
	}
	return o, err
}

// serveSeed takes one {"kind", "data"} or a list of them.
func (a *Agencies) serveSeed(w http.ResponseWriter, req *http.Request, r *registry) {
	type entry struct {
		Kind string         `json:"kind"`
		Data map[string]any `json:"data"`
	}
	var raw json.RawMessage
	if !read(w, req, &raw) {
		return
	}
	var entries []entry
	err := wire.Decode(raw, &entries)
	if err != nil {
		var one entry
		if err = wire.Decode(raw, &one); err == nil {
			entries = []entry{one}
		}
	}
	for i, e := range entries {
		if err == nil {
			if err = a.Seed(r.id, e.Kind, wire.Integers(e.Data)); err != nil {
				err = fmt.Errorf("entry %d: %w", i, err)
			}
		}
	}
	if err != nil {
		problem(w, http.StatusBadRequest, "malformed", err.Error())
		return
	}
	write(w, http.StatusCreated, "application/json", map[string]any{"seeded": len(entries)})
}

// Outbox lists what was sent to a person, oldest first; "" lists everything.
func (a *Agencies) Outbox(to string) ([]map[string]any, error) {
	r := a.registries["notification"]
	query, args := `SELECT data FROM records WHERE kind = 'message' ORDER BY id`, []any{}
	if to != "" {
		query, args = `SELECT data FROM records WHERE kind = 'message' AND owner = ?1 ORDER BY id`, []any{to}
	}
	texts, err := column(r, query, args...)
	if err != nil {
		return nil, err
	}
	messages := make([]map[string]any, 0, len(texts))
	for _, s := range texts {
		m, err := wire.DecodeObject([]byte(s))
		if err != nil {
			return nil, err
		}
		messages = append(messages, m)
	}
	return messages, nil
}

func (a *Agencies) serveOutbox(w http.ResponseWriter, req *http.Request, r *registry) {
	messages, err := a.Outbox(req.URL.Query().Get("to"))
	if err != nil {
		a.failed(w, r, err)
		return
	}
	write(w, http.StatusOK, "application/json", map[string]any{"messages": messages})
}
