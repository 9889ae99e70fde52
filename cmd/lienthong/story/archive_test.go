package story_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lienthong/cmd/lienthong/story"
	"lienthong/store/sqlite"
)

// offline stops the system, works on its file, and starts it again.
func (m *mortal) offline(work func(ctx context.Context, db string) error) {
	m.t.Helper()
	m.cfg.Start = m.sys.Clock.Now()
	m.HTTP.CloseIdleConnections()
	if err := errors.Join(m.sys.Close(), work(m.t.Context(), m.cfg.DB), m.start(m.t.Context())); err != nil {
		m.t.Fatal(err)
	}
}

// A closed birth is moved to an archive: its parents still find it in their list and
// are told where it is, others learn nothing, its certificate is still genuine. It is
// brought back, and the certificate is corrected.
func TestArchivedBirthIsToldAndCorrected(t *testing.T) {
	t.Parallel()
	m := mortals(t, &wall{})
	b := story.Birth(t.Context(), m.Stage)
	m.ok(b)
	id := b.Now().Dossier("birth").Result.ID
	part := b.Now().Dossier("card").Code
	m.ok(story.Death(t.Context(), m.Stage))
	archive := filepath.Join(filepath.Dir(m.cfg.DB), "2026.archive")
	m.offline(func(ctx context.Context, db string) error {
		a, err := sqlite.Archive(ctx, db, archive, sqlite.ArchiveOptions{Before: m.sys.Clock.Now().Add(time.Hour)})
		if err == nil && a.Cases != 1 {
			t.Errorf("%+v", a)
		}
		return err
	})

	var list struct {
		Cases []struct{ Code, Archive string }
	}
	m.call(story.Request{Account: b.Citizen, Method: http.MethodGet, Path: "/cases"}, &list)
	if len(list.Cases) != 1 || list.Cases[0].Code != b.Code || list.Cases[0].Archive != "2026.archive" {
		t.Errorf("the list: %+v", list)
	}
	const stranger = "079187000902"
	for _, x := range []struct {
		account, path, want string
		status              int
	}{
		{b.Citizen, "/cases/" + b.Code, "archived", http.StatusGone},
		{b.Citizen, "/cases/" + b.Code + "/history", "archived", http.StatusGone},
		{b.Citizen, "/cases/" + part + "/timeline", "archived", http.StatusGone},
		{commune, "/cases/" + part, "archived", http.StatusGone},
		{stranger, "/cases/" + b.Code, "not_found", http.StatusNotFound},
		{"officer.police_26743", "/cases/" + b.Code, "not_found", http.StatusNotFound},
	} {
		_, err := m.Call(t.Context(), story.Request{Account: x.account, Method: http.MethodGet, Path: x.path}, nil)
		var p *story.Problem
		if !errors.As(err, &p) || p.Code != x.want || p.Status != x.status || x.want == "archived" && !strings.Contains(p.Detail, "2026.archive") {
			t.Errorf("%s reads %s: %v, want %d %s", x.account, x.path, err, x.status, x.want)
		}
	}
	var r struct{ Status, Code string }
	m.call(story.Request{Method: http.MethodGet, Path: "/results/" + id}, &r)
	if r.Status != "genuine" || r.Code == "" {
		t.Errorf("its certificate: %+v", r)
	}
	m.sound()

	m.offline(func(ctx context.Context, db string) error {
		_, err := sqlite.Unarchive(ctx, db, "", part)
		return err
	})
	back := story.Join(t.Context(), m.Stage, b.Code, b.Citizen)
	back.By(commune, "birth", "correct", because).Want("birth", "correcting")
	back.By(chairman, "birth", "propose", corrects(map[string]any{"name": rightName})).Want("birth", "registered")
	m.ok(back)
	m.call(story.Request{Method: http.MethodGet, Path: "/results/" + id}, &r)
	if r.Status != "replaced" {
		t.Errorf("its certificate afterwards: %+v", r)
	}
	m.sound()
}
