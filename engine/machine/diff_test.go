package machine_test

import (
	"os"
	"strings"
	"testing"

	"lienthong/engine"
	"lienthong/engine/machine"
)

// differences loads the base and an altered base, and compares service birth.
func differences(t *testing.T, file, old, text string) ([]machine.Difference, *engine.Service, *engine.Service) {
	t.Helper()
	altered := base(t)
	if file != "" {
		edit(t, altered, file, old, text)
	}
	a, b := load(t, base(t)), load(t, altered)
	x, y := a.Services()[0], b.Services()[0]
	return machine.Diff(a, x, b, y), x, y
}

// Every kind of change, with where it is told and how.
var diffs = []struct {
	file, old, text string
	path, kind      string
	place           string
	says            string // part of the English
}{
	{"services/birth.yaml", "if: application.?residence.orValue(false)", "if: \"true\"", "steps.residence.if", machine.Changed, "services/birth.yaml:20:5", "In step “Residence” (residence): changed condition from “"},
	{"services/birth.yaml", "within: 3 working days", "within: 4 working days", "limit.within", machine.Changed, "services/birth.yaml:12:9", "“3 working days” to “4 working days”"},
	{"services/birth.yaml", "within: 7 days", "within: 9 days", "fee.within.within", machine.Changed, "services/birth.yaml:13:103", "Changed length of fee from “7 days” to “9 days”."},
	{"services/birth.yaml", "param(\"fee\", filed_at) *", "2 * param(\"fee\", filed_at) *", "fee.amount", machine.Changed, "services/birth.yaml:13:7", "Changed amount of fee from “"},
	{"procedures/birth.yaml", "agency: civil_status", "agency: police", "procedures.birth.agency", machine.Changed, "procedures/birth.yaml:3:1", "In procedure “Birth” (birth): changed agency from “civil_status” to “police”."},
	{"procedures/birth.yaml", "cutoff: \"15:00\", ", "", "procedures.birth.limit.cutoff", machine.Removed, "procedures/birth.yaml:7:35", "was “15:00”"},
	{"procedures/birth.yaml", "portal: 4, clock: runs}\n  recording", "portal: 5, clock: runs}\n  recording", "procedures.birth.states.signing.portal", machine.Changed, "procedures/birth.yaml:12:47", "state “Signing” (signing)"},
	{"procedures/birth.yaml", "7 working days: expire", "5 working days: expire", "procedures.birth.states.supplement.after", machine.Changed, "procedures/birth.yaml:11", "what happens by time"},
	{"procedures/birth.yaml", "from: [received, signing], by: officer", "from: received, by: [officer, leader]", "procedures.birth.actions.note.by", machine.Changed, "procedures/birth.yaml:47:58", "“officer” to “leader, officer”"},
	{"procedures/birth.yaml", "dossier.twice > 1000", "dossier.twice > 2000", "procedures.birth.actions.sign.to", machine.Changed, "procedures/birth.yaml:42:5", "dossier.twice > 2000 → refused; recording"},
	{"procedures/birth.yaml", "dossier.copies * 2", "dossier.copies * 3", "procedures.birth.actions.draft.set", machine.Changed, "procedures/birth.yaml:35:86", "twice = dossier.copies * 3"},
	{"procedures/birth.yaml", "if: actor.id != dossier.draft.by", "if: actor.id == dossier.draft.by", "procedures.birth.actions.sign.if", machine.Changed, "procedures/birth.yaml:40:5", "In action “Sign” (sign) of procedure “Birth” (birth): changed condition"},
	{"procedures/birth.yaml", "  keep: {title", "  extra: {title: {vi: Thêm, en: Extra}, from: signing, by: leader}\n  keep: {title", "procedures.birth.actions.extra", machine.Added, "procedures/birth.yaml:49:3", "Added action “Extra” (extra)"},
	{"procedures/residence.yaml", "need: all", "need: any", "procedures.residence.parties.head.any", machine.Changed, "procedures/residence.yaml:7:3", "one is enough"},
	{"forms/person.yaml", "maxLength: 20", "maxLength: 30", "forms.person.properties.name.maxLength", machine.Changed, "forms/person.yaml:9:40", "In field name of form “Person” (person): changed greatest length from “20” to “30”."},
	{"forms/reason.yaml", "required: [reason], ", "", "forms.reason.required", machine.Removed, "forms/reason.yaml:3", "required fields"},
	{"forms/application.yaml", "required: [commune, children]", "allOf: [{if: {required: [residence], properties: {residence: {const: true}}}, then: {required: [commune], properties: {household: false}}}]\n  required: [commune, children]",
		"form.allOf", machine.Added, "forms/application.yaml:6:3", "In the form: added the rule: if residence = true then commune is there and no household."},
	{"forms/application.yaml", "required: [commune, children]", "required: [children]", "form.required", machine.Changed, "forms/application.yaml:6:3", "Changed required fields of the form from"},
}

func TestDiffSaysEveryChange(t *testing.T) {
	for _, c := range diffs {
		t.Run(c.path, func(t *testing.T) {
			ds, a, b := differences(t, c.file, c.old, c.text)
			if a.Hash == b.Hash {
				t.Error("the hash is the same")
			}
			for _, d := range ds {
				if d.Path != c.path {
					continue
				}
				at := d.New
				if at == nil {
					at = d.Old
				}
				if d.Kind != c.kind || !strings.HasPrefix(at.String(), c.place) || !strings.Contains(d.Text.EN, c.says) || d.Text.VI == d.Text.EN {
					t.Errorf("%s %s %v", d.Kind, at, d.Text)
				}
				return
			}
			t.Errorf("not told: %+v", ds)
		})
	}
}

// TestDiffIsEmptyWhenNothingDecidesOtherwise: words for people make no difference,
// to the hash neither.
func TestDiffIsEmptyWhenNothingDecidesOtherwise(t *testing.T) {
	for _, c := range [][3]string{{}, {"procedures/birth.yaml", "{vi: Chờ ký, en: Signing}", "{vi: Đợi ký, en: To be signed}"}, {"forms/person.yaml", "{vi: Người, en: Person}", "{vi: Con người, en: Human}"}} {
		ds, a, b := differences(t, c[0], c[1], c[2])
		if len(ds) > 0 || a.Hash != b.Hash {
			t.Errorf("%v: %+v", c, ds)
		}
	}
}

// TestDiffOfShippedVersions: from B3 to B4 the identity card came.
func TestDiffOfShippedVersions(t *testing.T) {
	set := load(t, os.DirFS("../../workflows"))
	b3, err := set.Service("birth", "2024-07-01")
	if err != nil {
		t.Fatal(err)
	}
	b4, err := set.Service("birth", "2026-09-01")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, d := range machine.Diff(set, b3, set, b4) {
		told = append(told, d.Kind+" "+d.Path)
	}
	want := "changed code; changed in_force.from; removed in_force.to; changed version; added steps.identity; changed form.form; " +
		"removed form.properties.choices.not; added procedures.child_identity_card"
	if got := strings.Join(told, "; "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestDiffSaysLongTextsWhereTheyPart: two long texts that begin alike are not told
// as the same words.
func TestDiffSaysLongTextsWhereTheyPart(t *testing.T) {
	same := strings.Repeat("copies + ", 40) + "0"
	old, now := "dossier.copies * 2 + 0 * size('"+same+"')", "dossier.copies * 3 + 0 * size('"+same+"')"
	a, b := base(t), base(t)
	edit(t, a, "procedures/birth.yaml", "dossier.copies * 2", "0 * size('"+same+"') + "+old)
	edit(t, b, "procedures/birth.yaml", "dossier.copies * 2", "0 * size('"+same+"') + "+now)
	x, y := load(t, a), load(t, b)
	ds := machine.Diff(x, x.Services()[0], y, y.Services()[0])
	if len(ds) != 1 || !strings.Contains(ds[0].Before, "dossier.copies * 2") || !strings.Contains(ds[0].After, "dossier.copies * 3") {
		t.Errorf("%+v", ds)
	}
}

// TestDiffSaysTimesInVietnamese: the words of a definition file are English.
func TestDiffSaysTimesInVietnamese(t *testing.T) {
	ds, _, _ := differences(t, "services/birth.yaml", "within: 3 working days", "within: 4 working days")
	if len(ds) != 1 || !strings.Contains(ds[0].Text.VI, "“3 ngày làm việc” thành “4 ngày làm việc”") {
		t.Errorf("%+v", ds)
	}
}
