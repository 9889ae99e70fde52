package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
)

// administrator is who makes accounts in a run.
const administrator = "administrator"

// hire makes an account and ends it again: what is about no case is done once too.
func (d *driver) hire(ctx context.Context) {
	id := fmt.Sprintf("hired-%d", d.hired.Add(1))
	fields := map[string]any{"name": "Người mới", "roles": []string{"tester"}}
	with := func(key string, value any) []byte {
		body := maps.Clone(fields)
		body[key] = value
		raw, err := json.Marshal(body)
		if err != nil {
			panic(err) // strings
		}
		return raw
	}
	t := d.ledger.begin(administrator, Try{Key: d.name, Action: "hire", Account: id})
	a, ok := d.send(ctx, t, administrator, http.MethodPost, "/accounts", with("id", id), "")
	if !ok {
		return
	}
	var made struct{ ETag string }
	if err := json.Unmarshal(a.body, &made); err != nil || made.ETag == "" {
		d.ledger.wonder("an account was answered with %d %.200s", a.status, a.body)
		return
	}
	t = d.ledger.begin(administrator, Try{Key: d.name, Action: "dismiss", Account: id})
	d.send(ctx, t, administrator, http.MethodPut, "/accounts/"+id, with("disabled", true), made.ETag)
}

// accounts holds what accounts have come to against the tries that stand: each changed
// it once.
func (a *audit) accounts(ctx context.Context) error {
	for id, tries := range a.changed {
		rev, err := a.Book.Account(ctx, id)
		if err != nil {
			return fmt.Errorf("account %s: %w", id, err)
		}
		if rev < int64(len(tries)) {
			a.loss("account %s was changed %d times, and %d answers are kept: %v", id, rev, len(tries), tries)
		}
		if rev > int64(len(tries)) {
			a.double("account %s was changed %d times, under %d keys: %v", id, rev, len(tries), tries)
		}
	}
	return nil
}
