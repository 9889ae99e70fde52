package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"lienthong/engine"
)

// base is where the REST surface hangs.
const base = "/api/v1"

// maxBody is the largest JSON body.
const maxBody = 1 << 20

// Server is the surface: an http.Handler with its OpenAPI document.
type Server struct {
	simulations simulations
	replays     replays
	cfg         Config
	engine      *gin.Engine
	api         huma.API
	signIns     *limiter
	public      *limiter
	streams     chan struct{}
	filings     *gate
	others      *gate
	bodies      bodies
	areas       *areas
}

// New builds the surface.
func New(cfg Config) (*Server, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	adoptProblems()
	gin.SetMode(gin.ReleaseMode)
	g := gin.New()
	g.HandleMethodNotAllowed = true
	g.RedirectTrailingSlash = false
	g.UseRawPath = true // delivery keys hold slashes: case%2Fseq%2Fn
	g.UnescapePathValues = true
	s := &Server{
		cfg: cfg, engine: g,
		signIns:     newLimiter(cfg.Limits.SignInsPerMinute, cfg.Wall),
		public:      newLimiter(cfg.Limits.PublicPerMinute, cfg.Wall),
		streams:     make(chan struct{}, cfg.Limits.Streams),
		areas:       newAreas(cfg.Definitions),
		filings:     newGate(cfg.Limits.Filings, cfg.Limits.FilingsWaiting, cfg.Limits.Each, cfg.Limits.Turn),
		simulations: simulations{busy: otherSimulation}, replays: replays{busy: otherReplay},
		others: newGate(cfg.Limits.Requests, cfg.Limits.RequestsWaiting, cfg.Limits.Each, cfg.Limits.Turn),
		bodies: bodies{most: cfg.Limits.BodyBytes},
	}
	g.Use(s.observe, s.recover)
	g.NoRoute(func(c *gin.Context) { s.refuse(c, engine.NotFound) })
	g.NoMethod(func(c *gin.Context) { s.refuse(c, codeMethod) })
	s.api = humagin.New(g, humaConfig(cfg.Version))
	s.routes()
	s.mountDocument()
	return s, nil
}

// ServeHTTP serves one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }

// OpenAPI returns the document as JSON, indented.
func (s *Server) OpenAPI() ([]byte, error) {
	return json.MarshalIndent(s.api.OpenAPI(), "", "  ")
}

func humaConfig(version string) huma.Config {
	c := huma.DefaultConfig("Liên Thông", version)
	c.CreateHooks = nil // no $schema members in answers
	c.DocsPath = ""     // its page loads from a CDN
	c.SchemasPath = ""  // all schemas stand in the one document
	c.OpenAPIPath = ""  // huma builds its copy lazily, which races; see mountDocument
	c.RejectUnknownQueryParameters = true
	c.OnAddOperation = append(c.OnAddOperation, comeBack)
	c.Info.Description = "Linked public services: one application, every agency's procedure, one history."
	jsonFormat := huma.Format{Marshal: marshal, Unmarshal: unmarshal}
	c.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "Token from POST " + base + "/sessions"},
	}
	return c
}

// routes registers every resource; each lives in its own file.
func (s *Server) routes() {
	s.routeSessions()
	s.routeAccounts()
	s.routeServices()
	s.routeDefinitions()
	s.routePlaces()
	s.routeForms()
	s.routeDiagrams()
	s.routeMachines()
	s.routeTools()
	s.routeSimulations()
	s.routeReplays()
	s.routePrefill()
	s.routeFiling()
	s.routeCases()
	s.routeActions()
	s.routeBatches()
	s.routeHistory()
	s.routeTimeline()
	s.routeClock()
	s.routeSubforms()
	s.routeAccess()
	s.routeInbox()
	s.routeDesk()
	s.routeViews()
	s.routeTasks()
	s.routeDrafts()
	s.routeDocuments()
	s.routeResults()
	s.routeExchange()
	s.routeIndicators()
	s.routeDemo()
	s.routeEvents()
	s.routeHealth()
}

// mountDocument serves the finished OpenAPI document, written when first asked for.
func (s *Server) mountDocument() {
	once := sync.OnceValues(s.OpenAPI)
	s.engine.GET("/openapi.json", func(c *gin.Context) {
		doc, err := once()
		if err != nil {
			panic(err) // the routes were registered wrongly; answered as any panic
		}
		c.Data(http.StatusOK, "application/openapi+json", doc)
	})
}

// refuse answers for the router itself.
func (s *Server) refuse(c *gin.Context, code engine.Code) {
	lang := languageOf(c.GetHeader("Accept-Language"))
	p := newProblem(code, lang)
	p.Trace = traceOf(c.Request.Context())
	p.write(c.Writer, lang)
	c.Abort()
}

// recover turns a panic into an answer and a log line with its stack.
func (s *Server) recover(c *gin.Context) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, ok := p.(error); ok && err == http.ErrAbortHandler {
			panic(p)
		}
		s.cfg.Logger.ErrorContext(c.Request.Context(), "panic", "route", c.FullPath(), "panic", p,
			"trace", traceOf(c.Request.Context()), "stack", string(debug.Stack()))
		if !c.Writer.Written() {
			s.refuse(c, engine.Internal)
		}
	}()
	c.Next()
}

type traceKey struct{}

// trail is what is known of one request, and what it leaves for the log.
type trail struct {
	trace  string
	lang   string // of the answer
	caller *caller
	body   []byte // as it came
	digest string
	role   string // kind of caller, never who
	code   engine.Code
	cause  error

	reply    engine.Reply // what a registry answers late
	unsigned error        // why that is not taken
}

func trailOf(ctx context.Context) *trail {
	t, _ := ctx.Value(traceKey{}).(*trail)
	return t
}

// traceOf is the request's trace id.
func traceOf(ctx context.Context) string {
	if t := trailOf(ctx); t != nil {
		return t.trace
	}
	return ""
}

// note keeps what a refusal was for the log line.
func note(ctx context.Context, p *Problem, errs []error) {
	t := trailOf(ctx)
	if t == nil {
		return
	}
	t.code = p.Code
	if p.Status >= 500 && len(errs) > 0 && !errors.Is(errs[0], errCrowded) { // a flood must not fill the log too
		t.cause = errs[0]
	}
}

// Values of headers that every answer has; nobody writes to them.
var noSniff, noReferrer, noStore = []string{"nosniff"}, []string{"no-referrer"}, []string{"no-store"}

// observe gives a request its trace, the security headers of every answer, and its
// line in the log and in the counters.
func (s *Server) observe(c *gin.Context) {
	started := time.Now()
	t := newTrail(c.GetHeader("traceparent"))
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), traceKey{}, t))
	h := c.Writer.Header()
	h["X-Content-Type-Options"], h["Referrer-Policy"], h["Cache-Control"] = noSniff, noReferrer, noStore
	h.Set("Trace-Id", t.trace)
	c.Next()
	took := time.Since(started)
	route := c.FullPath()
	if route == "" {
		route = "none"
	}
	status := c.Writer.Status()
	s.cfg.Metrics.request(c.Request.Method, route, status, took)
	level := slog.LevelInfo
	attrs := []slog.Attr{slog.String("method", c.Request.Method), slog.String("route", route), slog.Int("status", status),
		slog.Int("bytes", max(c.Writer.Size(), 0)), slog.Duration("took", took), slog.String("trace", t.trace), slog.String("caller", t.role)}
	if t.code != "" {
		attrs = append(attrs, slog.String("code", string(t.code)))
	}
	if t.cause != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("cause", t.cause.Error()))
	}
	s.cfg.Logger.LogAttrs(c.Request.Context(), level, "request", attrs...)
}

// newTrail reads a traceparent (00-<trace>-<span>-<flags>) or begins a new trace.
func newTrail(header string) *trail {
	p := strings.Split(header, "-")
	if len(p) >= 4 && len(p[0]) == 2 && p[0] != "ff" && hexOf(p[1], 32) && hexOf(p[2], 16) && hexOf(p[3], 2) {
		return &trail{trace: p[1]}
	}
	return &trail{trace: randomHex(16)}
}

func hexOf(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789abcdef") == "" && strings.Trim(s, "0") != "" || n == 2 && len(s) == 2 && strings.Trim(s, "0123456789abcdef") == ""
}
