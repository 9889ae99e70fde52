package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"lienthong/agencies"
	"lienthong/agencies/seed"
	"lienthong/agencies/wire"
	"lienthong/cmd/lienthong/story"
	"lienthong/cmd/lienthong/system"
	"lienthong/engine"
	"lienthong/engine/calendar"
	"lienthong/engine/machine"
	"lienthong/engine/runtime"
	"lienthong/engine/scenario"
	"lienthong/workflows"
)

// worlds plays scenarios in whole systems: the surface, the runtime over memory and
// the simulated registries, in one process without a socket, on one virtual clock.
type worlds struct {
	defs     *machine.Set
	examples map[string]workflows.Example
}

func (ws worlds) book() scenario.Book {
	b := scenario.Book{Definitions: ws.defs, People: ws.People(), Examples: ws.Examples()}
	return b
}

// People are the named ones of the seeded registers.
func (ws worlds) People() []scenario.Person {
	var out []scenario.Person
	for _, p := range seed.Named() {
		out = append(out, scenario.Person{ID: p.ID, Handle: p.Handle, Name: p.Name})
	}
	return out
}

// Examples are the example applications.
func (ws worlds) Examples() map[string]scenario.Example {
	out := map[string]scenario.Example{}
	for name, e := range ws.examples {
		out[name] = scenario.Example{Service: e.Service, Requester: e.Requester, Application: e.Application}
	}
	return out
}

// registrySecret is the master of the secrets between the parts of one process.
const registrySecret = "scenario"

// Open starts a system whose clocks, both of them, move only when the story says.
func (ws worlds) Open(ctx context.Context, at time.Time, unpaid bool) (scenario.World, error) {
	var sys *system.System
	autoPay := "0s"
	if unpaid {
		autoPay = ""
	}
	passed := at
	cfg := system.Config{DB: system.Memory, Start: at, Still: true, Demo: true, InProcess: true, AutoPay: autoPay, Secret: registrySecret, Definitions: ws.defs,
		Wall: func() time.Time {
			if sys != nil {
				passed = sys.Clock.Now()
			}
			return passed
		},
		Runtime: func(c *runtime.Config) {
			c.Parallel, c.Node, c.Tries = 1, "scenario", 1000
			c.Random = rand.NewChaCha8([32]byte{})
		}}
	sys, err := system.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	w := &world{sys: sys}
	w.Client = &story.Client{Base: sys.URL, HTTP: &http.Client{Transport: wire.HandlerTransport(sys.Handler)}}
	return w, nil
}

// world is one of them.
type world struct {
	*story.Client
	sys *system.System
}

func (w *world) Now() time.Time { return w.sys.Clock.Now() }

func (w *world) Pass(ctx context.Context, to time.Time) error { return w.sys.Advance(ctx, to) }

func (w *world) Close() error { return w.sys.Close() }

func (w *world) Dial(registry string, d scenario.Dial) error {
	if w.sys.Agencies.Faults(registry).Seed == 0 && slices.Index(agencies.IDs, registry) < 0 {
		return fmt.Errorf("nobody plays the register %s", registry)
	}
	if d.Refuse == "" && d.Later == 0 && !d.Silent && !d.LoseReply {
		return w.sys.Agencies.ClearFaults(registry)
	}
	f := agencies.Faults{Operations: d.Operations, Refuse: d.Refuse, Outage: d.Silent, Contradict: d.Contradict, AutoPay: w.sys.Agencies.Faults(registry).AutoPay, Seed: 1}
	if d.Later > 0 {
		f.Later = d.Later.String()
	}
	if d.LoseReply {
		f.LoseReplyRate = 1
	}
	if d.Twice {
		f.DuplicateRate = 1
	}
	return w.sys.Agencies.SetFaults(registry, f)
}

func (w *world) Hire(ctx context.Context, id, office string, roles []string) error {
	return w.sys.Store.PutAccount(ctx, engine.Account{ID: id, Kind: engine.Staff, Name: id, Office: office, Roles: roles}, 0, nil)
}

func (w *world) File(ctx context.Context, account, service string, app map[string]any, behalf *engine.Person, channel int) ([]string, error) {
	body := map[string]any{"service": service, "application": app}
	if channel != 0 {
		body["channel"] = channel
	}
	if behalf != nil {
		body["on_behalf_of"] = map[string]any{"id": behalf.ID, "name": behalf.Name}
	}
	var out struct{ Cases []struct{ Code string } }
	if err := w.call(ctx, story.Request{Account: account, Method: http.MethodPost, Path: "/cases", Body: body}, &out); err != nil {
		return nil, err
	}
	var codes []string
	for _, c := range out.Cases {
		codes = append(codes, c.Code)
	}
	return codes, w.sys.Settle(ctx)
}

// call makes a refusal an error of the core's kind.
func (w *world) call(ctx context.Context, r story.Request, out any) error {
	r.Lang = "vi"
	_, err := w.Call(ctx, r, out)
	var p *story.Problem
	if errors.As(err, &p) {
		return &engine.Error{Code: engine.Code(p.Code), Op: r.Method + " " + r.Path, Detail: engine.Text{VI: p.Detail, EN: p.Error()}}
	}
	return err
}

// paths of the commands that do not stand among the actions.
var addressed = []string{engine.ActClaim, engine.ActRelease, engine.ActAssign, engine.ActTransfer, engine.ActRefile}

func (w *world) Act(ctx context.Context, account, code, step, action string, input map[string]any) error {
	var seen story.Case
	if err := w.call(ctx, story.Request{Account: account, Method: http.MethodGet, Path: "/cases/" + code}, &seen); err != nil {
		return err
	}
	r := story.Request{Account: account, Method: http.MethodPost, Path: "/cases/" + code, IfMatch: seen.ETag, Body: map[string]any{}}
	if step != "" {
		r.Path, r.IfMatch = r.Path+"/dossiers/"+step, seen.Dossier(step).ETag
	}
	switch {
	case step != "" && slices.Contains(addressed, action):
		r.Path += "/" + action
		if input != nil {
			r.Body = input
		}
	default:
		r.Path += "/actions/" + action
		if input != nil {
			r.Body = map[string]any{"input": input}
		}
	}
	if err := w.call(ctx, r, nil); err != nil {
		return err
	}
	return w.sys.Settle(ctx)
}

func (w *world) Pay(ctx context.Context, code string, decline bool) error {
	c, err := w.Case(ctx, code)
	if err != nil {
		return err
	}
	if c.Fee == nil || c.Fee.Request == "" {
		return engine.Fail(engine.WrongState, "Hồ sơ không có phí phải nộp.", "No fee is asked for.")
	}
	refuse := ""
	if decline {
		refuse = "declined"
	}
	d, err := w.sys.Store.Delivery(ctx, c.Fee.Request)
	if err != nil {
		return err
	}
	key, err := system.RequestKey(*d)
	if err != nil {
		return err
	}
	a, err := w.sys.Agencies.Settle("treasury", key, refuse)
	if err != nil {
		return err
	}
	if a.Outcome == wire.Refused && !decline {
		return engine.Fail(engine.WrongState, "Kho bạc không nhận: "+a.Code, "The treasury does not take it: "+a.Code)
	}
	return w.sys.Settle(ctx)
}

func (w *world) Operate(ctx context.Context, registry, what string, input map[string]any) error {
	d, err := w.owed(ctx, registry)
	if err != nil {
		return err
	}
	if len(d) == 0 {
		return engine.Fail(engine.NotFound, "Không có yêu cầu nào đang chờ.", "No request to this register waits.")
	}
	if err := w.call(ctx, story.Request{Account: "operator", Method: http.MethodPost, Path: "/exchange/" + url.PathEscape(d[0].Key) + "/" + what, Body: input}, nil); err != nil {
		return err
	}
	return w.sys.Settle(ctx)
}

func (w *world) owed(ctx context.Context, registry string) ([]engine.Delivery, error) {
	list, err := w.sys.Store.Deliveries(ctx, registry, "", "", 1000)
	return slices.DeleteFunc(list, func(d engine.Delivery) bool {
		return d.Status == engine.DeliveryDone || d.Status == engine.DeliverySkipped
	}), err
}

func (w *world) Owed(ctx context.Context, registry string) (map[string]int, error) {
	list, err := w.owed(ctx, registry)
	out := map[string]int{}
	for _, d := range list {
		out[d.Status]++
	}
	return out, err
}

func (w *world) Case(ctx context.Context, code string) (*engine.Case, error) {
	return w.sys.Store.Load(ctx, code)
}

func (w *world) History(ctx context.Context, code string) ([]engine.Entry, error) {
	return w.sys.Store.History(ctx, code, 1, 0)
}

func (w *world) See(ctx context.Context, account, code string) (scenario.View, error) {
	var c story.Case
	v := scenario.View{Open: map[string][]string{}}
	if err := w.call(ctx, story.Request{Account: account, Method: http.MethodGet, Path: "/cases/" + code}, &c); err != nil {
		return v, err
	}
	v.View, v.Portal = c.View, c.Portal.Code
	add := func(part string, list []story.Action) {
		for _, a := range list {
			if a.Allowed {
				v.Open[part] = append(v.Open[part], a.Code)
			}
		}
	}
	add("", c.Actions)
	for _, d := range c.Dossiers {
		v.Parts = append(v.Parts, d.Step)
		add(d.Step, d.Actions)
	}
	vi, err := w.Timeline(ctx, account, code, "vi")
	var p *story.Problem
	if errors.As(err, &p) && p.Code == string(engine.NotFound) { // not shown to everybody who sees the case
		return v, nil
	}
	if err != nil {
		return v, err
	}
	en, err := w.Timeline(ctx, account, code, "en")
	if err != nil {
		return v, err
	}
	for i := range vi {
		v.Timeline = append(v.Timeline, vi[i].At.In(calendar.Zone).Format("2006-01-02 15:04")+" "+vi[i].What+" / "+en[i].What)
	}
	return v, nil
}

// Keep changes a register's record behind the product's back.
func (w *world) Keep(registry, record, id string, change func(map[string]any) error) error {
	data, err := w.sys.Agencies.Record(registry, record, id)
	if err != nil {
		return err
	}
	if err := change(data); err != nil {
		return err
	}
	return w.sys.Agencies.Seed(registry, record, data)
}

func (w *world) Opened(ctx context.Context, account, code string) ([]string, error) {
	var out struct{ Access []struct{ Account string } }
	if err := w.call(ctx, story.Request{Account: account, Method: http.MethodGet, Path: "/cases/" + code + "/access?limit=200"}, &out); err != nil {
		return nil, err
	}
	var all []string
	for _, a := range slices.Backward(out.Access) { // the list begins with the last look
		if !slices.Contains(all, a.Account) {
			all = append(all, a.Account)
		}
	}
	return all, nil
}

func (w *world) Public(ctx context.Context, result string) (scenario.Standing, error) {
	var s struct {
		Status, Document, Code string
		Version                int
		ReplacedBy             int `json:"replaced_by"`
	}
	err := w.call(ctx, story.Request{Method: http.MethodGet, Path: "/results/" + url.PathEscape(result)}, &s)
	return scenario.Standing(s), err
}

func (w *world) Performed(registry, operation string) (int, error) {
	stats, err := w.sys.Agencies.Stats(registry)
	if err != nil {
		return 0, err
	}
	n := 0
	for key, times := range stats.Performed[operation] {
		if times > 1 {
			return n, fmt.Errorf("%s performed %s %d times", registry, key, times)
		}
		n += times
	}
	return n, nil
}

func (w *world) registries() *wire.Client {
	return &wire.Client{Base: w.sys.RegistryURL, Secrets: func(id string) string { return wire.DeriveSecret(registrySecret, id) },
		Transport: wire.HandlerTransport(w.sys.Agencies.Handler()), Now: w.Now}
}

func (w *world) Money(ctx context.Context, code, operation string) ([]int64, error) {
	stats, err := w.sys.Agencies.Stats("treasury")
	if err != nil {
		return nil, err
	}
	out := []int64{}
	for key := range stats.Performed[operation] {
		if !strings.HasPrefix(key, code+"/") {
			continue
		}
		a, err := w.registries().Ask(ctx, "treasury", key)
		if err != nil {
			return nil, err
		}
		if amount, ok := a.Data["amount"].(int64); ok && a.Outcome == wire.Done {
			out = append(out, amount)
		}
	}
	return out, nil
}

func (w *world) Lookup(ctx context.Context, registry, operation string, input map[string]any) (map[string]any, string, error) {
	a, err := w.registries().Lookup(ctx, registry, operation, input)
	if err == nil && a.Outcome != wire.Done && a.Outcome != wire.Refused {
		err = fmt.Errorf("%s answered %s %s %v", registry, a.Outcome, a.Code, a.Detail)
	}
	return a.Data, a.Code, err
}

func (w *world) Sound(ctx context.Context) error {
	var errs []error
	if _, err := w.sys.Store.Verify(ctx, func(code string, seq int64, what string) {
		errs = append(errs, fmt.Errorf("case %s entry %d: %s", code, seq, what))
	}); err != nil {
		errs = append(errs, err)
	}
	stuck, err := w.sys.Runtime.StuckStep(ctx)
	errs = append(errs, err)
	for _, s := range stuck {
		errs = append(errs, fmt.Errorf("case %s part %s is stuck in %s: %s", s.Case, s.Step, s.State, s.Why))
	}
	for _, id := range agencies.IDs {
		stats, err := w.sys.Agencies.Stats(id)
		errs = append(errs, err)
		for operation := range stats.Performed {
			_, err := w.Performed(id, operation)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
