package portal

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"time"
)

// Config says what the pages present.
type Config struct {
	API    http.Handler // the REST surface; serves /api/v1
	Demo   bool         // accounts sign in without a pass phrase and are listed
	Secure bool         // people come over TLS that somebody else ends: cookies are Secure
	Logger *slog.Logger // silent when nil
}

// Portal serves the pages.
type Portal struct {
	*kit
	cfg     Config
	menu    []entry
	forms   formCache
	handler http.Handler
}

// page is one address that people open or post to.
type page struct {
	pattern string // of http.ServeMux: "GET /services/{id}"
	who     audience
	menu    string // word of its entry in the header; "" = none
	do      func(*visit) error
}

// entry is a page's entry in the header.
type entry struct {
	word, path string
	who        audience
}

// audience is whom a page is for.
type audience struct {
	public  bool
	citizen bool
	roles   []string // staff with any of these; "*" for all
}

var (
	anyone   = audience{public: true}
	signedIn = audience{citizen: true, roles: []string{"*"}}
	citizens = audience{citizen: true}
)

func (a audience) admits(who *account) bool {
	switch {
	case a.public:
		return true
	case who == nil:
		return false
	case who.Citizen():
		return a.citizen
	}
	return slices.Contains(a.roles, "*") || slices.ContainsFunc(a.roles, who.Has)
}

// pages is every page. A new page file adds one line.
func (p *Portal) pages() []page {
	return slices.Concat(
		p.homePages(),
		p.inboxPages(),
		p.counterPages(),
		p.servicePages(),
		p.applicationPages(),
		p.reviewPages(),
		p.receiptPages(),
		p.documentPages(),
		p.taskPages(),
		p.casesPages(),
		p.casePages(),
		p.actionPages(),
		p.supplementPages(),
		p.refilePages(),
		p.payPages(),
		p.accessPages(),
		p.resultPages(),
		p.dashboardPages(),
		p.exchangePages(),
		p.referencePages(),
		p.workflowPages(),
		p.versionPages(),
		p.labPages(),
		p.replayPages(),
		p.replaysPages(),
		p.searchPages(),
		p.comparePages(),
		p.simulationPages(),
		p.signInPages(),
		p.dossierPages(),
		p.deskPages(),
		p.batchPages(),
	)
}

// New builds the pages.
func New(cfg Config) (*Portal, error) {
	if cfg.API == nil {
		return nil, errors.New("portal: API is required")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	k, err := loadKit()
	if err != nil {
		return nil, err
	}
	p := &Portal{kit: k, cfg: cfg}
	mux := http.NewServeMux()
	mux.Handle("GET /static/{name}", p.assets)
	for _, pg := range p.pages() {
		mux.Handle(pg.pattern, p.serve(pg))
		if pg.menu != "" {
			p.menu = append(p.menu, entry{pg.menu, pathOf(pg.pattern), pg.who})
		}
	}
	mux.Handle("/", p.serve(page{pattern: "none", who: anyone, do: func(*visit) error { return &problem{Status: http.StatusNotFound} }}))
	p.handler = p.guard(mux)
	return p, nil
}

// ServeHTTP serves one request.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// pathOf is the path of a pattern.
func pathOf(pattern string) string {
	for i := range pattern {
		if pattern[i] == ' ' {
			return pattern[i+1:]
		}
	}
	return pattern
}

// policy lets a page load from this host only, run no inline script, use no inline
// style and stand in no frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// guard sets the headers of every answer and refuses posts from other sites.
func (p *Portal) guard(next http.Handler) http.Handler {
	csrf := http.NewCrossOriginProtection()
	csrf.SetDenyHandler(p.serve(page{pattern: "cross-site", who: anyone, do: func(*visit) error {
		return &problem{Status: http.StatusForbidden, Code: codeCrossSite}
	}}))
	next = csrf.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// serve runs one page: who is here, may they, the page itself, and what became of
// it in the log.
func (p *Portal) serve(pg page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		sw := &statusWriter{ResponseWriter: w}
		v := p.visit(sw, r)
		err := v.run(pg)
		if err != nil {
			err = v.fail(err)
		}
		level, attrs := slog.LevelInfo, []slog.Attr{slog.String("method", r.Method), slog.String("page", pg.pattern), slog.Int("status", sw.status),
			slog.Duration("took", time.Since(began)), slog.String("trace", v.trace)}
		if err != nil && !errors.Is(err, context.Canceled) {
			level, attrs = slog.LevelError, append(attrs, slog.String("cause", err.Error()))
		}
		p.cfg.Logger.LogAttrs(r.Context(), level, "page", attrs...)
	})
}

// run is the page for this visitor. A panic becomes an error with its stack.
func (v *visit) run(pg page) (err error) {
	defer func() {
		if x := recover(); x != nil {
			if e, ok := x.(error); ok && errors.Is(e, http.ErrAbortHandler) {
				panic(x)
			}
			v.p.cfg.Logger.ErrorContext(v.r.Context(), "panic", "page", pg.pattern, "panic", x, "trace", v.trace, "stack", string(debug.Stack()))
			err = &problem{Status: http.StatusInternalServerError, cause: errors.New("panic")}
		}
	}()
	if err := v.meet(); err != nil {
		return err
	}
	if v.chooseLanguage() {
		return nil
	}
	if !pg.who.admits(v.me) {
		if v.me == nil {
			return &problem{Status: http.StatusUnauthorized}
		}
		return &problem{Status: http.StatusForbidden}
	}
	if err := v.readForm(); err != nil {
		return err
	}
	return pg.do(v)
}

// statusWriter remembers the status for the log.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Flush sends what a stream has written.
func (w *statusWriter) Flush() {
	_ = http.NewResponseController(w.ResponseWriter).Flush() // a stream whose browser has gone ends by itself
}

// Unwrap lets a stream clear its deadline.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
