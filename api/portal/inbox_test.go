package portal

import (
	"net/url"
	"strings"
	"testing"
)

// A selection is an address, and read back from it; a text that is searched, which may
// be a name, never stands in one.
func TestSelectionsAsAddresses(t *testing.T) {
	for _, q := range []inboxQuery{{}, {Overdue: true}, {Procedure: "birth_registration"}, {Procedure: "birth_registration", State: "signing", Assignee: "me", Ended: true, Office: "o"}} {
		at, err := url.Parse(q.path("cursor"))
		if err != nil {
			t.Fatal(err)
		}
		if got := readQuery(at.Query()); got != q || at.Query().Get("after") != "cursor" {
			t.Errorf("%+v is %s, read as %+v", q, at, got)
		}
	}
	q := inboxQuery{Text: "Nguyễn Văn An", Overdue: true}
	if at := q.path("x"); strings.Contains(at, "text") || strings.Contains(at, "An") {
		t.Errorf("the name is in %s", at)
	}
	if got := q.asked("x"); got.Get("text") != q.Text || got.Get("after") != "x" || got.Get("overdue") != "true" {
		t.Errorf("the surface is asked %v", got)
	}
}

// A request loses and gains lines without mixing what was entered.
func TestLinesOfASupplement(t *testing.T) {
	s := &supplementForm{Lines: []supplementLine{{N: 0, What: aboutPaper, Name: "A", Reason: "a"}, {N: 1, What: aboutField + "/child/name", Reason: "b"}, {N: 2, What: aboutPaper}}}
	if !s.more("less:0") || len(s.Lines) != 2 || s.Lines[0].N != 0 || s.Lines[0].Reason != "b" {
		t.Fatalf("after taking the first away: %+v", s.Lines)
	}
	for _, do := range []string{"", "less:7", "less:-1", "less:x", "other"} {
		if s.more(do) {
			t.Errorf("%q changed the form", do)
		}
	}
	for s.more("more") {
	}
	if len(s.Lines) != mostItems || !s.Full {
		t.Errorf("%d lines", len(s.Lines))
	}
	items, _ := s.input()["items"].([]any)
	if len(items) != 1 { // lines where nothing was entered are not sent
		t.Fatalf("sent %v", items)
	}
	if it, _ := items[0].(map[string]any); it["kind"] != "field" || it["about"] != "/child/name" {
		t.Errorf("sent %v", it)
	}
}
