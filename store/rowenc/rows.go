package rowenc

import (
	"cmp"
	"slices"
	"strings"

	"lienthong/engine"
)

// Rows are what a store's lists hold of one case. They follow from the case
// alone: a store writes how they differ from the rows before, and Verify derives
// them again and compares.
type Rows struct {
	Case     CaseRow
	Dossiers []DossierRow // those that were opened, in the case's order
	Tasks    []engine.Task
	Words    []string // of the names that the case is found by, sorted
	Key      string   // the duplicate key that the case holds; "" = none
	Codes    []string // the case's code and those of its dossiers
	Results  []ResultRow
}

// CaseRow is a case without its dossiers. Two rows are equal when == says so.
type CaseRow struct {
	Code, Service, Version     string
	Seq                        int64
	Status, Outcome            string
	Portal                     int
	Filed, Due, Updated, Timer int64
	Requester, Name, Subject   string // personal id and name of the requester; the child or the deceased
}

// Shelves: where a dossier stands in staff lists.
const (
	ShelfLive  = 1 // open or under review
	ShelfEnded = 2
)

// DossierRow is one dossier in the lists. Two rows are equal when == says so.
type DossierRow struct {
	Step, Code, Procedure, State, Status, Final string
	Shelf, Portal                               int
	Office, Assignee                            string
	Urgency, Opened, Rev                        int64
	Review                                      bool
	Words                                       string // as Rows.Text gives them
}

// ResultRow says which step issued a public result id.
type ResultRow struct{ ID, Step string }

// Derive makes the rows of a case. before are its rows at an earlier time, or nil:
// what they say of the same names is not computed again.
func Derive(k *engine.Case, before *Rows) *Rows {
	s := k.Summary()
	r := &Rows{Case: CaseRow{
		Code: k.Code, Service: k.Service, Version: k.Version, Seq: k.Seq, Status: string(k.Status), Outcome: string(k.Outcome),
		Portal: s.Portal, Filed: Micros(s.Filed), Due: Micros(s.Due), Updated: Micros(s.Updated), Timer: Micros(k.NextTimer()),
		Requester: k.Requester.ID, Name: k.Requester.Name, Subject: s.Subject,
	}}
	if k.KeyHeld() {
		r.Key = k.Key
	}
	if before != nil && before.Case.Code != "" && before.Case.Subject == r.Case.Subject && before.Case.Name == r.Case.Name {
		r.Words = before.Words
	} else {
		r.Words = WordsOf(r.Case.Subject, r.Case.Name)
	}
	text := r.Text()
	for _, x := range k.Rows() {
		d := DossierRow{Step: x.Step, Code: x.Code, Procedure: x.Procedure, State: x.State, Status: string(x.Status), Final: string(x.Final),
			Shelf: ShelfEnded, Portal: x.Portal, Office: x.Office, Assignee: x.Assignee, Urgency: Urgency(x.Due), Opened: Micros(x.Opened),
			Rev: x.Rev, Review: x.Review, Words: text}
		if x.Status == engine.StatusOpen || x.Review {
			d.Shelf = ShelfLive
		}
		r.Dossiers = append(r.Dossiers, d)
	}
	r.Tasks = k.Tasks()
	for i := range r.Tasks {
		r.Tasks[i].Due, r.Tasks[i].Since = Trim(r.Tasks[i].Due), Trim(r.Tasks[i].Since)
	}
	r.Codes = append(make([]string, 0, 1+len(k.Dossiers)), k.Code)
	for _, d := range k.Dossiers {
		if d.Code != "" && !slices.Contains(r.Codes, d.Code) {
			r.Codes = append(r.Codes, d.Code)
		}
		if d.Result != nil && d.Result.ID != "" {
			r.Results = append(r.Results, ResultRow{ID: d.Result.ID, Step: d.Step})
		}
	}
	return r
}

// WordsOf are what a case with these names is found by, beside its codes, sorted.
func WordsOf(names ...string) []string {
	var ws []string
	for _, n := range names {
		ws = append(ws, Words(n)...)
	}
	slices.Sort(ws)
	return slices.Compact(ws)
}

// Text is all the words in one text, each with a space before it, so that a word
// begins with a prefix where the text has a space and the prefix.
func (r *Rows) Text() string {
	if len(r.Words) == 0 {
		return ""
	}
	return " " + strings.Join(r.Words, " ")
}

// SearchRow says that an office finds a case by a word, and by which others: all
// of them stand in the row, so that who looks for several reads one list.
type SearchRow struct{ Office, Word, Words string }

// Search are the case's rows in the index of words, in order: every word for every
// office that has a dossier of it.
func (r *Rows) Search() []SearchRow {
	var offices []string
	for i := range r.Dossiers {
		if o := r.Dossiers[i].Office; !slices.Contains(offices, o) {
			offices = append(offices, o)
		}
	}
	slices.Sort(offices)
	out, text := make([]SearchRow, 0, len(offices)*len(r.Words)), r.Text()
	for _, o := range offices {
		for _, w := range r.Words {
			out = append(out, SearchRow{o, w, text})
		}
	}
	return out
}

// Row is what a staff list shows of a dossier.
func (d *DossierRow) Row(c *CaseRow) engine.Row {
	x := engine.Row{Case: c.Code, Step: d.Step, Code: d.Code, Service: c.Service, Procedure: d.Procedure, State: d.State,
		Status: engine.StepStatus(d.Status), Final: engine.FinalKind(d.Final), Portal: d.Portal, Office: d.Office, Assignee: d.Assignee,
		Opened: Time(d.Opened), Updated: Time(c.Updated), Filed: Time(c.Filed), Rev: d.Rev, Subject: c.Subject, Requester: c.Name, Review: d.Review}
	if d.Urgency != Never {
		x.Due = Time(d.Urgency)
	}
	return x
}

// Delta is how the rows of a case change.
type Delta struct {
	Lists       bool         // columns of the case row that an index has changed
	New         []DossierRow // dossiers that were not listed
	Moved       []DossierRow // those that stand elsewhere in their list
	Kept        []DossierRow // those that changed where they stand
	Gone        []string     // steps that are no longer listed
	Found, Lost []SearchRow
	Tasks       bool
	Released    string // the duplicate key given up
	Taken       string // the duplicate key newly held
	Codes       []string
	Results     []ResultRow
}

// Diff compares the rows of a case with those before; before may be empty.
func Diff(before, after *Rows) Delta {
	var d Delta
	d.Lists = before.Case.Status != after.Case.Status || before.Case.Timer != after.Case.Timer
	for _, x := range after.Dossiers {
		old := before.dossier(x.Step)
		switch {
		case old == nil:
			d.New = append(d.New, x)
		case *old == x:
		case old.Office == x.Office && old.Shelf == x.Shelf && old.Urgency == x.Urgency && old.Code == x.Code && old.Words == x.Words:
			d.Kept = append(d.Kept, x)
		default:
			d.Moved = append(d.Moved, x)
		}
	}
	for i := range before.Dossiers {
		if s := before.Dossiers[i].Step; after.dossier(s) == nil {
			d.Gone = append(d.Gone, s)
		}
	}
	d.diffSearch(before, after)
	d.Tasks = !slices.Equal(before.Tasks, after.Tasks)
	if before.Key != after.Key {
		d.Released, d.Taken = before.Key, after.Key
	}
	for _, c := range after.Codes {
		if !slices.Contains(before.Codes, c) {
			d.Codes = append(d.Codes, c)
		}
	}
	for _, r := range after.Results {
		if !slices.Contains(before.Results, r) {
			d.Results = append(d.Results, r)
		}
	}
	return d
}

func (r *Rows) dossier(step string) *DossierRow {
	for i := range r.Dossiers {
		if r.Dossiers[i].Step == step {
			return &r.Dossiers[i]
		}
	}
	return nil
}

// diffSearch compares only when a name or an office changed.
func (d *Delta) diffSearch(before, after *Rows) {
	if len(d.New) == 0 && len(d.Moved) == 0 && len(d.Gone) == 0 && slices.Equal(before.Words, after.Words) {
		return
	}
	order := func(a, b SearchRow) int {
		return cmp.Or(strings.Compare(a.Office, b.Office), strings.Compare(a.Word, b.Word), strings.Compare(a.Words, b.Words))
	}
	old, now := before.Search(), after.Search()
	for _, x := range now {
		if _, had := slices.BinarySearchFunc(old, x, order); !had {
			d.Found = append(d.Found, x)
		}
	}
	for _, x := range old {
		if _, kept := slices.BinarySearchFunc(now, x, order); !kept {
			d.Lost = append(d.Lost, x)
		}
	}
}

// CompareRows is the order of a staff list: most urgent first, then by code.
func CompareRows(a, b engine.Row) int {
	return cmp.Or(cmp.Compare(Urgency(a.Due), Urgency(b.Due)), cmp.Compare(a.Code, b.Code),
		cmp.Compare(a.Case, b.Case), cmp.Compare(a.Step, b.Step))
}

// RowCursor is the cursor that follows a row.
func RowCursor(r engine.Row) string { return Cursor("r", Urgency(r.Due), r.Code, r.Case, r.Step) }

// ParseRowCursor returns a row that stands where the cursor's row stood.
func ParseRowCursor(s string) (engine.Row, error) {
	if s == "" {
		return engine.Row{}, nil
	}
	urgency, rest, err := ParseCursor("r", s, 3)
	if err != nil {
		return engine.Row{}, err
	}
	r := engine.Row{Code: rest[0], Case: rest[1], Step: rest[2]}
	if urgency != Never {
		r.Due = Time(urgency)
	}
	return r, nil
}

// CompareTasks is the order of a citizen's tasks: most urgent first, then oldest.
func CompareTasks(a, b engine.Task) int {
	return cmp.Or(cmp.Compare(Urgency(a.Due), Urgency(b.Due)), a.Since.Compare(b.Since),
		cmp.Compare(a.Case, b.Case), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.State, b.State))
}

// Summary is the case's line in a citizen's list.
func (r *CaseRow) Summary() engine.Summary {
	return engine.Summary{Code: r.Code, Service: r.Service, Version: r.Version, Status: engine.CaseStatus(r.Status),
		Outcome: engine.Outcome(r.Outcome), Portal: r.Portal, Filed: Time(r.Filed), Due: Time(r.Due),
		Updated: Time(r.Updated), Subject: r.Subject}
}
