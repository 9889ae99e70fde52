package system

import (
	"context"
	"fmt"
	"slices"

	"lienthong/api"
	"lienthong/engine"
	"lienthong/engine/machine"
	"lienthong/engine/replay"
)

// foundUsually is how many cases a report holds when nobody says.
const foundUsually = 200

// replay makes a tester's order ready to be carried out.
func (s *System) replay(ctx context.Context, o *api.ReplayOrder) (api.Redo, error) {
	set := s.live.Set()
	if len(o.Files) > 0 {
		var err error
		if set, err = s.drafted(ctx, o); err != nil {
			return nil, err
		}
	}
	opt, found := replay.Options{Version: o.Version}, o.Found
	if found == 0 {
		found = foundUsually
	}
	return func(ctx context.Context, cases []string, progress func(api.ReplayCounts)) (any, error) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		defer context.AfterFunc(s.life, stop)()
		var n api.ReplayCounts
		// One worker: people and registries come first.
		return replay.Against(ctx, replay.Codes(s.Store, cases), set, opt, 1, found, func(c replay.Outcome) {
			n.Cases++
			switch c.Verdict {
			case replay.Identical:
				n.Identical++
			case replay.SameEnd:
				n.SameEnd++
			case replay.OtherEnd:
				n.OtherEnd++
			case replay.Blank:
				n.Erased++
			default:
				n.Unread++
			}
			progress(n)
		})
	}, nil
}

// drafted compiles the files of an order beside what is published, and completes the
// order with the version that they hold.
func (s *System) drafted(ctx context.Context, o *api.ReplayOrder) (*machine.Set, error) {
	if s.publisher == nil {
		return nil, engine.Fail(engine.Unavailable, "Máy chủ này không nhận định nghĩa.", "This server takes no definitions.")
	}
	d, err := s.publisher.Check(ctx, o.Files)
	if err != nil {
		return nil, err
	}
	wrong := func(p engine.Problem) error {
		return &engine.Error{Code: engine.Invalid, Op: "replay", Detail: p.Detail, Problems: []engine.Problem{p}}
	}
	if d.Set == nil {
		e := &engine.Error{Code: engine.Invalid, Op: "replay", Detail: engine.Text{VI: "Các định nghĩa không biên dịch được.", EN: "The definitions do not compile."}}
		for _, f := range d.Findings {
			if f.Severity == machine.SeverityError {
				at := fmt.Sprintf("%s:%d:%d: ", f.File, f.Line, f.Column)
				e.Problems = append(e.Problems, engine.Problem{Pointer: "/files", Code: f.Code, Detail: engine.Text{VI: at + f.Message.VI, EN: at + f.Message.EN}})
			}
		}
		return nil, e
	}
	fits := slices.DeleteFunc(slices.Clone(d.New), func(x *engine.Service) bool { return o.Service != "" && x.ID != o.Service })
	switch len(fits) {
	case 0:
		return nil, wrong(engine.Problem{Pointer: "/files", Code: "no_version", Detail: engine.Text{VI: "Các tệp không có phiên bản mới nào của dịch vụ.", EN: "The files hold no new version of the service."}})
	case 1:
		o.Service, o.Version = fits[0].ID, fits[0].Version
		return d.Set, nil
	}
	return nil, wrong(engine.Problem{Pointer: "/service", Code: "several", Detail: engine.Text{VI: "Các tệp có nhiều phiên bản mới: hãy chọn dịch vụ.", EN: "The files hold several new versions: choose the service."}})
}
