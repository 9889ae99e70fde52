package api

import (
	"context"
	"net/http"
	"strconv"

	"lienthong/engine"
)

type taskView struct {
	Case    string     `json:"case"`
	Step    string     `json:"step,omitempty"`
	Kind    string     `json:"kind" enum:"confirm,supplement,party,pay"`
	Label   Text       `json:"label"`
	Service serviceRef `json:"service"`
	Subject string     `json:"subject"`
	Title   *Text      `json:"title,omitempty" doc:"Of the part"`
	State   string     `json:"state,omitempty"`
	Since   Time       `json:"since"`
	Due     Time       `json:"due,omitzero"`
	Href    string     `json:"href" doc:"The case, with the actions that answer"`
}

var taskLabels = map[string]Text{
	"confirm":    {VI: "Xác nhận", EN: "Confirm"},
	"supplement": {VI: "Bổ sung hồ sơ", EN: "Complete the application"},
	"party":      {VI: "Cho ý kiến", EN: "Give your agreement"},
	"pay":        {VI: "Nộp lệ phí", EN: "Pay the fee"},
}

type noteView struct {
	Key     string `json:"key"`
	Case    string `json:"case"`
	Step    string `json:"step,omitempty"`
	What    string `json:"what"`
	At      Time   `json:"at"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

func (s *Server) routeTasks() {
	route(s, op{method: http.MethodGet, path: base + "/tasks", id: "tasks", tag: "citizen", summary: "What I must do, most urgent first", status: 200, who: citizens}, s.tasks)
	route(s, op{method: http.MethodGet, path: base + "/notifications", id: "notifications", tag: "citizen", summary: "What I, or my office, was told, newest first", status: 200, who: caseFolk}, s.notifications)
}

func (s *Server) tasks(ctx context.Context, _ *struct{}) (*struct {
	Body struct {
		Tasks []taskView `json:"tasks"`
	}
}, error) {
	list, err := s.cfg.Store.TasksOf(ctx, callerOf(ctx).actor.ID)
	if err != nil {
		return nil, err
	}
	out := &struct {
		Body struct {
			Tasks []taskView `json:"tasks"`
		}
	}{}
	out.Body.Tasks = []taskView{}
	cases := map[string]*engine.Case{}
	for _, t := range list {
		c := cases[t.Case]
		if c == nil {
			if c, err = s.cfg.Store.Load(ctx, t.Case); err != nil {
				return nil, err
			}
			cases[t.Case] = c
		}
		v := taskView{Case: t.Case, Step: t.Step, Kind: t.Kind, Label: taskLabels[t.Kind], Service: s.serviceRef(c.Service, c.Version),
			Subject: c.Subject(), State: t.State, Since: at(t.Since), Due: at(t.Due), Href: base + "/cases/" + t.Case}
		if st := s.picture(ctx, c).step(t.Step); st != nil {
			v.Title = &st.Title
		}
		out.Body.Tasks = append(out.Body.Tasks, v)
	}
	return out, nil
}

func (s *Server) notifications(ctx context.Context, in *struct{ Page }) (*struct {
	Link string `header:"Link"`
	Body struct {
		Notifications []noteView `json:"notifications"`
		Next          string     `json:"next,omitempty"`
	}
}, error) {
	who := callerOf(ctx)
	to := who.actor.ID
	if !who.citizen() {
		to = engine.OfficePrefix + who.actor.Office
		if who.actor.Office == "" {
			return nil, notFound()
		}
	}
	list, next, err := s.cfg.Store.Notifications(ctx, to, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	if err := s.logRead(ctx, "", "notifications"); err != nil {
		return nil, err
	}
	out := &struct {
		Link string `header:"Link"`
		Body struct {
			Notifications []noteView `json:"notifications"`
			Next          string     `json:"next,omitempty"`
		}
	}{}
	out.Body.Notifications = []noteView{}
	for _, n := range list {
		subject, text := s.cfg.Messages.Render(n.What, n.Params, langOf(ctx))
		out.Body.Notifications = append(out.Body.Notifications, noteView{Key: n.Key, Case: n.Case, Step: n.Step, What: n.What, At: at(n.At), Subject: subject, Text: text})
	}
	out.Body.Next, out.Link = next, in.link(next)
	return out, nil
}

// count counts rows up to the cap, as words: "17", "1000+".
func (s *Server) count(ctx context.Context, q engine.RowQuery) (string, error) {
	q.After, q.Limit = "", 0
	n, err := s.cfg.Store.CountRows(ctx, q, countCap+1)
	if err != nil {
		return "", err
	}
	if n > countCap {
		return strconv.Itoa(countCap) + "+", nil
	}
	return strconv.Itoa(n), nil
}
