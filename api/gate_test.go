package api_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
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
		c.Limits.Each = places + waiting + 1
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

// One who asks for much at once leaves room for the others: an office, whoever of its
// people it is, or a citizen.
func TestOneLeavesRoomForOthers(t *testing.T) {
	for name, x := range map[string]struct{ many, again, other string }{
		"office":  {"reception." + officeBirth, "reception2." + officeBirth, father},
		"citizen": {father, father, "reception." + officeBirth},
	} {
		t.Run(name, func(t *testing.T) {
			var h held
			w := newWorld(t, func(c *api.Config) {
				h = held{Runtime: c.Runtime, came: make(chan struct{}, 100), let: make(chan struct{})}
				c.Runtime = h
				c.Limits.Filings, c.Limits.FilingsWaiting = 8, 8 // a quarter is 4
			})
			colleague := engine.Account{ID: "reception2." + officeBirth, Kind: engine.Staff, Name: "Tiếp nhận", Roles: []string{"reception"}, Office: officeBirth}
			if err := w.store.PutAccount(t.Context(), colleague, 0, nil); err != nil {
				t.Fatal(err)
			}
			file := func(account string) answer {
				body := map[string]any{"service": "birth", "application": w.application("birth-b4", "residence", "identity")}
				if account != father {
					body["on_behalf_of"] = map[string]any{"id": father, "name": "Nguyễn Minh Tuấn", "phone": "0912345678"}
				}
				return w.send(account, "POST", "/api/v1/cases", body)
			}
			for _, account := range []string{x.many, x.again, x.other} {
				w.token(account)
			}
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() { file(x.many) })
				<-h.came
			}
			refused := make(chan answer, 1)
			wg.Go(func() { refused <- file(x.again) })
			select {
			case a := <-refused:
				a.refused(503, "unavailable")
				if a.header.Get("Retry-After") == "" {
					t.Error("nobody says when to come back")
				}
			case <-h.came:
				t.Error("it has more than a quarter")
			}
			wg.Go(func() { file(x.other) })
			<-h.came // it found room
			close(h.let)
			wg.Wait()
			if file(x.again).status == 503 {
				t.Error("the room is not given back")
			}
		})
	}
}

// answering keeps every late answer of a registry waiting until it is let go.
type answering struct {
	api.Runtime
	came, let chan struct{}
}

func (h answering) Reply(context.Context, string, engine.Reply) error {
	h.came <- struct{}{}
	<-h.let
	return nil
}

// Registries come through one proxy: each has room of its own, and so has whoever signs
// nothing.
func TestRegistriesBehindOneAddress(t *testing.T) {
	h := answering{came: make(chan struct{}, 100), let: make(chan struct{})}
	w := newWorld(t, func(c *api.Config) {
		h.Runtime = c.Runtime
		c.Runtime = h
		c.Limits.Requests, c.Limits.RequestsWaiting = 8, 8 // a quarter is 4
	})
	reply := func(registry string) answer {
		body := fmt.Appendf(nil, `{"key":"x","registry":%q,"operation":"y","outcome":"done"}`, registry)
		return w.send("", "POST", "/api/v1/exchange/"+registry+"/replies", body, signed(t, registry, body)...)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { reply("population").want(200) })
		<-h.came
	}
	reply("population").refused(503, "unavailable")
	health := make(chan answer, 1)
	wg.Go(func() { health <- reply("health") })
	select {
	case <-h.came:
	case a := <-health:
		t.Errorf("health finds no room: %d", a.status)
	}
	w.send("", "POST", "/api/v1/exchange/population/replies", []byte(`{}`)).refused(401, "unauthenticated")
	close(h.let)
	wg.Wait()
	reply("population").want(200)
}

// What bodies take in memory is bounded, all together, and given back.
func TestBodiesAreBounded(t *testing.T) {
	var h held
	w := newWorld(t, func(c *api.Config) {
		h = held{Runtime: c.Runtime, came: make(chan struct{}, 100), let: make(chan struct{})}
		c.Runtime = h
		c.Limits.BodyBytes = 10_000
	})
	draft := func(size int) answer {
		return w.send(father, "PUT", "/api/v1/drafts/d"+strconv.Itoa(size), `{"service":"birth","data":{"x":"`+strings.Repeat("x", size)+`"}}`)
	}
	a := draft(10_000)
	a.refused(503, "unavailable")
	if a.header.Get("Retry-After") == "" {
		t.Error("nobody says when to come back")
	}
	draft(9_900).want(200)
	var wg sync.WaitGroup
	wg.Go(func() {
		w.send(father, "POST", "/api/v1/cases", map[string]any{"service": "birth", "application": w.application("birth-b4", "residence", "identity")}).want(201)
	})
	<-h.came
	draft(9_901).refused(503, "unavailable") // beside a filing
	close(h.let)
	wg.Wait()
	draft(9_902).want(200)
}

// A body that does not come is not waited for.
func TestBodyThatDoesNotCome(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Limits.BodyTime = time.Millisecond })
	server := httptest.NewServer(w.server)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "PUT /api/v1/drafts/d HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", w.token(father))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestTimeout {
		t.Errorf("status %d", res.StatusCode)
	}
}
