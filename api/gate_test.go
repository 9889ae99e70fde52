package api_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"lienthong/api"
	"lienthong/engine"
	"lienthong/engine/runtime"
)

// held keeps every filing waiting until it is let go.
type held struct {
	api.Runtime
	came chan struct{}
	let  chan struct{}
}

func (h held) File(ctx context.Context, f runtime.Filing) ([]*engine.Case, error) {
	h.came <- struct{}{}
	<-h.let
	return h.Runtime.File(ctx, f)
}

// A flood of filings is turned away beyond its bounds, with the time to come back;
// the offices and whoever watches the server go on; those who wait get their turn.
func TestFloodIsTurnedAway(t *testing.T) {
	const places, waiting = 3, 4
	var h held
	w := newWorld(t, func(c *api.Config) {
		h = held{Runtime: c.Runtime, came: make(chan struct{}, 100), let: make(chan struct{})}
		c.Runtime = h
		c.Limits.Filings, c.Limits.FilingsWaiting, c.Limits.Turn = places, waiting, time.Hour
	})
	body := map[string]any{"service": "birth", "application": w.application("birth-b4", "residence", "identity")}
	w.token(father)
	file := func() answer { return w.send(father, "POST", "/api/v1/cases", body) }
	statuses := make(chan int, places+waiting)
	var wg sync.WaitGroup
	for range places + waiting {
		wg.Go(func() { statuses <- file().status })
	}
	for range places {
		<-h.came
	}
	// Those who wait are counted before the next one comes.
	for w.server.Waiting() < waiting {
		if w.send("", "GET", "/readyz", nil).status != 200 {
			t.Fatal("not ready during a flood")
		}
	}
	a := file()
	a.refused(503, "unavailable")
	if a.header.Get("Retry-After") == "" {
		t.Error("nobody says when to come back")
	}
	w.send("officer."+officeBirth, "GET", "/api/v1/inbox", nil).want(200)
	close(h.let)
	wg.Wait()
	filed := 0
	for range places + waiting {
		switch s := <-statuses; s {
		case 201:
			filed++
		case 409: // the same notice
		default:
			t.Errorf("a filing that waited was answered with %d", s)
		}
	}
	if filed != 1 {
		t.Errorf("%d of the filings of one birth were taken", filed)
	}
	if file().status == 503 {
		t.Error("the gate stays shut")
	}
}

// Who waits too long is turned away.
func TestWaitingForATurnEnds(t *testing.T) {
	var h held
	w := newWorld(t, func(c *api.Config) {
		h = held{Runtime: c.Runtime, came: make(chan struct{}, 100), let: make(chan struct{})}
		c.Runtime = h
		c.Limits.Filings, c.Limits.Turn = 1, time.Millisecond
	})
	body := map[string]any{"service": "birth", "application": w.application("birth-b4", "residence", "identity")}
	w.token(father)
	var wg sync.WaitGroup
	wg.Go(func() { w.send(father, "POST", "/api/v1/cases", body).want(201) })
	<-h.came
	w.send(father, "POST", "/api/v1/cases", body).refused(503, "unavailable")
	close(h.let)
	wg.Wait()
}
