package portal_test

import (
	"io/fs"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"lienthong/cmd/lienthong/system"
	"lienthong/engine/calendar"
	"lienthong/workflows"
)

// publishing makes a stage whose definitions are published, on a day when B3 is in
// force.
func publishing(c *system.Config) {
	c.Definitions = nil
	c.Start = time.Date(2026, 8, 28, 9, 0, 0, 0, calendar.Zone)
}

// nextBirth is B4 as a later law might have it: a shorter limit, and the birth alone,
// which is searched in no time.
func nextBirth(t *testing.T, limit string) []byte {
	t.Helper()
	b, err := fs.ReadFile(workflows.Files(), "services/birth-b4.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(b), "\n  residence:\n")
	return []byte(strings.NewReplacer(`version: "2026-09-01"`, `version: "2026-09-02"`, `{from: "2026-09-01"}`, `{from: "2026-09-02"}`,
		"within: 3 working days, warn", "within: "+limit+", warn").Replace(text) + "\n")
}

// unsigned is the birth registration of that law, with a signature that nobody can
// give.
func unsigned(t *testing.T) []byte {
	t.Helper()
	b, err := fs.ReadFile(workflows.Files(), "procedures/birth_registration.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.NewReplacer("procedure: birth_registration\n", "procedure: birth_registration\nsince: \"2026-09-02\"\n",
		"actor.id != dossier.draft.by && has(dossier.assigned)", "!has(dossier.draft) && has(dossier.assigned)").Replace(string(b)))
}

// Cases of B3 are moved to B4 on the pages: the dry run tells of each what changes or
// why it stays, nothing happens before it is confirmed, and a move is taken back.
func TestCasesMoveFromB3ToB4(t *testing.T) {
	s := newStage(t, publishing)
	waits := s.begin("birth-b3")
	s.settle()
	if err := s.sys.Advance(t.Context(), time.Date(2026, 9, 3, 9, 0, 0, 0, calendar.Zone)); err != nil {
		t.Fatal(err)
	}
	b := s.browse("administrator")
	b.lang = "en"
	list := b.open("/workflows/birth/all-versions").want(200).says("2024-07-01", "2026-09-01", "New cases are filed under it", "built in", "Hash over everything")
	if n := strings.Count(list.body, "New cases are filed under it"); n != 1 {
		t.Errorf("%d versions are current", n)
	}
	at := "/workflows/birth/move-cases"
	b.open(at + "?from=2024-07-01&to=2024-07-01").want(200).says("Choose two different versions")
	b.open(at + "?from=2024-07-01&to=1999").want(404)
	form := b.lastForm(b.open(at+"?from=2024-07-01&to=2026-09-01").want(200).says("has every state of the old one"), at)
	dry := form.set("reason", "NĐ 301/2026/NĐ-CP").send("dry").want(200)
	dry.says(waits.Code, "Dry run: ", "would move", "a new part")
	s.under(waits.Code, "2024-07-01")

	// The last form of the page runs it, and not without the tick.
	run := func(r reply) *sheet { t.Helper(); return b.lastForm(r, at) }
	unsure := run(dry).send("run").want(422).says("Tick the confirmation first", waits.Code)
	s.under(waits.Code, "2024-07-01")
	did := run(unsure).set("sure", "yes").send("run").want(200).says("1 case was moved", waits.Code)
	s.under(waits.Code, "2026-09-01")
	b.lastForm(b.open(at+"?from=2024-07-01&to=2026-09-01"), at).send("dry").want(200).says("No running case is under the old version")

	back := did.link("Take back case " + waits.Code)
	page := b.open(strings.ReplaceAll(back, "&amp;", "&")).want(200)
	again := b.form(page, "/take-back")
	again.send("").want(422).says("Tick the confirmation first")
	again.set("sure", "yes").send("").want(200).says("The case&#39;s move was taken back")
	s.under(waits.Code, "2024-07-01")
	again.send("").want(200) // the same form once more acts no second time
	page = b.open(strings.ReplaceAll(back, "&amp;", "&")).want(200)
	s.silence("population") // what is being asked for keeps a case where it is
	waits.Staff("reception", "birth", "receive", nil)
	s.fine(waits)
	b.lastForm(b.open(at+"?from=2024-07-01&to=2026-09-01"), at).send("dry").want(200).says("0 cases would move, 1 stay", "is in flight").saysNot(`value="run"`)
	b.form(page, "/take-back").set("sure", "yes").send("").want(409).says("This cannot be taken back")
	b.form(page, "/take-back").set("sure", "yes", "case", "none").send("").want(404).says("There is no case with this code")

	tester := s.browse("tester")
	tester.open("/workflows/birth/all-versions").want(200).saysNot("move-cases", "make-default")
	for _, path := range []string{at, "/workflows/birth/take-back", "/workflows/birth/make-default?version=2026-09-01"} {
		tester.open(path).want(403)
	}
	tester.post(at, url.Values{"from": {"2024-07-01"}, "to": {"2026-09-01"}, "do": {"run"}, "sure": {"yes"}}).want(403)
	s.browse(clerk).open("/workflows/birth/all-versions").want(403)
}

// versionTour is the part of the tour about versions, on a stage of its own that
// publishes.
func versionTour(t *testing.T) []stopover {
	t.Helper()
	s := newStage(t, publishing)
	code := s.begin("birth-b3").Code
	s.settle()
	if err := s.sys.Advance(t.Context(), time.Date(2026, 9, 3, 9, 0, 0, 0, calendar.Zone)); err != nil {
		t.Fatal(err)
	}
	b := s.browse("administrator")
	move := "/workflows/birth/move-cases"
	return []stopover{
		{"versions", b, "/workflows/birth/all-versions", ""}, {"new-version", b, "/workflows/new-version", ""},
		{"new-version-wrong", b, "/workflows/new-version", "main form .ds-button"},
		{"make-default", b, "/workflows/birth/make-default?version=2024-07-01", ""},
		{"make-default-wrong", b, "/workflows/birth/make-default?version=2024-07-01", `form[action$="/make-default"] button`},
		{"move-cases", b, move + "?from=2024-07-01&to=2026-09-01", ""}, {"move-cases-dry", b, move + "?from=2024-07-01&to=2026-09-01", `button[value="dry"]`},
		{"take-back", b, "/workflows/birth/take-back?case=" + code, ""}, {"take-back-wrong", b, "/workflows/birth/take-back?case=" + code, `form[action$="/take-back"] button`},
	}
}

// under checks the version that a case is under.
func (s *stage) under(code, version string) {
	s.t.Helper()
	c, err := s.sys.Store.Load(s.t.Context(), code)
	if err != nil || c.Version != version {
		s.t.Fatalf("%s is under %v, want %s: %v", code, c.Version, version, err)
	}
}

// lastForm is the last form of a page for an address.
func (b *browser) lastForm(r reply, action string) *sheet {
	b.t.Helper()
	i := strings.LastIndex(r.body, `<form method="post" action="`+action+`"`)
	if i < 0 {
		b.t.Fatalf("no form for %s:\n%s", action, r.main())
	}
	r.body = r.body[i:]
	return b.form(r, action)
}

// A version is uploaded, its findings are clicked through, it is published and made
// the default: each after a confirmation, and by an administrator only.
func TestANewVersionOnThePages(t *testing.T) {
	s := newStage(t, publishing)
	b := s.browse("administrator")
	b.lang = "en"
	at := "/workflows/new-version"
	page := b.open(at).want(200)
	b.form(page, at).sendFile("other", "x.yaml", []byte("x: y")).want(422).says("Choose one file at least")
	b.form(page, at).sendFile("files", "x.yaml", []byte("what: ever\n")).want(422).says("x.yaml: It does not say what it is", "service:").saysNot("services/…")
	b.form(page, at).sendFile("files", "x.json", []byte("{}")).want(422).says("x.json: A file is services/…")
	b.form(page, at).sendFile("files", "birth-next.yaml", []byte("service: [\n")).want(200).says("There are errors", "services/birth-next.yaml:", "yaml_syntax")
	b.form(page, at).sendFile("files", "birth-b4.yaml", nextBirth(t, "2 working days")).want(409).says("cannot be left out")

	// A signature that nobody can give, in a second file: the story leads to the
	// machine of what is not published yet.
	good := b.form(page, at).sendFile("files", `C:\next\birth-next.yaml`, nextBirth(t, "2 working days")).want(200).says("No errors: this can be published", "2026-09-02", "Searched to the end")
	found := b.form(good, at).sendFile("files", "registration-next.yaml", unsigned(t)).want(200)
	found.says("There are errors", "procedures/registration-next.yaml:", "guard_false", "shortest story").saysNot("publish-version")
	if m := regexp.MustCompile(`>(draft|versions|severity|played|by)\.[a-z]+`).FindString(found.body); m != "" {
		t.Errorf("a word is missing: %s", m)
	}
	look := b.form(found, "/picture")
	look.fields.Set("at", strings.ReplaceAll(found.find(`name="at" value="([^"]+ signing)"`), "&#43;", "+"))
	look.send("").want(200).says("not published", "data:image/svg&#43;xml;base64,", "signing")

	b.form(good, "/workflows/publish-version").send("").want(422).says("Tick the confirmation first")
	list := b.form(good, "/workflows/publish-version").set("sure", "yes").send("").want(200).says("Published. Nobody files under the new version", "2026-09-02", "services/birth-next.yaml", "administrator")
	if list.path != "/workflows/birth/all-versions" {
		t.Errorf("ended at %s", list.path)
	}
	b.form(page, at).sendFile("files", "birth-next.yaml", nextBirth(t, "2 working days")).want(200).says("the files hold no new version").saysNot("publish-version")
	changed := nextBirth(t, "1 working days")
	b.form(page, at).sendFile("files", "birth-next.yaml", changed).want(409).says("never changes")

	if err := s.sys.Advance(t.Context(), time.Date(2026, 9, 3, 9, 0, 0, 0, calendar.Zone)); err != nil {
		t.Fatal(err)
	}
	to := "/workflows/birth/make-default"
	choose := b.open(to+"?version=2026-09-02").want(200).says("things differ from version 2026-09-01", "“3 working days” to “2 working days”")
	b.form(choose, to).send("").want(422).says("Tick the confirmation first")
	b.form(choose, to).set("sure", "yes", "note", "NĐ 999/2026").send("").want(200).says("It is the default now", "NĐ 999/2026")
	b.open(to + "?version=2026-09-02").want(200).says("It is the default already")
	b.open(to + "?version=none").want(404)
	s.under(s.begin("birth-b4").Code, "2026-09-02")

	tester := s.browse("tester")
	tester.open(at).want(200)
	tester.post("/workflows/publish-version", url.Values{"path": {"services/x.yaml"}, "text": {"x"}, "sure": {"yes"}}).want(403)
	b.post(at, url.Values{"path": {"services/x.yaml"}}).want(400) // no text
	b.post(at+"/picture", url.Values{"path": {"services/x.yaml"}, "text": {"x"}, "at": {"a b"}}).want(400)
	b.open(at + "/picture").want(200)
}
