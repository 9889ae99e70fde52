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

func TestNothingComesFromElsewhere(t *testing.T) {
	b := newStage(t).browse("")
	for _, path := range []string{"/", "/sign-in"} {
		r := b.open(path).want(200)
		if m := elsewhere.FindString(r.body); m != "" {
			t.Errorf("%s: %s", path, m)
		}
		if m := regexp.MustCompile(`(?i)\sstyle="|<style|\son[a-z]+="|<script>`).FindString(r.body); m != "" {
			t.Errorf("%s: the policy forbids %q", path, m)
		}
		for _, m := range regexp.MustCompile(`"(/static/[^"]+)"`).FindAllStringSubmatch(r.body, -1) {
			f := b.open(m[1]).want(200)
			if !strings.Contains(f.header.Get("Cache-Control"), "immutable") {
				t.Errorf("%s may not be kept: %v", m[1], f.header)
			}
			if strings.HasSuffix(m[1], ".css") {
				if x := elsewhere.FindString(f.body); x != "" {
					t.Errorf("%s: %s", m[1], x)
				}
				fonts := regexp.MustCompile(`url\((be-vietnam[^)]+)\)`).FindAllStringSubmatch(f.body, -1)
				if len(fonts) != 4 {
					t.Errorf("%d fonts", len(fonts))
				}
				for _, font := range fonts {
					b.open("/static/" + font[1]).want(200)
				}
			}
		}
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
