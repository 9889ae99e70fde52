package api

import (
	"context"
	"net/http"
	"strconv"

	"lienthong/engine"
)

type accessView struct {
	At      Time       `json:"at"`
	Account string     `json:"account"`
	Office  *officeRef `json:"office,omitempty"`
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
	"document": {VI: "Mở giấy tờ", EN: "Opened a document"},
}

func (s *Server) routeAccess() {
	route(s, op{method: http.MethodGet, path: base + "/cases/{code}/access", id: "case-access", tag: "cases", summary: "Which staff opened this case, and when", status: 200, who: caseFolk}, s.access)
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
	for _, a := range list {
		label, ok := readNames[a.What]
		if !ok {
			label = Text{VI: a.What, EN: a.What}
		}
		out.Body.Access = append(out.Body.Access, accessView{At: at(a.At), Account: a.Account, Office: s.officeRef(a.Office), What: a.What, Label: label})
	}
	out.Body.Next, out.Link = next, in.link(next)
	return out, nil
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
