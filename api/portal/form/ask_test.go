package form_test

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"lienthong/api/portal/form"
)

func names(pages []form.Page) string {
	var out []string
	for _, p := range pages {
		out = append(out, p.Name)
	}
	return strings.Join(out, " ")
}

func find(q *form.Question, pointer string) *form.Question {
	var out *form.Question
	q.Walk(func(x *form.Question) {
		if x.Pointer == pointer {
			out = x
		}
	})
	return out
}

func birth(t *testing.T) *form.Form {
	return parse(t, shipped(t).Form("birth_combined").Schema.JSON())
}

func TestPagesFollowConditions(t *testing.T) {
	f := birth(t)
	value := map[string]any{}
	if got := names(f.Pages(value)); got != "registration relation_to_child children mother father parents_marriage choices card delivery attachments" {
		t.Errorf("at first: %s", got)
	}
	f.Take(value, "registration", url.Values{"/registration/situation": {"unknown_father"}})
	f.Take(value, "choices", url.Values{"/choices/residence": {"true"}})
	if got := names(f.Pages(value)); got != "registration relation_to_child children mother choices residence card delivery attachments" {
		t.Errorf("unknown father, with residence: %s", got)
	}
	f.Take(value, "registration", url.Values{"/registration/situation": {"abandoned"}})
	if got := names(f.Pages(value)); got != "registration relation_to_child children abandoned choices residence card delivery attachments" {
		t.Errorf("abandoned: %s", got)
	}
}

// What a condition rules out is not sent, and is there again when it applies again.
func TestRuledOutIsKeptButNotSent(t *testing.T) {
	f := birth(t)
	value := map[string]any{}
	f.Take(value, "registration", url.Values{"/registration/situation": {"ordinary"}})
	f.Take(value, "father", url.Values{"/father/name": {"Nguyễn Minh Tuấn"}})
	f.Take(value, "registration", url.Values{"/registration/situation": {"unknown_father"}})
	if f.Answer(value)["father"] != nil || f.Ask("father", form.State{Value: value}) != nil {
		t.Error("the father is asked although he is not known")
	}
	f.Take(value, "registration", url.Values{"/registration/situation": {"ordinary"}})
	if q := find(f.Ask("father", form.State{Value: value}), "/father/name"); q.Value != "Nguyễn Minh Tuấn" {
		t.Error("the father was forgotten")
	}
}

func TestConditionInsideAPage(t *testing.T) {
	f := parse(t, shipped(t).Form("death_combined").Schema.JSON())
	value := map[string]any{}
	f.Take(value, "choices", url.Values{"/choices/funeral": {"true"}, "/choices/survivor": {"false"}})
	q := f.Ask("funeral", form.State{Value: value})
	if find(q, "/funeral/payee/account") != nil {
		t.Error("an account is asked before the method is known")
	}
	if m := find(q, "/funeral/payee/method"); !m.Decides || m.Kind != form.Choice || len(m.Options) != 3 {
		t.Errorf("method is %+v", m)
	}
	f.Take(value, "funeral", url.Values{"/funeral/payee/method": {"bank"}})
	q = f.Ask("funeral", form.State{Value: value})
	if a := find(q, "/funeral/payee/account"); a == nil || !a.Required {
		t.Errorf("account is %+v", a)
	}
	// Without the funeral money there is no survivor benefit: not asked, but answered.
	f.Take(value, "choices", url.Values{"/choices/funeral": {"false"}})
	if find(f.Ask("choices", form.State{Value: value}), "/choices/survivor") != nil || form.Get(f.Answer(value), "/choices/survivor") != false {
		t.Errorf("survivor: %v", f.Answer(value)["choices"])
	}
}

func TestEitherOr(t *testing.T) {
	f := birth(t)
	value := map[string]any{}
	q := f.Ask("children", form.State{Value: value})
	one := find(q, "/children/0#one")
	if one == nil || len(one.Options) != 2 || !one.Options[0].Chosen || one.Options[0].Label.VI != "Giấy chứng sinh" {
		t.Fatalf("%+v", one)
	}
	if find(q, "/children/0/notice/code") == nil || find(q, "/children/0/substitute") != nil {
		t.Error("the first branch is asked at first")
	}
	f.Take(value, "children", url.Values{"/children/0/notice/code": {"01001.GCS.00101.26"}, "/children/0/name": {"An"}})
	f.Take(value, "children", url.Values{"/children/0#one": {"substitute"}})
	q = f.Ask("children", form.State{Value: value})
	if find(q, "/children/0/notice") != nil || find(q, "/children/0/substitute/kind") == nil {
		t.Error("the branch was not switched")
	}
	if form.Get(f.Answer(value), "/children/0/notice") != nil || form.Get(value, "/children/0/name") != "An" {
		t.Errorf("%v", value)
	}
}

func TestLists(t *testing.T) {
	f := birth(t)
	value := map[string]any{}
	if q := f.Ask("children", form.State{Value: value}); len(q.Parts) != 1 || q.Parts[0].Fewer || !q.More {
		t.Errorf("one child is asked for at least: %+v", q)
	}
	add := url.Values{"/children/0/name": {"Bảo"}, form.Button: {"add:/children"}}
	if taken := f.Take(value, "children", add); taken.List != "/children" || taken.Removed != -1 {
		t.Errorf("%+v", taken)
	}
	q := f.Ask("children", form.State{Value: value})
	if len(q.Parts) != 2 || !q.Parts[0].Fewer || q.Parts[1].Entry != 2 {
		t.Fatalf("two children: %+v", q)
	}
	// The second is still blank: it is asked, but not sent, and tidied away.
	if n := len(f.Answer(value)["children"].([]any)); n != 1 {
		t.Errorf("%d children are sent", n)
	}
	f.Take(value, "children", url.Values{"/children/1/name": {"Hưng"}})
	taken := f.Take(value, "children", url.Values{form.Button: {"remove:/children/0"}})
	if taken.Removed != 0 || form.Get(value, "/children/0/name") != "Hưng" {
		t.Errorf("%+v %v", taken, value)
	}
	f.Take(value, "children", url.Values{form.Button: {"add:/children"}})
	if got := f.Tidy(value, "children"); len(got) != 1 || got[0].Removed != 1 {
		t.Errorf("tidied %+v", got)
	}
	m := map[string]int{"/children/0/name": 1, "/children/1/name": 2, "/children/2/sex": 3, "/mother/name": 4, "/children": 5}
	form.Shift(m, "/children", 0)
	if !reflect.DeepEqual(m, map[string]int{"/children/0/name": 2, "/children/1/sex": 3, "/mother/name": 4, "/children": 5}) {
		t.Errorf("%v", m)
	}
}

// What a register knows is told and not asked; a proposal is asked with its value;
// a disputed value is asked, with the register's beside it.
func TestKnownValues(t *testing.T) {
	f := birth(t)
	value := map[string]any{"mother": map[string]any{"name": "Trần Thu Hà"}, "registration": map[string]any{"commune": "00004"}}
	known := map[string]form.Known{"/mother/name": {Value: "Trần Thu Hà", Source: "population"}, "/registration/commune": {Value: "00004", Source: "population"}}
	st := form.State{Value: value, Known: known}
	if q := find(f.Ask("mother", st), "/mother/name"); !q.Known || q.Source != "population" {
		t.Errorf("%+v", q)
	}
	if q := find(f.Ask("registration", st), "/registration/commune"); q.Known || !q.Suggest || q.Source != "population" || q.Kind != form.Commune {
		t.Errorf("%+v", q)
	}
	taken := f.Take(value, "mother", url.Values{"/mother/name#right": {"Trần Thị Thu Hà"}, "/mother/name#why": {"Thiếu chữ đệm"}})
	st.Disputed = taken.Disputed
	q := find(f.Ask("mother", st), "/mother/name")
	if q.Known || q.Disputed != "Thiếu chữ đệm" || q.Value != "Trần Thị Thu Hà" || q.Register != "Trần Thu Hà" {
		t.Errorf("%+v", q)
	}
	st = form.State{Value: map[string]any{"mother": map[string]any{"name": "Trần Thu Hà"}}, Known: known, Wrong: map[string][]string{"/mother/name": {"sai"}}}
	if q := find(f.Ask("mother", st), "/mother/name"); q.Known || len(q.Wrong) != 1 {
		t.Errorf("a value that is refused must be open: %+v", q)
	}
}

// The papers that a condition makes necessary are named.
func TestNeededPapers(t *testing.T) {
	f := birth(t)
	value := map[string]any{"relation_to_child": "authorised", "registration": map[string]any{"situation": "surrogacy"}}
	q := f.Ask("attachments", form.State{Value: value})
	want := []form.Text{{VI: "Văn bản xác nhận mang thai hộ", EN: "Confirmation of surrogacy"}, {VI: "Văn bản ủy quyền", EN: "Authorisation"}}
	if !reflect.DeepEqual(q.Papers, want) || !q.Required {
		t.Errorf("%v %v", q.Papers, q.Required)
	}
}

func TestProvinceFollowsTheCommune(t *testing.T) {
	f := birth(t)
	value := map[string]any{"delivery": map[string]any{"channel": "post", "address": map[string]any{"commune": "26740"}}}
	if find(f.Ask("delivery", form.State{Value: value}), "/delivery/address/province") != nil {
		t.Error("the province is asked")
	}
	f.Provinces(value, func(c string) string { return map[string]string{"26740": "79"}[c] })
	if form.Get(value, "/delivery/address/province") != "79" || form.Get(value, "/province") != nil {
		t.Errorf("%v", value)
	}
}

func TestParseRefusals(t *testing.T) {
	for _, s := range []string{``, `[]`, `{`, `{"a":1}{}`, `{"if": {"type": 3}}`, `{"$ref": "http://elsewhere/x", "if": {"$ref": "http://elsewhere/x"}}`,
		strings.Repeat(`{"a":`, 100) + `1` + strings.Repeat(`}`, 100)} {
		if _, err := form.Parse([]byte(s)); err == nil {
			t.Errorf("%.60s is taken", s)
		}
	}
	// References in a circle end.
	f, err := form.Parse([]byte(`{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if q := f.Ask("", form.State{}); q == nil {
		t.Error("nothing is asked")
	}
}

func FuzzTake(f *testing.F) {
	set, err := definitions()
	if err != nil {
		f.Fatal(err)
	}
	x, err := form.Parse(set.Form("death_combined").Schema.JSON())
	if err != nil {
		f.Fatal(err)
	}
	f.Add("/deceased/name", "Vũ Đình Thắng", "add:/relatives")
	f.Add("/relatives/0/address/commune", "00004", "remove:/relatives/0")
	f.Add("/deceased#one", "substitute", "")
	f.Add("/deceased/notice#one", "code", "add:/deceased/notice/code")
	f.Add("/choices", "x", "remove:")
	f.Fuzz(func(t *testing.T, name, text, button string) {
		value := map[string]any{"choices": map[string]any{"funeral": true, "survivor": true}, "relatives": []any{map[string]any{"name": "x"}}}
		for _, page := range []string{"", "deceased", "relatives"} {
			x.Take(value, page, url.Values{name: {text}, form.Button: {button}})
			x.Tidy(value, page)
			x.Ask(page, form.State{Value: value})
			x.Answer(value)
		}
	})
}

// A proposed household goes with the proposed commune: with another commune what was not
// changed goes, with the proposed one again it comes back where nothing else was said.
func TestProposalsGoWithTheirCommune(t *testing.T) {
	f := birth(t)
	known := map[string]any{"/residence/commune": "00004", "/residence/household": "HN-0001", "/residence/head/id": "001058000101", "/residence/head/name": "Nguyễn Văn Hùng",
		"/residence/address/commune": "00004", "/residence/address/detail": "Số 1"}
	proposed := func() map[string]any {
		return map[string]any{"residence": map[string]any{"commune": "00004", "household": "HN-0001", "relation": "son",
			"head": map[string]any{"id": "001058000101", "name": "Nguyễn Văn Hùng"}, "address": map[string]any{"commune": "00004", "detail": "Số 1"}}}
	}
	for _, c := range []struct {
		name        string
		first, then url.Values
		want        map[string]any
	}{
		{"nothing changed", url.Values{"/residence/relation": {"daughter"}}, nil, map[string]any{"/residence/household": "HN-0001", "/residence/head/name": "Nguyễn Văn Hùng"}},
		{"another commune", url.Values{"/residence/commune": {"20242"}}, nil,
			map[string]any{"/residence/commune": "20242", "/residence/relation": "son", "/residence/household": nil, "/residence/head/id": nil, "/residence/head/name": nil, "/residence/address/detail": nil}},
		{"another household too", url.Values{"/residence/commune": {"20242"}, "/residence/household": {"DN-0001"}}, nil,
			map[string]any{"/residence/household": "DN-0001", "/residence/head/id": nil}},
		{"there and back", url.Values{"/residence/commune": {"20242"}}, url.Values{"/residence/commune": {"00004"}, "/residence/household": {""}},
			map[string]any{"/residence/household": "HN-0001", "/residence/head/id": "001058000101", "/residence/address/detail": "Số 1"}},
		{"there, answered, and back", url.Values{"/residence/commune": {"20242"}, "/residence/household": {"DN-0001"}}, url.Values{"/residence/commune": {"00004"}},
			map[string]any{"/residence/household": "DN-0001", "/residence/head/id": "001058000101"}},
		{"another household of the same commune", url.Values{"/residence/household": {""}, "/residence/head/id": {"001195000104"}}, url.Values{"/residence/relation": {"son"}},
			map[string]any{"/residence/household": nil, "/residence/head/id": "001195000104", "/residence/head/name": nil}},
		{"another address alone", url.Values{"/residence/address/commune": {"20242"}}, nil,
			map[string]any{"/residence/household": "HN-0001", "/residence/address/commune": "20242", "/residence/address/detail": nil}},
		{"another address with its street", url.Values{"/residence/address/commune": {"20242"}, "/residence/address/detail": {"Số 9"}}, nil,
			map[string]any{"/residence/address/detail": "Số 9"}},
	} {
		value := proposed()
		for _, post := range []url.Values{c.first, c.then} {
			before := form.Merge(value, nil)
			f.Take(value, "residence", post)
			f.Follow(before, value, "residence", known)
		}
		for at, want := range c.want {
			if got := form.Get(value, at); got != want {
				t.Errorf("%s: %s is %v, want %v", c.name, at, got, want)
			}
		}
	}
}

// A name and a number are of one person: whoever names another one by either is asked for
// the other, and the one proposed comes back whole.
func TestANameGoesWithItsNumber(t *testing.T) {
	f := parse(t, shipped(t).Form("death_combined").Schema.JSON())
	const cuc, hong = "001174000702", "079187000902"
	known := map[string]any{"/funeral/organiser/id": cuc, "/funeral/organiser/name": "Phan Thị Cúc", "/funeral/payee/id": cuc, "/funeral/payee/name": "Phan Thị Cúc"}
	for _, who := range []string{"/funeral/organiser", "/funeral/payee"} {
		for _, c := range []struct {
			post     url.Values
			id, name any
		}{
			{url.Values{who + "/name": {"Lý Thị Hồng"}}, nil, "Lý Thị Hồng"},
			{url.Values{who + "/id": {hong}}, hong, nil},
			{url.Values{who + "/id": {hong}, who + "/name": {"Lý Thị Hồng"}}, hong, "Lý Thị Hồng"},
			{url.Values{who + "/name": {"Phan Thị Cúc"}}, cuc, "Phan Thị Cúc"},
		} {
			value := map[string]any{}
			for at, v := range known {
				f.Take(value, "funeral", url.Values{at: {v.(string)}})
			}
			before := form.Merge(value, nil)
			f.Take(value, "funeral", c.post)
			f.Follow(before, value, "funeral", known)
			if id, name := form.Get(value, who+"/id"), form.Get(value, who+"/name"); id != c.id || name != c.name {
				t.Errorf("%v: %v, %v, want %v, %v", c.post, id, name, c.id, c.name)
			}
			for at := range c.post {
				before = form.Merge(value, nil)
				f.Take(value, "funeral", url.Values{at: {known[at].(string)}})
				f.Follow(before, value, "funeral", known)
			}
			if id, name := form.Get(value, who+"/id"), form.Get(value, who+"/name"); id != cuc || name != "Phan Thị Cúc" {
				t.Errorf("%v and back: %v, %v", c.post, id, name)
			}
		}
	}
}

// Who is paid for the funeral is proposed for the survivor benefit too, until that is
// answered otherwise.
func TestWhatWasAnsweredOnceIsProposed(t *testing.T) {
	f := parse(t, shipped(t).Form("death_combined").Schema.JSON())
	const cuc = "Phan Thị Cúc"
	known := map[string]any{"/funeral/payee/name": cuc, "/survivor/payee/name": cuc}
	value := map[string]any{"funeral": map[string]any{"payee": map[string]any{"name": cuc}}, "survivor": map[string]any{"payee": map[string]any{"name": cuc}}}
	bank := func(account string) url.Values {
		return url.Values{"/funeral/payee/method": {"bank"}, "/funeral/payee/name": {cuc}, "/funeral/payee/account": {account}, "/funeral/payee/bank": {"Agribank"}}
	}
	for _, c := range []struct {
		page string
		post url.Values
		want string
	}{
		{"funeral", bank("111111"), "111111"},
		{"funeral", bank("222222"), "222222"},
		{"survivor", url.Values{"/survivor/mode": {"lump_sum"}}, "222222"},
		{"survivor", url.Values{"/survivor/payee/account": {"333333"}}, "333333"},
		{"funeral", bank("444444"), "333333"},
	} {
		before := form.Merge(value, nil)
		f.Take(value, c.page, c.post)
		f.Like(before, value, known)
		if got := form.Get(value, "/survivor/payee/account"); got != c.want {
			t.Errorf("after %v the survivor benefit goes to %v, want %s", c.post, got, c.want)
		}
	}
	if name := form.Get(value, "/survivor/payee/name"); name != cuc || form.Get(value, "/survivor/payee/method") != "bank" {
		t.Errorf("paid is %v", form.Get(value, "/survivor/payee"))
	}
}
