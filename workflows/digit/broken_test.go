package digit_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"lienthong/workflows/digit"
)

// a is an action, st a state, doc a business service; what a test breaks is in the
// text.
func a(name, next, roles string) string {
	return fmt.Sprintf(`{"action":%q,"nextState":%q,"roles":[%s]}`, name, next, roles)
}

func st(name, more string, actions ...string) string {
	if name != "null" {
		name = `"` + name + `"`
	}
	return fmt.Sprintf(`{"state":%s,%s"actions":[%s]}`, name, more, strings.Join(actions, ","))
}

func doc(states ...string) string {
	return "{\"businessService\":\"X\",\"states\":[\n" + strings.Join(states, ",\n") + "\n]}"
}

const (
	start1 = `"isStartState":true,`
	end    = `"isTerminateState":true,`
	clerk  = `"CLERK"`
)

var (
	nul  = st("null", start1, a("APPLY", "A", clerk))
	one  = st("A", "", a("APPROVE", "DONE", clerk))
	done = st("DONE", end)
)

// Every finding, with a document that has it and the line it is on.
var broken = []struct {
	code, doc string
	line      int
}{
	{"json_syntax", `{"states": [}`, 1},
	{"json_syntax", doc(nul, one, done) + "x", 5},
	{"json_syntax", "{\"states\":\n[", 2},
	{"json_syntax", strings.Repeat("[", 100_000), 1},
	{"duplicate_key", doc(st("null", `"sla":7200000,"sla":3600000,`+start1, a("APPLY", "A", clerk)), one, done), 2},
	{"no_service", `{"state": 1}`, 1},
	{"no_service", `null`, 1},
	{"no_states", doc(), 1},
	{"no_name", `{"states":[` + nul + "," + one + "," + done + `]}`, 1},
	{"wrong_type", doc(nul, one, done, `17`), 5},
	{"wrong_type", doc(nul, `{"state":{"x":1},"actions":[]}`, one, done), 3},
	{"wrong_type", doc(nul, one, `{"state":"DONE","actions":"none"}`), 4},
	{"quoted_value", doc(nul, one, st("DONE", `"isTerminateState":"true",`)), 4},
	{"placeholder", strings.Replace(doc(nul, one, done), "{", `{"tenantId":"{tenantid}",`, 1), 1},
	{"duplicate_state", doc(nul, one, one, done), 4},
	{"second_null_state", doc(nul, nul, one, done), 3},
	{"no_start", doc(one, done), 2},
	{"start_again", doc(nul, st("A", start1, a("APPROVE", "DONE", clerk)), done), 3},
	{"several_starts", doc(st("A", start1, a("APPROVE", "DONE", clerk)), st("B", start1, a("APPROVE", "DONE", clerk)), done), 1},
	{"start_not_flagged", doc(st("null", "", a("APPLY", "A", clerk)), one, done), 2},
	{"unreachable_state", doc(nul, one, done, st("LOST", end)), 5},
	{"end_not_flagged", doc(nul, one, st("DONE", "")), 4},
	{"end_has_actions", doc(nul, st("A", end, a("GO", "B", clerk)), st("B", "", a("APPROVE", "DONE", clerk)), done), 3},
	{"end_can_be_left", doc(nul, one, st("DONE", end, a("REOPEN", "A", clerk))), 4},
	{"no_way_to_end", doc(nul, st("A", "", a("GO", "B", clerk)), st("B", "", a("BACK", "A", clerk))), 2},
	{"no_end_kept", doc(nul, st("A", end, a("GO", "B", clerk)), st("B", "", a("ON", "C", clerk)), st("C", "", a("ON", "B", clerk), a("UP", "D", clerk)), st("D", end, a("ON", "E", clerk)), st("E", "", a("ON", "F", clerk)), st("F", "", a("ON", "E", clerk))), 6},
	{"start_is_end", doc(st("null", start1)), 2},
	{"no_success", doc(nul, st("A", "", a("REJECT", "REJECTED", clerk)), st("REJECTED", end)), 1},
	{"end_guessed", doc(nul, st("A", "", a("APPROVE", "DONE", clerk), a("NO", "REJECTED", clerk)), done, st("REJECTED", end)), 5},
	{"documents_at_filing", doc(st("null", `"docUploadRequired":true,`+start1, a("APPLY", "A", clerk)), one, done), 2},
	{"bad_sla", doc(nul, st("A", `"sla":-1,`, a("APPROVE", "DONE", clerk)), done), 3},
	{"bad_sla", doc(nul, st("A", `"sla":1e300,`, a("APPROVE", "DONE", clerk)), done), 3},
	{"sla_unit", doc(nul, st("A", `"sla":5,`, a("APPROVE", "DONE", clerk)), done), 3},
	{"sla_rounded", doc(nul, st("A", `"sla":300000,`, a("APPROVE", "DONE", clerk)), done), 3},
	{"sla_end", doc(nul, one, st("DONE", `"sla":3600000,`+end)), 4},
	{"sla_above_all", strings.Replace(doc(nul, st("A", `"sla":7200000,`, a("APPROVE", "DONE", clerk)), done), "{", `{"businessServiceSla":3600000,`, 1), 3},
	{"no_action_name", doc(nul, st("A", "", a("APPROVE", "DONE", clerk), a("", "DONE", clerk)), done), 3},
	{"no_next_state", doc(nul, st("A", "", a("APPROVE", "DONE", clerk), `{"action":"X","nextState":null,"roles":["C"]}`), done), 3},
	{"unknown_state", doc(nul, st("A", "", a("APPROVE", "DONE", clerk), a("GO", "NOWHERE", clerk)), done), 3},
	{"state_case", doc(nul, st("A", "", a("APPROVE", "Done", clerk)), done), 3},
	{"to_filing", strings.Replace(doc(nul, st("A", "", a("APPROVE", "DONE", clerk), a("GO", "u-1", clerk)), done), `"state":null`, `"uuid":"u-1","state":null`, 1), 3},
	{"inactive_action", doc(nul, st("A", "", a("APPROVE", "DONE", clerk), `{"action":"X","nextState":"DONE","active":false,"roles":["C"]}`), done), 3},
	{"duplicate_action", doc(nul, st("A", "", a("APPROVE", "DONE", clerk), a("APPROVE", "DONE", `"BOSS"`)), done), 3},
	{"ambiguous_action", doc(nul, st("A", "", a("APPROVE", "DONE", clerk), a("APPROVE", "A", clerk)), done), 3},
	{"no_roles", doc(nul, st("A", "", a("APPROVE", "DONE", clerk), a("GO", "DONE", "")), done), 3},
	{"roles_text", doc(nul, st("A", "", `{"action":"X","nextState":"DONE","roles":"CLERK, BOSS"}`), done), 3},
	{"system_without_at", doc(nul, st("A", "", a("EXPIRE", "DONE", `"SYSTEM"`)), done), 3},
	{"system_timer", doc(nul, st("A", `"sla":3600000,`, a("EXPIRE", "DONE", `"SYSTEM"`)), done), 3},
	{"system_dropped", doc(nul, st("A", "", a("PAY", "DONE", `"SYSTEM_PAYMENT","CITIZEN"`)), done), 3},
	{"role_mapped", doc(nul, one, done), 2},
}

func TestBrokenDefinitionsGiveFindings(t *testing.T) {
	seen := map[string]bool{}
	for i, b := range broken {
		t.Run(fmt.Sprintf("%d_%s", i, b.code), func(t *testing.T) {
			r := digit.Convert("x.json", []byte(b.doc), digit.Options{})
			for _, f := range r.Findings {
				if f.Code == b.code {
					seen[b.code] = true
					if f.Line != b.line {
						t.Errorf("on line %d, want %d: %v", f.Line, b.line, f)
					}
					return
				}
			}
			t.Errorf("not found in %v", r.Findings)
		})
	}
	if len(seen) < 40 {
		t.Errorf("only %d codes are tested", len(seen))
	}
}

// TestPlaces: the column is that of the value meant, the pointer leads to it.
func TestPlaces(t *testing.T) {
	r := digit.Convert("x.json", []byte(doc(nul, st("A", "", a("APPROVE", "DONE", clerk), a("GO", "NOWHERE", clerk)), done)), digit.Options{})
	for _, f := range r.Findings {
		if f.Code == "unknown_state" {
			if f.Pointer != "/states/1/actions/1/nextState" || f.Column != 110 {
				t.Errorf("%+v", f)
			}
			return
		}
	}
	t.Error("no finding")
}

// TestTooMuch: what is too large is refused before it is worked on.
func TestTooMuch(t *testing.T) {
	big := []byte(`{"businessService":"X","states":[` + strings.Repeat(`{"state":"S","actions":[]},`, 10_000) + `{}]}`)
	for _, data := range [][]byte{big, append(big, make([]byte, digit.MaxSize)...), []byte("[" + strings.Repeat(doc(nul, one, done)+",", 100) + "1]")} {
		r := digit.Convert("x.json", data, digit.Options{})
		if r.Errors == 0 {
			t.Errorf("%d bytes: %v", len(data), r.Findings)
		}
	}
}

// TestSearchAnswer: states named by uuid, as DIGIT's search answers.
func TestSearchAnswer(t *testing.T) {
	in := `{"ResponseInfo":{},"BusinessServices":[{"businessService":"X","states":[
		{"uuid":"1","state":null,"isStartState":true,"actions":[{"action":"APPLY","nextState":"2","roles":["*"],"active":null}]},
		{"uuid":"2","state":"A","actions":[{"action":"CLAIM","nextState":"3","roles":["CITIZEN"],"active":true}]},
		{"uuid":"3","state":"IN","isTerminateState":true,"actions":null}]}]}`
	r := digit.Convert("x.json", []byte(in), digit.Options{})
	if r.Errors > 0 || len(r.Procedures) != 1 || len(r.Procedures[0].Transitions) != 2 {
		t.Fatal(r.Findings)
	}
	if got := r.Procedures[0].Transitions[1]; got != (digit.Transition{Action: "do_claim", From: "a", To: "state_in"}) {
		t.Errorf("%+v", got) // both are words of our own
	}
}

// FuzzConvert: whatever the file holds, findings or definitions that compile.
func FuzzConvert(f *testing.F) {
	for _, data := range samples(f) {
		f.Add(data)
	}
	for _, b := range broken {
		if len(b.doc) < 10_000 {
			f.Add([]byte(b.doc))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { bears(t, data) })
}

// bears holds what any bytes must give: definitions that compile, or findings.
func bears(t *testing.T, data []byte) {
	t.Helper()
	r := digit.Convert("x.json", data, digit.Options{})
	if len(r.Procedures) > 0 && r.Definitions == nil || len(r.Procedures) == 0 && len(r.Findings) == 0 {
		t.Fatalf("%d procedures, %d findings of\n%s", len(r.Procedures), len(r.Findings), data)
	}
	for _, x := range r.Findings {
		if x.Code == "not_compiled" {
			t.Fatalf("%v of\n%s", x, data)
		}
	}
}

var changes = flag.Int("changes", 120, "changed samples that are imported")

// TestAnyChangeIsBorne: the samples with values of any kind in any place, which a
// fuzzer of bytes rarely reaches.
func TestAnyChangeIsBorne(t *testing.T) {
	all := samples(t)
	names := slices.Sorted(maps.Keys(all))
	for i := range *changes {
		r := rand.New(rand.NewPCG(uint64(i), 3))
		var doc any
		if err := json.Unmarshal(all[names[r.IntN(len(names))]], &doc); err != nil {
			t.Fatal(err)
		}
		for range 1 + r.IntN(4) {
			doc = disturb(r, doc, 1+r.IntN(7))
		}
		data, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		bears(t, data)
	}
}

// disturb changes one value so many levels down, or above when there are fewer.
func disturb(r *rand.Rand, v any, depth int) any {
	switch v := v.(type) {
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		if len(keys) == 0 || depth == 0 {
			break
		}
		k := keys[r.IntN(len(keys))]
		if r.IntN(6) == 0 {
			delete(v, k)
		} else {
			v[k] = disturb(r, v[k], depth-1)
		}
		return v
	case []any:
		if len(v) == 0 || depth == 0 {
			break
		}
		i := r.IntN(len(v))
		switch r.IntN(8) {
		case 0:
			return slices.Delete(v, i, i+1)
		case 1:
			return append(v, v[i])
		}
		v[i] = disturb(r, v[i], depth-1)
		return v
	}
	values := []any{nil, true, -1, 1e300, 0.5, "", "x", "INITIATE", "\u0000", strings.Repeat("long ", 200), []any{}, []any{nil}, map[string]any{}, map[string]any{"state": nil}}
	return values[r.IntN(len(values))]
}
