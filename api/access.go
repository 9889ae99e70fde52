package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"lienthong/engine"
)

type accessView struct {
	At      Time       `json:"at"`
	Account string     `json:"account"`
	Role    Text       `json:"role" doc:"What the account is there for, as it is now"`
	Office  *officeRef `json:"office,omitempty"`
	Why     Text       `json:"why" doc:"What their office has to do with the case"`
	What    string     `json:"what"`
	Label   Text       `json:"label"`
}

// readNames say what was read, in words.
var readNames = map[string]Text{
	"case":     {VI: "Mở hồ sơ", EN: "Opened the case"},
	"history":  {VI: "Xem lịch sử", EN: "Read the history"},
	"timeline": {VI: "Xem diễn biến", EN: "Read the timeline"},
	"clock":    {VI: "Xem thời hạn", EN: "Looked at the due times"},
	"access":   {VI: "Xem nhật ký truy cập", EN: "Read the access log"},
	"diagram":  {VI: "Xem sơ đồ hồ sơ", EN: "Looked at the picture of the case"},
	"subforms": {VI: "Xem tờ khai của các cơ quan", EN: "Read the agencies' forms"},
	"document": {VI: "Mở giấy tờ", EN: "Opened a document"},
}

func (s *Server) routeAccess() {
	route(s, op{method: http.MethodGet, path: base + "/cases/{code}/access", id: "case-access", tag: "cases", summary: "Which staff opened this case, when, in which role and why; newest first", status: 200, who: caseFolk, errors: []int{400}}, s.access)
}

func (s *Server) access(ctx context.Context, in *struct {
	CasePath
	Page
}) (*struct {
	Link string `header:"Link"`
	Body struct {
		Access []accessView `json:"access"`
		Next   string       `json:"next,omitempty"`
	}
}, error) {
	c, err := s.read(ctx, in.Code, "access")
	if err != nil {
		return nil, err
	}
	out := &struct {
		Link string `header:"Link"`
		Body struct {
			Access []accessView `json:"access"`
			Next   string       `json:"next,omitempty"`
		}
	}{}
	out.Body.Access = []accessView{}
	list, next, err := s.accessPage(ctx, c.Code, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	by := s.readers(c)
	for _, a := range list {
		role, why, err := by(ctx, a)
		if err != nil {
			return nil, err
		}
		label, ok := readNames[a.What]
		if !ok {
			label = Text{VI: a.What, EN: a.What}
		}
		out.Body.Access = append(out.Body.Access, accessView{At: at(a.At), Account: a.Account, Role: role, Office: s.officeRef(a.Office), Why: why, What: a.What, Label: label})
	}
	out.Body.Next, out.Link = next, in.link(next)
	return out, nil
}

// RoleNames say what an account of staff is there for, by its role.
var RoleNames = map[string]Text{
	roleReception:     {VI: "Cán bộ một cửa", EN: "Reception clerk"},
	roleOfficer:       {VI: "Cán bộ thụ lý", EN: "Case officer"},
	roleLeader:        {VI: "Lãnh đạo", EN: "Leader who signs"},
	roleSupervisor:    {VI: "Kiểm soát thủ tục hành chính", EN: "Supervisor"},
	roleOperator:      {VI: "Người vận hành", EN: "System operator"},
	roleAdministrator: {VI: "Quản trị hệ thống", EN: "System administrator"},
	roleTester:        {VI: "Người kiểm thử", EN: "Tester"},
}

// nameIn is what somebody is called in the caller's language: an account of staff that
// has no name but that of its role, as those of the demonstration, by the role's.
func nameIn(ctx context.Context, name string) string {
	for _, t := range RoleNames {
		if t.VI == name {
			return t.In(langOf(ctx))
		}
	}
	return name
}

// readers tells of a line of a case's log in which role and why somebody read it.
func (s *Server) readers(c *engine.Case) func(context.Context, engine.Access) (role, why Text, err error) {
	seen := map[string][]string{}
	return func(ctx context.Context, a engine.Access) (role, why Text, err error) {
		has, ok := seen[a.Account]
		if !ok {
			who, err := s.cfg.Store.Account(ctx, a.Account)
			if err != nil && engine.CodeOf(err) != engine.NotFound {
				return role, why, err
			}
			if err == nil {
				has = who.Roles
			}
			seen[a.Account] = has
		}
		var vi, en []string
		for _, r := range has {
			vi, en = append(vi, RoleNames[r].VI), append(en, RoleNames[r].EN)
		}
		return Text{VI: strings.Join(vi, ", "), EN: strings.Join(en, ", ")}, s.reason(c, a.Office, has), nil
	}
}

// reason is what an office has to do with a case, or what a role looks for in it.
func (s *Server) reason(c *engine.Case, office string, has []string) Text {
	var vi, en []string
	svc, err := s.cfg.Definitions.Service(c.Service, c.Version)
	for _, d := range c.Dossiers {
		if office == "" || d.Office != office || err != nil {
			continue
		}
		if st := svc.Step(d.Step); st != nil {
			vi, en = append(vi, st.Title.VI), append(en, st.Title.EN)
		}
	}
	switch {
	case len(vi) > 0:
		return Text{VI: "Giải quyết: " + strings.Join(vi, ", "), EN: "Handles: " + strings.Join(en, ", ")}
	case office != "" && c.FiledBy.Office == office:
		return Text{VI: "Nơi đã nhận hồ sơ tại quầy", EN: "Took the application at its counter"}
	case slices.Contains(has, roleTester):
		return Text{VI: "Kiểm thử bản trình diễn", EN: "Tests the demonstration"}
	case slices.Contains(has, roleSupervisor):
		return Text{VI: "Giám sát việc giải quyết hồ sơ", EN: "Watches how applications are handled"}
	}
	return Text{VI: "Có phần việc trong hồ sơ vào lúc đó", EN: "Had a part in the application at the time"}
}

// accessPage reads one page of the log; its cursor is how many lines were read.
func (s *Server) accessPage(ctx context.Context, code, after string, limit int) ([]engine.Access, string, error) {
	skip := int64(0)
	if after != "" {
		var err error
		if skip, err = parseSeq(after); err != nil {
			return nil, "", err
		}
	}
	list, err := s.cfg.Store.AccessTo(ctx, code, after, limit)
	if err != nil || len(list) < limit {
		return list, "", err
	}
	return list, seqText(skip + int64(len(list))), nil
}

func parseSeq(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, &engine.Error{Code: codeMalformed, Err: err, Detail: Text{VI: "Con trỏ trang không đúng.", EN: "The cursor is wrong."}}
	}
	return n, nil
}

func seqText(n int64) string { return strconv.FormatInt(n, 10) }
