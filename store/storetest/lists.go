package storetest

import (
	"fmt"
	"testing"
	"time"

	"lienthong/engine"
)

func rowSteps(rows []engine.Row) []string {
	out := []string{}
	for _, r := range rows {
		out = append(out, r.Case+"/"+r.Step)
	}
	return out
}

// pages walks a list to its end.
func pages(t *testing.T, s engine.Store, q engine.RowQuery) (all []string) {
	t.Helper()
	all = []string{}
	for {
		rows, next, err := s.Rows(t.Context(), q)
		must(t, err)
		all = append(all, rowSteps(rows)...)
		if next == "" {
			return all
		}
		if len(rows) != q.Limit {
			t.Fatalf("a page of %d rows has a next one", len(rows))
		}
		q.After = next
	}
}

func testLists(t *testing.T, x Target) {
	const here, there = "civil@00004", "civil@00005"
	s := x.open(t, Hooks{})
	day := func(n int) time.Time { return T0.AddDate(0, 0, n) }
	put := func(st *Story) { t.Helper(); must(t, s.Append(t.Context(), st.Change())) }
	put(File(Filing{Code: "A", Office: here}).Go("x", "birth", stateDue("birth", day(3)), assigned("birth", "lan")))
	put(File(Filing{Code: "B", Office: here}).Go("x", "birth", stateDue("birth", day(1))))
	put(File(Filing{Code: "C", Office: here})) // no due time
	put(File(Filing{Code: "D", Office: there}).Go("x", "birth", stateDue("birth", day(2))))
	put(File(Filing{Code: "E", Office: here}).Go("x", "birth", moved("birth", "submitted", "registered", 9, here, engine.FinalSuccess)))
	put(File(Filing{Code: "F", Office: here}).Go("x", "birth", moved("birth", "submitted", "registered", 9, here, engine.FinalSuccess), reviewOpened("birth")))
	put(File(Filing{Code: "G", Office: here}).Go("x", "birth", moved("birth", "submitted", "received", 2, here, ""), stateDue("birth", day(3)), opened("card", "G.2", there)))

	for _, c := range []struct {
		name string
		q    engine.RowQuery
		want []string
	}{
		{"nobody's", engine.RowQuery{}, []string{}},
		{"mine", engine.RowQuery{Offices: []string{here}}, []string{"B/birth", "A/birth", "G/birth", "C/birth", "F/birth"}},
		{"another office's", engine.RowQuery{Offices: []string{there}}, []string{"D/birth", "G/card"}},
		{"both, merged", engine.RowQuery{Offices: []string{there, here, there}}, []string{"B/birth", "D/birth", "A/birth", "G/birth", "C/birth", "F/birth", "G/card"}},
		{"office by its exact name", engine.RowQuery{Offices: []string{"CIVIL@00004"}}, []string{}},
		{"ended too", engine.RowQuery{Offices: []string{here}, Ended: true}, []string{"B/birth", "A/birth", "G/birth", "C/birth", "E/birth", "F/birth"}},
		{"overdue", engine.RowQuery{Offices: []string{here}, Overdue: day(3)}, []string{"B/birth"}},
		{"overdue one instant later", engine.RowQuery{Offices: []string{here}, Overdue: day(3).Add(time.Microsecond)}, []string{"B/birth", "A/birth", "G/birth"}},
		{"mine alone", engine.RowQuery{Offices: []string{here}, Assignee: "lan"}, []string{"A/birth"}},
		{"state", engine.RowQuery{Offices: []string{here}, State: "received"}, []string{"G/birth"}},
		{"state, in order", engine.RowQuery{Offices: []string{here}, State: "submitted"}, []string{"B/birth", "A/birth", "C/birth"}},
		{"state, overdue", engine.RowQuery{Offices: []string{here}, State: "submitted", Overdue: day(3)}, []string{"B/birth"}},
		{"state of ended ones and of one under review", engine.RowQuery{Offices: []string{here}, State: "registered", Ended: true}, []string{"E/birth", "F/birth"}},
		{"state at the other office", engine.RowQuery{Offices: []string{there}, State: "received"}, []string{}},
		{"mine in a state", engine.RowQuery{Offices: []string{here}, State: "submitted", Assignee: "lan"}, []string{"A/birth"}},
		{"mine in another state", engine.RowQuery{Offices: []string{here}, State: "received", Assignee: "lan"}, []string{}},
		{"nobody's by name", engine.RowQuery{Offices: []string{here}, Assignee: "binh"}, []string{}},
		{"mine with a text", engine.RowQuery{Offices: []string{here}, State: "submitted", Assignee: "lan", Text: "dao"}, []string{"A/birth"}},
		{"procedure", engine.RowQuery{Offices: []string{here, there}, Procedure: "child_health_card"}, []string{"G/card"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			same(t, pages(t, s, c.q), c.want)
			for limit := 1; limit <= 3; limit++ {
				q := c.q
				q.Limit = limit
				same(t, pages(t, s, q), c.want)
			}
			if n := ok(s.CountRows(t.Context(), c.q, 0))(t); n != len(c.want) {
				t.Errorf("counted %d, want %d", n, len(c.want))
			}
			if n := ok(s.CountRows(t.Context(), c.q, 2))(t); n != min(2, len(c.want)) {
				t.Errorf("counted %d of at most 2", n)
			}
		})
	}
	t.Run("a row is what the case says", func(t *testing.T) {
		rows, _, err := s.Rows(t.Context(), engine.RowQuery{Offices: []string{here}, Limit: 1})
		must(t, err)
		want := ok(s.Load(t.Context(), "B"))(t).Rows()[0]
		for _, at := range []*time.Time{&want.Due, &want.Opened, &want.Updated, &want.Filed} {
			*at = at.UTC()
		}
		same(t, rows[0], want)
	})
	t.Run("bad cursor", func(t *testing.T) {
		for _, after := range []string{"x", "%%", "W10"} {
			_, _, err := s.Rows(t.Context(), engine.RowQuery{Offices: []string{here}, After: after})
			wants(t, err, engine.Invalid)
			_, _, err = s.CasesOf(t.Context(), "001", after, 1)
			wants(t, err, engine.Invalid)
			_, _, err = s.Notifications(t.Context(), "001", after, 1)
			wants(t, err, engine.Invalid)
		}
	})
	t.Run("citizen", func(t *testing.T) { testCitizen(t, x) })
	t.Run("codes and results", func(t *testing.T) { testFind(t, x) })
}

func testCitizen(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	for i := range 5 {
		st := File(Filing{Code: fmt.Sprintf("C%d", i), Person: "001", At: T0.AddDate(0, 0, i/2)})
		st.Go("tell", "birth", notified("birth", st.Key(0), "001"), notified("birth", st.Key(1), "office:civil@00004"))
		e := engine.Moved{To: "confirming", Portal: 4, Office: "civil@00004", Awaits: true}
		e.Step = "birth"
		st.Go("draft", "birth", e, timers("birth", T0.AddDate(0, 0, 9-i)))
		must(t, s.Append(t.Context(), st.Change()))
	}
	must(t, s.Append(t.Context(), File(Filing{Code: "X", Person: "002"}).Change()))

	var got []string
	after := ""
	for {
		cs, next, err := s.CasesOf(t.Context(), "001", after, 2)
		must(t, err)
		for _, c := range cs {
			got = append(got, c.Code)
			if c.Subject != "Nguyễn Thị Đào" || c.Status != engine.CaseOpen {
				t.Errorf("summary %+v", c)
			}
		}
		if after = next; after == "" {
			break
		}
	}
	same(t, got, []string{"C4", "C3", "C2", "C1", "C0"})

	tasks := ok(s.TasksOf(t.Context(), "001"))(t)
	if len(tasks) != 5 || tasks[0].Case != "C4" || tasks[0].Kind != "confirm" || !tasks[0].Due.Equal(T0.AddDate(0, 0, 5)) {
		t.Fatalf("tasks %+v", tasks)
	}
	same(t, ok(s.TasksOf(t.Context(), "002"))(t), []engine.Task{})
	st := &Story{Case: ok(s.Load(t.Context(), "C4"))(t), base: 3}
	must(t, s.Append(t.Context(), st.Go("confirm", "birth", moved("birth", "confirming", "signing", 4, "civil@00004", "")).Change()))
	if tasks := ok(s.TasksOf(t.Context(), "001"))(t); len(tasks) != 4 {
		t.Fatalf("%d tasks after confirming, want 4", len(tasks))
	}

	got, after = nil, ""
	for {
		ns, next, err := s.Notifications(t.Context(), "001", after, 2)
		must(t, err)
		for _, n := range ns {
			got = append(got, n.Key)
			if n.Params["n"] != int64(1) || n.To != "001" {
				t.Errorf("note %+v", n)
			}
		}
		if after = next; after == "" {
			break
		}
	}
	same(t, got, []string{"C4/2/0", "C3/2/0", "C2/2/0", "C1/2/0", "C0/2/0"})
	ns, _, err := s.Notifications(t.Context(), "office:civil@00004", "", 0)
	must(t, err)
	if len(ns) != 5 {
		t.Fatalf("the office was told %d times", len(ns))
	}
	tell := func(n int) engine.Notified {
		return engine.Notified{Key: st.Key(n), To: "009", What: engine.NoteTask}
	}
	must(t, s.Append(t.Context(), st.Go("tell", "birth", tell(2), tell(10)).Change()))
	ns, _, err = s.Notifications(t.Context(), "009", "", 0)
	must(t, err)
	if len(ns) != 2 || ns[0].Key != "C4/5/10" || ns[1].Key != "C4/5/2" { // of one entry the later first, by number
		t.Fatalf("told %+v", ns)
	}
}

func testFind(t *testing.T, x Target) {
	s := x.open(t, Hooks{})
	must(t, s.Append(t.Context(), File(Filing{Code: "A"}).Go("issue", "birth", issued("birth", "r-1")).Change()))
	must(t, s.Append(t.Context(), File(Filing{Code: "a"}).Change())) // another case
	for code, want := range map[string]string{"A": "A", "A.1": "A", "A.2": "A", "a": "a", "a.1": "a"} {
		if got := ok(s.CaseOf(t.Context(), code))(t); got != want {
			t.Errorf("case of %s is %s", code, got)
		}
	}
	_, err := s.CaseOf(t.Context(), "A.3")
	wants(t, err, engine.NotFound)
	code, step, err := s.Result(t.Context(), "r-1")
	must(t, err)
	if code != "A" || step != "birth" {
		t.Fatalf("result of %s/%s", code, step)
	}
	_, _, err = s.Result(t.Context(), "R-1")
	wants(t, err, engine.NotFound)

	// A refiled part gets a new code; the old one still leads to the case.
	st := &Story{Case: ok(s.Load(t.Context(), "A"))(t), base: 2}
	reset := engine.StepReset{}
	reset.Step = "birth"
	must(t, s.Append(t.Context(), st.Go("refile", "birth", reset, opened("birth", "A.9", "civil@00004")).Change()))
	for _, c := range []string{"A.1", "A.9"} {
		if got := ok(s.CaseOf(t.Context(), c))(t); got != "A" {
			t.Errorf("case of %s is %s", c, got)
		}
	}
}

func testSearch(t *testing.T, x Target) {
	const here, there = "civil@00004", "civil@00005"
	s := x.open(t, Hooks{})
	for _, f := range []Filing{
		{Code: "G15-000001", Child: "Nguyễn Thị Đào", Requester: "Nguyễn Văn Ân", Office: here},
		{Code: "G15-000002", Child: "Đặng Quốc Đạt", Requester: "Trần Thị Ứng", Office: here},
		{Code: "G15-000003", Child: "Nguyễn Thị Đào", Requester: "Lê Hữu Phước", Office: there},
		{Code: "G15-000004", Child: "Nguye\u0302\u0303n Thi\u0323 Hoa", Requester: "Lý Nam", Office: here}, // decomposed
		{Code: "G15-000005", Child: "%_'\" OR 1=1 --", Requester: "NGUYỄN ĐỨC", Office: here},
		{Code: "K7-1", Child: "Bế Văn", Requester: "Bế Hai", Office: here},
		{Code: "K7-2", Child: "K7 1", Requester: "Bế Ba", Office: here}, // a name like a code
	} {
		must(t, s.Append(t.Context(), File(f).Change()))
	}
	for _, c := range []struct {
		text string
		want []string
	}{
		{"Đào", []string{"G15-000001/birth"}},
		{"dao", []string{"G15-000001/birth"}},
		{"nguyen", []string{"G15-000001/birth", "G15-000004/birth", "G15-000005/birth"}},
		{"NGUYỄN thị", []string{"G15-000001/birth", "G15-000004/birth"}},
		{"nguye\u0302\u0303n thi\u0323", []string{"G15-000001/birth", "G15-000004/birth"}},
		{"ng dà", []string{"G15-000001/birth"}}, // beginnings of words
		{"uyen", []string{}},                    // not their middles
		{"dat dang", []string{"G15-000002/birth"}},
		{"ung", []string{"G15-000002/birth"}},
		{"duc", []string{"G15-000005/birth"}},
		{"dao dat", []string{}},
		{"g15-000002", []string{"G15-000002/birth"}},
		{" G15-000002.2 ", []string{"G15-000002/birth"}}, // a sibling's code
		{"G15-00000", []string{}},                        // codes are exact
		{"G15-000003", []string{}},                       // not this office's
		{"k7-1", []string{"K7-1/birth"}},                 // a code finds its case alone
		{"k7 1", []string{"K7-2/birth"}},
		{"%", []string{}},
		{"#g15", []string{}},
		{"or", []string{"G15-000005/birth"}},
		{"  ", []string{"G15-000001/birth", "G15-000002/birth", "G15-000004/birth", "G15-000005/birth", "K7-1/birth", "K7-2/birth"}},
	} {
		t.Run(c.text, func(t *testing.T) {
			q := engine.RowQuery{Offices: []string{here}, Text: c.text}
			same(t, pages(t, s, q), c.want)
			q.Limit = 1
			same(t, pages(t, s, q), c.want)
			if n := ok(s.CountRows(t.Context(), q, 0))(t); n != len(c.want) {
				t.Errorf("counted %d, want %d", n, len(c.want))
			}
		})
	}
	rows := pages(t, s, engine.RowQuery{Offices: []string{here, there}, Text: "dao"})
	same(t, rows, []string{"G15-000001/birth", "G15-000003/birth"})
}
