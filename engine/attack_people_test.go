package engine_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// counter files the usual application by a clerk.
func counter(t *testing.T, channel int) *line {
	l := newLine(t, map[string]any{"residence": false})
	l.c, l.history = nil, nil
	l.must(l.run(engine.Command{Action: engine.ActFile, Actor: engine.Actor{Kind: engine.Staff, ID: "r1", Office: "civil-00004", Roles: []string{engine.ByReception}},
		Input: map[string]any{"child": map[string]any{"name": "An"}, "commune": "00004", "residence": false},
		Codes: engine.Codes{Case: "C1", Steps: map[string]string{"birth": "B", "residence": "R", "card": "K"}},
		File:  &engine.Filing{Service: "birth", Version: "1", Requester: engine.Person{ID: "P", Name: "Hà"}, Channel: channel}}, engine.Facts{}))
	return l
}

func TestWhoActsAsTheApplicant(t *testing.T) {
	clerk := func(office string, roles ...string) engine.Actor {
		return engine.Actor{Kind: engine.Staff, ID: "c", Office: office, Roles: roles}
	}
	for _, x := range []struct {
		name    string
		channel int // 0 = the citizen filed online
		actor   engine.Actor
		may     bool
	}{
		{"the requester", 0, engine.Actor{Kind: engine.Citizen, ID: "P"}, true},
		{"the requester of a counter file", 1, engine.Actor{Kind: engine.Citizen, ID: "P"}, true},
		{"another citizen", 0, engine.Actor{Kind: engine.Citizen, ID: "Q"}, false},
		{"staff with the citizen's number", 0, engine.Actor{Kind: engine.Staff, ID: "P"}, false},
		{"reception of an online file", 0, clerk("civil-00004", engine.ByReception), false},
		{"reception that filed", 1, clerk("civil-00004", engine.ByReception), true},
		{"reception that entered a letter", 3, clerk("civil-00004", engine.ByReception), true},
		{"an officer of that office", 1, clerk("civil-00004", engine.ByOfficer, engine.ByLeader), false},
		{"reception elsewhere", 1, clerk("civil-00070", engine.ByReception), false},
		{"reception of nowhere", 1, clerk("", engine.ByReception), false},
		{"a registry", 1, engine.Actor{Kind: engine.Registry, ID: "P"}, false},
		{"a timer", 0, engine.Actor{Kind: engine.Timer, ID: "P"}, false},
	} {
		l := newLine(t, map[string]any{"residence": false})
		if x.channel != 0 {
			l = counter(t, x.channel)
		}
		l.must(l.staff("birth", "receive", engine.ByReception, nil))
		rev := l.c.Rev
		err := l.run(engine.Command{Action: engine.ActWithdraw, Actor: x.actor, IfMatch: &rev}, engine.Facts{})
		if got := engine.CodeOf(err); x.may != (err == nil) || !x.may && got != engine.Forbidden {
			t.Errorf("%s: %v", x.name, err)
		}
	}
}

func TestProcessingNeverTurnsBackIntoReception(t *testing.T) {
	l := newLine(t, map[string]any{"residence": false})
	l.must(l.staff("birth", "receive", engine.ByReception, nil))
	if l.c.Portal() != 2 {
		t.Fatalf("portal %d when received", l.c.Portal())
	}
	l.must(l.staff("birth", "sign", engine.ByLeader, nil))
	l.must(l.reply("birth", l.c.Dossier("birth").Request.Key, engine.ReplyRefused))
	l.state("birth", "checking")
	if d := l.c.Dossier("birth"); d.Portal != 4 || l.c.Portal() != 4 {
		t.Errorf("portal of the dossier %d, of the case %d", d.Portal, l.c.Portal())
	}
}

func TestPartiesAnswerOnceEachForAllTheirSets(t *testing.T) {
	l := newLine(t, map[string]any{"head": "P", "owners": []any{"P", "O2", "P", ""}}) // the requester heads the household and owns it
	l.registered()
	if n := len(l.c.Tasks()); n != 2 { // one each for P and O2
		t.Errorf("%d tasks: %+v", n, l.c.Tasks())
	}
	l.must(l.citizen("O2", "residence", "consent", nil))
	l.code(l.citizen("O2", "residence", "consent", nil), engine.WrongState)
	l.code(l.citizen("O2", "residence", "decline", nil), engine.WrongState)
	l.code(l.staff("residence", "consent", engine.ByLeader, nil), engine.Forbidden)
	if n := len(l.c.Tasks()); n != 1 {
		t.Errorf("%d tasks: %+v", n, l.c.Tasks())
	}
	l.must(l.staff("residence", engine.ActTransfer, engine.ByOfficer, map[string]any{"office": "police-00070", "reason": "nhầm nơi"}))
	l.must(l.citizen("P", "residence", "consent", nil))
	l.state("residence", "checking")
	if d := l.c.Dossier("residence"); d.Office != "police-00070" || d.Assignee != "" {
		t.Errorf("at %s with %s", d.Office, d.Assignee)
	}
	l.code(l.citizen("O2", "residence", "consent", nil), engine.WrongState)
	late := newLine(t, nil)
	late.registered()
	late.must(late.citizen("O1", "residence", "decline", nil))
	late.code(late.citizen("H", "residence", "consent", nil), engine.WrongState)
}

func TestServiceClockStandsStillOnlyWhenEveryPartDoes(t *testing.T) {
	l := newLine(t, nil)
	l.registered() // the residence waits for consent, the card runs
	if !l.c.Clock.Running() {
		t.Fatal("the card's office works, yet the service's clock stands")
	}
	due := l.c.Clock.Due
	l.must(l.staff("card", "request_supplement", engine.ByOfficer, items("ảnh")))
	if l.c.Clock.Running() {
		t.Fatal("everybody waits for the citizen, yet the clock runs")
	}
	rev, in := l.c.Rev, map[string]any{"reason": "x", "new_due": due.AddDate(0, 0, 5).Format(time.RFC3339)}
	officer := engine.Actor{Kind: engine.Staff, ID: "o", Office: "civil-00004", Roles: []string{engine.ByOfficer}}
	sorry := engine.Command{Action: engine.ActApologise, IfMatch: &rev, Input: in, Actor: officer}
	l.code(l.run(sorry, engine.Facts{}), engine.WrongState)
	l.now = l.now.AddDate(0, 0, 1)
	l.consented()
	if want := due.AddDate(0, 0, 1); !l.c.Clock.Due.Equal(want) {
		t.Errorf("due %v, want %v", l.c.Clock.Due, want)
	}
	rev = l.c.Rev
	sorry.Actor.Office = "police-00004"
	l.code(l.run(sorry, engine.Facts{}), engine.Forbidden)
	sorry.Actor.Office = "civil-00004"
	l.must(l.run(sorry, engine.Facts{}))
	rev = l.c.Rev
	l.code(l.run(sorry, engine.Facts{}), engine.WrongState)
}

func TestVersionsAreThoseOfWhatTheCommandIsAbout(t *testing.T) {
	l := newLine(t, nil)
	l.registered()
	l.consented()
	card, rev := l.c.Dossier("card").Rev, l.c.Rev
	l.must(l.staff("residence", "request_supplement", engine.ByOfficer, items("giấy")))
	if l.c.Dossier("card").Rev != card || l.c.Rev != rev {
		t.Error("work on the residence made the version of the card or of the case old")
	}
	residence := l.c.Dossier("residence").Rev
	l.must(l.answer(map[string]any{l.c.Items[0].ID: map[string]any{"text": "đây"}}))
	if l.c.Dossier("residence").Rev != residence+1 || l.c.Dossier("card").Rev != card {
		t.Error("an answer counts for the dossier that asked, once")
	}
	for _, other := range []int64{l.c.Rev - 1, l.c.Rev + 1} {
		l.code(l.run(engine.Command{Action: engine.ActWithdraw, IfMatch: &other, Actor: engine.Actor{Kind: engine.Citizen, ID: "P"}}, engine.Facts{}), engine.StaleVersion)
	}
	for _, other := range []int64{card - 1, card + 1} {
		l.code(l.run(engine.Command{Action: "withdraw", Step: "card", IfMatch: &other, Actor: engine.Actor{Kind: engine.Citizen, ID: "P"}}, engine.Facts{}), engine.StaleVersion)
	}
	l.code(l.run(engine.Command{Action: engine.ActWithdraw, Actor: engine.Actor{Kind: engine.Citizen, ID: "P"}}, engine.Facts{}), engine.VersionRequired)
}

// An office that is only told something holds the newest version still.
func TestBeingToldMakesNoVersionOld(t *testing.T) {
	l := newLine(t, nil)
	l.registered()
	residence, rev := l.c.Dossier("residence").Rev, l.c.Rev
	l.must(l.staff("card", "return_upstream", engine.ByOfficer, map[string]any{"what": "tên sai"}))
	if !slices.ContainsFunc(l.told(), func(n string) bool { return strings.HasPrefix(n, engine.NoteSibling+"→") }) {
		t.Fatalf("told %v", l.told())
	}
	if l.c.Dossier("residence").Rev != residence || l.c.Rev != rev {
		t.Error("a message made a version old")
	}
}

// An action's own limit ends it for whoever is late, and the menu says so.
func TestActionsOwnLimitIsKept(t *testing.T) {
	l := newLine(t, nil)
	l.procedure("card").Action("refuse").Limit = &engine.Limit{Within: lim(t, "1 working day")}
	l.registered()
	opened := l.now
	reason := map[string]any{"reason": "trùng"}
	menu := func() engine.ActionView {
		leader := engine.Actor{Kind: engine.Staff, ID: "l", Office: "insurance-00004", Roles: []string{engine.ByLeader}}
		views := engine.Actions(l.defs, l.c, "card", leader, l.now)
		return views[slices.IndexFunc(views, func(v engine.ActionView) bool { return v.Code == "refuse" })]
	}
	for l.now = opened.AddDate(0, 0, 1); l.now.Before(opened.AddDate(0, 0, 3)); l.now = l.now.AddDate(0, 0, 1) {
		late := l.now.After(l.defs.cal.Due(opened, lim(t, "1 working day")))
		if v := menu(); v.Allowed == late {
			t.Errorf("%v: the menu allows it: %v", l.now, v.Allowed)
		}
		if late {
			l.code(l.staff("card", "refuse", engine.ByLeader, reason), engine.DeadlinePassed)
			l.state("card", "checking")
			return
		}
	}
	t.Error("it was never too late")
}

// A role is of a member of staff: nobody else acts by naming one.
func TestRolesAreForStaff(t *testing.T) {
	l := newLine(t, nil)
	rev := l.c.Dossier("birth").Rev
	for _, kind := range []engine.ActorKind{engine.Citizen, engine.Registry, engine.Timer, engine.System, ""} {
		for _, action := range []string{"receive", engine.ActClaim, engine.ActTransfer} {
			l.code(l.run(engine.Command{Action: action, Step: "birth", IfMatch: &rev, Input: map[string]any{"office": "civil-00007", "reason": "nhầm"},
				Actor: engine.Actor{Kind: kind, ID: "P", Office: "civil-00004", Roles: []string{engine.ByReception}}}, engine.Facts{}), engine.Forbidden)
		}
	}
}

// Who may take work, give it back and give it to others.
func TestAssignment(t *testing.T) {
	l := newLine(t, nil)
	as := func(id, role, action string, input map[string]any) error {
		return l.run(engine.Command{Action: action, Step: "birth", Input: input, IfMatch: &l.c.Dossier("birth").Rev,
			Actor: engine.Actor{Kind: engine.Staff, ID: id, Office: "civil-00004", Roles: []string{role}}}, engine.Facts{})
	}
	to := func(id string) map[string]any { return map[string]any{"account": id} }
	l.code(as("an", engine.ByOfficer, engine.ActRelease, nil), engine.WrongState)
	l.must(as("an", engine.ByOfficer, engine.ActClaim, nil))
	l.code(as("lan", engine.ByOfficer, engine.ActClaim, nil), engine.WrongState)
	l.code(as("lan", engine.ByOfficer, engine.ActRelease, nil), engine.Forbidden)
	l.code(as("an", engine.ByOfficer, engine.ActAssign, to("lan")), engine.Forbidden)
	l.code(as("mai", engine.ByLeader, engine.ActAssign, nil), engine.Invalid)
	if got := l.c.Dossier("birth").Assignee; got != "an" {
		t.Errorf("it is %q's", got)
	}
	l.must(as("mai", engine.ByLeader, engine.ActAssign, to("lan")))
	if got := l.c.Dossier("birth").Assignee; got != "lan" {
		t.Errorf("it is %q's", got)
	}
	l.must(as("mai", engine.BySupervisor, engine.ActRelease, nil))
	if got := l.c.Dossier("birth").Assignee; got != "" {
		t.Errorf("it is %q's", got)
	}
}

// A paper is handed over where it was made or where the application was received.
func TestWhoHandsOver(t *testing.T) {
	l := newLine(t, nil)
	l.registered()
	l.consented()
	l.must(l.staff("residence", "approve", engine.ByLeader, nil))
	made := l.c
	for _, tt := range []struct {
		kind         engine.ActorKind
		role, office string
		want         engine.Code
	}{
		{engine.Staff, engine.ByReception, "civil-00007", engine.Forbidden},
		{engine.Staff, engine.ByReception, "insurance-00004", engine.Forbidden},
		{engine.Staff, engine.ByOfficer, "police-00004", engine.Forbidden},
		{engine.Citizen, engine.ByReception, "police-00004", engine.Forbidden},
		{engine.Staff, engine.ByReception, "police-00004", ""},
		{engine.Staff, engine.ByReception, "civil-00004", ""},
	} {
		cmd := engine.Command{Action: engine.ActHandOver, Step: "residence", IfMatch: &made.Dossier("residence").Rev,
			Actor: engine.Actor{Kind: tt.kind, ID: "x", Office: tt.office, Roles: []string{tt.role}}}
		if _, err := engine.Decide(l.defs, made, cmd, engine.Facts{}, l.now); engine.CodeOf(err) != tt.want {
			t.Errorf("%s, %s at %s: %v, want code %q", tt.kind, tt.role, tt.office, err, tt.want)
		}
	}
}

// Only a registry answers a registry's request.
func TestOnlyARegistryReplies(t *testing.T) {
	l := newLine(t, nil)
	l.must(l.staff("birth", "receive", engine.ByReception, nil))
	l.must(l.staff("birth", "sign", engine.ByLeader, nil))
	facts := engine.Facts{Reply: &engine.Reply{Request: l.c.Dossier("birth").Request.Key, Outcome: engine.ReplyDone}}
	for _, kind := range []engine.ActorKind{engine.Citizen, engine.Staff, engine.Timer, engine.System, ""} {
		l.code(l.run(engine.Command{Action: engine.ActReply, Step: "birth", Actor: engine.Actor{Kind: kind, ID: "civil"}}, facts), engine.Forbidden)
	}
	l.state("birth", "recording")
}

func TestDefinitionThatVanishedIsNamed(t *testing.T) {
	l := newLine(t, nil)
	c := *l.c
	c.Service = "gone"
	for _, cmd := range []engine.Command{{Action: "receive", Step: "birth"}, {Action: engine.ActWithdraw}, {Action: engine.ActReply, Step: "birth"}} {
		if _, err := engine.Decide(l.defs, &c, cmd, engine.Facts{}, l.now); err == nil {
			t.Errorf("%s was decided without a definition", cmd.Action)
		}
	}
	if engine.Actions(l.defs, &c, "birth", engine.Actor{}, l.now) != nil {
		t.Error("actions without a definition")
	}
}

func TestCommandsOfNothing(t *testing.T) {
	l := newLine(t, nil)
	for _, c := range []*engine.Case{nil, l.c} {
		for _, action := range []string{"", engine.ActFile, engine.ActWithdraw, engine.ActAnswer, engine.ActRefile, engine.ActApologise, engine.ActClaim,
			engine.ActRelease, engine.ActAssign, engine.ActTransfer, engine.ActHandOver, engine.ActReply, "receive", "warn", "fee"} {
			for _, step := range []string{"", "birth", "card", "nope"} {
				for _, in := range []map[string]any{nil, {}, {"items": nil, "steps": nil, "account": nil, "office": nil, "application": nil}} {
					rev := l.c.Dossier("birth").Rev
					for _, kind := range []engine.ActorKind{"", engine.Citizen, engine.Staff, engine.Registry, engine.Timer, engine.System} {
						cmd := engine.Command{Action: action, Step: step, Input: in, IfMatch: &rev, Actor: engine.Actor{Kind: kind}}
						es, err := engine.Decide(l.defs, c, cmd, engine.Facts{}, l.now)
						if err == nil || len(es) > 0 || engine.CodeOf(err) == engine.Internal {
							t.Errorf("%q of %q by %q: %d entries, %v", action, step, kind, len(es), err)
						}
					}
				}
			}
		}
	}
}

func TestUnmarshalKeepsWhatIsWritten(t *testing.T) {
	v, err := engine.ParseValue([]byte(`{"n":9223372036854775807,"f":1.5,"e":1e3,"l":[[1,[2.5,{"m":-9223372036854775808}]],null,[]]}`))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := json.Marshal(v)
	if want := `{"e":1000,"f":1.5,"l":[[1,[2.5,{"m":-9223372036854775808}]],null,[]],"n":9223372036854775807}`; string(raw) != want {
		t.Errorf("%s, want %s", raw, want)
	}
	for _, bad := range []string{`9223372036854775808`, `1e999`, `{} {}`, `[1,]`, ``, `{"a":[-9223372036854775809]}`} {
		if v, err := engine.ParseValue([]byte(bad)); err == nil {
			t.Errorf("%s was read as %v", bad, v)
		}
	}
	var e engine.Entry
	if err := engine.Unmarshal([]byte(`{"events":[{"kind":"unheard_of","data":{}}]}`), &e); err == nil {
		t.Error("an unknown event was read")
	}
}

func TestWarningsFollowPausesAndExtensions(t *testing.T) {
	l := newLine(t, map[string]any{"residence": false})
	l.must(l.staff("birth", "receive", engine.ByReception, nil)) // due Tuesday 17:00
	warn := func() time.Time {
		ts := l.c.Dossier("birth").Timers
		i := slices.IndexFunc(ts, func(t engine.TimerDue) bool { return t.Kind == engine.TimerWarn })
		if i < 0 {
			return time.Time{}
		}
		return ts[i].At
	}
	at := func(day, hour int) time.Time { return time.Date(2026, 9, day, hour, 0, 0, 0, calendar.Zone) }
	if !warn().Equal(at(8, 15)) {
		t.Fatalf("warns at %v", warn())
	}
	l.must(l.staff("birth", "request_supplement", engine.ByOfficer, items("giấy")))
	if !warn().IsZero() {
		t.Error("warns while the citizen has it")
	}
	l.now = at(9, 9)
	l.must(l.answer(map[string]any{l.c.Items[0].ID: map[string]any{"text": "đây"}}))
	if !warn().Equal(at(10, 15)) {
		t.Errorf("warns at %v after the pause", warn())
	}
	l.now = at(10, 16)
	l.tick()
	if !slices.Contains(l.told(), "near→office:civil-00004") || !warn().IsZero() {
		t.Errorf("told %v, warns again at %v", l.told(), warn())
	}
	if e := l.history[len(l.history)-1]; !e.At.Equal(at(10, 15)) {
		t.Errorf("dated %v", e.At)
	}
	l.must(l.staff("birth", engine.ActApologise, engine.ByOfficer, map[string]any{"reason": "x", "new_due": at(10, 18).Format(time.RFC3339)}))
	if !warn().Equal(at(10, 16)) { // already near
		t.Errorf("warns at %v", warn())
	}
}

// merged is a country in which one office took over from another on a day.
type merged struct {
	*defs
	old, new string
	from     time.Time
}

func (m *merged) Office(agency, unit string, at time.Time) (engine.Office, bool) {
	o, ok := m.defs.Office(agency, unit, at)
	if ok && o.ID == m.old && !at.Before(m.from) {
		o.ID = m.new
	}
	return o, ok
}

func TestSuccessorGoesOnWithOpenFiles(t *testing.T) {
	l := newLine(t, map[string]any{"residence": false})
	l.registered()
	l.must(l.staff("card", engine.ActClaim, engine.ByOfficer, nil))
	m := &merged{l.defs, "insurance-00004", "insurance-00070", l.now.AddDate(0, 0, 1)}
	by := func(office string) engine.Actor {
		return engine.Actor{Kind: engine.Staff, ID: "o", Office: office, Roles: []string{engine.ByOfficer}}
	}
	allowed := func(office string, now time.Time) bool {
		return slices.ContainsFunc(engine.Actions(m, l.c, "card", by(office), now), func(v engine.ActionView) bool { return v.Code == "approve" && v.Allowed })
	}
	after := l.now.AddDate(0, 0, 1)
	if !allowed(m.old, l.now) || allowed(m.new, l.now) || allowed(m.old, after) || !allowed(m.new, after) {
		t.Error("the wrong office is offered the work")
	}
	rev := l.c.Dossier("card").Rev
	approve := engine.Command{Action: "approve", Case: "C1", Step: "card", IfMatch: &rev, Actor: by(m.old)}
	if _, err := engine.Decide(m, l.c, approve, engine.Facts{}, after); engine.CodeOf(err) != engine.Forbidden {
		t.Errorf("the office that ended: %v", err)
	}
	approve.Actor = by(m.new)
	es, err := engine.Decide(m, l.c, approve, engine.Facts{}, after)
	l.must(err)
	c := engine.Fold(l.c, es[len(es)-1])
	if d := c.Dossier("card"); d.State != "issued" || d.Office != m.new || d.Assignee != "" {
		t.Errorf("card %s at %s with %q", d.State, d.Office, d.Assignee)
	}
	// A late reply still changes nothing.
	es, err = engine.Decide(m, l.c, engine.Command{Action: engine.ActReply, Case: "C1", Step: "birth", Actor: engine.Actor{Kind: engine.Registry}},
		engine.Facts{Reply: &engine.Reply{Request: "C1/1/1", Outcome: engine.ReplyDone}}, after)
	if err != nil || len(es) != 0 {
		t.Errorf("%d entries, %v", len(es), err)
	}
}

func TestOfficesOfPartsNotAskedForAreNotMissed(t *testing.T) {
	d := fakeBirth(t)
	d.svc.Steps[1].At = path("application.home")
	file := func(residence bool) error {
		_, err := engine.Decide(d, nil, engine.Command{Action: engine.ActFile, Actor: engine.Actor{Kind: engine.Citizen, ID: "P"},
			Input: map[string]any{"child": map[string]any{"name": "An"}, "commune": "00004", "home": "99999", "residence": residence},
			File:  &engine.Filing{Service: "birth", Version: "1", Channel: 2, Requester: engine.Person{ID: "P"}}}, engine.Facts{}, time.Date(2026, 9, 7, 9, 0, 0, 0, calendar.Zone))
		return err
	}
	if err := file(false); err != nil {
		t.Errorf("nothing goes there: %v", err)
	}
	if err := file(true); engine.CodeOf(err) != engine.Invalid {
		t.Errorf("filed to nowhere: %v", err)
	}
}

func TestWhatWasComputedBeforeACorrectionIsReviewed(t *testing.T) {
	for _, anew := range []bool{false, true} {
		l := newLine(t, map[string]any{"residence": false})
		card := l.procedure("card")
		card.States = append(card.States, &engine.State{ID: "signing", Portal: 4, Clock: calendar.Runs})
		name := []engine.Binding{{Name: "printed", Value: path("dossier.child.name")}}
		card.Action("approve").From = []string{"signing"}
		card.Actions = append(card.Actions, &engine.Action{ID: "compute", From: []string{"checking"}, To: to("signing"), By: by(engine.ByOfficer), Set: name},
			&engine.Action{ID: "back", From: []string{"signing"}, To: to("checking"), By: by(engine.ByLeader)})
		l.registered()
		l.must(l.staff("card", "compute", engine.ByOfficer, nil))
		l.must(l.staff("birth", "correct", engine.ByOfficer, nil))
		l.must(l.staff("birth", "propose", engine.ByLeader, map[string]any{"child": map[string]any{"name": "Ân"}}))
		if anew {
			l.must(l.staff("card", "back", engine.ByLeader, nil))
			l.must(l.staff("card", "compute", engine.ByOfficer, nil))
		}
		l.must(l.staff("card", "approve", engine.ByOfficer, nil))
		d := l.c.Dossier("card")
		if r := d.OpenReview(); (r == nil) != anew || r != nil && (r.From != 1 || r.To != 2) {
			t.Errorf("computed anew: %v, printed %v, review %+v", anew, d.Data["printed"], r)
		}
	}
}

func TestARefusalNamesItsOwnCase(t *testing.T) {
	for _, code := range []string{"C1", "C2"} {
		l := newLine(t, nil)
		l.c.Code = code
		for _, cmd := range []engine.Command{
			{Action: "receive", Step: "birth"}, {Action: engine.ActClaim, Step: "birth"}, {Action: engine.ActRefile, Step: "card"},
			{Action: engine.ActWithdraw}, {Action: engine.ActAnswer},
		} {
			cmd.Actor = engine.Actor{Kind: engine.Citizen, ID: "stranger"}
			_, err := engine.Decide(l.defs, l.c, cmd, engine.Facts{}, l.now)
			if e, ok := err.(*engine.Error); !ok || e.Code != engine.Forbidden || e.Case != code {
				t.Errorf("%s of %s: %+v", cmd.Action, code, err)
			}
		}
	}
}
