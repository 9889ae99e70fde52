package api

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/indicators"
)

// ratioView is a share with what it was made of.
type ratioView struct {
	Numerator   int64  `json:"numerator"`
	Denominator int64  `json:"denominator"`
	Value       string `json:"value" doc:"Percent with two decimals; N/A when the denominator is 0"`
}

func percent(numerator, denominator int64) ratioView {
	return ratioView{numerator, denominator, indicators.Decimal(100*numerator, denominator)}
}

// lineView is what a registry is owed now.
type lineView struct {
	Waiting   int  `json:"waiting"`
	Pending   int  `json:"pending" doc:"To be sent, or sent again"`
	Accepted  int  `json:"accepted" doc:"Taken; the answer is to come"`
	Incidents int  `json:"incidents" doc:"A person must act"`
	Overdue   int  `json:"overdue" doc:"The answer was expected before now"`
	Damaged   int  `json:"damaged" doc:"Cannot be read or written where they are stored, as this process has met them"`
	Oldest    Time `json:"oldest,omitzero" doc:"When the oldest of them was asked for"`
}

// breakerView is whether the registry is called at all.
type breakerView struct {
	State  string `json:"state" enum:"closed,open,probing" doc:"open: nothing is sent; probing: the pause is over, the next call decides"`
	Until  Time   `json:"until,omitzero" doc:"Wall clock"`
	Failed int    `json:"failed" doc:"Exchanges that failed in a row, as this process knows"`
	Busy   int    `json:"busy" doc:"Exchanges under way"`
}

// exchangeView is what became of the requests made in a period.
type exchangeView struct {
	Day       string    `json:"day,omitempty" format:"date" doc:"Business day on which the requests were made"`
	Made      int       `json:"made" doc:"Requests; each is counted in one of first, retried, by_hand, taken_back, given_up, waiting"`
	First     int       `json:"first" doc:"Answered, done or refused, without a failed exchange before"`
	Retried   int       `json:"retried" doc:"Answered after at least one failed exchange"`
	ByHand    int       `json:"by_hand" doc:"An answer that a person recorded"`
	TakenBack int       `json:"taken_back" doc:"The case no longer waited"`
	GivenUp   int       `json:"given_up" doc:"An incident that a person skipped"`
	Waiting   int       `json:"waiting" doc:"Not answered yet"`
	Refused   int       `json:"refused" doc:"Of first and retried: the registry decided against"`
	Incidents int       `json:"incidents" doc:"Times that one became an incident"`
	AtOnce    ratioView `json:"first_try_rate" doc:"first ÷ (made − taken_back)"`
	Answered  ratioView `json:"answer_rate" doc:"(first + retried) ÷ (made − taken_back)"`
	Exchanges ratioView `json:"exchange_rate" doc:"Exchanges that the registry answered or took for later ÷ those and the failed ones"`
}

func exchangeOf(d engine.ExchangeDay) exchangeView {
	made, taken := int64(d.Made()), int64(d.TakenBack)
	good, all := d.Exchanges()
	return exchangeView{Day: string(d.Day), Made: d.Made(), First: d.First, Retried: d.Retried, ByHand: d.ByHand, TakenBack: d.TakenBack, GivenUp: d.GivenUp,
		Waiting: d.Waiting, Refused: d.Refused, Incidents: d.Incidents, AtOnce: percent(int64(d.First), made-taken),
		Answered: percent(int64(d.First+d.Retried), made-taken), Exchanges: percent(int64(good), int64(all))}
}

type registryView struct {
	Registry string         `json:"registry"`
	Title    Text           `json:"title"`
	Now      lineView       `json:"now"`
	Breaker  breakerView    `json:"breaker"`
	Today    exchangeView   `json:"today"`
	Period   exchangeView   `json:"period"`
	Days     []exchangeView `json:"days" doc:"Days of the period on which something was asked"`
}

// Period is from one business day to another, both included.
type Period struct {
	From string `query:"from" format:"date" doc:"First day"`
	To   string `query:"to" format:"date" doc:"Last day; today without it"`
}

// maxPeriod bounds a period, in days.
const maxPeriod = 3 * 366

// days reads the period; without from it is as many days as said, up to its end.
func (p *Period) days(now time.Time, length int) (from, to calendar.Date, err error) {
	to = calendar.DateOf(now)
	if p.To != "" {
		if to, err = calendar.ParseDate(p.To); err != nil {
			return "", "", badPeriod("query:to", err)
		}
	}
	if to.AddDays(-2*maxPeriod) == "" || to.AddDays(maxPeriod) == "" { // what is before and after has dates too
		return "", "", badPeriod("query:to", fmt.Errorf("to %s", to))
	}
	from = to.AddDays(1 - length)
	if p.From != "" {
		if from, err = calendar.ParseDate(p.From); err != nil {
			return "", "", badPeriod("query:from", err)
		}
	}
	if from > to || from < to.AddDays(1-maxPeriod) {
		return "", "", badPeriod("query:from", fmt.Errorf("from %s to %s", from, to))
	}
	return from, to, nil
}

func badPeriod(pointer string, err error) error {
	return &engine.Error{Code: engine.Invalid, Err: err, Detail: Text{VI: "Khoảng thời gian không hợp lệ (nhiều nhất 3 năm).", EN: "The period is not valid (at most three years)."},
		Problems: []engine.Problem{{Pointer: pointer, Code: "range", Detail: Text{VI: "Ngày không hợp lệ.", EN: "The day is not valid."}}}}
}

type exchangeSummaryAnswer struct {
	Body struct {
		Now        Time           `json:"now" doc:"Business clock"`
		Wall       Time           `json:"wall" doc:"Wall clock"`
		Unsent     Time           `json:"unsent_since,omitzero" doc:"Since when the oldest request that may be sent now waits to be taken up; wall clock"`
		Uncounted  int64          `json:"uncounted" doc:"Entries of history that the sums of indicators do not know yet"`
		From       string         `json:"from" format:"date"`
		To         string         `json:"to" format:"date"`
		All        exchangeView   `json:"all" doc:"All registries over the period"`
		Registries []registryView `json:"registries"`
	}
}

func (s *Server) exchangeSummary(ctx context.Context, in *struct{ Period }) (*exchangeSummaryAnswer, error) {
	now, wall := s.cfg.Runtime.Now(), s.cfg.Wall()
	from, to, err := in.days(now, 7)
	if err != nil {
		return nil, err
	}
	rs := map[string]*registryView{}
	of := func(id string) *registryView {
		r := rs[id]
		if r == nil {
			r = &registryView{Registry: id, Title: titled(s.cfg.Registries, id), Breaker: breakerView{State: "closed"}, Today: exchangeOf(engine.ExchangeDay{}), Days: []exchangeView{}}
			rs[id] = r
		}
		return r
	}
	for id := range s.cfg.Registries {
		of(id)
	}
	lines, err := s.cfg.Store.Lines(ctx, now)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		of(l.Registry).Now = lineView{Waiting: l.Waiting(), Pending: l.Pending, Accepted: l.Accepted, Incidents: l.Incidents, Overdue: l.Overdue, Damaged: l.Damaged, Oldest: at(l.Oldest)}
	}
	for _, l := range s.cfg.Runtime.Lines() {
		of(l.Registry).Breaker = breakerView{State: breakerState(l.Until, wall), Until: at(l.Until), Failed: l.Failed, Busy: l.Busy}
	}
	sums, all, err := s.exchangeDays(ctx, from, to, calendar.DateOf(now), of)
	if err != nil {
		return nil, err
	}
	lag, err := s.cfg.Store.Lag(ctx, wall)
	if err != nil {
		return nil, err
	}
	out := &exchangeSummaryAnswer{}
	out.Body.Unsent, out.Body.Uncounted = at(lag.Unsent), lag.Uncounted
	out.Body.Now, out.Body.Wall, out.Body.From, out.Body.To, out.Body.All = at(now), at(wall), string(from), string(to), exchangeOf(all)
	for _, id := range slices.Sorted(maps.Keys(rs)) {
		rs[id].Period = exchangeOf(sums[id])
		out.Body.Registries = append(out.Body.Registries, *rs[id])
	}
	return out, nil
}

// exchangeDays fills the registries' days and today, and sums the period.
func (s *Server) exchangeDays(ctx context.Context, from, to, today calendar.Date, of func(string) *registryView) (map[string]engine.ExchangeDay, engine.ExchangeDay, error) {
	sums, all := map[string]engine.ExchangeDay{}, engine.ExchangeDay{}
	days, err := s.cfg.Store.Exchanges(ctx, from, to)
	if err != nil {
		return nil, all, err
	}
	for _, d := range days {
		r := of(d.Registry)
		r.Days = append(r.Days, exchangeOf(d))
		if d.Day == today {
			r.Today = exchangeOf(d)
		}
		sum := sums[d.Registry]
		sum.Add(d)
		sums[d.Registry] = sum
		all.Add(d)
	}
	if from <= today && today <= to {
		return sums, all, nil
	}
	if days, err = s.cfg.Store.Exchanges(ctx, today, today); err != nil {
		return nil, all, err
	}
	for _, d := range days {
		of(d.Registry).Today = exchangeOf(d)
	}
	return sums, all, nil
}

func breakerState(until, wall time.Time) string {
	switch {
	case until.IsZero():
		return "closed"
	case until.After(wall):
		return "open"
	}
	return "probing"
}
