package story_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/agencies"
	"lienthong/agencies/wire"
	"lienthong/cmd/lienthong/story"
)

// secret is the master of the registries' secrets on a stage.
const secret = "stage"

// treasury asks the treasury what it did for a case: the amounts of the money it
// moved by an operation ("pay" or "collect"), in the order of the requests. Every
// request must have been performed once.
func (s *stage) treasury(operation, code string) []int64 {
	s.t.Helper()
	stats, err := s.sys.Agencies.Stats("treasury")
	if err != nil {
		s.t.Fatal(err)
	}
	out, receipts := []int64{}, map[any]bool{}
	for _, key := range sorted(stats.Performed[operation]) {
		if !strings.HasPrefix(key, code+"/") {
			continue
		}
		if n := stats.Performed[operation][key]; n != 1 {
			s.t.Errorf("the treasury performed %s %d times", key, n)
		}
		a := s.asked("treasury", key)
		if a.Outcome == wire.Done && !receipts[a.Data["receipt"]] { // one receipt may be given twice: the money moved once
			receipts[a.Data["receipt"]] = true
			amount, _ := a.Data["amount"].(int64)
			out = append(out, amount)
		}
	}
	return out
}

// asked is what a registry answered to a request.
func (s *stage) asked(registry, key string) wire.Answer {
	s.t.Helper()
	a, err := s.registries().Ask(s.t.Context(), registry, key)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// reads looks a person up in a register.
func (s *stage) reads(registry, operation string, input map[string]any) map[string]any {
	s.t.Helper()
	a, err := s.registries().Lookup(s.t.Context(), registry, operation, input)
	if err != nil {
		s.t.Fatal(err)
	}
	if a.Outcome != wire.Done {
		return map[string]any{"refused": a.Code}
	}
	return a.Data
}

func (s *stage) registries() *wire.Client {
	return &wire.Client{Base: s.sys.RegistryURL, Secrets: func(id string) string { return wire.DeriveSecret(secret, id) }}
}

func sorted(m map[string]int) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// money checks what a case paid out and collected, in any order.
func (s *stage) money(t *story.Tale, paid []int64, collected ...int64) {
	s.t.Helper()
	s.ok(t)
	for operation, want := range map[string][]int64{"pay": paid, "collect": collected} {
		got := s.treasury(operation, t.Code)
		slices.Sort(got)
		want = slices.Clone(want)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			s.t.Errorf("the treasury moved %v by %s, want %v", got, operation, want)
		}
	}
}

// gave checks one value of a part's result.
func (s *stage) gave(t *story.Tale, step, document, name string, want any) {
	s.t.Helper()
	r := t.Now().Dossier(step).Result
	s.ok(t)
	if r == nil || r.Document != document {
		s.t.Fatalf("%s: result %+v, want %s", step, r, document)
	}
	if got := r.Data[name]; name != "" && got != want {
		s.t.Errorf("%s: %s is %v (%T), want %v", step, name, got, got, want)
	}
}

// closed checks why a part was not run.
func (s *stage) closed(t *story.Tale, step, why string) {
	s.t.Helper()
	if d := t.Now().Dossier(step); d.Status != "closed" || d.Closed != why {
		s.t.Errorf("%s is %s %q in state %q, want closed %q", step, d.Status, d.Closed, d.State, why)
	}
	s.ok(t)
}

// hears checks that somebody was told these things about a case, in this order;
// other things may lie between.
func (s *stage) hears(account, code string, want ...string) {
	s.t.Helper()
	told := s.told(account, code)
	rest := told
	for _, w := range want {
		i := slices.Index(rest, w)
		if i < 0 {
			s.t.Errorf("%s was not told %q in its turn: %v", account, w, told)
			return
		}
		rest = rest[i+1:]
	}
}

func (s *stage) never(account, code string, unwanted ...string) {
	s.t.Helper()
	told := s.told(account, code)
	for _, w := range unwanted {
		if slices.Contains(told, w) {
			s.t.Errorf("%s was told %q: %v", account, w, told)
		}
	}
}

// only leaves an application with the parts chosen: O2 or O3.
func only(funeral bool) func(map[string]any) {
	return func(app map[string]any) {
		app["choices"] = map[string]any{"funeral": funeral, "survivor": false}
		delete(app, "survivor")
		delete(app, "relatives")
		if !funeral {
			delete(app, "funeral")
		}
	}
}

// put changes the value under a path of an application.
func put(app map[string]any, value any, path ...string) {
	for _, p := range path[:len(path)-1] {
		app, _ = app[p].(map[string]any)
	}
	app[path[len(path)-1]] = value
}

func TestDeathWithAllParts(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := story.Death(t.Context(), s.Stage)
	s.ok(tale)
	s.gave(tale, "death", "death_extract", "died_on", "2026-08-14")
	s.gave(tale, "residence", "residence_notice", "household", "HCM-0003")
	s.gave(tale, "eligibility", "funeral_entitlement", "funeral", "insurance")
	s.gave(tale, "insurance_funeral", "funeral_money", "amount", int64(25_300_000))
	s.gave(tale, "survivor", "survivor_monthly", "per_month", int64(2_530_000))
	s.gave(tale, "survivor", "survivor_monthly", "since", "2026-09-01")
	s.closed(tale, "social_funeral", "absent")
	s.closed(tale, "merit", "absent")
	s.money(tale, []int64{25_300_000})
	s.hears(tale.Citizen, tale.Code, "filed", "received death", "task death", "result death", "result residence", "result insurance_funeral", "result survivor", "ended")
	if got := s.reads("population", "person", map[string]any{"id": "079085000901"}); !strings.Contains(fmt.Sprint(got), "2026-08-14") {
		t.Errorf("the population database does not know of the death: %v", got)
	}
	if got := s.reads("residence", "household", map[string]any{"person": "079085000901"})["refused"]; got != "no_residence" {
		t.Errorf("the residence is still there: %v", got)
	}
	s.sound()
}

// O2: the extract within the working day, the residence within five.
func TestDeathAndResidenceOnly(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.begin("death-o2", nil)
	s.until("2026-09-07 14:59")
	tale.Staff("reception", "death", "receive", nil)
	s.due(tale, "death", "2026-09-07 17:00")
	tale.Staff("officer", "death", "draft", tale.ExtractInput())
	s.until("2026-09-08 09:00")
	tale.Applicant("death", "confirm", nil)
	s.due(tale, "death", "2026-09-08 17:00") // the requester had it over night
	tale.Staff("leader", "death", "sign", nil).Want("death", "registered")
	s.due(tale, "residence", "2026-09-15 17:00")
	s.closed(tale, "eligibility", "absent")
	s.closed(tale, "survivor", "absent")
	tale.Staff("officer", "residence", "approve", nil).Want("residence", "deleted").WantEnd("completed", 10)
	s.money(tale, nil)
	s.hears(tale.Citizen, tale.Code, "filed", "received death", "task death", "result death", "result residence", "ended")
	s.never(tale.Citizen, tale.Code, "refused eligibility", "result eligibility")
	s.sound()
}

// Received from 15:00 on, the extract is due the next working day.
func TestDeathReceivedLate(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-11 14:00", nil) // a Friday
	tale := s.begin("death-o2", nil)
	s.until("2026-09-11 15:00")
	tale.Staff("reception", "death", "receive", nil)
	s.due(tale, "death", "2026-09-14 17:00")
	s.sound()
}

// Silence on the draft for a day is consent.
func TestDeathDraftUnanswered(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.begin("death-o2", nil)
	tale.Staff("reception", "death", "receive", nil)
	tale.Staff("officer", "death", "draft", tale.ExtractInput()).Want("death", "confirming")
	s.until("2026-09-08 07:59")
	tale.Want("death", "confirming")
	s.until("2026-09-08 08:01")
	tale.Want("death", "signing")
	clerk := tale.Clerk("officer", "death")
	tale.Refused(clerk, "death", "sign", nil, "forbidden")
	tale.Staff("leader", "death", "sign", nil).Want("death", "registered")
	s.ok(tale)
	s.sound()
}

// Without a residence there is nothing to delete: the part is closed.
func TestDeathWithoutResidence(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.begin("death-o2", func(app map[string]any) {
		deceased, _ := app["deceased"].(map[string]any)
		delete(deceased, "residence")
	})
	tale.Later(15 * time.Minute).Died()
	s.closed(tale, "residence", "not_applicable")
	tale.WantEnd("completed", 10)
	s.ok(tale)
	s.sound()
}

// A residence that was declared, but that the register does not know.
func TestDeathResidenceUnknown(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	if err := s.sys.Agencies.SetFaults("residence", agencies.Faults{Refuse: "no_residence"}); err != nil {
		t.Fatal(err)
	}
	tale := s.begin("death-o2", nil).Died().Want("residence", "nothing").WantEnd("completed", 10)
	s.ok(tale)
	if d := tale.Now().Dossier("residence"); d.Final != "not_applicable" || d.Result != nil {
		t.Errorf("the residence part ended %q with %+v", d.Final, d.Result)
	}
	s.sound()
}

// On no list: the funeral part is refused with a reason, the death stands.
func TestDeathEntitledToNothing(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.begin("death-none", nil)
	tale.Later(15*time.Minute).Died().Want("eligibility", "ineligible")
	s.ok(tale)
	reason, _ := tale.Now().Dossier("eligibility").Result.Data["reason"].(string)
	if !strings.Contains(reason, "không tham gia BHXH") {
		t.Errorf("the refusal gives %q as its reason", reason)
	}
	for _, step := range []string{"insurance_funeral", "social_funeral", "merit"} {
		s.closed(tale, step, "need_failed")
	}
	tale.Staff("officer", "residence", "approve", nil).WantEnd("completed_in_part", 10)
	s.gave(tale, "death", "death_extract", "died_on", "2026-08-25")
	s.money(tale, nil)
	s.hears(tale.Citizen, tale.Code, "result death", "refused eligibility", "result residence", "ended")
	s.sound()
}

// A refused death part takes the whole application with it.
func TestDeathRefused(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.begin("death-o4", nil)
	tale.Staff("reception", "death", "reject_reception", map[string]any{"reason": "Giấy báo tử của người khác"})
	for _, step := range []string{"residence", "eligibility", "insurance_funeral", "survivor"} {
		s.closed(tale, step, "need_failed")
	}
	tale.WantEnd("refused", 3)
	s.ok(tale)
	s.hears(tale.Citizen, tale.Code, "filed", "refused death", "ended")
	again := s.begin("death-o4", nil) // the key is free again
	s.ok(again)
	s.sound()
}

// What one entry tells is listed in the order in which it was said: the end last.
func TestDeathToldInOrder(t *testing.T) {
	t.Parallel()
	s := open(t, "2026-09-07 08:00", nil)
	tale := s.begin("death-o4", nil).Later(time.Hour)
	tale.Staff("reception", "death", "reject_reception", map[string]any{"reason": "Giấy báo tử của người khác"})
	s.ok(tale)
	if got, want := s.told(tale.Citizen, tale.Code), []string{"filed", "refused death", "ended"}; !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}
