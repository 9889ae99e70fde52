package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

type clockBody struct {
	Advance string    `json:"advance,omitempty" maxLength:"40" doc:"A duration (3h, 90m) or a limit (1 working day, 2 months)" example:"1 working day"`
	To      time.Time `json:"to,omitzero" doc:"An instant, instead of advance"`
}

type demoClockView struct {
	Now        Time   `json:"now"`
	WorkingDay bool   `json:"working_day"`
	Calendar   string `json:"calendar"`
	Basis      string `json:"calendar_basis,omitempty" doc:"The decisions behind the calendar"`
	NextDue    Time   `json:"next_due,omitzero" doc:"The next thing that happens by itself"`
	// After an advance only.
	Fired []firedView `json:"fired,omitempty" doc:"What happened on the way, oldest first"`
	More  bool        `json:"more,omitempty" doc:"More happened than is listed"`
}

// firedView is something that happened while the clock was put forward.
type firedView struct {
	Case string `json:"case"`
	MomentView
}

// mostFired bounds what one advance lists.
const mostFired = 200

type demoClockAnswer struct{ Body demoClockView }

func (s *Server) routeDemo() {
	tester, outside := only(roleTester), []int{http.StatusNotFound} // of a demonstration
	route(s, op{method: http.MethodGet, path: base + "/demo/accounts", id: "demo-accounts", tag: "demo", summary: "Who can sign in without a pass phrase, where the demonstration has open sign-in", status: 200, who: anyone, errors: outside}, s.demoAccounts)
	route(s, op{method: http.MethodGet, path: base + "/demo/clock", id: "demo-clock", tag: "demo", summary: "The business clock", status: 200, who: tester, errors: outside}, s.demoClock)
	route(s, op{method: http.MethodPost, path: base + "/demo/clock", id: "advance-demo-clock", tag: "demo", summary: "Put the business clock forward; stops at everything that falls due on the way", status: 200, who: tester, errors: []int{404, 409}}, s.advance)
	route(s, op{method: http.MethodPost, path: base + "/demo/cases/{code}/payment", id: "demo-payment", tag: "demo", summary: "Pay the fee of an own case, as a bank would", status: 204, who: citizens, errors: []int{409}}, s.demoPay)
	route(s, op{method: http.MethodGet, path: base + "/demo/agencies", id: "demo-agencies", tag: "demo", summary: "The registries and their fault dials", status: 200, who: tester, errors: outside}, s.dials)
	fault := op{method: http.MethodGet, path: base + "/demo/agencies/{id}/faults", id: "demo-faults", tag: "demo", summary: "A registry's fault dial", status: 200, who: tester}
	route(s, fault, s.faults)
	fault.method, fault.id, fault.summary = http.MethodPut, "set-demo-faults", "Turn a registry's fault dial"
	route(s, fault, s.setFaults)
}

// demo is refused where nothing is demonstrated.
func (s *Server) demo() (*Demo, error) {
	if s.cfg.Demo == nil {
		return nil, notFound()
	}
	return s.cfg.Demo, nil
}

func (s *Server) demoAccounts(ctx context.Context, _ *struct{}) (*struct {
	Body struct {
		Accounts []accountView `json:"accounts"`
	}
}, error) {
	d, err := s.demo()
	if err != nil {
		return nil, err
	}
	if !d.OpenSignIn {
		return nil, notFound()
	}
	const most = 1000
	list, err := s.cfg.Store.Accounts(ctx, "", "", most)
	if err != nil {
		return nil, err
	}
	out := &struct {
		Body struct {
			Accounts []accountView `json:"accounts"`
		}
	}{}
	out.Body.Accounts = []accountView{}
	for i := range list {
		if valid(&list[i], s.cfg.Runtime.Now()) {
			out.Body.Accounts = append(out.Body.Accounts, s.accountView(ctx, &list[i]))
		}
	}
	return out, nil
}

func (s *Server) demoPay(ctx context.Context, in *struct {
	CasePath
	Keyed
	Body *struct {
		Decline bool `json:"decline,omitempty"`
	}
}) (*struct{}, error) {
	d, err := s.demo()
	if err != nil {
		return nil, err
	}
	if d.Pay == nil {
		return nil, notFound()
	}
	c, err := s.openWhole(ctx, in.Code)
	if err != nil {
		return nil, err
	}
	request, decline := "", in.Body != nil && in.Body.Decline
	err = s.cfg.Runtime.Begin(ctx, in.asked(ctx), &request, func() error {
		if c.Fee == nil || c.Fee.Status != engine.FeeWaiting || c.Fee.Request == "" {
			return engine.Fail(engine.WrongState, "Hồ sơ này không chờ nộp lệ phí.", "No fee is waiting to be paid.")
		}
		request = c.Fee.Request
		return nil
	})
	if err != nil || c.Fee.Request == request && (c.Fee.Status == engine.FeePaid && !decline || c.Fee.Status == engine.FeeCancelled && decline) {
		return nil, err
	}
	return nil, d.Pay(ctx, request, decline)
}

func (s *Server) demoClock(ctx context.Context, _ *struct{}) (*demoClockAnswer, error) {
	if _, err := s.demo(); err != nil {
		return nil, err
	}
	return s.showClock(ctx)
}

func (s *Server) showClock(ctx context.Context) (*demoClockAnswer, error) {
	now := s.cfg.Runtime.Now()
	out := &demoClockAnswer{}
	out.Body.Now = at(now)
	if cal := s.cfg.Definitions.Calendar(now); cal != nil {
		out.Body.WorkingDay, out.Body.Calendar, out.Body.Basis = cal.WorkingDay(calendar.DateOf(now)), cal.ID, cal.Basis
	}
	due, ok, err := s.cfg.Store.NextDue(ctx)
	if err != nil {
		return nil, err
	}
	if ok {
		out.Body.NextDue = at(due)
	}
	return out, nil
}

func (s *Server) advance(ctx context.Context, in *struct {
	Keyed
	Body clockBody
}) (*demoClockAnswer, error) {
	if _, err := s.demo(); err != nil {
		return nil, err
	}
	// An advance is many commits: it goes on when the caller leaves, and to the same
	// instant when it is repeated.
	ctx = context.WithoutCancel(ctx)
	var to time.Time
	err := s.cfg.Runtime.Begin(ctx, in.asked(ctx), &to, func() (err error) {
		to, err = s.instant(in.Body)
		return err
	})
	if err != nil {
		return nil, err
	}
	before, changed := s.cfg.Runtime.Now(), s.watch()
	err = s.cfg.Runtime.Advance(ctx, to)
	codes, all := changed()
	if err != nil {
		return nil, err
	}
	out, err := s.showClock(ctx)
	if err != nil {
		return nil, err
	}
	out.Body.More = !all
	return out, s.fired(ctx, before, codes, &out.Body)
}

// watch collects the codes of cases that change until the function it returns is
// called; all is false when some were missed.
func (s *Server) watch() (stop func() (codes []string, all bool)) {
	changes, end := s.cfg.Runtime.Subscribe()
	seen, ended, missed := map[string]bool{}, make(chan struct{}), make(chan bool, 1)
	go func() {
		for code := range changes {
			seen[code] = true
		}
		select {
		case <-ended:
			missed <- false
		default: // dropped: it did not keep up
			missed <- true
		}
	}()
	return func() ([]string, bool) {
		close(ended)
		end()
		lost := <-missed
		return sortedKeys(seen), !lost
	}
}

// fired lists what happened in some cases since an instant.
func (s *Server) fired(ctx context.Context, since time.Time, codes []string, out *demoClockView) error {
	for i, code := range codes {
		if len(out.Fired) > mostFired && i > mostFired { // enough to read
			out.More = true
			break
		}
		c, err := s.read(ctx, code, "timeline")
		if err != nil {
			return err
		}
		moments, err := s.moments(ctx, c)
		if err != nil {
			return err
		}
		for _, m := range moments {
			if m.At.After(since) {
				out.Fired = append(out.Fired, firedView{Case: code, MomentView: m})
			}
		}
	}
	slices.SortStableFunc(out.Fired, func(a, b firedView) int { return a.At.Compare(b.At.Time) })
	if len(out.Fired) > mostFired {
		out.Fired, out.More = out.Fired[:mostFired], true
	}
	return nil
}

// farthest is how far one advance may go.
const farthest = 5 * 366 * 24 * time.Hour

// instant reads where the clock should go: a working day is the same time of day
// on the next working day.
func (s *Server) instant(b clockBody) (time.Time, error) {
	now := s.cfg.Runtime.Now()
	to := b.To
	if (b.Advance == "") == b.To.IsZero() {
		return now, invalid("/advance", "required", "Cho biết advance hoặc to.", "Send either advance or to.")
	}
	if b.Advance != "" {
		var err error
		if to, err = s.ahead(now, strings.TrimSpace(b.Advance)); err != nil {
			return now, err
		}
	}
	if to.Before(now) || to.After(now.Add(farthest)) {
		return now, invalid("/to", "range", "Đồng hồ chỉ đi tới, tối đa năm năm.", "The clock only goes forward, at most five years.")
	}
	return to, nil
}

func (s *Server) ahead(now time.Time, text string) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(d), nil
	}
	cal := s.cfg.Definitions.Calendar(now)
	l, err := calendar.ParseLimit(text)
	if err != nil || cal == nil || l.N > 1000 {
		return now, invalid("/advance", "format", "Viết như 3h hoặc 1 working day.", "Write 3h, or 1 working day.")
	}
	if l.Unit != calendar.WorkingDay {
		return cal.After(now, l), nil
	}
	day := calendar.DateOf(now)
	for range l.N {
		day = cal.NextWorkingDay(day)
	}
	local := now.In(calendar.Zone)
	return day.At(local.Hour(), local.Minute()).Add(time.Duration(local.Second()) * time.Second), nil
}

// dialView is one registry with its fault dial.
type dialView struct {
	ID     string `json:"id"`
	Title  Text   `json:"title"`
	Faults Object `json:"faults" doc:"Empty: healthy"`
}

type dialsAnswer struct {
	Body struct {
		Agencies []dialView `json:"agencies" doc:"Those that run in this process"`
	}
}

func (s *Server) dials(ctx context.Context, _ *struct{}) (*dialsAnswer, error) {
	out := &dialsAnswer{}
	out.Body.Agencies = []dialView{}
	for _, id := range sortedKeys(s.cfg.Registries) {
		dial, err := s.dial(ctx, id, nil)
		switch {
		case engine.CodeOf(err) == engine.NotFound && s.cfg.Demo != nil: // it runs elsewhere
		case err != nil:
			return nil, err
		default:
			out.Body.Agencies = append(out.Body.Agencies, dialView{ID: id, Title: s.cfg.Registries[id], Faults: dial.Body})
		}
	}
	return out, nil
}

type faultsAnswer struct{ Body Object }

func (s *Server) faults(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"60" doc:"Registry"`
}) (*faultsAnswer, error) {
	return s.dial(ctx, in.ID, nil)
}

func (s *Server) setFaults(ctx context.Context, in *struct {
	ID   string `path:"id" maxLength:"60" doc:"Registry"`
	Body Object
	rawBody
}) (*faultsAnswer, error) {
	return s.dial(ctx, in.ID, in.bytes)
}

func (s *Server) dial(ctx context.Context, registry string, body []byte) (*faultsAnswer, error) {
	d, err := s.demo()
	if err != nil {
		return nil, err
	}
	if d.Faults == nil {
		return nil, notFound()
	}
	raw, err := d.Faults(ctx, registry, body)
	if err != nil {
		return nil, err
	}
	out := &faultsAnswer{}
	var o map[string]any
	if err := engine.Unmarshal(raw, &o); err != nil {
		return nil, &engine.Error{Code: engine.Internal, Err: err}
	}
	out.Body = o
	return out, nil
}

// rawBody keeps the exact bytes of a body.
type rawBody struct{ bytes []byte }

// Resolve takes the bytes.
func (b *rawBody) Resolve(hc huma.Context) []error {
	b.bytes, _ = rawOf(hc)
	return nil
}
