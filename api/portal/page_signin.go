package portal

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// account is who is signed in, as the surface says it.
type account struct {
	ID     string   `json:"id"`
	Kind   string   `json:"kind"`
	Person string   `json:"person"`
	Name   string   `json:"name"`
	Office *office  `json:"office"`
	Roles  []string `json:"roles"`
}

type office struct {
	ID    string `json:"id"`
	Name  Text   `json:"name"`
	Place Text   `json:"place"` // where it sits: a commune or a province
}

// Citizen tells a citizen from staff.
func (a *account) Citizen() bool { return a != nil && a.Kind == "citizen" }

// Has tells whether a member of staff has a role.
func (a *account) Has(role string) bool { return slices.Contains(a.Roles, role) }

func (p *Portal) signInPages() []page {
	return []page{
		{pattern: "GET /sign-in", who: anyone, do: (*visit).signInForm},
		{pattern: "POST /sign-in", who: anyone, do: (*visit).signIn},
		{pattern: "POST /sign-out", who: anyone, do: (*visit).signOut},
	}
}

// signInPage is the sign-in form. Kept is a posted form that found its session
// over: it goes through the browser, so that the server remembers nothing.
type signInPage struct {
	Demo   bool
	To     string
	Kept   string
	Lost   bool // files were in it, which cannot be kept
	Story  []account
	Staff  []account // of the stories
	People []account
	Desks  []desk
}

// desk is the staff of one office.
type desk struct {
	Office office
	Staff  []account
}

func (v *visit) signInForm() error {
	to := local(v.r.URL.Query().Get("to"))
	if v.me != nil {
		v.redirect(to)
		return nil
	}
	return v.showSignIn(http.StatusOK, signInPage{To: to}, nil)
}

func (v *visit) showSignIn(status int, d signInPage, wrong []fieldError) error {
	d.Demo = v.p.cfg.Demo
	if d.Demo {
		if err := v.demoAccounts(&d); err != nil {
			return err
		}
	}
	v.here = "/sign-in"
	title := v.t("signin.title")
	if d.Kept != "" {
		title = v.t("signin.again")
	}
	return v.show(screen{page: "signin", status: status, title: title, errors: wrong, data: d})
}

// demoAccounts sorts the accounts of the demonstration: the people of its stories,
// everybody else, and staff by office.
func (v *visit) demoAccounts(d *signInPage) error {
	var all struct{ Accounts []account }
	if err := v.get("/demo/accounts", &all); err != nil {
		return err
	}
	at := map[string]int{}
	for _, a := range all.Accounts {
		switch {
		case a.Citizen() && !v.p.words["demo."+a.ID].IsZero():
			d.Story = append(d.Story, a)
		case a.Citizen():
			d.People = append(d.People, a)
		case !v.p.words["demo."+a.ID].IsZero():
			d.Staff = append(d.Staff, a)
		default:
			o := office{Name: v.p.words["signin.system"].Text}
			if a.Office != nil {
				o = *a.Office
			}
			i, ok := at[o.ID]
			if !ok {
				i = len(d.Desks)
				at[o.ID] = i
				d.Desks = append(d.Desks, desk{Office: o})
			}
			d.Desks[i].Staff = append(d.Desks[i].Staff, a)
		}
	}
	slices.SortFunc(d.People, func(a, b account) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(d.Desks, func(a, b desk) int { return strings.Compare(a.Office.Name.VI, b.Office.Name.VI) })
	return nil
}

func (v *visit) signIn() error {
	body := map[string]string{"account": strings.TrimSpace(v.form.Get("account")), "passphrase": v.form.Get("passphrase")}
	d := signInPage{To: local(v.form.Get("to")), Kept: v.form.Get("kept")}
	if body["account"] == "" {
		return v.showSignIn(http.StatusUnprocessableEntity, d, []fieldError{{Pointer: "/account", Detail: v.t("signin.account.required")}})
	}
	var s struct {
		Token   string  `json:"token"`
		Account account `json:"account"`
	}
	v.token = ""
	_, err := v.call(call{method: http.MethodPost, path: "/sessions", body: body}, &s)
	if p, ok := asProblem(err); ok && (p.Status == http.StatusUnauthorized || p.Status == http.StatusUnprocessableEntity) {
		return v.showSignIn(http.StatusUnauthorized, d, []fieldError{{Pointer: "/account", Detail: v.t("signin.wrong")}})
	}
	if err != nil {
		return err
	}
	http.SetCookie(v.w, v.cookie(sessionCookie, s.Token, 0)) // ends with the browser, and before with the surface's session
	if d.Kept != "" {
		return v.sendAgain(s.Token, d)
	}
	if d.To == "/" {
		d.To = startOf(&s.Account)
	}
	v.redirect(d.To)
	return nil
}

func (v *visit) signOut() error {
	if v.me != nil {
		if _, err := v.call(call{method: http.MethodDelete, path: "/sessions"}, nil); err != nil && statusOf(err) != http.StatusUnauthorized {
			return err
		}
	}
	http.SetCookie(v.w, v.cookie(sessionCookie, "", -1))
	v.redirect("/")
	return nil
}

// askToSignIn shows the way to sign in. What was posted is kept: it stands in the
// sign-in form and is sent again after it. The cookie stays: an answer to a page that
// asks for news may come after somebody has signed in anew, and would end that session.
func (v *visit) askToSignIn() error {
	v.me = nil
	if v.r.Method != http.MethodPost {
		v.redirect("/sign-in?" + url.Values{"to": {v.r.URL.RequestURI()}}.Encode())
		return nil
	}
	if len(v.form) == 0 { // refused before it was read
		if err := v.readForm(); err != nil {
			return v.fail(err)
		}
	}
	d := signInPage{To: v.r.URL.Path, Lost: len(v.files) > 0}
	b, err := json.Marshal(v.form)
	if err != nil {
		return err // strings only
	}
	d.Kept = base64.StdEncoding.EncodeToString(b)
	return v.showSignIn(http.StatusUnauthorized, d, nil)
}

// sendAgain posts the form that was kept, under the new session.
func (v *visit) sendAgain(token string, d signInPage) error {
	b, err := base64.StdEncoding.DecodeString(d.Kept)
	var form url.Values
	if err == nil {
		err = json.Unmarshal(b, &form)
	}
	if err != nil {
		return &problem{Status: http.StatusBadRequest}
	}
	r, err := http.NewRequestWithContext(v.r.Context(), http.MethodPost, d.To, strings.NewReader(form.Encode()))
	if err != nil {
		return &problem{Status: http.StatusBadRequest}
	}
	r.RequestURI, r.RemoteAddr, r.TLS, r.Host = d.To, v.r.RemoteAddr, v.r.TLS, v.r.Host
	r.Header = v.r.Header.Clone()
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Cookie", (&http.Cookie{Name: sessionCookie, Value: token}).String()+"; "+(&http.Cookie{Name: languageCookie, Value: v.lang}).String())
	v.p.handler.ServeHTTP(v.w, r)
	return nil
}
