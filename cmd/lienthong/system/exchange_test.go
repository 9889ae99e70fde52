package system

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"lienthong/engine"
	"lienthong/engine/runtime"
	"lienthong/store/memory"
	"lienthong/workflows"
)

// accounts is a store that cannot read accounts while it is broken.
type accounts struct {
	engine.Store
	broken error
}

func (a *accounts) Account(ctx context.Context, id string) (*engine.Account, error) {
	if a.broken != nil {
		return nil, a.broken
	}
	return a.Store.Account(ctx, id)
}

// A message goes to all channels of its receiver, to those that need no account when
// there is none, and not at all while the account cannot be read: sent to fewer channels
// it would count as sent, and be another one under the same key when it is repeated.
func TestMessageWaitsForItsReceiver(t *testing.T) {
	messages, err := workflows.LoadMessages()
	if err != nil {
		t.Fatal(err)
	}
	store := &accounts{Store: memory.New()}
	if err := store.PutAccount(t.Context(), engine.Account{ID: "001081100099", Kind: engine.Citizen, Name: "Phan Thị Cúc", Phone: "0901"}, 0, nil); err != nil {
		t.Fatal(err)
	}
	x := &exchange{messages: messages, person: (&System{Store: store}).person} // without a client: nothing may be sent
	d := func(to string) engine.Delivery {
		return engine.Delivery{Key: "A/1/1", Registry: engine.NotificationRegistry, Input: map[string]any{"what": "party", "to": to}}
	}
	for to, want := range map[string]map[string]any{
		"001081100099": {"id": "001081100099", "name": "Phan Thị Cúc", "phone": "0901"},
		"001081100098": {"id": "001081100098"},
	} {
		m, err := x.message(t.Context(), d(to))
		if err != nil || !reflect.DeepEqual(m["to"], want) {
			t.Errorf("%v, %v", m["to"], err)
		}
	}
	store.broken = errors.New("disk I/O error")
	if a := x.Send(t.Context(), d("001081100099")); a.Outcome != runtime.Transient {
		t.Errorf("%+v", a)
	}
}
