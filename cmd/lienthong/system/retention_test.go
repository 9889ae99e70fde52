package system

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"lienthong/engine"
	"lienthong/engine/runtime"
	"lienthong/store/sqlite"
	"lienthong/store/storetest"
)

// A round deletes in small transactions until nothing is old enough, keeps what has
// no period, counts, and makes one checkpoint a day.
func TestHouse(t *testing.T) {
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "cases.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	now := storetest.T0.AddDate(1, 0, 0)
	for i := range houseBatch + 50 {
		code := fmt.Sprintf("A%03d", i)
		c := storetest.File(storetest.Filing{Code: code}).Change()
		c.Answer = &engine.Answer{Actor: "an", Key: code, Digest: "d", Case: code, Status: 200, Body: json.RawMessage(`{}`), At: storetest.T0}
		if err := db.Append(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.PutDraft(t.Context(), engine.Draft{ID: "d", Owner: "o", Service: "birth", Updated: storetest.T0}, 0); err != nil {
		t.Fatal(err)
	}
	s := &System{Store: db, Clock: runtime.NewVirtual(now, false), keep: Keep{Answers: 24 * time.Hour, Checkpoints: 24 * time.Hour}, log: slog.New(slog.DiscardHandler)}
	for range 2 {
		if err := s.House(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range houseBatch + 50 {
		if a, err := db.Answered(t.Context(), "an", fmt.Sprintf("A%03d", i)); a != nil || err != nil {
			t.Fatalf("answer %d stands: %+v %v", i, a, err)
		}
	}
	if d, err := db.Drafts(t.Context(), "o"); err != nil || len(d) != 1 {
		t.Errorf("a draft without a period: %v %v", d, err)
	}
	if c, err := db.NewestCheckpoint(t.Context()); err != nil || c.N != 1 || c.Cases != houseBatch+50 {
		t.Errorf("checkpoint %+v %v", c, err)
	}
}

// What registries answered goes by the machine's clock, like their tries; cases and what
// people wrote by the business clock. Each kind has its own period.
func TestHorizonOfEachKind(t *testing.T) {
	business, wall := storetest.T0, storetest.T0.AddDate(5, 0, 0)
	k := Keep{Answers: 1 * time.Hour, Deliveries: 2 * time.Hour, Sessions: 3 * time.Hour, Prefills: 4 * time.Hour, Drafts: 5 * time.Hour}
	want := engine.Horizon{Answers: business.Add(-1 * time.Hour), Deliveries: wall.Add(-2 * time.Hour), Sessions: wall.Add(-3 * time.Hour),
		Prefills: business.Add(-4 * time.Hour), Drafts: business.Add(-5 * time.Hour)}
	if got := k.horizon(business, wall); got != want {
		t.Errorf("kept from %+v\nwant      %+v", got, want)
	}
}

// The loop ends with its context, and does not begin when everything is kept.
func TestKeepHouseEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	(&System{keep: Keep{Answers: time.Hour}, log: slog.New(slog.DiscardHandler)}).keepHouse(ctx)
	(&System{log: slog.New(slog.DiscardHandler)}).keepHouse(t.Context())
	if h := (Keep{}).horizon(time.Now(), time.Now()); h != (engine.Horizon{}) {
		t.Errorf("nothing to forget, yet %+v", h)
	}
}
