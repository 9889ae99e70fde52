package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/store/rowenc"
)

// What people wait for as they meet it: the whole request, over TCP, signed in. A look of
// staff is committed to the access log before they see anything.

// asked is one thing that somebody asks of the surface.
type asked struct {
	name string
	list string // the member of the answer that has the rows
	// draw tells who asks, and what.
	draw func(r *rand.Rand) (who engine.Account, path string, q url.Values)
}

// overTCP are the questions of lists and indicators that have a page.
func (d draws) overTCP() []asked {
	inbox := func(name string, text func(sample) string) asked {
		return asked{name, "rows", func(r *rand.Rand) (engine.Account, string, url.Values) {
			q := url.Values{"limit": {fmt.Sprint(page)}}
			if text == nil {
				return staff(engine.ByOfficer, busiest), "/inbox", q
			}
			x := d.sample(r)
			q.Set("text", text(x))
			q.Set("ended", "true")
			return staff(engine.ByOfficer, x.office), "/inbox", q
		}}
	}
	indicators := func(days int, name string) asked {
		return asked{name, "indicators", func(*rand.Rand) (engine.Account, string, url.Values) {
			to := calendar.DateOf(d.l.finished.until)
			return staff(engine.BySupervisor, busiest), "/indicators", url.Values{"from": {string(to.AddDays(-days))}, "to": {string(to)}}
		}}
	}
	return []asked{
		inbox("inbox, first page", nil),
		inbox("search by code", func(x sample) string { return strings.ToLower(x.code) }),
		inbox("search by full name", func(x sample) string { return rowenc.FoldText(x.subject) }),
		inbox("search by both names", func(x sample) string { return rowenc.FoldText(x.subject + " " + x.name) }),
		inbox(`search "nguyen van", all`, func(sample) string { return "nguyen van" }),
		{"a citizen's cases", "cases", func(r *rand.Rand) (engine.Account, string, url.Values) {
			x := d.sample(r)
			return engine.Account{ID: x.requester, Kind: engine.Citizen, Person: x.requester, Name: x.name}, "/cases", url.Values{"limit": {fmt.Sprint(page)}}
		}},
		indicators(30, "indicators, office, 30 days"),
		indicators(365, "indicators, office, a year"),
	}
}

// overTCP acts and asks.
func (g *gauge) overTCP(ctx context.Context, d draws) (out []Probed, err error) {
	questions := d.overTCP()
	for _, q := range questions {
		if strings.HasPrefix(q.name, "indicators") && g.wants(q.name) {
			if err := g.count(ctx); err != nil {
				return nil, err
			}
			break
		}
	}
	s, err := g.standing(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if g.wants(acts...) {
		if err := s.admit(ctx, accounts(g.defs, families)...); err != nil {
			return nil, err
		}
		if out, err = g.acts(ctx, s); err != nil {
			return nil, err
		}
		for _, x := range out {
			g.tell("%s", x)
		}
	}
	for _, q := range questions {
		if !g.wants(q.name) {
			continue
		}
		x, err := g.ask(ctx, s, q)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.name, err)
		}
		g.tell("%s", x)
		out = append(out, x)
	}
	return out, nil
}

// admit signs people in, who get an account if they have none.
func (s *stage) admit(ctx context.Context, people ...engine.Account) error {
	for _, p := range people {
		_, err := s.store.Account(ctx, p.ID)
		if isNotFound(err) {
			err = s.store.PutAccount(ctx, p, 0, nil)
		}
		if err != nil {
			return err
		}
	}
	return s.surface.signIn(ctx, people)
}

// ask asks often, after having asked a while. The answer must have rows.
func (g *gauge) ask(ctx context.Context, s *stage, q asked) (Probed, error) {
	r := rand.New(rand.NewPCG(7, 7))
	var u uses
	for range (rounds + 1) * g.samples {
		who, path, query := q.draw(r)
		if !s.surface.knows(who.ID) {
			if err := s.admit(ctx, who); err != nil {
				return Probed{}, err
			}
		}
		var answer []byte
		err := u.add(func() error {
			return s.surface.call(ctx, request{account: who.ID, method: http.MethodGet, path: path + "?" + query.Encode()}, func(body []byte) error {
				answer = append(answer[:0], body...)
				return nil
			})
		})
		if err != nil {
			return Probed{}, err
		}
		var lists map[string]json.RawMessage
		var rows []json.RawMessage
		if err := errors.Join(json.Unmarshal(answer, &lists), json.Unmarshal(lists[q.list], &rows)); err != nil || len(rows) == 0 {
			return Probed{}, errors.Join(fmt.Errorf("nothing is found: %s", answer), err)
		}
		u.rows = append(u.rows, float64(len(rows)))
	}
	return u.probed(q.name), nil
}
