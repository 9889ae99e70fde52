package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"lienthong/engine"
	"lienthong/engine/runtime"
)

// Runtime is what the surface asks of engine/runtime; *runtime.Runtime has it.
type Runtime interface {
	Do(ctx context.Context, r runtime.Request) (runtime.Result, error)
	File(ctx context.Context, f runtime.Filing) ([]*engine.Case, error)
	Preview(ctx context.Context, f runtime.Filing) (runtime.Preview, error)
	Reply(ctx context.Context, registry string, reply engine.Reply) error
	Retry(ctx context.Context, a runtime.Act) error
	Record(ctx context.Context, a runtime.Act, reply engine.Reply) error
	Skip(ctx context.Context, a runtime.Act) error
	Once(ctx context.Context, by runtime.Asked, v any, do func(keep func() *engine.Answer) error) error
	Begin(ctx context.Context, by runtime.Asked, v any, plan func() error) error
	Migrate(ctx context.Context, m runtime.Migration) (runtime.Migrations, error)
	Now() time.Time
	Advance(ctx context.Context, to time.Time) error
	Settle(ctx context.Context) error
	Subscribe(topics ...string) (<-chan string, func())
	Lines() []runtime.LineState
	Stuck() (parts int, known bool)
}

// Store is the part of engine.Store that the surface reads, and the desk that it
// keeps. It never writes cases.
type Store interface {
	engine.Lists
	engine.Desk
	engine.Figures
	Load(ctx context.Context, code string) (*engine.Case, error)
	History(ctx context.Context, code string, from int64, limit int) ([]engine.Entry, error)
	Delivery(ctx context.Context, key string) (*engine.Delivery, error)
	Deliveries(ctx context.Context, registry, status, after string, limit int) ([]engine.Delivery, error)
	NextDue(ctx context.Context) (time.Time, bool, error)
	Answered(ctx context.Context, actor, key string) (*engine.Answer, error)
	Kept(ctx context.Context, after string, limit int) ([]string, error)
	Archived(ctx context.Context) (int64, error)
	Ready(ctx context.Context) error
}

// Catalogue is the published definitions; *machine.Set has it.
type Catalogue interface {
	engine.Definitions
	// Services lists every version of every service.
	Services() []*engine.Service
	// Offices lists every office, closed ones too.
	Offices() []engine.Office
	// FeeItems says what a fee of an amount is asked for, line by line; none when that
	// is not told. vars are those of the service's expressions.
	FeeItems(f *engine.Fee, vars engine.Vars, amount int64) ([]engine.FeeItem, error)
	// RenderSubform fills a generated paper form, without fields when the application
	// does not ask for what it is about; NotFound.
	RenderSubform(id string, vars engine.Vars) (engine.Subform, error)
	// Form returns a form by id, or nil.
	Form(id string) *engine.Form
	// Units names the administrative units by code, Unit one of them; the zero text
	// when it is not known.
	Units() map[string]engine.Text
	Unit(code string) engine.Text
}

// Publisher keeps the published versions of services.
type Publisher interface {
	// History lists what was published and made the default, oldest first.
	History(ctx context.Context) ([]engine.Publication, []engine.DefaultSet, error)
	// Publish does what Check does, and keeps the new versions unless there are errors,
	// with the answer that is made of the report; without new versions it keeps nothing.
	// Duplicate when a published version would change; Invalid for a path that no
	// definition has.
	Publish(ctx context.Context, by string, files map[string]string, answer func(*PublishReport) *engine.Answer) (PublishReport, error)
	// Check compiles files beside what is published and searches what can happen
	// under the new versions. Errors as of Publish.
	Check(ctx context.Context, files map[string]string) (PublishReport, error)
	// Draft is a version that files make beside what is published. NotFound when they
	// hold no such version or do not compile; otherwise errors as of Publish.
	Draft(ctx context.Context, files map[string]string, service, version string) (*engine.Service, error)
	// MakeDefault has applications filed under a published version, and keeps the answer
	// with that (nil: none). NotFound.
	MakeDefault(ctx context.Context, by, service, version, note string, answer *engine.Answer) error
	// Diff says what decides otherwise under another version. NotFound.
	Diff(service, from, to string) ([]Difference, error)
}

// Messages renders what people are told; *workflows.Messages has it.
type Messages interface {
	Render(what string, params map[string]any, lang string) (subject, text string)
}

// Demo is what a demonstration may do and a server in service may not.
type Demo struct {
	// OpenSignIn lets every account sign in without its pass phrase.
	OpenSignIn bool
	// Faults reads (body nil) or turns the fault dial of one registry and returns
	// the dial as JSON. NotFound and Invalid are told to the caller.
	Faults func(ctx context.Context, registry string, body []byte) ([]byte, error)
	// Pay pays (or declines to pay) the fee behind a delivery to the treasury. Nil
	// where the registries run elsewhere.
	Pay func(ctx context.Context, delivery string, decline bool) error
}

// Limits bound what one caller may ask for. Zero values mean the defaults.
type Limits struct {
	SignInsPerMinute int           // from one address; 30, negative = no limit
	PublicPerMinute  int           // public result checks from one address; 120, negative = no limit
	DocumentBytes    int64         // of one uploaded document; 10 MiB
	Session          time.Duration // how long a session lasts, wall clock; 8 h
	Batch            int           // dossiers in one batch; 100
	Streams          int           // event streams open at once; 1000
	Heartbeat        time.Duration // between signs of life on a stream; 15 s
	Filings          int           // filings worked on at once; 64
	FilingsWaiting   int           // filings that wait for their turn; 256
	Requests         int           // other requests worked on at once; 256
	RequestsWaiting  int           // other requests that wait for their turn; 1024
	Each             int           // requests of one office, requester or registry at work or waiting; a quarter of all
	Turn             time.Duration // how long a request waits for its turn; 5 s
	BodyBytes        int64         // of all bodies in memory at once; 256 MiB
	BodyTime         time.Duration // how long a body may take to come; 1 min
}

// Config is everything that the surface needs from outside.
type Config struct {
	Runtime     Runtime
	Store       Store
	Definitions Catalogue
	Publisher   Publisher // nil = nothing is published at run time
	Messages    Messages
	// Agencies and Registries are titles by id, of kinds of agency and of registers;
	// an id without one is shown as it is.
	Agencies, Registries map[string]engine.Text
	// Callback verifies the signature of a registry's late answer and reads it. An
	// Unauthenticated error means a wrong signature, Invalid an unreadable body.
	Callback func(ctx context.Context, registry string, h http.Header, body []byte) (engine.Reply, error)
	// Lookup reads from a register for prefill: its answer, NotFound when the
	// register refuses (it does not know), Unavailable when it is silent.
	Lookup func(ctx context.Context, registry, operation string, input map[string]any) (map[string]any, error)
	Demo   *Demo            // nil in service
	Tools  Tools            // for testers
	Wall   func() time.Time // for sessions and limits; time.Now
	Logger *slog.Logger     // silent when nil
	// Closing is done when the server is about to stop: event streams, which would
	// never end by themselves, end at once. nil = never.
	Closing <-chan struct{}
	Limits  Limits
	// Metrics counts; what counts beside the surface has it too. A fresh one when nil.
	Metrics *Metrics
	// Writer tells how the store's writer works; nil = the store has none.
	Writer func() WriterStats
	// Version is written into the OpenAPI document; "1" when empty.
	Version string
}

func (c *Config) complete() error {
	if c.Runtime == nil || c.Store == nil || c.Definitions == nil || c.Messages == nil {
		return errors.New("api: Runtime, Store, Definitions and Messages are required")
	}
	if c.Callback == nil {
		c.Callback = func(context.Context, string, http.Header, []byte) (engine.Reply, error) {
			return engine.Reply{}, &engine.Error{Code: engine.Unauthenticated}
		}
	}
	if c.Lookup == nil {
		c.Lookup = func(context.Context, string, string, map[string]any) (map[string]any, error) {
			return nil, &engine.Error{Code: engine.Unavailable}
		}
	}
	if c.Wall == nil {
		c.Wall = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics()
	}
	if c.Version == "" {
		c.Version = "1"
	}
	l := &c.Limits
	orDefault(&l.SignInsPerMinute, 30)
	orDefault(&l.PublicPerMinute, 120)
	orDefault(&l.DocumentBytes, 10<<20)
	orDefault(&l.Session, 8*time.Hour)
	orDefault(&l.Batch, 100)
	orDefault(&l.Streams, 1000)
	orDefault(&l.Heartbeat, 15*time.Second)
	orDefault(&l.Filings, 64)
	orDefault(&l.FilingsWaiting, 256)
	orDefault(&l.Requests, 256)
	orDefault(&l.RequestsWaiting, 1024)
	orDefault(&l.Turn, 5*time.Second)
	orDefault(&l.BodyBytes, 256<<20)
	orDefault(&l.BodyTime, time.Minute)
	return nil
}

func orDefault[N int | int64 | time.Duration](p *N, def N) {
	if *p == 0 {
		*p = def
	}
}
