package api_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"lienthong/api"
	"lienthong/engine"
)

// registry is one registry's part of the summary.
func (a answer) registry(id string) map[string]any {
	a.t.Helper()
	for _, r := range a.get("registries").([]any) {
		if engine.Str(r, "registry") == id {
			return r.(map[string]any)
		}
	}
	a.t.Fatalf("no registry %s: %s", id, a.raw)
	return nil
}

// figures checks numbers of an object by name.
func figures(t *testing.T, what string, got any, want map[string]any) {
	t.Helper()
	m, _ := got.(map[string]any)
	for k, v := range want {
		g := m[k]
		if r, ok := g.(map[string]any); ok {
			g = r["value"]
		}
		if n, ok := v.(int); ok {
			v = int64(n)
		}
		if g != v {
			t.Errorf("%s: %s is %v, want %v in %v", what, k, g, v, got)
		}
	}
}

func TestExchangeSeen(t *testing.T) {
	wall := time.Now() // the wall clock of the surface; the runtime's is its own
	w := newWorld(t, func(c *api.Config) { c.Wall = func() time.Time { return wall } })
	*w.silent = true
	first := w.file()
	w.settle()
	w.act("reception."+officeBirth, first, "birth", "receive", nil).want(200)
	list := w.send("operator", "GET", "/api/v1/exchange?status=pending", nil).want(200)
	if n := len(list.get("deliveries").([]any)); n != 1 || list.str("deliveries.0.case") != first || list.str("deliveries.0.registry") != "population" ||
		list.get("deliveries.0.tries") != int64(1) || list.get("deliveries.0.failed") != int64(1) || list.str("deliveries.0.next") == "" ||
		!strings.HasPrefix(list.str("deliveries.0.since"), "2026-09-07T") || list.str("deliveries.0.last_error") == "" || list.str("deliveries.0.title.vi") == "" {
		t.Fatalf("the list: %s", list.raw)
	}
	for query, want := range map[string]int{"registry=population": 1, "registry=civil_status": 0, "status=incident": 0, "case=" + url.QueryEscape(first): 1, "case=none": 0,
		"case=" + url.QueryEscape(engine.Str(w.read(father, first).dossier("birth"), "code")): 1, "text=MARRIAGE": 1, "text=nothing": 0, "overdue=true": 0} {
		if a := w.send("operator", "GET", "/api/v1/exchange?"+query, nil).want(200); len(a.get("deliveries").([]any)) != want {
			t.Errorf("%s: %d, want %d", query, len(a.get("deliveries").([]any)), want)
		}
	}
	s := w.send("operator", "GET", "/api/v1/exchange/summary", nil).want(200)
	p := s.registry("population")
	figures(t, "now", p["now"], map[string]any{"waiting": 1, "pending": 1, "incidents": 0})
	figures(t, "today", p["today"], map[string]any{"day": "2026-09-07", "made": 1, "waiting": 1, "first_try_rate": "0.00", "exchange_rate": "0.00"})
	figures(t, "breaker", p["breaker"], map[string]any{"state": "closed", "failed": 1})
	figures(t, "nobody asked", s.registry("residence")["today"], map[string]any{"made": 0, "first_try_rate": "N/A", "exchange_rate": "N/A"})

	// Four more failures open the breaker; then nothing is sent for a while.
	key := list.str("deliveries.0.key")
	for range 4 {
		w.send("operator", "POST", "/api/v1/exchange/"+url.PathEscape(key)+"/retry", nil).want(200)
		w.settle()
	}
	list = w.send("operator", "GET", "/api/v1/exchange", nil).want(200)
	if list.str("deliveries.0.breaker_until") == "" || list.get("deliveries.0.failed") != int64(5) {
		t.Errorf("with an open breaker: %s", list.raw)
	}
	p = w.send("operator", "GET", "/api/v1/exchange/summary", nil).want(200).registry("population")
	figures(t, "breaker", p["breaker"], map[string]any{"state": "open", "failed": 5})

	// It answers again.
	*w.silent = false
	wall = wall.Add(time.Hour)
	figures(t, "breaker", w.send("operator", "GET", "/api/v1/exchange/summary", nil).want(200).registry("population")["breaker"], map[string]any{"state": "probing"})
	w.send("operator", "POST", "/api/v1/exchange/"+url.PathEscape(key)+"/record",
		map[string]any{"outcome": "done", "data": map[string]any{"married": true}, "note": "công văn 12"}).want(200)
	s = w.send("operator", "GET", "/api/v1/exchange/summary?from=2026-09-01&to=2026-09-30", nil).want(200)
	p = s.registry("population")
	figures(t, "by hand", p["period"], map[string]any{"made": 1, "by_hand": 1, "waiting": 0, "first": 0, "answer_rate": "0.00", "exchange_rate": "0.00"})
	if days := p["days"].([]any); len(days) != 1 || engine.Str(days[0], "day") != "2026-09-07" {
		t.Errorf("days: %v", days)
	}
	w.send("operator", "GET", "/api/v1/exchange/summary?from=2026-10-01&to=2026-09-30", nil).refused(422, "invalid")
	w.send("operator", "GET", "/api/v1/exchange/summary?from=1990-01-01", nil).refused(422, "invalid")
	w.send("operator", "GET", "/api/v1/exchange/summary?to=soon", nil).want(422)
}

// TestExchangeRates: the shares of a story that goes well but for one answer.
func TestExchangeRates(t *testing.T) {
	w := newWorld(t)
	w.registered()
	s := w.send("operator", "GET", "/api/v1/exchange/summary", nil).want(200)
	// The marriage is looked up, the number assigned; both at the first try.
	figures(t, "population", s.registry("population")["today"], map[string]any{"made": 2, "first": 2, "retried": 0, "waiting": 0,
		"first_try_rate": "100.00", "answer_rate": "100.00", "exchange_rate": "100.00"})
	figures(t, "civil status", s.registry("civil_status")["today"], map[string]any{"made": 1, "first": 1, "answer_rate": "100.00"})
	figures(t, "treasury", s.registry("treasury")["today"], map[string]any{"made": 1, "first": 1})
	made, first := int64(0), int64(0)
	for _, r := range s.get("registries").([]any) {
		made += engine.At(r, "today", "made").(int64)
		first += engine.At(r, "today", "first").(int64)
	}
	figures(t, "all", s.get("all"), map[string]any{"made": int(made), "first": int(first)})
}

// TestExchangeVisibility: the operator sees every line; a supervisor only what
// their own offices' dossiers wait for, and acts only on those of the own office; nobody
// else sees any.
func TestExchangeVisibility(t *testing.T) {
	w := newWorld(t)
	*w.silent = true
	code := w.file()
	w.settle()
	w.act("reception."+officeBirth, code, "birth", "receive", nil).want(200)
	for _, a := range []engine.Account{
		{ID: "supervisor.here", Kind: engine.Staff, Name: "Giám sát", Roles: []string{"supervisor"}, Office: officeBirth},
		{ID: "supervisor.beside", Kind: engine.Staff, Name: "Giám sát", Roles: []string{"supervisor"}, Office: "civil_status_00070"},
		{ID: "supervisor.far", Kind: engine.Staff, Name: "Giám sát", Roles: []string{"supervisor"}, Office: "civil_status_26740"},
	} {
		if err := w.store.PutAccount(t.Context(), a, 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	list := w.send("operator", "GET", "/api/v1/exchange", nil).want(200)
	for account, want := range map[string]int{"operator": 1, "supervisor.here": 1, "supervisor.beside": 1, "supervisor.far": 0} {
		a := w.send(account, "GET", "/api/v1/exchange", nil).want(200)
		if n := len(a.get("deliveries").([]any)); n != want {
			t.Errorf("%s sees %d, want %d", account, n, want)
		}
		w.send(account, "GET", "/api/v1/exchange/summary", nil).want(200)
	}
	path := "/api/v1/exchange/" + url.PathEscape(list.str("deliveries.0.key"))
	one := w.send("operator", "GET", path, nil).want(200)
	if may := fmt.Sprint(one.get("may")); may != "[retry record]" || one.str("registry") != "population" || engine.At(one.get("reply"), "properties", "married") == nil {
		t.Errorf("the operator sees %s", one.raw)
	}
	if a := w.send("supervisor.here", "GET", path, nil).want(200); fmt.Sprint(a.get("may")) != "[retry record]" || a.get("reply") == nil {
		t.Errorf("the supervisor of the office sees %s", a.raw)
	}
	if a := w.send("supervisor.beside", "GET", path, nil).want(200); len(a.get("may").([]any)) != 0 || a.get("reply") != nil {
		t.Errorf("the supervisor of another office of the province sees %s", a.raw)
	}
	w.send("supervisor.far", "GET", path, nil).refused(404, "not_found")
	w.send("operator", "GET", "/api/v1/exchange/none%2F1%2F0", nil).refused(404, "not_found")
	w.send("tester", "GET", path, nil).refused(403, "forbidden")
	for _, act := range []string{"/retry", "/record", "/skip"} {
		body := map[string]any{"note": "x"}
		if act == "/record" {
			body["outcome"] = "done"
		}
		for _, account := range []string{"supervisor.beside", "leader." + officeBirth} {
			w.send(account, "POST", path+act, body).refused(403, "forbidden")
		}
		w.send("supervisor.far", "POST", path+act, body).refused(404, "not_found")
	}
	w.send("supervisor.here", "POST", path+"/retry", map[string]any{"note": "đã gọi điện"}).want(200)
	w.send("supervisor.here", "POST", path+"/skip", map[string]any{"note": "x"}).refused(409, "precondition")
	w.send("supervisor.here", "POST", path+"/record", map[string]any{"note": "Công văn 12", "outcome": "done", "data": map[string]any{"married": true}}).want(200)
	for _, account := range []string{father, "administrator", "tester", "officer." + officeBirth} {
		w.send(account, "GET", "/api/v1/exchange", nil).refused(403, "forbidden")
		w.send(account, "GET", "/api/v1/exchange/summary", nil).refused(403, "forbidden")
	}
}

// damaging is a store that cannot read what it owes.
type damaging struct{ api.Store }

func (s damaging) Owed(ctx context.Context, q engine.OwedQuery) ([]engine.Owed, string, error) {
	ds, next, err := s.Store.Owed(ctx, q)
	for i := range ds {
		ds[i].Damaged = "malformed"
	}
	return ds, next, err
}

func (s damaging) Lines(ctx context.Context, now time.Time) ([]engine.Line, error) {
	ls, err := s.Store.Lines(ctx, now)
	for i := range ls {
		ls[i].Damaged = ls[i].Waiting()
	}
	return ls, err
}

func (s damaging) Delivery(ctx context.Context, key string) (*engine.Delivery, error) {
	return nil, &engine.Error{Code: engine.CorruptHistory, Op: "store.delivery"}
}

// TestExchangeDamaged: what the store cannot read of what it owes is seen in the list,
// the summary and the metrics; its case can still be looked at.
func TestExchangeDamaged(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Store = damaging{c.Store} })
	*w.silent = true
	code := w.file()
	w.settle()
	w.act("reception."+officeBirth, code, "birth", "receive", nil).want(200)
	if list := w.send("operator", "GET", "/api/v1/exchange", nil).want(200); list.get("deliveries.0.damaged") != true {
		t.Errorf("the list: %s", list.raw)
	}
	figures(t, "now", w.send("operator", "GET", "/api/v1/exchange/summary", nil).want(200).registry("population")["now"], map[string]any{"waiting": 1, "damaged": 1})
	if text := w.send("", "GET", "/metrics", nil).want(200).raw; !strings.Contains(string(text), `lienthong_exchange_damaged{registry="population"} 1`) {
		t.Error("the metrics do not tell")
	}
	if c := w.send("reception."+officeBirth, "GET", "/api/v1/cases/"+code, nil).want(200); !strings.Contains(string(c.raw), `"status":"incident"`) {
		t.Errorf("the case: %s", c.raw)
	}
}

// What the list tells a supervisor of can be opened, also what is owed for no part of the
// case alone, and is not theirs to act on.
func TestSupervisorOpensWhatIsListed(t *testing.T) {
	w := newWorld(t)
	code := w.file()
	w.settle()
	for id, office := range map[string]string{"supervisor.own": officeBirth, "supervisor.far": "civil_status_26740"} {
		if err := w.store.PutAccount(t.Context(), engine.Account{ID: id, Kind: engine.Staff, Name: "Giám sát", Roles: []string{"supervisor"}, Office: office}, 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	w.send(father, "POST", "/api/v1/cases/"+code+"/actions/withdraw", map[string]any{"input": map[string]any{"reason": "nộp nhầm"}}, "If-Match", w.read(father, code).str("etag")).want(200)
	ofTheCase := 0
	for _, d := range w.send("supervisor.own", "GET", "/api/v1/exchange", nil).want(200).get("deliveries").([]any) {
		path := "/api/v1/exchange/" + url.PathEscape(engine.Str(d, "key"))
		w.send("supervisor.own", "GET", path, nil).want(200)
		w.send("supervisor.far", "GET", path, nil).refused(404, "not_found")
		if engine.Str(d, "step") == "" {
			ofTheCase++
			w.send("supervisor.own", "POST", path+"/skip", map[string]any{"note": "x"}).refused(403, "forbidden")
			w.send("supervisor.far", "POST", path+"/skip", map[string]any{"note": "x"}).refused(404, "not_found")
		}
	}
	if ofTheCase == 0 {
		t.Error("nothing is owed for the whole case")
	}
}
