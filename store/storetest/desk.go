package storetest

import (
	"bytes"
	"testing"
	"time"

	"lienthong/engine"
)

func testDesk(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	t.Run("accounts", func(t *testing.T) {
		a := engine.Account{ID: "lan", Kind: engine.Staff, Name: "Lan", Office: "o1", Roles: []string{"officer"}, Secret: "h", From: T0}
		must(t, s.PutAccount(t.Context(), a, 0, nil))
		wants(t, s.PutAccount(t.Context(), a, 0, nil), engine.Duplicate)
		wants(t, s.PutAccount(t.Context(), a, 2, nil), engine.StaleVersion)
		a.Name, a.Disabled = "Lan Anh", true
		must(t, s.PutAccount(t.Context(), a, 1, nil))
		wants(t, s.PutAccount(t.Context(), a, 1, nil), engine.StaleVersion)
		got := ok(s.Account(t.Context(), "lan"))(t)
		if got.Rev != 2 || got.Name != "Lan Anh" || !got.Disabled || got.Secret != "h" || !got.From.Equal(T0) || !got.To.IsZero() || len(got.Roles) != 1 {
			t.Fatalf("account %+v", got)
		}
		wants(t, s.PutAccount(t.Context(), engine.Account{ID: "none"}, 1, nil), engine.StaleVersion)
		wants(t, s.PutAccount(t.Context(), engine.Account{}, 0, nil), engine.Invalid)
		must(t, s.PutAccount(t.Context(), engine.Account{ID: "LAN", Office: "o2"}, 0, nil)) // another person
		must(t, s.PutAccount(t.Context(), engine.Account{ID: "binh", Office: "o1"}, 0, nil))
		_, err := s.Account(t.Context(), "Lan")
		wants(t, err, engine.NotFound)
		ids := func(office, after string, limit int) []string {
			out := []string{}
			for _, a := range ok(s.Accounts(t.Context(), office, after, limit))(t) {
				out = append(out, a.ID)
			}
			return out
		}
		same(t, ids("", "", 0), []string{"LAN", "binh", "lan"})
		same(t, ids("o1", "", 0), []string{"binh", "lan"})
		same(t, ids("o1", "binh", 0), []string{"lan"})
		same(t, ids("", "", 2), []string{"LAN", "binh"})
	})
	t.Run("sessions", func(t *testing.T) {
		must(t, s.PutSession(t.Context(), engine.Session{Token: "t", Account: "lan", From: T0, Until: T0.Add(time.Hour)}))
		got := ok(s.Session(t.Context(), "t", T0))(t)
		if got.Account != "lan" || got.Token != "t" || !got.Until.Equal(T0.Add(time.Hour)) {
			t.Fatalf("session %+v", got)
		}
		_, err := s.Session(t.Context(), "t", T0.Add(time.Hour))
		wants(t, err, engine.Unauthenticated)
		_, err = s.Session(t.Context(), "T", T0)
		wants(t, err, engine.Unauthenticated)
		must(t, s.EndSession(t.Context(), "t"))
		must(t, s.EndSession(t.Context(), "t"))
		_, err = s.Session(t.Context(), "t", T0)
		wants(t, err, engine.Unauthenticated)
	})
	t.Run("drafts", func(t *testing.T) { testDrafts(t, s) })
	t.Run("views", func(t *testing.T) { testViews(t, s) })
	t.Run("prefill", func(t *testing.T) {
		p := engine.Prefill{ID: "p", At: T0, Values: map[string]any{"/n": int64(1)<<53 + 1}, Source: map[string]string{"/n": "population"}}
		must(t, s.PutPrefill(t.Context(), "an", p))
		got := ok(s.Prefill(t.Context(), "an", "p"))(t)
		if got.Values["/n"] != int64(1)<<53+1 {
			t.Fatalf("value %v", got.Values["/n"])
		}
		same(t, got, p)
		_, err := s.Prefill(t.Context(), "binh", "p")
		wants(t, err, engine.NotFound)
	})
	t.Run("documents", func(t *testing.T) { testDocuments(t, s) })
	t.Run("access log", func(t *testing.T) {
		for _, what := range []string{"case", "list", "document"} {
			c := "A"
			if what == "list" {
				c = ""
			}
			must(t, s.LogAccess(t.Context(), engine.Access{At: T0, Account: "lan", Office: "o1", Case: c, What: what}))
		}
		got := ok(s.AccessTo(t.Context(), "A", "", 0))(t)
		if len(got) != 2 || got[0].What != "document" || got[1].What != "case" || !got[0].At.Equal(T0) || got[0].Office != "o1" {
			t.Fatalf("access %+v", got)
		}
		same(t, ok(s.AccessTo(t.Context(), "A", "1", 5))(t), got[1:])
		same(t, ok(s.AccessTo(t.Context(), "A", "", 1))(t), got[:1])
		same(t, ok(s.AccessTo(t.Context(), "a", "", 0))(t), []engine.Access{})
		_, err := s.AccessTo(t.Context(), "A", "x", 0)
		wants(t, err, engine.Invalid)
	})
	sound(t, s)
}

func testDrafts(t *testing.T, s engine.Store) {
	d := engine.Draft{ID: "d", Owner: "an", Service: "birth", Updated: T0, Data: map[string]any{"n": int64(1)<<53 + 1}}
	must(t, s.PutDraft(t.Context(), d, 0))
	wants(t, s.PutDraft(t.Context(), d, 0), engine.Duplicate)
	d.Updated = T0.Add(time.Hour)
	must(t, s.PutDraft(t.Context(), d, 1))
	wants(t, s.PutDraft(t.Context(), d, 1), engine.StaleVersion)
	d.Data["n"] = "changed by the caller afterwards"
	got := ok(s.Draft(t.Context(), "an", "d"))(t)
	if got.Rev != 2 || got.Data["n"] != int64(1)<<53+1 || !got.Updated.Equal(d.Updated) {
		t.Fatalf("draft %+v", got)
	}
	must(t, s.PutDraft(t.Context(), engine.Draft{ID: "d", Owner: "binh", Updated: T0}, 0)) // another's
	must(t, s.PutDraft(t.Context(), engine.Draft{ID: "new", Owner: "an", Updated: T0.Add(2 * time.Hour)}, 0))
	ds := ok(s.Drafts(t.Context(), "an"))(t)
	if len(ds) != 2 || ds[0].ID != "new" || ds[0].Data != nil {
		t.Fatalf("drafts %+v", ds)
	}
	must(t, s.DeleteDraft(t.Context(), "an", "d"))
	must(t, s.DeleteDraft(t.Context(), "an", "d"))
	_, err := s.Draft(t.Context(), "an", "d")
	wants(t, err, engine.NotFound)
	ok(s.Draft(t.Context(), "binh", "d"))(t)
	wants(t, s.PutDraft(t.Context(), engine.Draft{ID: "x"}, 0), engine.Invalid)
}

func testViews(t *testing.T, s engine.Store) {
	late := engine.View{ID: "b", Owner: "lan", Name: "Quá hạn", Query: map[string]any{"overdue": true, "n": int64(1)<<53 + 1}}
	must(t, s.PutView(t.Context(), late))
	must(t, s.PutView(t.Context(), engine.View{ID: "a", Owner: "lan", Name: "Chờ ký", Query: map[string]any{"state": "signing"}}))
	must(t, s.PutView(t.Context(), engine.View{ID: "b", Owner: "LAN", Name: "Another's"}))
	got := ok(s.Views(t.Context(), "lan"))(t)
	if len(got) != 2 || got[0].ID != "a" {
		t.Fatalf("views %+v", got)
	}
	same(t, got[1], late)
	late.Name = "Chậm"
	must(t, s.PutView(t.Context(), late))
	late.Query["overdue"] = "changed by the caller afterwards"
	got = ok(s.Views(t.Context(), "lan"))(t)
	if len(got) != 2 || got[0].Name != "Chậm" || got[0].Query["overdue"] != true {
		t.Fatalf("views %+v", got)
	}
	must(t, s.DeleteView(t.Context(), "lan", "b"))
	must(t, s.DeleteView(t.Context(), "lan", "b"))
	if got = ok(s.Views(t.Context(), "lan"))(t); len(got) != 1 {
		t.Fatalf("views %+v", got)
	}
	same(t, ok(s.Views(t.Context(), "nobody"))(t), []engine.View{})
	wants(t, s.PutView(t.Context(), engine.View{ID: "x"}), engine.Invalid)
}

func testDocuments(t *testing.T, s engine.Store) {
	content := bytes.Repeat([]byte{0, 1, 255}, 1000)
	d := engine.Document{ID: "h", Owner: "an", Name: "giấy chứng sinh.pdf", Type: "application/pdf", Hash: "x", At: T0}
	must(t, s.PutDocument(t.Context(), d, content))
	got, body, err := s.Document(t.Context(), "h")
	must(t, err)
	if !bytes.Equal(body, content) || got.Size != 3000 || got.Name != d.Name || !got.At.Equal(T0) {
		t.Fatalf("document %+v, %d bytes", got, len(body))
	}
	d.Case, d.Step, d.Result = "A", "birth", true
	must(t, s.PutDocument(t.Context(), d, nil)) // what is said about it, not its content
	got, body, err = s.Document(t.Context(), "h")
	must(t, err)
	if !bytes.Equal(body, content) || got.Size != 3000 || got.Case != "A" || !got.Result {
		t.Fatalf("document %+v, %d bytes", got, len(body))
	}
	must(t, s.PutDocument(t.Context(), engine.Document{ID: "empty"}, []byte{}))
	_, body, err = s.Document(t.Context(), "empty")
	must(t, err)
	if len(body) != 0 {
		t.Fatalf("%d bytes of nothing", len(body))
	}
	ds := ok(s.Documents(t.Context(), []string{"empty", "none", "h"}))(t)
	if len(ds) != 2 || ds[0].ID != "empty" || ds[1].ID != "h" {
		t.Fatalf("documents %+v", ds)
	}
	_, _, err = s.Document(t.Context(), "H")
	wants(t, err, engine.NotFound)
	wants(t, s.PutDocument(t.Context(), engine.Document{ID: "none"}, nil), engine.NotFound)
	wants(t, s.PutDocument(t.Context(), engine.Document{}, content), engine.Invalid)
	wants(t, s.PutDocument(t.Context(), engine.Document{ID: "big"}, make([]byte, 20<<20+1)), engine.Invalid)
}
