package portal

import (
	"net/url"
	"slices"
	"strings"
)

func (p *Portal) accessPages() []page {
	return []page{{pattern: "GET /cases/{code}/access", who: citizens, do: (*visit).accessPage}}
}

// accessPageData is who of the staff looked at a case, newest first.
type accessPageData struct {
	Code  string
	Looks []look
	Next  string
}

// look is one sitting of one member of staff: a page asks for several things at once,
// and each is a line of the log.
type look struct {
	reading
	Labels []string
}

type reading struct {
	At      Time    `json:"at"`
	Account string  `json:"account"`
	Role    Text    `json:"role"`
	Office  *office `json:"office"`
	Why     Text    `json:"why"`
	Label   Text    `json:"label"`
}

func (v *visit) accessPage() error {
	d := accessPageData{Code: v.r.PathValue("code")}
	c := call{path: "/cases/" + seg(d.Code) + "/access", query: url.Values{}}
	if after := v.r.URL.Query().Get("after"); after != "" {
		c.query.Set("after", after)
	}
	var log struct {
		Access []reading `json:"access"`
		Next   string    `json:"next"`
	}
	if _, err := v.call(c, &log); err != nil {
		return err
	}
	d.Next = log.Next
	for _, r := range log.Access {
		d.add(r, r.Label.In(v.lang))
	}
	return v.show(screen{page: "access", title: v.t("access.title"), data: d,
		crumbs: []crumb{{v.t("cases.title"), "/cases"}, {d.Code, "/cases/" + seg(d.Code)}}})
}

// add puts a line to the sitting that it belongs to: the same account in the same
// minute. An account is for telling people apart; the page does not name it.
func (d *accessPageData) add(r reading, label string) {
	for i := len(d.Looks) - 1; i >= 0 && when(d.Looks[i].At) == when(r.At); i-- { // several may sit at once: their lines alternate
		if l := &d.Looks[i]; l.Account == r.Account {
			if !slices.Contains(l.Labels, label) {
				l.Labels = append(l.Labels, label)
			}
			return
		}
	}
	d.Looks = append(d.Looks, look{r, []string{label}})
}

// Seen is what was looked at, in one line.
func (l look) Seen() string { return strings.Join(l.Labels, " · ") }
