package portal_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func TestSecurityHeaders(t *testing.T) {
	b := newStage(t).browse("")
	for _, path := range []string{"/", "/sign-in", "/no-such-page"} {
		r := b.open(path)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Content-Language": "vi",
		} {
			if got := r.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		csp := r.header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: policy lacks %s: %s", path, want, csp)
			}
		}
		if strings.Contains(csp, "unsafe") || r.header.Get("Permissions-Policy") == "" {
			t.Errorf("%s: %v", path, r.header)
		}
	}
}

// elsewhere is an address that makes a browser load or go somewhere else.
var elsewhere = regexp.MustCompile(`(?i)(?:src|href|action|content)="(?:https?:)?//[^"]*"|url\(\s*['"]?(?:https?:)?//`)

// code is what a page shows as code.
var code = regexp.MustCompile(`(?s)<code.*?</code>|<pre.*?</pre>`)

// Every page of the tour, in both languages: nothing from elsewhere, nothing that the
// policy forbids, one heading, and no template that went wrong.
func TestEveryPageKeepsThePolicy(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	bad := map[string]*regexp.Regexp{
		"from elsewhere":                  elsewhere,
		"forbidden by policy":             regexp.MustCompile(`(?i)\sstyle="|<style|\son[a-z]+="|<script>|javascript:`),
		"a person's number in an address": regexp.MustCompile(`(?:src|href|action|hx-[a-z:]+)="[^"]*\b[0-9]{12}\b[^"]*"`),
		"a name in an address":            regexp.MustCompile(`(?:src|href|action|hx-get|hx-post)="[^"]*(?:%[89A-Fa-f][0-9A-Fa-f]|[^\x00-\x7f])[^"]*"`),
		"a template's mistake":            regexp.MustCompile(`ZgotmplZ|%!|&lt;no value&gt;|<no value>|map\[|0x[0-9a-f]{8}`),
		"a word without text":             regexp.MustCompile(`>\s*[a-z]+(\.[a-z_]+)+\s*<`),
	}
	for _, stop := range s.tour() {
		for _, lang := range []string{"vi", "en"} {
			stop.who.lang = lang
			r := stop.who.open(stop.path)
			for what, expr := range bad {
				body := r.body
				if what == "a word without text" {
					body = code.ReplaceAllString(body, "") // ids and expressions are meant to be read as such
				}
				if m := expr.FindString(body); m != "" && !(stop.name == "signin" && what == "a word without text") { // names of accounts
					t.Errorf("%s in %s: %s: %q", stop.name, lang, what, m)
				}
			}
			if !strings.Contains(r.body, `<html lang="`+lang+`"`) || strings.Count(r.body, "<h1") != 1 || !strings.Contains(r.body, "<title>") {
				t.Errorf("%s in %s: %d headings", stop.name, lang, strings.Count(r.body, "<h1"))
			}
			if r.header.Get("Cache-Control") != "no-store" || !strings.Contains(r.header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%s: %v", stop.name, r.header)
			}
		}
	}
}

func TestAssets(t *testing.T) {
	b := newStage(t).browse("")
	fonts := 0
	for _, m := range regexp.MustCompile(`"(/static/[^"]+)"`).FindAllStringSubmatch(b.open("/").body, -1) {
		f := b.open(m[1]).want(200)
		if !strings.Contains(f.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s may not be kept: %v", m[1], f.header)
		}
		if !strings.HasSuffix(m[1], ".css") {
			continue
		}
		if x := elsewhere.FindString(f.body); x != "" {
			t.Errorf("%s: %s", m[1], x)
		}
		for _, font := range regexp.MustCompile(`url\((be-vietnam[^)]+)\)`).FindAllStringSubmatch(f.body, -1) {
			fonts++
			b.open("/static/" + font[1]).want(200)
		}
	}
	if fonts != 4 {
		t.Errorf("%d fonts", fonts)
	}
}

func TestPostFromAnotherSiteIsRefused(t *testing.T) {
	b := newStage(t).browse("")
	body := url.Values{"account": {tuan}}.Encode()
	r := b.do("POST", "/sign-in", strings.NewReader(body), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site")
	r.want(http.StatusForbidden).says("Yêu cầu bị từ chối")
	b.do("POST", "/sign-in", strings.NewReader(body), "Content-Type", "application/x-www-form-urlencoded", "Origin", "https://evil.example").want(http.StatusForbidden)
	b.open("/").saysNot("Nguyễn Minh Tuấn")
}

func TestErrorPages(t *testing.T) {
	b := newStage(t).browse("")
	b.open("/no-such-page").want(404).says("Không tìm thấy trang", "<h1")
	b.lang = "en"
	b.open("/no-such-page").want(404).says("Page not found")
	b.open("/static/nothing.css").want(404)
}

func TestLanguage(t *testing.T) {
	b := newStage(t).browse("")
	b.open("/").says(`lang="vi"`, "Sinh con")
	b.open("/?lang=en").want(200).says(`<html lang="en"`, "A child is born")
	b.open("/").says("A child is born") // the cookie, although the browser likes Vietnamese
	b.open("/?lang=vi").says("Sinh con")
	b.open("/?lang=xx").says("Sinh con")
}
