package portal

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/text/language"
)

// The languages of the pages; Vietnamese is the first and the default.
const (
	vi = "vi"
	en = "en"
)

// The cookies: the session token of the surface, and the language.
const (
	sessionCookie  = "lienthong_session"
	languageCookie = "lienthong_language"
)

// visit is one request on its way through a page.
type visit struct {
	p     *Portal
	w     http.ResponseWriter
	r     *http.Request
	lang  string
	token string              // of the session; "" when nobody is signed in
	me    *account            // nil when nobody is signed in
	trace string              // W3C trace id of this request
	form  url.Values          // what was posted
	files map[string][]posted // by field
	here  string              // address of the page that is shown, for the language switch
}

func (p *Portal) visit(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{p: p, w: w, r: r, form: url.Values{}, here: r.URL.Path}
	v.lang = languageOf(r)
	v.trace = traceOf(r.Header.Get("traceparent"))
	if c, err := r.Cookie(sessionCookie); err == nil {
		v.token = c.Value
	}
	return v
}

// meet learns from the surface who holds the session.
func (v *visit) meet() error {
	if v.token == "" {
		return nil
	}
	var me account
	err := v.get("/sessions", &me)
	switch {
	case err == nil:
		v.me = &me
	case statusOf(err) == http.StatusUnauthorized:
		v.token = ""
	default:
		return err
	}
	return nil
}

// chooseLanguage keeps the language that the address asks for, and goes on to the
// page without it.
func (v *visit) chooseLanguage() bool {
	q := v.r.URL.Query()
	lang := q.Get("lang")
	if v.r.Method != http.MethodGet || lang != vi && lang != en {
		return false
	}
	http.SetCookie(v.w, v.cookie(languageCookie, lang, 365*24*3600))
	q.Del("lang")
	to := v.r.URL.Path
	if len(q) > 0 {
		to += "?" + q.Encode()
	}
	v.redirect(local(to))
	return true
}

func (v *visit) cookie(name, value string, seconds int) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: v.p.cfg.Secure || v.r.TLS != nil}
}

// stay marks a form that a script sends while its page stays: it goes on by itself.
const stay = "Lienthong-Stay"

// redirect answers with another address of this host, to be fetched by GET.
func (v *visit) redirect(to string) {
	if v.r.Header.Get(stay) != "" {
		v.w.Header().Set("Location", to)
		v.w.WriteHeader(http.StatusNoContent)
		return
	}
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
}

// local is a path of this host, or "/" when it is not one.
func local(to string) string {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return "/"
	}
	return to
}

// live tells whether a script of the page asks for a part of it.
func (v *visit) live() bool { return v.r.Header.Get("HX-Request") == "true" }

var languages = language.NewMatcher([]language.Tag{language.Vietnamese, language.English})

// languageOf is the language that the visitor chose, else the one their browser
// likes, else Vietnamese.
func languageOf(r *http.Request) string {
	if c, err := r.Cookie(languageCookie); err == nil && (c.Value == vi || c.Value == en) {
		return c.Value
	}
	header := r.Header.Get("Accept-Language")
	if len(header) > 500 {
		return vi
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(tags) == 0 {
		return vi
	}
	if _, i, c := languages.Match(tags...); i == 1 && c != language.No {
		return en
	}
	return vi
}

// traceOf is the trace id of a W3C traceparent, or a new one.
func traceOf(header string) string {
	parts := strings.Split(header, "-")
	if len(parts) == 4 && len(parts[1]) == 32 && strings.Trim(parts[1], "0123456789abcdef") == "" && strings.Trim(parts[1], "0") != "" {
		return parts[1]
	}
	return randomHex(16)
}

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// newKey is an Idempotency-Key for one form: sent twice, the form acts once.
func newKey() string { return randomHex(16) }
