package machine_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lienthong/engine/machine"
)

const (
	sBirth     = "services/birth.yaml"
	pBirth     = "procedures/birth.yaml"
	pResidence = "procedures/residence.yaml"
	fPerson    = "forms/person.yaml"
	fApp       = "forms/application.yaml"
	rRegister  = "registries/register.yaml"
	oHN        = "offices/hn.yaml"
	aParams    = "parameters/a.yaml"
)

// findingCases alter the base set in one place each, and name what must be found
// and where.
var findingCases = []struct {
	code, file, old, text string
	at                    string // line:col, in file unless another one is named
}{
	// files
	{"too_large", "forms/x.yaml", "", strings.Repeat("# padding\n", 120_000), "0:0"},
	{"too_many_keys", "forms/x.yaml", "", "form: x\n" + strings.Repeat("a:\n", 20_000), "20001:2"},
	{"too_many", "procedures/x.yaml", "", "procedure: x\nagency: civil_status\nstates:\n" + rows("s%d: {portal: 4}", 601) + "actions: {}\n", "604:3"},
	{"too_many", "procedures/x.yaml", "", "procedure: x\nagency: civil_status\nstates: {a: {portal: 4}}\nactions:\n" + rows("a%d: {from: a, by: officer}", 2501), "2505:3"},
	{"too_many", "services/x.yaml", "", "service: x\nversion: \"1\"\nin_force: {from: \"2026-01-05\"}\nform: application\nsteps:\n" + rows("s%d: {procedure: birth_registration}", 101), "106:3"},
	{"too_deep", "forms/x.yaml", "", "form: x\nschema: " + strings.Repeat("[", 100) + strings.Repeat("]", 100), "2:73"},
	{"too_deep", "forms/x.yaml", "", "form: x\nschema:\n  " + strings.Repeat("- ", 200) + "a", "3:201"},
	{"yaml_syntax", "forms/x.yaml", "", "form: x\nschema: {a: [}\n", "2:14"},
	{"yaml_syntax", "forms/x.yaml", "", "form: x\nform: y\n", "2:1"},
	{"yaml_syntax", "forms/x.yaml", "", "form: \xff", "1:7"},
	{"yaml_syntax", "calendars/vn.yaml", "announced:", "anounced:", "2:1"},
	{"yaml_alias", "forms/x.yaml", "", "form: &a x\nschema: *a\n", "1:7"},
	{"yaml_documents", "forms/x.yaml", "", "form: x\n---\nform: y\n", "3:1"},
	{"empty_file", "forms/x.yaml", "", "# nothing\n", "0:0"},
	{"wrong_folder", "forms/x.yaml", "", "service: x\n", "1:1"},
	{"unknown_key", pBirth, "agency:", "agencey:", "3:1"},
	{"missing_key", pBirth, "agency: civil_status\n", "", "1:1"},
	{"wrong_type", pBirth, "portal: 9", "portal: nine", "24:13"},
	{"wrong_type", "forms/x.yaml", "", "- a\n", "1:1"},
	{"quote_it", pBirth, `"1.001193"`, "1.001193", "4:7"},
	{"bad_id", pBirth, "  keep:", "  Keep-It:", "49:3"},
	{"half_text", sBirth, "summary: {vi: Một tờ khai., en: One declaration.}", "summary: {vi: Một tờ khai.}", "5:11"},
	{"missing_title", pBirth, "title: {vi: Giữ, en: Keep}, ", "", "49:3"},
	{"bad_date", pBirth, `since: "2024-07-01"`, `since: "2024-02-30"`, "2:8"},
	{"bad_limit", sBirth, "within: 3 working days", "within: 3 work days", "12:17"},
	{"bad_expected", rRegister, "expected: 1 minute", "expected: soon", "11:15"},
	{"bad_calendar", "calendars/vn.yaml", `"2026-01-01", name_vi`, `"2026-02-31", name_vi`, "1:1"},
	{"bad_schema", fPerson, "minLength: 1", "minLength: -1", "9:37"},
	{"bad_ref", fApp, `mother: {$ref: "form:person"`, `mother: {$ref: "http://example.com"`, "10:20"},
	{"unknown_format", fPerson, "format: date", "format: dat", "10:34"},
	{"bad_bound", fPerson, "format: date", "format: date, x-not-after: tomorrow", "10:53"},
	{"bad_bound", fPerson, "format: date", "format: date, x-not-before: 1900", "10:54"},
	{"bad_unit", oHN, `{code: "00070", `, `{code: "0070", `, "4:12"},
	{"duplicate_id", "forms/x.yaml", "", "form: person\ntitle: {vi: a, en: b}\nschema: {}\n", "1:7"},
	// names
	{"unknown_form", pBirth, "mother?: person", "mother?: persons", "6:34"},
	{"unknown_registry", pBirth, "registry: register", "registry: registr", "18:17"},
	{"unknown_operation", pBirth, "operation: enter", "operation: entr", "19:18"},
	{"unknown_reply", pBirth, "known: unrecorded", "knwn: unrecorded", "21:31"},
	{"unknown_state", pBirth, "to: registered, by: registry", "to: registred, by: registry", "45:70"},
	{"unknown_action", pBirth, "7 working days: expire", "7 working days: expired_", "11:104"},
	{"unknown_party", pResidence, "by: {party: head}}", "by: {party: heads}}", "16:87"},
	{"unknown_parameter", sBirth, `param("fee"`, `param("fees"`, "13:22"},
	{"unknown_parameter", sBirth, "within: 7 days}", "within: 7 days, parts: [{price: fees, times: '1'}]}", "13:135"},
	{"wrong_type", sBirth, "within: 7 days}", "within: 7 days, parts: [{price: wait, times: '1'}]}", "13:135"},
	{"unknown_parameter", pResidence, "param wait", "param weight", "10:91"},
	{"unknown_agency", pBirth, "agency: civil_status", "agency: civil_state", "3:9"},
	{"unknown_office", oHN, "successor: police_1", "successor: police_2", "7:150"},
	{"unknown_unit", oHN, `serves: ["00070"]`, `serves: ["00071"]`, "8:5"},
	{"unknown_role", pBirth, "by: officer, input: supplement_request", "by: oficer, input: supplement_request", "32:91"},
	{"unknown_input", sBirth, "mother: application.?mother", "mather: application.?mother", "23:87"},
	{"unknown_input", pResidence, "returns: person", "returns: persons", "19:118"},
	{"unknown_step", sBirth, "needs: [birth]", "needs: [brith]", "19:12"},
	{"unknown_step", sBirth, "steps.birth.result.child", "steps.brith.result.child", "22:20"},
	{"unknown_procedure", sBirth, "procedure: residence", "procedure: residense", "17:16"},
	{"unknown_subform", sBirth, "[ct01]", "[ct02]", "14:12"},
	{"reserved_word", pBirth, "  keep:", "  event:", "49:3"},
	{"reserved_word", pBirth, "  keep:", "  claim:", "49:3"},
	{"reserved_word", pBirth, "  keep:", "  answer_supplement2: {title: {vi: a, en: b}, from: received, by: officer}\n  reply:", "50:3"},
	{"id_mismatch", rRegister, "    title: {vi: Ghi sổ", "    id: entr\n    title: {vi: Ghi sổ", "5:9"},
	{"name_collision", pBirth, "  keep:", "  child:", "49:3"},
	{"name_collision", pBirth, "twice: dossier.copies", "sign: dossier.copies", "35:128"},
	// procedures
	{"duplicate_transition", pBirth, "from: [received, signing]", "from: [received, received]", "47:48"},
	{"unreachable_state", pBirth, "  refused: {title", "  lost: {title: {vi: a, en: b}, portal: 4, final: refused}\n  refused: {title", "28:3"},
	{"dead_end", pBirth, "  keep: {title: {vi: Giữ, en: Keep}, from: correcting, to: registered, by: leader, input: reason}\n", "", "27:3"},
	{"final_waits", pBirth, "portal: 3, final: expired", "portal: 3, final: expired, after: {3 days: expire}", "29:83"},
	{"bad_final", pBirth, "final: expired", "final: lapsed", "29:66"},
	{"bad_portal", pBirth, "portal: 9", "portal: 11", "24:13"},
	{"bad_clock", pBirth, "portal: 1, clock: none", "portal: 1, clock: off", "9:66"},
	{"bad_review", pResidence, "review: keep", "review: kept", "21:93"},
	{"bad_answer", pResidence, "answer: decline", "answer: no", "17:103"},
	{"bad_need", pResidence, "need: all", "need: both", "7:69"},
	{"else_missing", pBirth, "      - {else: recording}\n", "      - {if: dossier.twice > 1, to: recording}\n", "44:10"},
	{"else_not_last", pBirth, "      - {else: recording}\n", "      - {else: recording}\n      - {else: refused}\n", "44:10"},
	{"reply_actor", pBirth, "ok: recorded", "ok: draft", "21:21"},
	{"reply_from", pBirth, "from: recording, to: registered", "from: signing, to: registered", "21:21"},
	{"reply_missing", pBirth, "known: unrecorded, refused: unrecorded", "known: unrecorded", "21:17"},
	{"timer_actor", pBirth, "7 working days: expire}", "7 working days: draft}", "11:104"},
	{"timer_from", pBirth, "from: supplement, to: expired", "from: received, to: expired", "11:104"},
	{"result_not_final", pBirth, "portal: 2, clock: runs}", "portal: 2, clock: runs, result: {document: a}}", "10:83"},
	{"result_data_missing", pResidence, ", data: {name: dossier.person.name}", "", "12:75"},
	{"supplement_unanswered", pBirth, "to: supplement, by: officer", "to: signing, by: officer", "32:3"},
	{"taken_for_ever", pBirth, "from: supplement, to: received, by: applicant", "from: supplement, by: applicant", "33:3"},
	{"taken_for_ever", pResidence, "to: done, by: {party: head}", "to: consenting, by: {party: head}", "16:3"},
	{"annuls_nothing", pResidence, "review: keep, if", "review: annul, if", "21:3"},
	{"param_not_duration", pResidence, "param wait", "param fee", "10:91"},
	{"request_input_missing", pBirth, `{'person': dossier.child}`, `{'note': 'x'}`, "20:14"},
	{"request_input_unknown", pBirth, `{'person': dossier.child}`, `{'person': dossier.child, 'notes': 'x'}`, "20:41"},
	{"request_input_type", pBirth, `{'person': dossier.child}`, `{'person': dossier.child.name}`, "20:16"},
	{"unused_parameter", aParams, "values:\n", "values:\n  spare: [{from: \"2026-01-01\", value: 1}]\n", "5:3"},
	{"unused_parameter", sBirth, `param("fee", filed_at) * `, "8000 * ", "parameters/b.yaml:4:3"}, // where it was announced last
	{"unused_procedure", "procedures/x.yaml", "", "procedure: x\nagency: police\ntitle: {vi: a, en: b}\nstates: {a: {title: {vi: a, en: b}, portal: 1, final: success}}\nactions: {}\n", "1:12"},
	{"returns_unbound", sBirth, "person: steps.birth.result.child", "person: application.child", pResidence + ":19:118"},
	// services
	{"duplicate_version", "services/x.yaml", "", "*" + sBirth, "2:10"},
	{"duplicate_version", "procedures/x.yaml", "", "*" + pBirth, "1:1"},
	{"version_overlap", "services/x.yaml", "", "*" + sBirth + " 2027-01-01", "7:12"},
	{"bad_period", sBirth, `in_force: {from: "2026-09-01"}`, `in_force: {from: "2026-09-01", to: "2026-08-01"}`, "7:12"},
	{"need_cycle", sBirth, "  birth: {procedure: birth,", "  birth: {needs: [residence], procedure: birth,", "16:3"},
	{"no_procedure_version", pBirth, `"2024-07-01"`, `"2027-07-01"`, sBirth + ":23:22"},
	{"missing_with", sBirth, "child: application.child, mother", "mother", "23:3"},
	{"with_optional", sBirth, "child: application.child, mother", "child: application.?mother, mother", "23:61"},
	{"with_type", sBirth, "child: application.child, mother", "child: application.commune, mother", "23:61"},
	{"each_not_list", sBirth, "list: children", "list: mother", "9:8"},
	{"bad_else", sBirth, "else: {refuse: {vi: Không đề nghị., en: Not asked for.}}", "else: skip", "21:11"},
	{"limit_above_service", sBirth, "within: 3 working days", "within: 1 working day", "17:16"},
	// expressions
	{"expression_syntax", pBirth, "if: actor.id != dossier.draft.by", "if: actor.id !! dossier.draft.by", "40:18"},
	{"expression_type", pBirth, "if: actor.id != dossier.draft.by", "if: actor.id != dossier.draft.bye", "40:34"},
	{"expression_type", pBirth, "if: actor.id != dossier.draft.by", "if: >-\n      actor.id != 'x' &&\n      actor.ids != dossier.draft.by", "42:12"},
	{"expression_result", pBirth, "if: actor.id != dossier.draft.by", "if: dossier.draft.by", "40:9"},
	{"expression_cost", sBirth, "key: application.?notice.?code", "key: string(size(application.parents.filter(a, application.parents.exists(b, application.parents.exists(c, a.?id == b.?id)))))", "10:6"},
	{"step_not_needed", sBirth, "    needs: [birth]\n", "", "21:20"},
	{"step_too_early", sBirth, "key: application.?notice.?code", "key: steps.birth.state", "10:6"},
	{"optional_result", sBirth, "needs: [birth]", "needs: [birth?]", "22:31"},
	{"optional_field", sBirth, "key: application.?notice.?code", "key: application.notice.?code", "10:17"},
	{"record_uncertain", pBirth, "if: actor.id != dossier.draft.by", "if: actor.id != dossier.note.by", "40:28"},
}

// rows are n lines of a mapping.
func rows(line string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  "+line+"\n", i)
	}
	return b.String()
}

var unfilled = regexp.MustCompile(`\{\d\}`)

func TestFindings(t *testing.T) {
	for _, c := range findingCases {
		t.Run(c.code, func(t *testing.T) {
			set := base(t)
			text := c.text
			if source, ok := strings.CutPrefix(text, "*"); ok { // a copy of another file
				name, version, other := strings.Cut(source, " ")
				text = string(set[name].Data)
				if other {
					text = strings.Replace(text, `version: "2026-09-01"`, `version: "`+version+`"`, 1)
				}
			}
			edit(t, set, c.file, c.old, text)
			want := c.file + ":" + c.at
			if strings.Contains(c.at, ".yaml") {
				want = c.at
			}
			var got []string
			for _, f := range findings(t, set) {
				if f.Message.VI == "" || f.Message.EN == "" || f.Hint.VI == "" || f.Hint.EN == "" {
					t.Errorf("%s has no message or hint in both languages", f)
				}
				if unfilled.MatchString(f.Message.VI + f.Message.EN + f.Hint.VI + f.Hint.EN) {
					t.Errorf("%s has unfilled texts", f)
				}
				got = append(got, fmt.Sprintf("%s:%d:%d %s", f.File, f.Line, f.Column, f.Code))
			}
			if !slices.Contains(got, want+" "+c.code) {
				t.Errorf("want %s %s, got %s", want, c.code, strings.Join(got, "\n"))
			}
		})
	}
}

// A finding is told where it is, not where it is felt: what names something of a file
// that cannot be read is not told to be wrong, nor what a wrong file may use as unused.
func TestNothingIsToldThatOnlyFollows(t *testing.T) {
	const pit = "  deep: {title: {vi: a, en: b}, portal: 4, clock: runs}\n  deeper: {title: {vi: a, en: b}, portal: 4, clock: runs}\n"
	for _, c := range []struct{ code, file, old, text string }{
		{"yaml_syntax", sBirth, "steps:", "steps: ["},
		{"yaml_syntax", pBirth, "actions:", "actions: ["},
		{"yaml_syntax", fPerson, "schema:", "schema: ["},
		{"yaml_syntax", rRegister, "operations:", "operations: ["},
		{"yaml_syntax", aParams, "parameters:", "parameters: ["},
		{"yaml_syntax", oHN, "province:", "province: ["},
		{"unknown_procedure", sBirth, "procedure: birth,", "procedure: brth,"},
		{"bad_limit", sBirth, "within: 3 working days", "within: 3 days of work"},
		{"unreachable_state", pBirth, "from: received, to: signing", "from: received"},
		{"unreachable_state", pBirth, "actions:\n", "  lost: {title: {vi: a, en: b}, portal: 4, clock: runs}\nactions:\n"}, // and none leads on
		{"dead_end", pBirth, "actions:\n", pit + "actions:\n  fall: {title: {vi: a, en: b}, from: received, to: deep, by: officer}\n  sink: {title: {vi: a, en: b}, from: deep, to: deeper, by: officer}\n"},
		{"dead_end", pBirth, "actions:\n", pit + "actions:\n  fall: {title: {vi: a, en: b}, from: received, to: deep, by: officer}\n  sink: {title: {vi: a, en: b}, from: deep, to: deeper, by: officer}\n  rise: {title: {vi: a, en: b}, from: deeper, to: deep, by: officer}\n"},
	} {
		set := base(t)
		edit(t, set, c.file, c.old, c.text)
		if found := findings(t, set); len(found) != 1 || found[0].Code != c.code || found[0].File != c.file {
			t.Errorf("%s of %s: found %v", c.code, c.file, found)
		}
	}
}

// A name that is declared otherwise than it is used is told once, with every line.
func TestANameThatIsWrongInSeveralPlacesIsToldOnce(t *testing.T) {
	set := base(t)
	edit(t, set, pBirth, "  signing:", "  signng:")
	found := findings(t, set)
	if len(found) != 1 || found[0].Code != "unknown_state" || found[0].Line != 35 || found[0].Hint.EN != "nearest: signng; also in line 38, 47" ||
		found[0].Hint.VI != "Gần nhất: signng. Cũng ở dòng 38, 47." {
		t.Errorf("%v", found)
	}
}

// A price of a fee's parts names its parameter, and a name that is computed may be any.
func TestAParameterIsUsedWhereverItIsNamed(t *testing.T) {
	for _, amount := range []string{`'8000 * application.?copies.orValue(0)', parts: [{price: fee, times: '1'}]`, `'param("fe" + "e", filed_at) * application.?copies.orValue(0)'`} {
		set := base(t)
		edit(t, set, sBirth, `'param("fee", filed_at) * application.?copies.orValue(0)'`, amount)
		if found := findings(t, set); len(found) != 0 {
			t.Errorf("%s: found %v", amount, found)
		}
	}
}

// TestEveryCodeHasACase keeps the table complete.
func TestEveryCodeHasACase(t *testing.T) {
	elsewhere := []string{"read_failed", "too_many_files"} // load_test.go
	for _, code := range machine.Codes() {
		found := slices.Contains(elsewhere, code)
		for _, c := range findingCases {
			found = found || c.code == code
		}
		if !found {
			t.Errorf("no case finds %s", code)
		}
	}
}

// TestFindingsAreSaidInTheirLanguage: what the parser, CEL and this package say in
// English is Vietnamese in the Vietnamese report, and what stands in a file is told
// as it is written.
func TestFindingsAreSaidInTheirLanguage(t *testing.T) {
	for _, c := range []struct{ file, old, text, vi, hint string }{
		{pBirth, "portal: 9", "portal: nine", "Cần số nguyên, nhưng ở đây là chữ.", "Viết số nguyên."},
		{pBirth, "title: {vi: Giữ, en: Keep}", "title: {en: Keep}", "Thiếu văn bản tiếng Việt.", "Viết {vi: …, en: …}."},
		{pBirth, "title: {vi: Giữ, en: Keep}", "title: {vi: Giữ}", "Thiếu văn bản tiếng Anh.", "Viết {vi: …, en: …}."},
		{pBirth, "title: {vi: Giữ, en: Keep}", "title: Giữ", "Cần {vi: …, en: …}, nhưng ở đây là chữ.", "Viết {vi: …, en: …}."},
		{pBirth, "agency: civil_status", "agency: civil_status\n\tcode: x", "YAML sai cú pháp: dấu Tab không dùng để thụt lề: dùng dấu cách.", ""},
		{pBirth, "  keep:", "  keep: {from: registered}\n  keep:", "YAML sai cú pháp: khóa “keep” đã có ở dòng 49, cột 3.", ""},
		{pBirth, "if: actor.id != dossier.draft.by", "if: actor.id != dossier.drft.by", "Biểu thức sai kiểu: không có trường “drft”.", "Gần nhất: draft. "},
		{pBirth, "if: actor.id != dossier.draft.by", "if: actr.id != dossier.draft.by", "Biểu thức sai kiểu: không có tên “actr” ở đây.", "Gần nhất: actor. "},
		{pBirth, "if: actor.id != dossier.draft.by", "if: actor.id", "Biểu thức cho chữ, cần true hoặc false.", "Sửa để cho true hoặc false."},
		{pBirth, "to: expired", "to: text", "Không có trạng thái text.", ""},
		{pBirth, "agency: civil_status", "agency: hospital", "Không cơ quan nào thuộc loại hospital.", "Thêm cơ quan trong offices/. Đã có: civil_status, "},
		{sBirth, "  birth: {procedure: birth,", "  birth: {needs: [residence], procedure: birth,", "Các bước cần nhau thành vòng tròn: residence → birth → residence.", ""},
		{sBirth, "within: 3 working days", "within: 1 working day", "Thời hạn 2 ngày làm việc của residence dài hơn thời hạn 1 ngày làm việc của dịch vụ.", ""},
	} {
		set := base(t)
		edit(t, set, c.file, c.old, c.text)
		found := false
		var got []string
		for _, f := range findings(t, set) {
			found = found || f.Message.VI == c.vi && strings.HasPrefix(f.Hint.VI, c.hint)
			got = append(got, f.In("vi"))
		}
		if !found {
			t.Errorf("%s: want %s %s, got\n%s", c.text, c.vi, c.hint, strings.Join(got, "\n"))
		}
	}
}
