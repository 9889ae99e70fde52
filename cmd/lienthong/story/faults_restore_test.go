package story_test

import (
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"lienthong/agencies"
	"lienthong/cmd/lienthong/story"
	"lienthong/engine"
	"lienthong/store/sqlite"
)

// half plays the birth until its certificate waits for the leader; rest plays on to
// the end.
func half(s *mortal) *story.Tale {
	t := story.Begin(s.t.Context(), s.Stage, "birth-b4", nil)
	t.Later(15*time.Minute).Staff("reception", "birth", "receive", nil).Later(20 * time.Minute)
	return t.Draft().Later(40*time.Minute).Applicant("birth", "confirm", nil)
}

func rest(t *story.Tale) *story.Tale {
	const grandfather = "001058000101"
	t.Later(30*time.Minute).Staff("leader", "birth", "sign", nil).Want("birth", "registered")
	t.Later(3*time.Hour).By(grandfather, "residence", "consent", nil)
	t.Staff("officer", "residence", "check", map[string]any{"household": "HN-0001", "relation": "grandchild", "consent_shown_by": "vneid"})
	t.Later(time.Hour).Staff("leader", "residence", "approve", nil).Want("residence", "registered")
	t.Later(18*time.Hour).Staff("officer", "card", "approve", nil).Want("card", "issued")
	t.Later(2*time.Hour).Staff("officer", "identity", "approve", nil).Want("identity", "issued")
	return t.Later(time.Hour).Staff("reception", "identity", "hand_over", nil).WantEnd("completed", 10)
}

// loses makes a backup, lets more be done, and puts the backup back at a time that is
// chosen: what was done in between is lost here, and the registries know all of it.
func (m *mortal) loses(more func(), start func(backup, end time.Time) time.Time) {
	m.t.Helper()
	ctx, began := m.t.Context(), m.sys.Clock.Now()
	kept := filepath.Join(m.t.TempDir(), "kept.db")
	if _, err := sqlite.Backup(ctx, m.cfg.DB, kept, sqlite.BackupOptions{Full: true}); err != nil {
		m.t.Fatal(err)
	}
	more()
	if err := m.sys.Close(); err != nil {
		m.t.Fatal(err)
	}
	r, err := sqlite.Restore(ctx, kept, m.cfg.DB, sqlite.RestoreOptions{Force: true})
	if err != nil || r.Open != 1 {
		m.t.Fatalf("%+v %v", r, err)
	}
	m.cfg.Start = start(began, m.sys.Clock.Now())
	m.Client = &story.Client{HTTP: m.HTTP} // sessions that began after the backup are lost too
	if err := m.start(ctx); err != nil {
		m.t.Fatal(err)
	}
}

func atBackup(backup, _ time.Time) time.Time { return backup }
func atEnd(_, end time.Time) time.Time       { return end }

// People act again as they did: every request has the key that it had, every registry
// answers from its store, and nothing is performed a second time.
func TestFaultsRestoredBackup(t *testing.T) {
	t.Parallel()
	m := mortals(t, &wall{})
	tale := half(m)
	m.ok(tale)
	did := map[string]int{}
	m.loses(func() {
		m.ok(rest(tale))
		did = m.performed()
	}, atBackup)
	again := story.Join(t.Context(), m.Stage, tale.Code, tale.Citizen)
	m.ok(rest(again))
	m.as(did)
	m.settled()
}

// settled checks that nothing is owed and all is sound.
func (m *mortal) settled() {
	m.t.Helper()
	if left := m.waiting("", ""); len(left) > 0 {
		m.t.Errorf("still owed: %+v", left)
	}
	m.sound()
}

// Days later the case goes another way (it is warned of its due time first), so the
// request has another key. The register says that the birth stands in it, for this
// case and as it asks: the first answer is given again.
func TestFaultsRestoredBackupTakesAnotherWay(t *testing.T) {
	t.Parallel()
	m := mortals(t, &wall{})
	tale := half(m)
	m.ok(tale)
	var before *engine.Reply
	m.loses(func() {
		m.ok(rest(tale))
		before = m.answered(tale.Code, "civil_status")
	}, atEnd)
	again := story.Join(t.Context(), m.Stage, tale.Code, tale.Citizen)
	m.ok(rest(again))
	after := m.answered(tale.Code, "civil_status")
	if before.Request == after.Request || !reflect.DeepEqual(before.Data, after.Data) {
		t.Errorf("registered as %+v, and again as %+v", before, after)
	}
	m.settled()
}

// answered is the newest answer of a registry to a case.
func (m *mortal) answered(code, registry string) (r *engine.Reply) {
	m.t.Helper()
	entries, err := m.sys.Store.History(m.t.Context(), code, 1, 0)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Facts.Reply != nil && e.Command.Actor.ID == registry {
			r = e.Facts.Reply
		}
	}
	if r == nil {
		m.t.Fatalf("%s has not answered %s", registry, code)
	}
	return r
}

// The parts that run side by side are done in the other order: their requests stand
// at each other's places in history. No registry takes one for the other, every part
// comes to the decision that was recorded for it, and the money is paid once.
func TestFaultsRestoredBackupOtherOrder(t *testing.T) {
	t.Parallel()
	m := mortals(t, &wall{})
	tale := m.died("death-o4", nil)
	tale.Applicant("representative", "confirm", nil).Want("representative", "confirmed")
	m.ok(tale)
	survivor := func(t *story.Tale) { survivorGets(t, t.Finding("lump_sum", false), "paid") }
	m.loses(func() {
		insurerPays(tale)
		survivor(tale)
		m.ok(tale.WantEnd("completed", 10))
	}, atBackup)
	paid := m.treasury("pay", tale.Code)
	again := story.Join(t.Context(), m.Stage, tale.Code, tale.Citizen)
	survivor(again)
	insurerPays(again)
	m.ok(again.WantEnd("completed", 10))
	m.money(tale, []int64{23_400_000, 19_500_000})
	if len(paid) != 2 {
		t.Errorf("paid %v before", paid)
	}
	m.settled()
}

// The money is on its way to an account that the citizen corrected when the file is
// lost. After the restore another part is decided first and the citizen wants cash:
// another key and another content. The treasury has paid by this decision, and says so.
func TestFaultsRestoredBackupPaysOnce(t *testing.T) {
	t.Parallel()
	m := mortals(t, &wall{})
	tale := m.died("death-o4", func(app map[string]any) { put(app, "9999999999", "funeral", "payee", "account") })
	tale.Applicant("representative", "confirm", nil).Want("representative", "confirmed")
	tale.Staff("officer", "insurance_funeral", "calculate", nil)
	m.ok(tale.Later(time.Hour).Staff("leader", "insurance_funeral", "sign", nil).Want("insurance_funeral", "payee_wrong"))
	m.loses(func() {
		m.ok(tale.Applicant("insurance_funeral", "correct_payee", m.payee("bank")).Want("insurance_funeral", "paid"))
		m.money(tale, []int64{23_400_000})
	}, atBackup)
	again := story.Join(t.Context(), m.Stage, tale.Code, tale.Citizen)
	again.Staff("officer", "survivor", "calculate", again.Finding("lump_sum", false))
	m.ok(again.Applicant("insurance_funeral", "correct_payee", m.payee("cash")).Want("insurance_funeral", "paid"))
	m.money(tale, []int64{23_400_000})
	m.settled()
}

// payee is who gets the money, and how.
func (m *mortal) payee(method string) map[string]any {
	p := map[string]any{"method": method, "name": "Phan Thị Cúc", "id": "001174000702"}
	if method == "bank" {
		p["account"], p["bank"] = "1500000000702", "Agribank"
	}
	return p
}

// A registry answers late what was asked after the backup: that request stands no
// more, and the one that stands in its place is not answered by it.
func TestFaultsRestoredBackupStrayAnswer(t *testing.T) {
	t.Parallel()
	m := mortals(t, &wall{})
	tale := m.died("death-o4-july", nil)
	tale.Applicant("representative", "confirm", nil).Want("representative", "confirmed")
	m.ok(tale)
	asked := func(t *story.Tale, step string) string {
		d := m.waiting("social_insurance", "accepted")
		if len(d) != 1 || d[0].Step != step {
			m.t.Fatalf("the insurer was asked %+v, want one request of %s", d, step)
		}
		return d[0].Key
	}
	lost := ""
	m.loses(func() {
		m.dial("social_insurance", agencies.Faults{Later: "2h"})
		tale.Staff("officer", "insurance_funeral", "calculate", nil)
		m.ok(tale.Staff("leader", "insurance_funeral", "sign", nil).Want("insurance_funeral", "stopping"))
		lost = asked(tale, "insurance_funeral")
	}, atBackup)
	again := story.Join(t.Context(), m.Stage, tale.Code, tale.Citizen)
	m.dial("social_insurance", agencies.Faults{Later: "12h"})
	m.ok(survivorGets(again, again.Finding("lump_sum", false), "recording_lump"))
	if key := asked(again, "survivor"); key != lost {
		t.Fatalf("the requests are %s and %s, want one key", lost, key)
	}
	m.ok(again.Later(5*time.Hour).Want("survivor", "recording_lump").Want("insurance_funeral", "checking"))
	m.ok(again.Later(12*time.Hour).Want("survivor", "paid").Want("insurance_funeral", "checking"))
	m.heal("social_insurance")
	insurerPays(again) // which asks for what was done, and is told
	m.ok(again.WantEnd("completed", 10))
	m.settled()
}
