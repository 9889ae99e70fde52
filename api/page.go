package api

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"lienthong/engine"
)

// Page asks for one page of a list.
type Page struct {
	After string `query:"after" maxLength:"500" doc:"Cursor: next of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`

	url url.URL
}

// Resolve keeps the request's address for the link to the next page.
func (p *Page) Resolve(ctx huma.Context) []error {
	p.url = ctx.URL()
	if p.Limit == 0 {
		p.Limit = 50
	}
	return nil
}

// link is the Link header of the page that follows; "" at the end.
func (p *Page) link(next string) string {
	if next == "" {
		return ""
	}
	q := p.url.Query()
	q.Set("after", next)
	return "<" + p.url.EscapedPath() + "?" + q.Encode() + `>; rel="next"`
}

// Versioned is an operation that wants to know which version the caller saw.
type Versioned struct {
	IfMatch string `header:"If-Match" maxLength:"50" doc:"ETag of the version seen"`
}

// rev reads the version; nil when none was sent.
func (v *Versioned) rev() (*int64, error) {
	if v.IfMatch == "" {
		return nil, nil
	}
	text, ok := strings.CutPrefix(v.IfMatch, `"`)
	text, end := strings.CutSuffix(text, `"`)
	n, err := strconv.ParseInt(text, 10, 64)
	if !ok || !end || err != nil || n < 0 {
		return nil, &engine.Error{Code: codeMalformed, Err: err, Detail: Text{VI: `If-Match phải là một phiên bản, ví dụ "3".`, EN: `If-Match must be one version, for example "3".`}}
	}
	return &n, nil
}

// need reads the version and refuses to go on without one.
func (v *Versioned) need() (int64, error) {
	rev, err := v.rev()
	if err != nil {
		return 0, err
	}
	if rev == nil {
		return 0, &engine.Error{Code: engine.VersionRequired}
	}
	return *rev, nil
}
