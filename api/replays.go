package api

import (
	"context"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lienthong/engine"
	"lienthong/engine/calendar"
)

// ReplayOrder is what is to be decided again.
type ReplayOrder struct {
	Case    string            `json:"case,omitempty" maxLength:"100" doc:"Any code of one case. Without files its outcome is the answer; everything else runs in the background"`
	Service string            `json:"service,omitempty" maxLength:"60" doc:"Cases of this service only"`
	From    string            `json:"from,omitempty" format:"date" doc:"Filed on this day or later"`
	To      string            `json:"to,omitempty" format:"date" doc:"Filed on this day or earlier"`
	Version string            `json:"version,omitempty" maxLength:"60" doc:"Published version to decide under; each case's own without it"`
	Files   map[string]string `json:"files,omitempty" doc:"Definition files by path: decide under the new version that they hold, which is not published by this"`
	Found   int               `json:"found,omitempty" minimum:"1" maximum:"2000" doc:"Most cases in the report; 200 without it"`
}

// ReplayCounts are how many cases were decided again, by what became of them.
type ReplayCounts struct {
	Cases     int64 `json:"cases"`
	Identical int64 `json:"identical"`
	SameEnd   int64 `json:"same_end"`
	OtherEnd  int64 `json:"different_end"`
	Erased    int64 `json:"erased"`
	Unread    int64 `json:"not_comparable"`
}

// Redo decides cases again and tells how many it has done. What it returns is shown as
// it stands.
type Redo func(ctx context.Context, cases []string, progress func(ReplayCounts)) (any, error)

// replays are those that ran, and the one that runs.
type replays = jobs[replayView, *replayView]

var otherReplay = engine.Text{VI: "Một lần quyết định lại khác đang chạy:", EN: "Other cases are being decided again:"}

// replayOrdered is an order without the texts of its files.
type replayOrdered struct {
	Case    string   `json:"case,omitempty"`
	Service string   `json:"service,omitempty"`
	From    string   `json:"from,omitempty"`
	To      string   `json:"to,omitempty"`
	Version string   `json:"version,omitempty"`
	Files   []string `json:"files,omitempty"`
}

type replayView struct {
	JobState
	Order  replayOrdered `json:"order"`
	Total  int64         `json:"total" doc:"Cases to decide again; 0 = they are being looked for"`
	Counts ReplayCounts  `json:"counts"`
	// Archived is told where all cases were asked for, or those of a service and period.
	Archived int64 `json:"archived" doc:"Cases in archive files, whatever they are about: they are left out"`

	by string // account
}

// replayAnswer is the outcome of one case (200), or a job that has begun (202).
type replayAnswer struct {
	Status int
	Body   Object
}

type replayJobAnswer struct{ Body replayView }

type replaysAnswer struct {
	Body struct {
		Replays []replayView `json:"replays"`
	}
}

func (s *Server) routeReplays() {
	const path = base + "/replays"
	o := op{method: http.MethodPost, path: path, id: "replay", tag: "definitions", summary: "Decide kept commands again. One case: its first divergence, at once (200). All, or those of a service and period: in the background, one job at a time (202)",
		status: 200, who: only(roleTester), body: maxDefinitions, errors: []int{404, 409}}
	route(s, o, s.replay, func(o *huma.Operation) {
		job := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[replayView](), true, "Replay")
		o.Responses = map[string]*huma.Response{"202": {Description: "Accepted", Content: map[string]*huma.MediaType{"application/json": {Schema: job}}}}
	})
	o = op{method: http.MethodGet, path: path, id: "replays", tag: "definitions", summary: "The jobs that are kept, newest first, without their reports", status: 200, who: only(roleTester)}
	route(s, o, s.allReplays)
	o = op{method: http.MethodGet, path: path + "/{id}", id: "replay-job", tag: "definitions", summary: "How many cases are decided again, and which came out otherwise", status: 200, who: only(roleTester)}
	route(s, o, s.replayJob)
	o = op{method: http.MethodDelete, path: path + "/{id}", id: "stop-replay", tag: "definitions", summary: "Stop deciding again", status: 204, who: only(roleTester)}
	route(s, o, s.stopReplay)
}

func (s *Server) replay(ctx context.Context, in *struct{ Body ReplayOrder }) (*replayAnswer, error) {
	o := in.Body
	if s.cfg.Tools.Again == nil || s.cfg.Tools.Replay == nil {
		return nil, notFound()
	}
	if o.Case != "" && len(o.Files) == 0 {
		return s.replayOne(ctx, o)
	}
	from, to, err := s.checkReplay(ctx, &o)
	if err != nil {
		return nil, err
	}
	redo, err := s.cfg.Tools.Replay(ctx, &o)
	if err != nil {
		return nil, err
	}
	if err := s.logRead(ctx, "", "replay"); err != nil {
		return nil, err
	}
	who := callerOf(ctx)
	view := replayView{Order: replayOrdered{o.Case, o.Service, o.From, o.To, o.Version, slices.Sorted(maps.Keys(o.Files))}, by: who.account.ID}
	v, err := s.replays.start(ctx, view, func(ctx context.Context, tell func(func(*replayView))) (any, error) {
		cases, archived := []string{o.Case}, int64(0)
		if o.Case == "" {
			var err error
			if cases, err = s.casesFiled(ctx, who, o.Service, from, to); err != nil {
				return nil, err
			}
			if archived, err = s.cfg.Store.Archived(ctx); err != nil {
				return nil, err
			}
		}
		tell(func(v *replayView) { v.Total, v.Archived = int64(len(cases)), archived })
		return redo(ctx, cases, func(n ReplayCounts) { tell(func(v *replayView) { v.Counts = n }) })
	})
	if err != nil {
		return nil, err
	}
	body, err := plainObject(v)
	return &replayAnswer{http.StatusAccepted, body}, err
}

// replayOne answers with the outcome of one case.
func (s *Server) replayOne(ctx context.Context, o ReplayOrder) (*replayAnswer, error) {
	c, err := s.read(ctx, o.Case, "history")
	if err != nil {
		return nil, err
	}
	if o.Version != "" {
		if _, err := s.cfg.Definitions.Service(c.Service, o.Version); err != nil {
			return nil, err
		}
	}
	history, err := s.cfg.Store.History(ctx, c.Code, 1, 0)
	if err != nil {
		return nil, err
	}
	body, err := plainObject(s.cfg.Tools.Again(history, o.Version))
	return &replayAnswer{http.StatusOK, body}, err
}

// checkReplay refuses an order that cannot be carried out. The times are the instants
// at which a case may be filed first and no more; zero = any.
func (s *Server) checkReplay(ctx context.Context, o *ReplayOrder) (from, to time.Time, err error) {
	wrong := func(pointer, vi, en string) error {
		t := engine.Text{VI: vi, EN: en}
		return &engine.Error{Code: engine.Invalid, Op: "replay", Detail: t, Problems: []engine.Problem{{Pointer: pointer, Code: "invalid", Detail: t}}}
	}
	day := func(pointer, s string, after int) (t time.Time) {
		if s == "" || err != nil {
			return t
		}
		d, bad := time.ParseInLocation(time.DateOnly, s, calendar.Zone)
		if bad != nil {
			err = wrong(pointer, "Không phải là một ngày.", "It is not a day.")
			return t
		}
		return d.AddDate(0, 0, after)
	}
	from, to = day("/from", o.From, 0), day("/to", o.To, 1)
	switch {
	case err != nil:
	case !from.IsZero() && !to.IsZero() && !from.Before(to):
		err = wrong("/to", "Ngày cuối không được trước ngày đầu.", "The last day must not be before the first.")
	case o.Version != "" && len(o.Files) > 0:
		err = wrong("/version", "Các tệp đã mang phiên bản của mình.", "The files bring their own version.")
	case o.Version != "" && o.Service == "":
		err = wrong("/service", "Phiên bản là của một dịch vụ: hãy chọn dịch vụ.", "A version is of one service: choose it.")
	case o.Service != "" && !slices.ContainsFunc(s.cfg.Definitions.Services(), func(x *engine.Service) bool { return x.ID == o.Service }):
		err = notFound()
	case o.Version != "":
		_, err = s.cfg.Definitions.Service(o.Service, o.Version)
	case o.Case != "":
		c, bad := s.read(ctx, o.Case, "history")
		if err = bad; err == nil {
			o.Case, o.Service = c.Code, c.Service
		}
	}
	return from, to, err
}

// maxReplayed bounds the cases of one job.
const maxReplayed = 500_000

// casesFiled lists the cases that the caller may see, of a service ("" = any) and
// filed in a time.
func (s *Server) casesFiled(ctx context.Context, who *caller, service string, from, to time.Time) ([]string, error) {
	seen := map[string]bool{} // whether they are wanted
	wanted := 0
	see := func(code, of string, filed time.Time) error {
		if !seen[code] && (service == "" || of == service) && !filed.Before(from) && (to.IsZero() || filed.Before(to)) {
			seen[code] = true
			wanted++
		} else if !seen[code] {
			seen[code] = false
		}
		if wanted > maxReplayed {
			return engine.Fail(engine.Invalid, "Quá nhiều hồ sơ: hãy chọn dịch vụ hoặc thời gian ngắn hơn.", "Too many cases: choose a service or a shorter time.")
		}
		return ctx.Err()
	}
	q := engine.RowQuery{Offices: s.officesSeen(who), Ended: true, Limit: 200}
	for more := true; more; more = q.After != "" {
		rows, next, err := s.cfg.Store.Rows(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if err := see(r.Case, r.Service, r.Filed); err != nil {
				return nil, err
			}
		}
		q.After = next
	}
	if err := s.casesUnlisted(ctx, who, seen, see); err != nil {
		return nil, err
	}
	maps.DeleteFunc(seen, func(_ string, wanted bool) bool { return !wanted })
	return slices.Sorted(maps.Keys(seen)), nil
}

// casesUnlisted sees the cases that no office has on its list: their fee is not paid,
// or never was.
func (s *Server) casesUnlisted(ctx context.Context, who *caller, seen map[string]bool, see func(code, service string, filed time.Time) error) error {
	const page = 500
	for after := ""; s.tests(who); {
		codes, err := s.cfg.Store.Kept(ctx, after, page)
		if err != nil {
			return err
		}
		for _, code := range codes {
			after = code
			if _, listed := seen[code]; listed {
				continue
			}
			c, err := s.cfg.Store.Load(ctx, code)
			if err == nil {
				err = see(code, c.Service, c.Filed)
			} else if c := engine.CodeOf(err); c == engine.CorruptHistory || c == engine.Archived || c == engine.NotFound {
				err = nil // verify tells what is damaged; the others have gone meanwhile
			}
			if err != nil {
				return err
			}
		}
		if len(codes) < page {
			break
		}
	}
	return nil
}

// ordered tells whether a job is for the caller: it tells of the cases that who ordered
// it sees.
func (s *Server) ordered(ctx context.Context, v *replayView) bool {
	who := callerOf(ctx)
	return s.tests(who) || v.by == who.account.ID
}

func (s *Server) allReplays(ctx context.Context, _ *struct{}) (*replaysAnswer, error) {
	a := &replaysAnswer{}
	a.Body.Replays = slices.DeleteFunc(s.replays.list(), func(v replayView) bool { return !s.ordered(ctx, &v) })
	return a, nil
}

func (s *Server) replayJob(ctx context.Context, in *jobPath) (*replayJobAnswer, error) {
	v, _, err := s.replays.find(in.ID)
	switch {
	case err != nil:
		return nil, err
	case !s.ordered(ctx, &v):
		return nil, notFound()
	case v.Report != nil: // it tells what stands in cases
		err = s.logRead(ctx, "", "replay")
	}
	return &replayJobAnswer{v}, err
}

func (s *Server) stopReplay(ctx context.Context, in *jobPath) (*struct{}, error) {
	v, stop, err := s.replays.find(in.ID)
	if err != nil {
		return nil, err
	}
	if !s.ordered(ctx, &v) {
		return nil, notFound()
	}
	stop()
	return nil, nil
}
