package api_test

import (
	"context"
	"testing"

	"lienthong/api"
	"lienthong/engine"
)

// shelf is a store that has moved one case to an archive file.
type shelf struct {
	api.Store
	stub *engine.Stub
}

func (s *shelf) Load(ctx context.Context, code string) (*engine.Case, error) {
	if s.stub != nil && code == s.stub.Code {
		return nil, &engine.Error{Code: engine.Archived, Case: code}
	}
	return s.Store.Load(ctx, code)
}

func (s *shelf) Stub(context.Context, string) (*engine.Stub, error) { return s.stub, nil }

// That a case is in an archive is told to those who might see it; for others it does
// not exist, like any other.
func TestWhoIsToldOfAnArchivedCase(t *testing.T) {
	store := &shelf{}
	w := newWorld(t, func(c *api.Config) { store.Store, c.Store = c.Store, store })
	code := w.file()
	c, err := w.store.Load(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	history, err := w.store.History(t.Context(), code, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	stub := engine.NewStub(c, history)
	store.stub = &stub
	for who, told := range map[string]bool{
		father: true, mother: false, grandfather: false, stranger: false,
		"officer." + officeBirth: true, "officer." + officeOther: false, "officer.police_00004": false,
		"supervisor": true, "tester": true,
	} {
		for _, sub := range []string{"", "/history"} {
			a := w.send(who, "GET", "/api/v1/cases/"+code+sub, nil)
			if told {
				a.refused(410, "archived")
			} else {
				a.refused(404, "not_found")
			}
		}
	}
}
