package machine_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/machine"
)

func day(s string) time.Time { return calendar.Date(s).At(9, 0) }

func TestParameter(t *testing.T) {
	set := load(t, base(t))
	for _, c := range []struct {
		name, date, now string
		want            any
	}{
		{"fee", "2026-03-01", "2026-09-01", int64(8000)},
		{"fee", "2026-08-01", "2026-08-20", int64(9000)}, // not announced yet
		{"fee", "2026-08-01", "2026-08-21", int64(9500)},
		{"wait", "2026-08-01", "2026-08-21", "3 days"},
		{"fee", "2025-12-31", "2026-08-21", nil},
		{"fee", "2026-03-01", "2025-12-31", nil},
		{"none", "2026-03-01", "2026-08-21", nil},
	} {
		v, err := set.Parameter(c.name, day(c.date), day(c.now))
		if !reflect.DeepEqual(v, c.want) || (c.want == nil) != (engine.CodeOf(err) == engine.NotFound) {
			t.Errorf("%v: %v, %v", c, v, err)
		}
	}
	if v := set.ParametersVersion(day("2026-08-21")); v != "2026-08-21" {
		t.Error(v)
	}
	if v := set.ParametersVersion(day("2025-08-21")); v != "" {
		t.Error(v)
	}
	if vs := set.ParameterValues("fee", day("2026-08-21")); len(vs) != 2 || vs[0].Value != int64(9500) {
		t.Error(vs)
	}
}

func TestOffice(t *testing.T) {
	set := load(t, base(t))
	for _, c := range []struct{ agency, unit, at, want string }{
		{"civil_status", "00004", "2026-01-01", "civil_1"},
		{"police", "00004", "2025-06-30", "police_old"},
		{"police", "00004", "2025-07-01", "police_1"}, // through the successor
		{"police", "00070", "2026-01-01", "police_1"},
		{"police", "00070", "2025-01-01", ""},
		{"police", "00001", "2026-01-01", ""},
	} {
		if o, ok := set.Office(c.agency, c.unit, day(c.at)); o.ID != c.want || ok != (c.want != "") {
			t.Errorf("%v: %v", c, o)
		}
	}
	if o, ok := set.OfficeByID("police_old"); !ok || o.Prefix != "G01.1" {
		t.Error(o)
	}
}

func TestServices(t *testing.T) {
	set := load(t, base(t))
	s, err := set.ServiceAt("birth", day("2026-09-01"))
	if err != nil {
		t.Fatal(err)
	}
	if same, err := set.Service("birth", "2026-09-01"); same != s || err != nil {
		t.Error(err)
	}
	if _, err := set.ServiceAt("birth", day("2026-08-31")); engine.CodeOf(err) != engine.DefinitionRetired {
		t.Error(err)
	}
	if _, err := set.ServiceAt("marriage", day("2026-09-01")); engine.CodeOf(err) != engine.NotFound {
		t.Error(err)
	}
	if _, err := set.Service("birth", "1"); engine.CodeOf(err) != engine.NotFound {
		t.Error(err)
	}
	if s.Steps[0].ID != "birth" || s.Steps[1].ID != "residence" || s.Reception != "residence" {
		t.Error("needs come first; the first step listed receives", s.Reception)
	}
	r := s.Step("residence")
	if r.With[0].Steps[0] != "birth" || r.Else.Kind != engine.ElseRefuse || r.Else.Reason.EN != "Not asked for." {
		t.Errorf("%+v", r)
	}
	b := s.Step("birth").Procedure
	if b.States[0].ID != "submitted" || b.State("expired").Clock != calendar.None || b.Limit.Within.Cutoff != "15:00" || b.Limit.Warn.N != 2 {
		t.Errorf("%+v", b.Limit)
	}
	if a := r.Procedure.State("consenting").After[0]; a.Param != "wait" || a.Action != "silence" {
		t.Error(a)
	}
	if op, ok := set.Operation("register", "enter"); !ok || !op.Changes || op.Cancellable || op.Expected != time.Minute {
		t.Error(op)
	}
	if len(set.Services()) != 1 || len(set.Registries()) != 1 || len(set.Forms()) != 5 || len(set.Procedures()) != 2 || len(set.Subforms()) != 1 {
		t.Error("listings")
	}
	if set.Calendar(day("2026-01-01")) == nil || set.Calendar(day("2025-12-31")) != nil {
		t.Error("calendar")
	}
}

func TestHash(t *testing.T) {
	hash := func(file, old, text string) string {
		set := base(t)
		if file != "" {
			edit(t, set, file, old, text)
		}
		return load(t, set).Services()[0].Hash
	}
	one := hash("", "", "")
	if len(one) != 32 || hash("", "", "") != one {
		t.Fatal(one)
	}
	for _, c := range []struct{ file, old, text string }{ // nothing that decides
		{sBirth, "summary: {vi: Một", "summary: {vi: Hai"},
		{sBirth, "legal: [NĐ 63/2024/NĐ-CP]", "legal: [NĐ 301/2026/NĐ-CP]"},
		{pBirth, "title: {vi: Khai sinh, en: Birth}", "title: {vi: ĐKKS, en: Birth} # comment"},
		{pBirth, "from: [received, signing]", "from: [signing, received]"},
		{fPerson, "x-label: {vi: Họ và tên,", "x-label: {vi: Tên,"},
		{fPerson, "title: {vi: Người", "title: {vi: Ai"},
		{aParams, "value: 8000", "value: 8001"},
		{oHN, "prefix: H26.1,", "prefix: H26.9,"},
	} {
		if hash(c.file, c.old, c.text) != one {
			t.Errorf("%v changes the hash", c)
		}
	}
	for _, c := range []struct{ file, old, text string }{
		{sBirth, "within: 7 days", "within: 8 days"},
		{sBirth, "orValue(0)", "orValue(1)"},
		{pBirth, "actor.id != dossier.draft.by", "actor.id == dossier.draft.by"},
		{pBirth, "portal: 9", "portal: 10"},
		{pBirth, "warn: 2 hours", "warn: 3 hours"},
		{pResidence, "need: all", "need: any"},
		{fPerson, "maxLength: 20", "maxLength: 21"},
		{rRegister, "note: {type: string}", "note: {type: integer}"},
		{rRegister, "changes_register: true", "changes_register: false"},
	} {
		if hash(c.file, c.old, c.text) == one {
			t.Errorf("%v does not change the hash", c)
		}
	}
}

// The citizen reads what a fee is made of, with the source of the day's price, and
// nothing when the parts do not add up.
func TestFeeItems(t *testing.T) {
	fsys := base(t)
	edit(t, fsys, sBirth, "within: 7 days}", "within: 7 days, parts: [{price: fee, times: application.?copies.orValue(0)}]}")
	set := load(t, fsys)
	svc, err := set.Service("birth", "2026-09-01")
	if err != nil {
		t.Fatal(err)
	}
	vars := engine.Vars{"application": map[string]any{"copies": int64(3)}, "filed_at": day("2026-09-03"), "now": day("2027-09-03"), "steps": map[string]any{}, "requester": map[string]any{}}
	want := []engine.FeeItem{{Title: engine.Text{VI: "Phí", EN: "Fee"}, Price: 9500, Times: 3, Amount: 28500, Legal: "new"}}
	for amount, want := range map[int64][]engine.FeeItem{28500: want, 28000: nil} {
		got, err := set.FeeItems(svc.Fee, vars, amount)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d: %v, %v", amount, got, err)
		}
	}
}

func TestSubform(t *testing.T) {
	set := load(t, base(t))
	got, err := set.RenderSubform("ct01", engine.Vars{"application": map[string]any{
		"child": map[string]any{"name": "Nguyễn An (2026-09-02, 2026-13-02)", "born": "2026-09-02"}, "residence": true},
		"requester": map[string]any{}, "filed_at": day("2026-09-03"), "now": day("2026-09-03")})
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, f := range got.Fields {
		values = append(values, f.No+"="+f.Value)
	}
	if s := strings.Join(values, " "); s != "1=Nguyễn An (02/09/2026, 2026-13-02) 2=02/09/2026 3=☒" {
		t.Error(s)
	}
	if _, err := set.RenderSubform("ct02", nil); engine.CodeOf(err) != engine.NotFound {
		t.Error(err)
	}
}

func TestLoadRefusals(t *testing.T) {
	for code, fsys := range map[string]fstest.MapFS{
		"read_failed":    {"forms": &fstest.MapFile{Data: []byte("not a folder")}},
		"too_many_files": manyFiles(),
	} {
		found := false
		for _, f := range findings(t, fsys) {
			found = found || f.Code == code
		}
		if !found {
			t.Errorf("no %s", code)
		}
	}
	if _, err := machine.Load(fstest.MapFS{}); err != nil {
		t.Error("an empty set is a set:", err)
	}
	_, err := machine.Load(fstest.MapFS{"forms/x.yaml": {Data: []byte("form: x\n")}})
	if err == nil || err.Error() != "forms/x.yaml:1:1: error: schema is missing. [missing_key]: add schema" {
		t.Error(err)
	}
}

// TestHostileFiles: what is made to be slow is refused in time.
func TestHostileFiles(t *testing.T) {
	mega := 1 << 20
	if testing.Short() {
		mega /= 8
	}
	for name, part := range map[string]string{"keys": "a:\n", "flow": "[", "block": "- ", "entries": "- a\n", "list": "[],", "spaces": " ",
		"lines": "\n", "tags": "! ", "documents": "---\n", "question": "? ", "colon": "a: ", "comment": "#\n"} {
		start := time.Now()
		found := findings(t, fstest.MapFS{"forms/x.yaml": {Data: []byte(strings.Repeat(part, mega/len(part)))}})
		if d := time.Since(start); len(found) == 0 || d > 2*time.Minute {
			t.Errorf("%s: %d findings in %s", name, len(found), d)
		}
	}
}

func manyFiles() fstest.MapFS {
	out := fstest.MapFS{}
	for i := range 2001 {
		out[fmt.Sprintf("forms/f%d.yaml", i)] = &fstest.MapFile{}
	}
	return out
}
