package portal_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"lienthong/cmd/lienthong/system"
	"lienthong/engine/runtime"
	"lienthong/workflows"
)

// The people of the tests; see agencies/seed/README.md.
const (
	tuan  = "001093000103" // father of An Nhiên, marriage known
	hung  = "001058000101" // his father, household head
	tung  = "079087000601" // father of Khánh Vy, head and owner of his household
	dung  = "001089000401" // father of twins
	cuc   = "001174000702" // widow of Thắng
	clerk = "officer.civil_status_00004"
)

// patience bounds what hangs; a machine may be as slow as it likes.
const patience = 5 * time.Minute

var definitions = sync.OnceValues(workflows.Load)

// stage is a whole system whose business clock stands still on a Monday morning.
type stage struct {
	t   *testing.T
	sys *system.System
}

func newStage(t *testing.T, adjust ...func(*system.Config)) *stage {
	t.Helper()
	set, err := definitions()
	if err != nil {
		t.Fatal(err)
	}
	cfg := system.Config{DB: system.Memory, Start: time.Date(2026, 9, 7, 1, 30, 0, 0, time.UTC), Still: true, Demo: true, Definitions: set,
		Runtime: func(r *runtime.Config) { r.Timeout, r.Lease = patience, 2*patience }}
	for _, f := range adjust {
		f(&cfg)
	}
	sys, err := system.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sys.Close(); err != nil {
			t.Error(err)
		}
		sys = nil // a test that has ended still holds this function, until all have
	})
	return &stage{t, sys}
}

// browser is one person at a browser without scripts: it keeps cookies, follows
// redirects and speaks one language.
type browser struct {
	s    *stage
	t    *testing.T
	http *http.Client
	lang string
}

// browse opens a browser and signs in; account "" stays a stranger.
func (s *stage) browse(account string) *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	b := &browser{s: s, t: s.t, lang: "vi", http: &http.Client{Jar: jar, Timeout: patience}}
	if account != "" {
		b.post("/sign-in", url.Values{"account": {account}}).want(200)
	}
	return b
}

// reply is a page as it came, after redirects.
type reply struct {
	t      *testing.T
	status int
	header http.Header
	body   string
	path   string // where the redirects ended
}

func (b *browser) open(path string) reply { b.t.Helper(); return b.do("GET", path, nil) }

func (b *browser) post(path string, form url.Values) reply {
	b.t.Helper()
	return b.do("POST", path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
}

func (b *browser) do(method, path string, body io.Reader, headers ...string) reply {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.s.sys.URL+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept-Language", b.lang)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return reply{b.t, res.StatusCode, res.Header, string(text), res.Request.URL.Path}
}

func (r reply) want(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("%s: status %d, want %d:\n%s", r.path, r.status, status, r.main())
	}
	return r
}

// says checks that the page has every one of the texts.
func (r reply) says(texts ...string) reply {
	r.t.Helper()
	for _, s := range texts {
		if !strings.Contains(r.body, s) {
			r.t.Errorf("%s does not say %q:\n%s", r.path, s, r.main())
		}
	}
	return r
}

func (r reply) saysNot(texts ...string) reply {
	r.t.Helper()
	for _, s := range texts {
		if strings.Contains(r.body, s) {
			r.t.Errorf("%s says %q", r.path, s)
		}
	}
	return r
}

// main is the page without head, header and footer, short enough for a message.
func (r reply) main() string {
	s := r.body
	if i := strings.Index(s, "<main"); i >= 0 {
		s = s[i:]
	}
	if i := strings.Index(s, "</main>"); i >= 0 {
		s = s[:i]
	}
	return s[:min(len(s), 6000)]
}

// find is the first group of an expression.
func (r reply) find(expr string) string {
	r.t.Helper()
	m := regexp.MustCompile(expr).FindStringSubmatch(r.body)
	if m == nil {
		r.t.Fatalf("%s has nothing like %s:\n%s", r.path, expr, r.main())
	}
	return m[1]
}

// stop keeps a browser from following a redirect.
func stop(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func contains(s, part string) bool { return strings.Contains(s, part) }

// stream reads the lines of an event stream until ctx ends.
func (b *browser) stream(ctx context.Context, path string) <-chan string {
	b.t.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", b.s.sys.URL+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	res, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		defer res.Body.Close()
		for scan := bufio.NewScanner(res.Body); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	return lines
}
