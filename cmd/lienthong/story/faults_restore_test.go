package story_test

import (
	"path/filepath"
	"testing"
	"time"

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

// restored plays a birth with a backup made in the middle, puts the backup back, and
// starts again at a time that is chosen; the registries know all that was done.
func restored(t *testing.T, start func(backup, end time.Time) time.Time) (m *mortal, again *story.Tale, did map[string]int) {
	t.Helper()
	m = mortals(t, &wall{})
	tale := half(m)
	m.ok(tale)
	began := m.sys.Clock.Now()
	kept := filepath.Join(t.TempDir(), "kept.db")
	if _, err := sqlite.Backup(t.Context(), m.cfg.DB, kept, sqlite.BackupOptions{Full: true}); err != nil {
		t.Fatal(err)
	}
	m.ok(rest(tale))
	did = m.performed()
	if err := m.sys.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := sqlite.Restore(t.Context(), kept, m.cfg.DB, sqlite.RestoreOptions{Force: true})
	if err != nil || r.Open != 1 || r.Newest.Case != tale.Code {
		t.Fatalf("%+v %v", r, err)
	}
	m.cfg.Start = start(began, m.sys.Clock.Now())
	m.Client = &story.Client{HTTP: m.HTTP} // sessions that began after the backup are lost too
	if err := m.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m, story.Join(t.Context(), m.Stage, tale.Code, tale.Citizen), did
}

// People act again as they did: every request has the key that it had, every registry
// answers from its store, and nothing is performed a second time.
func TestFaultsRestoredBackup(t *testing.T) {
	t.Parallel()
	m, again, did := restored(t, func(backup, _ time.Time) time.Time { return backup })
	m.ok(rest(again))
	m.as(did)
	if left := m.waiting("", ""); len(left) > 0 {
		t.Errorf("still owed: %+v", left)
	}
	m.sound()
}

// Days later the case goes another way (it is warned of its due time first), so the
// request has another key. The register itself then says that the birth stands in it:
// the registration comes back to the officer, and nothing was registered twice.
func TestFaultsRestoredBackupTakesAnotherWay(t *testing.T) {
	t.Parallel()
	m, again, did := restored(t, func(_, end time.Time) time.Time { return end })
	m.ok(again.Staff("leader", "birth", "sign", nil).Want("birth", "received"))
	entries, err := m.sys.Store.History(t.Context(), again.Code, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	last := entries[len(entries)-1]
	if r := last.Facts.Reply; r == nil || r.Code != "already_registered" || r.Outcome != engine.ReplyRefused {
		t.Errorf("the last entry is %s with %+v", last.Command.Action, r)
	}
	now := m.performed() // each key once
	if now["civil_status/register_birth"] != did["civil_status/register_birth"]+1 {
		t.Errorf("the registries did %v, before %v", now, did)
	}
	m.sound()
}
