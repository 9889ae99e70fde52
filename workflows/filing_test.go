package workflows_test

import (
	"slices"
	"testing"

	"lienthong/engine"
	"lienthong/workflows"
)

// fileAs files an example after changing its application.
func fileAs(t *testing.T, name string, change func(app map[string]any)) error {
	t.Helper()
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	ex, err := workflows.LoadExample(name)
	if err != nil {
		t.Fatal(err)
	}
	change(ex.Application)
	svc, err := set.ServiceAt(ex.Service, ex.Filed)
	if err != nil {
		t.Fatal(err)
	}
	_, err = engine.Decide(set, nil, engine.Command{Action: engine.ActFile, Input: ex.Application, Codes: engine.Codes{Case: "C"},
		Actor: engine.Actor{Kind: engine.Citizen, ID: ex.Requester.ID},
		File:  &engine.Filing{Service: svc.ID, Version: svc.Version, Requester: ex.Requester, Channel: 2}}, engine.Facts{}, ex.Filed)
	return err
}

// A place that no office serves is told at the field that names it.
func TestPlaceWithoutAnOfficeIsToldAtItsField(t *testing.T) {
	move := func(app map[string]any) { app["residence"].(map[string]any)["commune"] = "99999" }
	err := fileAs(t, "birth-b4", move)
	e, ok := err.(*engine.Error)
	if !ok || e.Code != engine.Invalid || len(e.Problems) == 0 {
		t.Fatalf("filed with %v", err)
	}
	for _, p := range e.Problems {
		if p.Pointer != "/residence/commune" || p.Code != "no_office" {
			t.Errorf("problem %+v", p)
		}
	}
}

// Money in a form may come as 2.0; it is the same number of copies.
func TestWholeNumbersMayBeWrittenAsFractions(t *testing.T) {
	for _, copies := range []any{int64(2), 2.0} {
		if err := fileAs(t, "birth-copies", func(app map[string]any) { app["registration"].(map[string]any)["copies"] = copies }); err != nil {
			t.Errorf("%T: %v", copies, err)
		}
	}
	err := fileAs(t, "birth-copies", func(app map[string]any) { app["registration"].(map[string]any)["copies"] = 1.5 })
	if e, ok := err.(*engine.Error); !ok || !slices.ContainsFunc(e.Problems, func(p engine.Problem) bool { return p.Pointer == "/registration/copies" }) {
		t.Errorf("one and a half copies: %v", err)
	}
}

// A postman needs more than a commune: results and money go by post to a house.
func TestWhatGoesByPostNeedsAHouse(t *testing.T) {
	for _, c := range []struct {
		example, at string
		post        func(app map[string]any, address map[string]any)
	}{
		{"birth-b4", "/delivery/address/detail", func(app, address map[string]any) {
			app["delivery"] = map[string]any{"channel": "post", "address": address}
		}},
		{"death-o4", "/delivery/address/detail", func(app, address map[string]any) {
			app["delivery"] = map[string]any{"channel": "post", "address": address}
		}},
		{"death-o4", "/funeral/payee/address/detail", func(app, address map[string]any) {
			app["funeral"].(map[string]any)["payee"] = map[string]any{"method": "post", "name": "Phan Thị Cúc", "id": "001174000702", "address": address}
		}},
	} {
		err := fileAs(t, c.example, func(app map[string]any) { c.post(app, map[string]any{"commune": "00004"}) })
		if e, ok := err.(*engine.Error); !ok || !slices.ContainsFunc(e.Problems, func(p engine.Problem) bool { return p.Pointer == c.at && p.Code == "required" }) {
			t.Errorf("%s without a house: %v, want a problem at %s", c.example, err, c.at)
		}
		if err := fileAs(t, c.example, func(app map[string]any) { c.post(app, map[string]any{"commune": "00004", "detail": "12 Đội Cấn"}) }); err != nil {
			t.Errorf("%s with a house: %v", c.example, err)
		}
	}
}
