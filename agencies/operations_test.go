package agencies_test

import (
	"context"
	"encoding/json"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"lienthong/agencies"
	"lienthong/agencies/wire"
)

// call is one request of a story: what it asks and what must come of it.
type call struct {
	registry, operation string
	input               m
	refused             string // code; "" means done
	want                m      // dotted path → value; nil value means "present"
}

const grandchild = "$child" // replaced by the id assigned to Hà's daughter

// with is an input with one field changed.
func with(base m, field string, v any) m {
	out := maps.Clone(base)
	out[field] = v
	return out
}

// stories run in order against one world, so that later calls see what the
// earlier ones changed. Every operation has a happy path here, and every
// refusal is provoked.
func stories() []call {
	child := m{"id": grandchild, "name": "Nguyễn Trần An Nhiên", "birth_date": "2026-08-28", "sex": "female"}
	birth := m{"child": child, "mother": who("ha"), "father": who("tuan"), "registrant": who("tuan"), "commune": "00004", "notice": "01001.GCS.00101.26"}
	death := m{"deceased": who("thang"), "died_on": "2026-06-30", "died_at": "23:10", "place": "Bệnh viện Bạch Mai", "cause": "Đột quỵ", "registrant": who("cuc"), "commune": "00004"}
	nobody := "001099999999"
	return []call{
		{"health", "birth_notice", m{"code": "01001.GCS.00101.26"}, "", m{"mother.id": id("ha"), "child.sex": "female", "children": int64(1), "issued": "2026-08-29"}},
		{"health", "birth_notice", m{"code": "99999.GCS.00000.26"}, "unknown_notice", nil},
		{"health", "death_notice", m{"code": "01001.GBT.00701.26"}, "", m{"deceased.id": id("thang"), "died_on": "2026-06-30"}},
		{"health", "death_notice", m{"code": "99999.GBT.00000.26"}, "unknown_notice", nil},
		{"health", "birth_notices_of", m{"mother": id("thao")}, "", m{"notices": nil}},
		{"health", "death_notices_of", m{"deceased": who("phuc")}, "", m{"notices": nil}},

		{"population", "person", m{"id": id("ha")}, "", m{"person.name": "Trần Thu Hà", "spouse.id": id("tuan"), "alive": true, "person.address.commune": "00004"}},
		{"population", "person", m{"id": nobody}, "unknown_person", nil},
		{"population", "marriage", m{"a": id("tuan"), "b": id("ha")}, "", m{"married": true, "since": "2023-10-15"}},
		{"population", "marriage", m{"a": id("mai"), "b": id("lam")}, "", m{"married": false}},
		{"population", "marriage", m{"a": id("bao"), "b": who("lan")}, "marriage_unknown", nil},
		{"population", "assign_personal_id", with(newborn(), "mother", m{"id": id("ha"), "name": "Trần Thị Khác"}), "mother_mismatch", nil},
		{"population", "assign_personal_id", with(newborn(), "mother", m{"id": nobody, "name": "Trần Thu Hà"}), "mother_mismatch", nil},
		{"population", "assign_personal_id", with(newborn(), "registered_in", "99999"), "commune_unknown", nil},
		{"population", "assign_personal_id", with(newborn(), "child", m{"name": "A", "birth_date": "2027-01-01", "sex": "male"}), "date_impossible", nil},
		{"population", "assign_personal_id", newborn(), "", m{"id": nil}},
		{"population", "assign_personal_id", newborn(), "already_assigned", nil},
		{"population", "amend_person", m{"id": id("lan"), "changes": m{"ethnicity": "Cơ Tu"}}, "", m{"person.ethnicity": "Cơ Tu", "person.id": id("lan")}},
		{"population", "amend_person", m{"id": nobody, "changes": m{"ethnicity": "Kinh"}}, "unknown_person", nil},

		{"civil_status", "register_birth", with(birth, "child", with(child, "id", nobody)), "person_unknown", nil},
		{"civil_status", "register_birth", with(birth, "commune", "99999"), "commune_unknown", nil},
		{"civil_status", "register_birth", with(birth, "child", with(child, "birth_date", "2026-12-01")), "date_impossible", nil},
		{"civil_status", "register_birth", birth, "", m{"number": "1/2026/00004", "child.id": nil, "version": int64(1), "registered_on": "2026-09-15"}},
		{"civil_status", "register_birth", birth, "already_registered", nil},
		{"civil_status", "birth", m{"number": "1/2026/00004"}, "", m{"mother.id": id("ha")}},
		{"civil_status", "birth", m{"number": "9/2026/00004"}, "unknown_number", nil},
		{"civil_status", "amend_birth", m{"number": "1/2026/00004", "changes": m{"name": "Nguyễn Trần An Nhi", "father": m{"ethnicity": "Tày"}}}, "", m{"version": int64(2), "child.name": "Nguyễn Trần An Nhi", "father.ethnicity": "Tày", "child.birth_date": "2026-08-28"}},
		{"civil_status", "amend_birth", m{"number": "9/2026/00004", "changes": m{}}, "unknown_number", nil},

		{"residence", "household", m{"person": id("ha")}, "", m{"household.id": "HN-0001", "household.head.id": id("hung"), "relation": "daughter_in_law"}},
		{"residence", "household", m{"person": nobody}, "no_residence", nil},
		{"residence", "entitled_to_consent", m{"head": id("hung")}, "", m{"household": "HN-0001", "head.name": "Nguyễn Văn Hùng", "owners": nil}},
		{"residence", "entitled_to_consent", m{"person": id("ngoc")}, "", m{"head.id": id("cuong")}},
		{"residence", "entitled_to_consent", m{"household": "HN-9999"}, "unknown_household", nil},
		{"residence", "add_member", m{"household": "HN-0001", "person": with(child, "id", nobody), "relation": "granddaughter"}, "person_unknown", nil},
		{"residence", "add_member", m{"household": "HN-9999", "person": child, "relation": "granddaughter"}, "unknown_household", nil},
		{"residence", "add_member", m{"household": "HN-0001", "person": child, "relation": "granddaughter"}, "", m{"household": "HN-0001", "notice_number": nil, "registered_on": "2026-09-15"}},
		{"residence", "add_member", m{"head": id("hung"), "person": child, "relation": "granddaughter"}, "already_member", nil},
		{"residence", "amend_member", m{"person": with(child, "name", "Nguyễn Trần An Nhi")}, "", m{"person.name": "Nguyễn Trần An Nhi"}},
		{"residence", "amend_member", m{"person": nobody, "changes": m{"name": "A"}}, "not_resident", nil},

		{"identity_card", "issue", m{"person": with(child, "id", nobody)}, "person_unknown", nil},
		{"identity_card", "issue", m{"person": child}, "", m{"card_number": nil, "valid_until": "2040-08-28"}},
		{"identity_card", "issue", m{"person": child}, "already_issued", nil},
		{"identity_card", "reissue", m{"person": child, "reason": "cải chính"}, "", m{"version": int64(2)}},
		{"identity_card", "reissue", m{"person": who("khoi")}, "not_issued", nil},
		{"identity_card", "reissue", m{"person": with(child, "id", nobody)}, "person_unknown", nil},

		{"social_insurance", "issue_child_card", m{"child": with(child, "id", nobody)}, "person_unknown", nil},
		{"social_insurance", "issue_child_card", m{"child": who("han"), "clinic": "01001"}, "not_under_six", nil},
		{"social_insurance", "issue_child_card", m{"child": child, "clinic": "01001", "province": "01"}, "", m{"valid_from": "2026-08-28", "valid_until": "2032-09-30", "insurance_number": nil}},
		{"social_insurance", "issue_child_card", m{"child": child, "clinic": "01001", "province": "01"}, "already_insured", nil},
		{"social_insurance", "amend_card", m{"child": with(child, "birth_date", "2026-10-02"), "changes": m{"clinic": "01009"}}, "", m{"version": int64(2), "clinic": "01009", "valid_until": "2032-10-02"}},
		{"social_insurance", "amend_card", m{"card_number": "TE1019999999999", "changes": m{}}, "unknown_card", nil},
		{"social_insurance", "annul_card", m{"card_number": "$card", "reason": "cấp nhầm"}, "", m{"card_number": nil}},
		{"social_insurance", "annul_card", m{"card_number": "$card", "reason": "cấp nhầm"}, "unknown_card", nil},
		{"social_insurance", "insured", m{"id": id("thang")}, "", m{"kind": "pensioner", "pension_monthly": int64(6_500_000), "pension_months_drawn": int64(196)}},
		{"social_insurance", "insured", m{"id": id("tu")}, "not_insured", nil},
		{"social_insurance", "stop_pension", m{"id": id("thang"), "died_on": "2026-06-30"}, "", m{"last_month": "2026-06", "overpaid": int64(19_500_000)}},
		{"social_insurance", "stop_pension", m{"id": id("thang"), "died_on": "2026-06-30"}, "already_stopped", nil},
		{"social_insurance", "stop_pension", m{"id": id("phuc"), "died_on": "2026-08-14"}, "not_pensioner", nil},
		{"social_insurance", "stop_pension", m{"id": id("nam"), "died_on": "2026-07-19"}, "not_insured", nil},
		{"social_insurance", "resume_pension", m{"id": id("thang")}, "", m{"decision_number": nil}},
		{"social_insurance", "resume_pension", m{"id": id("thang")}, "not_stopped", nil},
		{"social_insurance", "resume_pension", m{"id": id("nam")}, "not_insured", nil},
		{"social_insurance", "record_funeral_benefit", m{"deceased": id("thang"), "amount": int64(23_400_000), "payee": who("cuc")}, "", m{"decision_number": nil, "decided_on": "2026-09-15"}},
		{"social_insurance", "record_funeral_benefit", m{"deceased": id("thang"), "amount": int64(23_400_000)}, "already_settled", nil},
		{"social_insurance", "record_funeral_benefit", m{"deceased": id("tu"), "amount": int64(23_400_000)}, "not_insured", nil},
		{"social_insurance", "record_survivor_benefit", m{"deceased": who("phuc"), "kind": "monthly", "per_month": int64(2_530_000), "recipients": []any{who("han"), who("huy")}}, "", m{"decision_number": nil}},
		{"social_insurance", "record_survivor_benefit", m{"deceased": who("phuc"), "kind": "lump_sum", "amount": int64(9)}, "already_settled", nil},
		{"social_insurance", "record_survivor_benefit", m{"deceased": who("tu"), "kind": "lump_sum", "amount": int64(9)}, "not_insured", nil},

		{"social_assistance", "beneficiary", m{"id": id("nam")}, "", m{"category": "social_pension", "monthly": int64(540_000)}},
		{"social_assistance", "beneficiary", m{"id": id("tu")}, "not_beneficiary", nil},
		{"social_assistance", "record_funeral_benefit", m{"deceased": id("nam"), "amount": int64(10_800_000)}, "", m{"decision_number": nil}},
		{"social_assistance", "record_funeral_benefit", m{"deceased": id("nam"), "amount": int64(10_800_000)}, "already_settled", nil},
		{"social_assistance", "record_funeral_benefit", m{"deceased": id("tu"), "amount": int64(10_800_000)}, "not_beneficiary", nil},
		{"social_assistance", "record_funeral_benefit", m{"deceased": id("tu"), "amount": int64(27_000_000), "disaster": true}, "", m{"decision_number": nil}},
		{"social_assistance", "record_funeral_benefit", m{"deceased": id("tu"), "amount": int64(27_000_000), "disaster": true}, "already_settled", nil},
		{"social_assistance", "stop_allowance", m{"id": id("nam"), "died_on": "2026-07-19"}, "", m{"decision_number": nil}},
		{"social_assistance", "stop_allowance", m{"id": id("nam"), "died_on": "2026-07-19"}, "already_stopped", nil},
		{"social_assistance", "stop_allowance", m{"id": id("tu"), "died_on": "2026-07-19"}, "not_beneficiary", nil},

		{"merit", "person", m{"id": id("quy")}, "", m{"merit": true, "allowance": int64(1_810_000)}},
		{"merit", "person", m{"id": id("tu")}, "not_merit", nil},
		{"merit", "record_benefit", m{"deceased": id("quy"), "kind": "three_months", "amount": int64(5_430_000)}, "", m{"decision_number": nil}},
		{"merit", "record_benefit", m{"deceased": id("quy"), "kind": "funeral", "amount": int64(25_300_000)}, "", m{"decision_number": nil}},
		{"merit", "record_benefit", m{"deceased": id("quy"), "kind": "funeral", "amount": int64(25_300_000)}, "already_settled", nil},
		{"merit", "record_benefit", m{"deceased": id("tu"), "kind": "funeral", "amount": int64(25_300_000)}, "not_merit", nil},
		{"merit", "stop_allowance", m{"id": id("quy"), "died_on": "2026-08-22"}, "", m{"stopped_on": "2026-09-15"}},
		{"merit", "stop_allowance", m{"id": id("quy"), "died_on": "2026-08-22"}, "already_stopped", nil},
		{"merit", "stop_allowance", m{"id": id("tu"), "died_on": "2026-08-22"}, "not_merit", nil},

		{"treasury", "collect", m{"payer": who("tung"), "amount": int64(10_000), "purpose": "Lệ phí đăng ký thường trú"}, "", m{"receipt": "KB20260000001", "amount": int64(10_000), "paid_on": "2026-09-15"}},
		{"treasury", "refund", m{"receipt": "KB20260000001", "reason": "rút hồ sơ"}, "", m{"amount": int64(10_000), "refunded_on": "2026-09-15"}},
		{"treasury", "refund", m{"receipt": "KB20260000001"}, "already_refunded", nil},
		{"treasury", "refund", m{"receipt": "KB20269999999"}, "unknown_receipt", nil},
		{"treasury", "pay", m{"payee": who("cuc"), "account": "1500000000702", "method": "bank", "amount": int64(23_400_000), "purpose": "Trợ cấp mai táng", "reference": "q/1"}, "", m{"receipt": nil}},
		{"treasury", "pay", m{"payee": who("cuc"), "account": m{"bank": "BIDV", "number": "404"}, "method": "bank", "amount": int64(1), "purpose": "Trợ cấp mai táng", "reference": "q/2"}, "account_unknown", nil},
		{"treasury", "pay", m{"payee": m{"name": "Phan Thị Cúc"}, "method": "cash", "amount": int64(1), "purpose": "Trợ cấp mai táng", "reference": "q/2"}, "", m{"receipt": nil}},

		{"notification", "send", m{"to": m{"id": id("ha"), "name": "Trần Thu Hà", "phone": "0911"}, "channels": []any{"portal", "vneid", "sms", "email"}, "subject": "Đã tiếp nhận", "text": "Hồ sơ đã được tiếp nhận.", "case": "c1", "about": "received"}, "", m{"delivered": nil}},
		{"notification", "send", m{"to": m{"name": "ai đó"}, "channels": []any{"email"}, "subject": "x", "text": "y"}, "no_channel", nil},

		// A death, what follows from it, and everything taken back again.
		{"civil_status", "register_death", with(death, "deceased", m{"id": nobody, "name": "A"}), "person_unknown", nil},
		{"civil_status", "register_death", with(death, "commune", "99999"), "commune_unknown", nil},
		{"civil_status", "register_death", with(death, "died_on", "1949-01-01"), "date_impossible", nil},
		{"civil_status", "register_death", death, "", m{"number": "1/2026/00004", "died_on": "2026-06-30", "deceased.id": id("thang")}},
		{"civil_status", "register_death", death, "already_registered", nil},
		{"civil_status", "death", m{"number": "1/2026/00004"}, "", m{"cause": "Đột quỵ"}},
		{"civil_status", "death", m{"number": "9/2026/00004"}, "unknown_number", nil},
		{"civil_status", "amend_death", m{"number": "1/2026/00004", "changes": m{"cause": "không rõ", "name": "Vũ Đình Thăng"}}, "", m{"version": int64(2), "cause": "không rõ", "deceased.name": "Vũ Đình Thăng"}},
		{"civil_status", "amend_death", m{"number": "9/2026/00004", "changes": m{}}, "unknown_number", nil},
		{"population", "record_death", m{"id": nobody, "died_on": "2026-06-30"}, "unknown_person", nil},
		{"population", "record_death", m{"id": id("thang"), "died_on": "2026-12-30"}, "date_impossible", nil},
		{"population", "record_death", m{"id": id("thang"), "died_on": "2026-06-30"}, "", m{"recorded": true}},
		{"population", "record_death", m{"id": id("thang"), "died_on": "2026-06-30"}, "already_dead", nil},
		{"identity_card", "issue", m{"person": who("thang")}, "person_dead", nil},
		{"identity_card", "reissue", m{"person": who("thang")}, "person_dead", nil},
		{"identity_card", "revoke", m{"person": id("thang"), "reason": "đã chết"}, "", m{"card_number": id("thang")}},
		{"identity_card", "revoke", m{"person": id("thang"), "reason": "đã chết"}, "not_issued", nil},
		{"residence", "remove_member", m{"person": who("thang"), "reason": "đã chết", "date": "2026-06-30"}, "", m{"household": "HN-0003", "head.id": id("cuc")}},
		{"residence", "remove_member", m{"person": who("thang"), "reason": "đã chết"}, "not_resident", nil},
		{"residence", "add_member", m{"household": "HN-0003", "person": who("thang"), "relation": "husband"}, "person_dead", nil},
		{"population", "restore", m{"id": id("thang"), "reason": "nhầm người"}, "", m{"restored": true}},
		{"population", "restore", m{"id": id("thang")}, "not_dead", nil},
		{"population", "restore", m{"id": nobody}, "unknown_person", nil},
		{"residence", "restore_member", m{"person": id("thang")}, "", m{"household": "HN-0003"}},
		{"residence", "restore_member", m{"person": id("thang")}, "not_removed", nil},
		{"civil_status", "annul_death", m{"number": "1/2026/00004", "reason": "người còn sống"}, "", m{"annulled_on": "2026-09-15"}},
		{"civil_status", "annul_death", m{"number": "1/2026/00004", "reason": "người còn sống"}, "already_annulled", nil},
		{"civil_status", "annul_death", m{"number": "9/2026/00004", "reason": "x"}, "unknown_number", nil},
		{"civil_status", "amend_death", m{"number": "1/2026/00004", "changes": m{}}, "already_annulled", nil},
		{"civil_status", "register_death", death, "", m{"number": "2/2026/00004"}},
		{"civil_status", "annul_birth", m{"number": "1/2026/00004", "reason": "khai sai"}, "", m{"number": "1/2026/00004"}},
		{"civil_status", "annul_birth", m{"number": "1/2026/00004", "reason": "khai sai"}, "already_annulled", nil},
		{"civil_status", "annul_birth", m{"number": "9/2026/00004", "reason": "x"}, "unknown_number", nil},
		{"civil_status", "amend_birth", m{"number": "1/2026/00004", "changes": m{}}, "already_annulled", nil},
	}
}

// definition is a file of workflows/registries.
type definition struct {
	Registry   string                       `yaml:"registry"`
	Title      map[string]string            `yaml:"title"`
	Operations map[string]operationDocument `yaml:"operations"`
}

type operationDocument struct {
	ID              string                       `yaml:"id"`
	Title           map[string]string            `yaml:"title"`
	ChangesRegister bool                         `yaml:"changes_register"`
	Cancellable     bool                         `yaml:"cancellable"`
	Expected        string                       `yaml:"expected"`
	Input           map[string]any               `yaml:"input"`
	Reply           map[string]any               `yaml:"reply"`
	Refusals        map[string]map[string]string `yaml:"refusals"`
}

func definitions(t *testing.T) map[string]definition {
	t.Helper()
	files, err := filepath.Glob("../workflows/registries/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]definition{}
	for _, f := range files {
		var d definition
		if err := yaml.UnmarshalWithOptions(mustRead(t, f), &d, yaml.Strict()); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		if filepath.Base(f) != d.Registry+".yaml" {
			t.Errorf("%s describes %s", f, d.Registry)
		}
		all[d.Registry] = d
	}
	return all
}

func compile(t *testing.T, name string, schema map[string]any) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("mem:///"+name, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("mem:///" + name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}

// TestOperations runs the stories and holds every input and reply against the
// schemas of workflows/registries, and every refusal against their texts.
func TestOperations(t *testing.T) {
	w := open(t, func(c *agencies.Config) { c.AutoPay = "0s" })
	docs := definitions(t)
	child, card := "", ""
	replace := func(in m) m {
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		out, err := wire.DecodeObject([]byte(strings.NewReplacer(grandchild, child, "$card", card).Replace(string(text))))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	done, refused := map[string]bool{}, map[string]bool{}
	for i, c := range stories() {
		name := c.registry + "/" + c.operation
		op, ok := docs[c.registry].Operations[c.operation]
		if !ok {
			t.Fatalf("%d: %s is not described", i, name)
		}
		input := replace(c.input)
		if err := compile(t, name, op.Input).Validate(jsonValue(t, input)); err != nil {
			t.Errorf("%d: input of %s: %v", i, name, err)
		}
		a := w.sendFor(key("case", i), c.registry, c.operation, key("story", i), input)
		if c.refused != "" {
			refused[name+" "+c.refused] = true
			if a.Outcome != wire.Refused || a.Code != c.refused || a.Status != 422 {
				t.Fatalf("%d: %s: got %+v, want refusal %s", i, name, a, c.refused)
			}
			if text := op.Refusals[c.refused]; !strings.HasPrefix(a.Detail["vi"], text["vi"]) || !strings.HasPrefix(a.Detail["en"], text["en"]) || text["vi"] == "" {
				t.Errorf("%d: %s: texts of %s disagree: %v, %v", i, name, c.refused, a.Detail, text)
			}
			if c.refused == "already_assigned" && (a.Data["id"] != child || !strings.Contains(a.Detail["vi"], child)) {
				t.Errorf("already_assigned does not name the number: %+v", a)
			}
			continue
		}
		done[name] = true
		if a.Outcome != wire.Done {
			t.Fatalf("%d: %s: got %+v", i, name, a)
		}
		if err := compile(t, name, op.Reply).Validate(jsonValue(t, a.Data)); err != nil {
			t.Errorf("%d: reply of %s: %v", i, name, err)
		}
		for path, want := range c.want {
			if got := at(a.Data, path); got == nil || want != nil && got != want {
				t.Errorf("%d: %s: %s is %v (%T), want %v", i, name, path, got, got, want)
			}
		}
		switch name {
		case "population/assign_personal_id":
			child, _ = a.Data["id"].(string)
			if !regexp.MustCompile(`^001326[0-9]{6}$`).MatchString(child) {
				t.Errorf("personal number %s", child)
			}
		case "social_insurance/issue_child_card":
			card, _ = a.Data["card_number"].(string)
			if !regexp.MustCompile(`^TE101[0-9]{10}$`).MatchString(card) {
				t.Errorf("card %s", card)
			}
		}
	}
	for registry, d := range docs {
		for name, op := range d.Operations {
			if !done[registry+"/"+name] {
				t.Errorf("no happy path for %s/%s", registry, name)
			}
			for code := range op.Refusals {
				// declined and cancelled come of waiting requests; see faults_test.go.
				if !refused[registry+"/"+name+" "+code] && code != "declined" && code != "cancelled" {
					t.Errorf("%s/%s never refused %s", registry, name, code)
				}
			}
		}
	}
}

// TestDefinitionsAgree holds the descriptions against what is served.
func TestDefinitionsAgree(t *testing.T) {
	docs := definitions(t)
	described := []string{}
	for registry, d := range docs {
		described = append(described, registry)
		if d.Title["vi"] == "" || d.Title["en"] == "" {
			t.Errorf("%s has no title", registry)
		}
		served := agencies.Operations(registry)
		for name, op := range d.Operations {
			s, ok := served[name]
			if !ok {
				t.Errorf("%s/%s is described but not served", registry, name)
				continue
			}
			codes := []string{}
			for code, text := range op.Refusals {
				codes = append(codes, code)
				if got := s.Refusals[code]; got["vi"] != text["vi"] || got["en"] != text["en"] {
					t.Errorf("%s/%s %s: texts disagree: %v, %v", registry, name, code, got, text)
				}
			}
			if len(codes) != len(s.Refusals) {
				t.Errorf("%s/%s: refusals described %v, served %v", registry, name, codes, s.Refusals)
			}
			if s.ChangesRegister != op.ChangesRegister || s.Cancellable != op.Cancellable {
				t.Errorf("%s/%s: changes or cancellable disagree", registry, name)
			}
			if op.ID != name || op.Title["vi"] == "" || op.Title["en"] == "" || op.Expected == "" {
				t.Errorf("%s/%s: id, title or expected is missing", registry, name)
			}
			compile(t, registry+"/"+name+"/input", op.Input)
			compile(t, registry+"/"+name+"/reply", op.Reply)
		}
		for name := range served {
			if _, ok := d.Operations[name]; !ok {
				t.Errorf("%s/%s is served but not described", registry, name)
			}
		}
	}
	slices.Sort(described)
	want := slices.Sorted(slices.Values(agencies.IDs))
	if !slices.Equal(described, want) {
		t.Errorf("described %v, served %v", described, want)
	}
}

// TestMalformed takes each required field away from each sample: the server
// must name it, and the schema must refuse it too.
func TestMalformed(t *testing.T) {
	w := open(t)
	docs := definitions(t)
	for i, c := range stories() {
		op := docs[c.registry].Operations[c.operation]
		required, _ := op.Input["required"].([]any)
		for _, f := range required {
			field, _ := f.(string)
			in := m{}
			for k, v := range c.input {
				if k != field {
					in[k] = v
				}
			}
			a := w.send(c.registry, c.operation, key("malformed", i, field), in)
			if a.Outcome != wire.Incident || a.Status != 400 || len(a.Errors) == 0 {
				t.Errorf("%s/%s without %s: %+v", c.registry, c.operation, field, a)
				continue
			}
			found := slices.ContainsFunc(a.Errors, func(e wire.FieldError) bool { return strings.HasPrefix(e.Pointer, "/input/"+field) })
			if !found {
				t.Errorf("%s/%s without %s names %v", c.registry, c.operation, field, a.Errors)
			}
			if compile(t, "x", op.Input).Validate(jsonValue(t, in)) == nil {
				t.Errorf("%s/%s without %s passes the schema", c.registry, c.operation, field)
			}
		}
	}
}

func TestLookupStoresNothing(t *testing.T) {
	w := open(t)
	a, err := w.client.Lookup(context.Background(), "population", "person", m{"id": id("ha")})
	if err != nil || a.Outcome != wire.Done {
		t.Fatalf("%+v %v", a, err)
	}
	a, err = w.client.Lookup(context.Background(), "population", "record_death", m{"id": id("ha"), "died_on": "2026-09-01"})
	if err != nil || a.Outcome != wire.Incident || a.Status != 400 {
		t.Errorf("a change without a key: %+v %v", a, err)
	}
	if s, err := w.Stats("population"); err != nil || s.Requests != 0 {
		t.Errorf("%+v %v", s, err)
	}
}

func TestTwinsGetTwoNumbers(t *testing.T) {
	w := open(t)
	numbers := map[any]bool{}
	for i, notice := range []string{"01002.GCS.00401.26", "01002.GCS.00402.26"} {
		a := w.send("population", "assign_personal_id", key("twin", i), m{
			"child":  m{"name": "Lê Gia Bảo", "birth_date": "2026-08-31", "sex": "male", "notice": notice, "order": i + 1},
			"mother": m{"id": id("thao"), "name": "bùi thị  thảo"}, "registered_in": "00070",
		})
		if a.Outcome != wire.Done {
			t.Fatalf("%+v", a)
		}
		numbers[a.Data["id"]] = true
	}
	if len(numbers) != 2 {
		t.Errorf("numbers %v", numbers)
	}
}

func TestNotificationOutbox(t *testing.T) {
	w := open(t)
	w.send("notification", "send", "n1", m{"to": m{"id": id("ha"), "email": "ha@example.vn"}, "channels": []any{"sms", "email"}, "subject": "s", "text": "t", "case": "c1", "about": "received"})
	w.send("notification", "send", "n2", m{"to": m{"id": id("tuan")}, "channels": []any{"portal"}, "subject": "s", "text": "t"})
	status, body := w.http("GET", "/notification/outbox?to="+id("ha"), "")
	if status != 200 || !strings.Contains(body, `"delivered":["email"]`) || strings.Contains(body, id("tuan")) || !strings.Contains(body, `"case":"c1"`) {
		t.Errorf("%d %s", status, body)
	}
	all, err := w.Outbox("")
	if err != nil || len(all) != 2 {
		t.Errorf("%v %v", all, err)
	}
}

func jsonValue(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func at(data m, path string) any {
	var v any = data
	for part := range strings.SplitSeq(path, ".") {
		next, ok := v.(m)
		if !ok {
			return nil
		}
		v = next[part]
	}
	return v
}

// A decision is paid once, whoever asks again under whatever key: with the same
// amount they are given the first receipt, with another one a person must look.
func TestDecisionIsPaidOnce(t *testing.T) {
	w := open(t)
	in := m{"payee": who("cuc"), "account": "404", "method": "bank", "amount": int64(5), "purpose": "x", "reference": "q/1"}
	if a := w.send("treasury", "pay", "k1", in); a.Code != "account_unknown" {
		t.Fatalf("%+v", a)
	}
	first := w.send("treasury", "pay", "k2", with(in, "method", "cash")) // a refusal has paid nothing
	again := w.send("treasury", "pay", "k3", with(in, "account", "1500000000702"))
	if first.Outcome != wire.Done || again.Outcome != wire.Done || first.Data["receipt"] != again.Data["receipt"] {
		t.Errorf("paid %+v, then %+v", first, again)
	}
	if a := w.send("treasury", "pay", "k4", with(in, "amount", int64(6))); a.Outcome != wire.Incident || a.Status != 409 {
		t.Errorf("another amount by the same decision: %+v", a)
	}
	other := w.send("treasury", "pay", "k5", with(with(in, "method", "cash"), "reference", "q/2"))
	if other.Outcome != wire.Done || other.Data["receipt"] == first.Data["receipt"] {
		t.Errorf("another decision: %+v", other)
	}
	w.faults("treasury", agencies.Faults{Later: "1m"}) // two orders at once, both taken for later
	cash := with(with(in, "method", "cash"), "reference", "q/3")
	a, b := w.send("treasury", "pay", "k6", cash), w.send("treasury", "pay", "k7", cash)
	w.advance(time.Hour)
	for w.step() > 0 {
	}
	if a.Outcome != wire.Later || b.Outcome != wire.Later {
		t.Fatalf("%+v %+v", a, b)
	}
	a, b = w.send("treasury", "pay", "k6", cash), w.send("treasury", "pay", "k7", cash)
	if a.Outcome != wire.Done || a.Data["receipt"] != b.Data["receipt"] {
		t.Errorf("taken at once: %+v and %+v", a, b)
	}
}

// What stands already is refused to another case, and answered as the first time to
// the case that asked for it, under whatever key; but for what was asked otherwise.
func TestSameCaseIsAnsweredAsBefore(t *testing.T) {
	w := open(t)
	in := m{"deceased": id("nam"), "amount": int64(10_800_000)}
	ask := func(code, key string, in m) wire.Answer {
		return w.sendFor(code, "social_assistance", "record_funeral_benefit", key, in)
	}
	first, again := ask("c1", "k1", in), ask("c1", "k2", in)
	if first.Outcome != wire.Done || again.Outcome != wire.Done || first.Data["decision_number"] != again.Data["decision_number"] {
		t.Errorf("the same case: %+v, then %+v", first, again)
	}
	if a := ask("c2", "k3", in); a.Code != "already_settled" {
		t.Errorf("another case: %+v", a)
	}
	if a := ask("c1", "k4", with(in, "amount", int64(5))); a.Code != "already_settled" {
		t.Errorf("another amount: %+v", a)
	}
}
