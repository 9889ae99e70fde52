package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"lienthong/agencies/seed"
	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/store/rowenc"
	"lienthong/store/sqlite"
)

// probe is one thing that people or the runtime ask of the store.
type probe struct {
	name string
	// make draws what is asked for; what it returns is timed.
	make func(r *rand.Rand) question
}

// question asks the store something and tells how many rows, or sums, it was answered.
type question func(ctx context.Context, s *sqlite.Store) (rows int, err error)

// page is how long a page of a list is.
const page = 50

// busiest is the office with the most dossiers.
var busiest = "civil_status_" + seed.Populated[0]

// sample is a case that was loaded.
type sample struct {
	code, requester, subject string
	name                     string // of the requester
	result                   string // public id of a result; "" = none
	office                   string // of its first dossier
}

// draws takes cases that were loaded, of those below a number.
type draws struct {
	l              *loader
	finished, open int
	offices        []engine.Office
	ctx            context.Context
	file           *sqlite.File
}

// sample asks the file who the case is about: it may have been filled by another
// version of the scripts. A case that was archived is not asked for.
func (d draws) sample(r *rand.Rand) sample {
	var c *engine.Case
	for range 100 {
		t, f := d.l.finished.fill(r.IntN(d.finished))
		c = t.copy(f).Case
		if kept, err := d.file.Load(d.ctx, c.Code); err == nil {
			c = kept
			break
		}
	}
	s := sample{code: c.Code, requester: c.Requester.ID, subject: c.Subject(), name: c.Requester.Name}
	for _, x := range c.Dossiers {
		if s.office == "" {
			s.office = x.Office
		}
		if x.Result != nil && s.result == "" {
			s.result = x.Result.ID
		}
	}
	return s
}

// withResult draws until the case has issued something.
func (d draws) withResult(r *rand.Rand) sample {
	for {
		if s := d.sample(r); s.result != "" {
			return s
		}
	}
}

// fixed is a probe that asks the same every time.
func fixed(name string, ask question) probe {
	return probe{name, func(*rand.Rand) question { return ask }}
}

// about is a probe that asks about a case drawn.
func about(name string, draw func(*rand.Rand) sample, ask func(ctx context.Context, s *sqlite.Store, x sample) (int, error)) probe {
	return probe{name, func(r *rand.Rand) question {
		x := draw(r)
		return func(ctx context.Context, s *sqlite.Store) (int, error) { return ask(ctx, s, x) }
	}}
}

// rows asks for the first page of a list that must not be empty, unless none is true.
func rows(ctx context.Context, s *sqlite.Store, q engine.RowQuery, none bool) (int, error) {
	q.Limit = page
	got, _, err := s.Rows(ctx, q)
	switch {
	case err != nil:
	case none && len(got) > 0:
		err = fmt.Errorf("%d dossiers are found where there are none", len(got))
	case !none && len(got) == 0:
		err = errors.New("nothing is found: this takes more cases (--open, --finished), or can be left out (--only)")
	}
	return len(got), err
}

// lists are the probes of what people look at.
func (d draws) lists() []probe {
	desk := []string{busiest}
	search := func(text string, ended bool) question {
		return func(ctx context.Context, s *sqlite.Store) (int, error) {
			return rows(ctx, s, engine.RowQuery{Offices: desk, Text: text, Ended: ended}, false)
		}
	}
	perhaps := func(text string) question {
		return func(ctx context.Context, s *sqlite.Store) (int, error) {
			got, _, err := s.Rows(ctx, engine.RowQuery{Offices: desk, Text: text, Ended: true, Limit: page})
			return len(got), err
		}
	}
	return []probe{
		fixed("inbox, first page", func(ctx context.Context, s *sqlite.Store) (int, error) {
			return rows(ctx, s, engine.RowQuery{Offices: desk}, false)
		}),
		fixed("inbox, one state", func(ctx context.Context, s *sqlite.Store) (int, error) {
			return rows(ctx, s, engine.RowQuery{Offices: desk, State: "submitted"}, false)
		}),
		fixed("inbox, counted to 1,000", func(ctx context.Context, s *sqlite.Store) (int, error) {
			return s.CountRows(ctx, engine.RowQuery{Offices: desk}, 1001)
		}),
		fixed("inbox with ended ones", func(ctx context.Context, s *sqlite.Store) (int, error) {
			return rows(ctx, s, engine.RowQuery{Offices: desk, Ended: true}, false)
		}),
		about("search by code", d.sample, func(ctx context.Context, s *sqlite.Store, x sample) (int, error) {
			return rows(ctx, s, engine.RowQuery{Offices: []string{x.office}, Text: strings.ToLower(x.code), Ended: true}, false)
		}),
		about("search by full name", d.sample, func(ctx context.Context, s *sqlite.Store, x sample) (int, error) {
			return rows(ctx, s, engine.RowQuery{Offices: []string{x.office}, Text: rowenc.FoldText(x.subject), Ended: true}, false)
		}),
		about("search by both names", d.sample, func(ctx context.Context, s *sqlite.Store, x sample) (int, error) {
			return rows(ctx, s, engine.RowQuery{Offices: []string{x.office}, Text: rowenc.FoldText(x.subject + " " + x.name), Ended: true}, false)
		}),
		fixed(`search "nguyen van", open`, search("nguyen van", false)),
		fixed(`search "nguyen van", all`, search("nguyen van", true)),
		fixed(`search "n", all`, search("n", true)),
		fixed(`search "quach", all`, perhaps("quach")),
		fixed(`search "nguyen quach", all`, perhaps("nguyen quach")),
		fixed(`search nobody, all`, func(ctx context.Context, s *sqlite.Store) (int, error) {
			return rows(ctx, s, engine.RowQuery{Offices: desk, Text: "nguyen xyz", Ended: true}, true)
		}),
		fixed(`"nguyen van", counted`, func(ctx context.Context, s *sqlite.Store) (int, error) {
			return s.CountRows(ctx, engine.RowQuery{Offices: desk, Text: "nguyen van", Ended: true}, 1001)
		}),
		about("a citizen's cases", d.sample, func(ctx context.Context, s *sqlite.Store, x sample) (int, error) {
			got, _, err := s.CasesOf(ctx, x.requester, "", page)
			if err == nil && len(got) == 0 {
				err = fmt.Errorf("%s has no case, not even %s", x.requester, x.code)
			}
			return len(got), err
		}),
		about("a citizen's tasks", d.sample, func(ctx context.Context, s *sqlite.Store, x sample) (int, error) {
			got, err := s.TasksOf(ctx, x.requester)
			return len(got), err
		}),
		about("a citizen's notifications", d.sample, func(ctx context.Context, s *sqlite.Store, x sample) (int, error) {
			got, _, err := s.Notifications(ctx, x.requester, "", page)
			if err == nil && len(got) == 0 {
				err = fmt.Errorf("%s was told nothing", x.requester)
			}
			return len(got), err
		}),
		fixed("an office's notifications", func(ctx context.Context, s *sqlite.Store) (int, error) {
			got, _, err := s.Notifications(ctx, engine.OfficePrefix+busiest, "", page)
			return len(got), err
		}),
		about("a case", d.sample, func(ctx context.Context, s *sqlite.Store, x sample) (int, error) {
			_, err := s.Load(ctx, x.code)
			return 1, err
		}),
		about("a case's history", d.sample, func(ctx context.Context, s *sqlite.Store, x sample) (int, error) {
			got, err := s.History(ctx, x.code, 1, 0)
			return len(got), err
		}),
		about("a public result", d.withResult, func(ctx context.Context, s *sqlite.Store, x sample) (int, error) {
			_, _, err := s.Result(ctx, x.result)
			return 1, err
		}),
		about("who opened a case", d.sample, func(ctx context.Context, s *sqlite.Store, x sample) (int, error) {
			got, err := s.AccessTo(ctx, x.code, "", page)
			return len(got), err
		}),
	}
}

// indicators are the probes of what a supervisor sees: of one office and of all, of
// the running month by day and of a year.
func (d draws) indicators() []probe {
	to := calendar.DateOf(d.l.finished.until)
	var all []string
	for _, o := range d.offices {
		all = append(all, o.ID)
	}
	sums := func(name string, offices []string, days int) probe {
		return fixed(name, func(ctx context.Context, s *sqlite.Store) (int, error) {
			got, err := s.Sums(ctx, engine.SumQuery{Offices: offices, From: to.AddDays(-days), To: to})
			if err == nil && len(got) == 0 {
				err = fmt.Errorf("nothing was counted")
			}
			return len(got), err
		})
	}
	return []probe{
		sums("indicators, office, 30 days", []string{busiest}, 30),
		sums("indicators, office, a year", []string{busiest}, 365),
		sums("indicators, all, 30 days", all, 30),
		sums("indicators, all, a year", all, 365),
	}
}

// engineRoom are the probes of what the runtime and its operators ask.
func (d draws) engineRoom() []probe {
	return []probe{
		fixed("exchange, what is not done", func(ctx context.Context, s *sqlite.Store) (int, error) {
			got, _, err := s.Owed(ctx, engine.OwedQuery{Limit: page})
			if err == nil && len(got) == 0 {
				err = fmt.Errorf("nothing waits")
			}
			return len(got), err
		}),
		fixed("exchange, one register's", func(ctx context.Context, s *sqlite.Store) (int, error) {
			got, _, err := s.Owed(ctx, engine.OwedQuery{Registry: "population", Limit: page})
			return len(got), err
		}),
		fixed("exchange, incidents", func(ctx context.Context, s *sqlite.Store) (int, error) {
			got, _, err := s.Owed(ctx, engine.OwedQuery{Status: engine.DeliveryIncident, Limit: page})
			return len(got), err
		}),
		fixed("exchange, sums by register", func(ctx context.Context, s *sqlite.Store) (int, error) {
			got, err := s.Lines(ctx, d.l.finished.until)
			return len(got), err
		}),
		fixed("exchange, sums of 30 days", func(ctx context.Context, s *sqlite.Store) (int, error) {
			to := d.l.finished.until
			got, err := s.Exchanges(ctx, calendar.DateOf(to.AddDate(0, 0, -30)), calendar.DateOf(to))
			return len(got), err
		}),
		fixed("timers that are due", func(ctx context.Context, s *sqlite.Store) (int, error) {
			got, err := s.Due(ctx, d.l.finished.until, 32)
			return len(got), err
		}),
		fixed("the next timer", func(ctx context.Context, s *sqlite.Store) (int, error) {
			_, found, err := s.NextDue(ctx)
			if err == nil && !found {
				err = fmt.Errorf("no timer")
			}
			return 1, err
		}),
		fixed("open cases, a page", func(ctx context.Context, s *sqlite.Store) (int, error) {
			got, err := s.Open(ctx, "H2", 100)
			if err == nil && len(got) == 0 {
				err = fmt.Errorf("no open case")
			}
			return len(got), err
		}),
		fixed("claiming deliveries", func(ctx context.Context, s *sqlite.Store) (int, error) {
			now := time.Now()
			got, err := s.Claim(ctx, "growth", now, now.Add(time.Minute), 32)
			return len(got), err
		}),
	}
}
