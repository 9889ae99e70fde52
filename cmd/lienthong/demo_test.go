package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"lienthong/engine/calendar"
	"lienthong/store/sqlite"
)

// latest is the business time of a file's newest entry.
func latest(t *testing.T, db string) time.Time {
	t.Helper()
	f, err := sqlite.OpenFile(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	e, err := f.Newest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return e.At
}

// The clock of a kept file goes on where its cases stand, and a stop ends the live
// pages that are open: the demonstration ends at once, and well.
func TestDemoOnAKeptFile(t *testing.T) {
	_, db := played(t)
	newest := latest(t, db).In(calendar.Zone)
	says(t, 1, "holds an entry of "+newest.Format("2006-01-02 15:04"), "demo", "--lang", "en", "--db", db, "--listen", "127.0.0.1:0", "--start", "2026-09-07 08:00")

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	told, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := (&demoCommand{DB: db, Check: "auto", Listen: "127.0.0.1:0", Lang: "en"}).Run(&env{ctx: ctx, out: out, errs: io.Discard, log: slog.New(slog.DiscardHandler)})
		_ = out.Close() // of a pipe: never fails
		ended <- err
	}()
	var url, clock string
	for s := bufio.NewScanner(told); url == "" && s.Scan(); {
		if m := regexp.MustCompile(`Business clock: (.*)\. Stop`).FindStringSubmatch(s.Text()); m != nil {
			clock = m[1]
		}
		if m := regexp.MustCompile(`pages +(http\S+)`).FindStringSubmatch(s.Text()); m != nil {
			url = m[1]
		}
	}
	if url == "" {
		t.Fatalf("it does not say where it is: %v", <-ended)
	}
	go func() { _, _ = io.Copy(io.Discard, told) }() // ends with the pipe
	if at, err := time.ParseInLocation("02/01/2006 15:04", clock, calendar.Zone); err != nil || at.Before(newest.Truncate(time.Minute)) {
		t.Errorf("the clock starts at %s (%v), the newest entry is of %s", clock, err, newest)
	}

	res, err := http.Post(url+"/api/v1/sessions", "application/json", strings.NewReader(`{"account":"001093000103"}`))
	if err != nil {
		t.Fatal(err)
	}
	var session struct{ Token string }
	err = json.NewDecoder(res.Body).Decode(&session)
	_ = res.Body.Close()
	if err != nil || session.Token == "" {
		t.Fatalf("signing in: %s, %v", res.Status, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", url+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+session.Token)
	live, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer live.Body.Close()
	if line, err := bufio.NewReader(live.Body).ReadString('\n'); err != nil || live.StatusCode != 200 {
		t.Fatalf("the stream begins with %q, %s, %v", line, live.Status, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("stopped while a page was live: %v", err)
	}
}
